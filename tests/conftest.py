"""Fixtures for all tests. Real services are started once per run, when the first test asks for them."""

pytest_plugins = ["tests.fixtures.kafka", "tests.fixtures.clickhouse"]
