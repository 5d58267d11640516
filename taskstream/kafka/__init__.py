"""Kafka at the edges: clients with the settings all parts share, and the administration of topics.

May import: taskstream.

    clients      Settings that every confluent-kafka client here shares
    topic_admin  Bring the broker's topics in line with their declaration
"""
