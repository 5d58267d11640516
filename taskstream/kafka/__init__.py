"""Kafka at the edges: clients with the settings all parts share, and the administration of topics.

May import: taskstream.

    clients       How every client here reaches Kafka
    faust_broker  Faust's way to Kafka (aiokafka)
    tokens        Access tokens for OAUTHBEARER
    check         Whether Kafka lets us in, asked when a process or command begins
    refusals      Why Kafka does not let us in, in a line that names TLS or the login
    topic_admin   Bring the broker's topics in line with their declaration
    topic_watch   What a long-running process must notice of Kafka: that it is away, a topic another one, or grown
    pieces        Values larger than a topic takes, cut into pieces and put together again
"""
