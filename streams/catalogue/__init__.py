"""The process around discovery: Kafka in and out, its snapshots.

May import: taskstream, streams.dead_letter, streams.discovery.

    run           The catalogue as a process: one session after the other, each from the last checkpoint
    session       The catalogue between two failures
    kafka_io      What the catalogue reads from Kafka and writes to it
    seen_topics   The topics that a session works with: which creation of each, as far as it is known
    assignments   Assignments made by the streams for segments that have not reached the catalogue yet
    snapshot      The catalogue's state as bytes, cluster by cluster
    state_format  The format of the catalogue's state: what is written of a tenant, and of each of its clusters
    soundness     Whether what was decoded can be counted
    tenant_learning  What is learned of each tenant's work: the steps to learn from, and what is public of it
    public_tables  What was learned of a tenant's work, as it is public
    teacher       Has lessons learned beside the catalogue's work, one at a time
    lesson        One lesson, in a process of its own
    reservoir_state  The steps to learn from, as bytes, block by block
    stored_state  Reads back what the catalogue has stored
"""
