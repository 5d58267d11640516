"""One partition of `ui-events`: a file a stage, in the order in which a record passes them. Pure.

May import: taskstream, streams.operator, streams.dead_letter, streams.discovery.

    stage_settings   Settings that the stages depend on
    partition        Phase 1: one partition of `ui-events` through all stages
    validate         Stage 1: bytes in, a checked message or a refusal out
    skew             Stage 2: desktops whose clock is wrong
    deduplicate      Stage 3: each `(agent, seq)` once
    gather           Gather clean batches into messages of `ui-events.clean`: few and large
    sessionise       Stage 5: sessions in the agent's event time
    link             Stage 6: values that move from field to field
    segment          The segmenting stage: one agent's events in, its recognised executions out
    oversize  Segments within the bound of their topic: one that is too large leaves in parts
    window           Stage 8, phase 1 of the 1-minute tumbling windows
    agent_state      State of one agent
    person_models    What was learned of each person, kept for the person's next agent
    cells            Snapshots of cells keyed by tuples: in chunks that stay below Kafka's bound on a message
    snapshot_format  What is stored of a partition in snapshots, as msgpack arrays
"""
