"""Kafka and ClickHouse are each reached in one place: what is set there, every process and command obeys."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
FOLDERS = ("taskstream", "collectors", "streams", "sinks", "deploy", "benchmarks")


def naming(pattern: str) -> set[str]:
    """The files that hold ``pattern``."""
    sources = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return {str(path.relative_to(ROOT)) for path in sources if re.search(pattern, path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize(
    ("pattern", "places"),
    [
        (r"bootstrap[._]servers", {"taskstream/kafka/clients.py"}),
        (r"kafka://", {"taskstream/kafka/faust_broker.py"}),
        (r"\b(AdminClient|Producer|Consumer)\(\S*(kafka_config|reading)\(", set()),
        (r"\bget_client\(", {"sinks/connect.py"}),
    ],
)
def test_a_service_is_reached_in_one_place(pattern: str, places: set[str]) -> None:
    assert naming(pattern) == places
