"""ClickHouse: its schema, the sink that fills it exactly once, and the queries that people ask."""
