"""Kafka at the edges: clients with the settings all parts share, and the administration of topics."""
