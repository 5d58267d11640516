"""One partition of `ui-events`: a file a stage, in the order in which a record passes them. Pure.

May import: taskstream, streams.operator, streams.dead_letter, streams.discovery.

    partition        Phase 1: takes each record of one partition of `ui-events` through all stages
    validate         Checks input: bytes in, a valid message or a refusal out
    deduplicate      Lets each `(agent, seq)` through once
    skew             Corrects desktops whose clock is wrong
    gather           Gathers clean batches into messages of `ui-events.clean`: few and large
    sessionise       Cuts sessions in the agent's event time
    link             Finds values that move from field to field
    segment          Cuts one agent's events into executions
    oversize         Keeps segments within the bound of their topic: one that is too large is split
    window           Phase 1 of the 1-minute tumbling windows
    stage_settings   Settings that the stages depend on
    agent_state      State of one agent
    agent_table      Keeps the open agents in the order in which they fall silent, and what is kept of others
    person_models    Keeps what was learned of each person for the person's next agent
    cells            Writes and reads cells keyed by tuples in snapshots
    snapshot_format  What is stored of a partition in snapshots, as msgpack arrays
    actor_parts      Cuts the people of a cell into parts that fit into a message
    sampled_people   Chooses the people whose steps the catalogue learns from: a few of each tenant at work
    tenant_tables    What was learned of each tenant's work, as one partition uses it
"""
