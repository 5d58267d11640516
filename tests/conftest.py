"""Fixtures for all tests. Real services are started once per run, when the first test asks for them."""

import pytest

from tests.fixtures.compiled import stale

pytest_plugins = ["tests.fixtures.kafka", "tests.fixtures.clickhouse", "tests.fixtures.secured"]


def pytest_sessionstart() -> None:
    """Refuse to test something else than the sources say."""
    changed = stale()
    if changed:
        raise pytest.UsageError(f"changed since they were compiled: {', '.join(changed)}; run `make install`")
