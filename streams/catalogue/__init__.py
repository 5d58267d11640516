"""The process around discovery: Kafka in and out, its snapshots.

May import: taskstream, streams.discovery.

    session      The catalogue as a process
    assignments  What the streams have said of segments that the catalogue has yet to take in
    snapshot     The catalogue's state as bytes, cluster by cluster
"""
