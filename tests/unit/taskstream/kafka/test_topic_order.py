"""Topics are widened so that nobody meets half a deployment."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from taskstream.kafka import topic_admin
from taskstream.settings import Settings
from taskstream.topics import ALL


def test_what_is_read_by_number_is_widened_after_what_is_written_by_the_same_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker that finds a new partition of ui-events writes to the same number elsewhere."""
    settings = Settings(prefix="p.", partitions=8, kafka="nowhere:1")
    there = {f"p.{topic.name}": SimpleNamespace(partitions=range(2)) for topic in ALL if topic.partitions == "input"}
    admin: Any = Mock(**{"list_topics.return_value.topics": there})
    monkeypatch.setattr(topic_admin, "new_admin", Mock(return_value=admin))
    monkeypatch.setattr(topic_admin, "_config", Mock(return_value=[]))
    changes = [change for change in topic_admin.apply(settings, dry_run=True) if "add partitions" in change.what]
    assert len(changes) == len(there)
    assert [change.topic for change in changes][-2:] == ["p.activity.partial", "p.ui-events"]
