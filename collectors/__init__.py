"""From a desktop, or from a log, to Kafka.

May import: taskstream.

    clock       The desktop's clock
    sources/    Where raw observations come from
    agent/      The recording. It knows no platform: sources are handed to it
    delivery/   From recorded events to Kafka, through a spool that outlives crashes and outages
    importers/  Foreign UI logs: each row becomes the event that our own desktop agent would have sent
    simulate/   A simulated office: people doing routines and everything else, with the truth of it
    cli/        The commands that feed Kafka
"""
