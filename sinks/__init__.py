"""From Kafka to ClickHouse, and from ClickHouse to people.

May import: taskstream.

    connect      Clients for ClickHouse over HTTP, with the settings that all parts of the sink share
    clickhouse/  The sink: fills ClickHouse's tables exactly once, and keeps their schema
    results/     The read side, once: what an opportunity and a routine are as read
    dashboard/   The live page
    cli/         The commands of the sinks
"""
