"""The read side, once: what an opportunity and a routine are as read.

May import: taskstream, sinks.connect.

    opportunities  The ranked opportunities, as ClickHouse has them now
    routine        One routine with its evidence, as ClickHouse has it now; never of fewer than k people
    words          Numbers in words that people read at a glance
    queries/       The SQL of the read side
"""
