"""The process around discovery: Kafka in and out, its snapshots.

May import: taskstream, streams.dead_letter, streams.discovery.

    run           The catalogue as a process: one session after the other, each from the last checkpoint
    session       The catalogue between two failures
    kafka_io      What the catalogue reads from Kafka and writes to it
    assignments   What the streams have said of segments that the catalogue has yet to take in
    snapshot      The catalogue's state as bytes, cluster by cluster
    stored_state  What the catalogue stored, as it comes back
"""
