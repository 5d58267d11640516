"""Kafka at the edges: clients with the settings all parts share, and the administration of topics.

May import: taskstream.

    clients       How every client here reaches Kafka
    faust_broker  Faust's way to Kafka (aiokafka)
    tokens        Access tokens for OAUTHBEARER
    check         Checks that Kafka lets us in when a process or command starts
    refusals      Why Kafka does not let us in, in a line that names TLS or the login
    topic_admin   Bring the broker's topics in line with their declaration
    topic_watch   Notices that Kafka is away, or that a topic was created anew or has more partitions
    pieces        Values larger than a topic takes, cut into pieces and put together again
    tombstones    Whether a compacted topic was read quickly enough to have met every deletion
    topic_id      The id of a topic: which of its creations it is
    partitioning  Which partition a key belongs to, as Kafka's clients deal them out
    answers       Answers of Kafka's administration, which come as futures
"""
