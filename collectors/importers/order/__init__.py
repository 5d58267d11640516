"""Rows in the order of time, whatever their order in the file.

May import: taskstream.

    runs        Rows as sorted columns, on disk beyond a bound
    event_runs  Our own events, likewise
    repeats     A stretch that a file holds twice
    nameless    Rows that name nobody, in a file that is not in the order of time
    file_order  Keeps the file's order where times cannot be trusted
"""
