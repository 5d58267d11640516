"""Fixtures of the sink's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sinks.stage import Stage


@pytest.fixture
def stage(tmp_path: Path, kafka: str, clickhouse: Any) -> Iterator[Stage]:
    """Topics and a database of one's own."""
    made = Stage(tmp_path, kafka, clickhouse)
    yield made
    made.close()
