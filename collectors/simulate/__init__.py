"""A simulated office: people doing routines and everything else, with the truth of every event."""
