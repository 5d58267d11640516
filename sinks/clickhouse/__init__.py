"""The sink: fills ClickHouse's tables exactly once, and keeps their schema.

May import: taskstream, sinks.connect.

    run           Puts the sink together from settings and endpoints
    consumer      The sink: from Kafka to ClickHouse, each row exactly once
    beginnings    Asks Kafka where partitions begin, until it answers
    logs          What a partition's offsets count, and where to begin in it
    feeds         Which topic fills which table
    joint         What one insert stores: parts of a topic's partitions, joined, and the token that names them
    ledger        Which messages form which block: the sink's promise as a pure state machine
    ranges        Where a partition stands, kept in Kafka beside its committed offset
    blocks/       Rows as blocks of ClickHouse's Native format
    writer        Stores blocks, whatever ClickHouse says
    store         The sink's side of ClickHouse
    dead_letters  The sink's dead letters: messages, or rows of them, that no table can hold
    read_again    Reads messages of the input again
    silence       Partitions that have messages of which none comes
    progress      How far the sink is behind
    migrate       Bring a ClickHouse database to the schema that the numbered files in `migrations/` describe
    migrations/   The schema, in numbered files
"""
