"""Rows as blocks of ClickHouse's Native format.

May import: taskstream.

    native        A writer of ClickHouse's Native format
    event_block   From columns of UI events to one Native block of `ui_events`
    record_block  From derived records to one Native block of the table that holds them
"""
