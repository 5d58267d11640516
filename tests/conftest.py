"""Fixtures for all tests. Real services are started once per run, when the first test asks for them.

Hypothesis holds no test to a time: machines may be slow and busy.
"""

import pytest
from hypothesis import HealthCheck, settings

from tests.fixtures.compiled import stale

settings.register_profile(
    "any machine", parent=settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

pytest_plugins = ["tests.fixtures.kafka", "tests.fixtures.clickhouse", "tests.fixtures.secured"]


def pytest_sessionstart() -> None:
    """Refuse to test something else than the sources say."""
    changed = stale()
    if changed:
        raise pytest.UsageError(f"changed since they were compiled: {', '.join(changed)}; run `make install`")
