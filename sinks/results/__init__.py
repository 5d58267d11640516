"""The read side, once: what an opportunity, a routine and a variant are as read, for page, commands and exports.

A new field of an opportunity or a routine goes into the record (`taskstream.records`), the function that fills it, one
migration (column and view) and the declaration here.

May import: taskstream, sinks.connect.

    database       Asks ClickHouse one of the questions in `queries/*.sql`; rows come as they are declared
    opportunities  The ranked opportunities, as ClickHouse has them now
    routine        One routine with its variants and evidence, as ClickHouse has it now; never of fewer than k people
    kafka_lag      Kafka's own figures: messages that came in, and who is behind by how many
    standing       Why nothing is listed yet
    words          Numbers and verdicts in words that people read at a glance
    queries/       The SQL of the read side
"""
