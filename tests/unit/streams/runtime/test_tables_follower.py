"""The latest tables of each tenant, as the topic holds them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest

from streams.runtime import topic_follower
from streams.runtime.tables_follower import MAX_TENANTS, TablesFollower
from streams.stages.tenant_tables import loaded
from taskstream import metrics
from taskstream.settings import Settings
from tests.unit.streams.build import tables


def follower(topics: Any = None) -> TablesFollower:
    return TablesFollower(Settings(prefix="p.", kafka="nowhere:1"), topics or Mock(id_of=lambda _: ""))


def versions(subject: TablesFollower) -> dict[str, int]:
    return {tenant: kept.version for tenant, kept in subject.latest.items()}


def test_the_latest_record_of_a_tenant_counts_and_a_deletion_removes_it() -> None:
    subject = follower()
    before = subject.latest
    for tenant, version in (("t", 3), ("other", 1), ("t", 4)):
        subject.take(tenant, tables(tenant, version))
    assert versions(subject) == {"t": 4, "other": 1}
    assert subject.latest["t"].raw == tables("t", 4)
    subject.take("t", None)
    subject.take("unknown", None)
    assert versions(subject) == {"other": 1}
    assert before == {}, "whoever looks through it in another thread sees no change"


def test_there_are_at_most_so_many_tenants_and_the_oldest_makes_room() -> None:
    subject = follower()
    for number in range(MAX_TENANTS):
        subject.take(f"tenant-{number}", tables(f"tenant-{number}", 1))
    subject.take("tenant-0", tables("tenant-0", 2))
    subject.take("one-more", tables("one-more", 1))
    assert len(subject.latest) == MAX_TENANTS
    assert "tenant-1" not in subject.latest
    assert versions(subject)["tenant-0"] == 2


@pytest.mark.parametrize("value", [b"", b"foreign", b"\xff", tables("other", 1)])
def test_what_is_no_tables_of_the_keys_tenant_is_none(value: bytes) -> None:
    subject = follower()
    subject.take("t", tables("t", 3))
    with pytest.raises(ValueError):
        subject.take("t", value)
    assert versions(subject) == {"t": 3}


def test_what_comes_back_in_a_partition_is_decoded_already() -> None:
    raw = tables("once", 8)
    follower().take("once", raw)
    assert loaded(bytes(bytearray(raw))).raw is raw


class Message:
    """A record of the topic."""

    def __init__(self, key: bytes | None, value: bytes | None) -> None:
        self._key, self._value = key, value

    def error(self) -> None:
        return None

    def key(self) -> bytes | None:
        return self._key

    def value(self) -> bytes | None:
        return self._value

    def offset(self) -> int:
        return 7


class Topic:
    """What each consumer finds, one after the other: messages, or what happens instead."""

    def __init__(self, *logs: list[Message | Callable[[], None]]) -> None:
        self._logs = list(logs)
        self.begun = 0

    def consumer(self, _: object) -> Mock:
        self.begun += 1
        log = self._logs.pop(0) if self._logs else []

        def poll(_: float) -> Message | None:
            found = log.pop(0) if log else None
            if found is None:
                time.sleep(0.005)
            if isinstance(found, Message) or found is None:
                return found
            return found()

        return Mock(poll=poll)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_topic_created_anew_is_read_from_its_beginning_and_the_old_one_is_forgotten(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ids, go_on = {"p.tables": "one"}, list[bool]()

    def wait() -> None:
        until(lambda: bool(go_on))
        ids["p.tables"] = "two"

    refused = metrics.REFUSED.labels("malformed")._value.get()
    topic = Topic(
        [Message(b"t", tables("t", 9)), Message(b"x", b"a secret"), Message(b"old", tables("old", 1)), wait],
        [Message(b"\xff", tables("t", 2)), Message(None, b""), Message(b"t", tables("t", 1))],
    )
    monkeypatch.setattr(topic_follower, "new_consumer", topic.consumer)
    subject = follower(Mock(id_of=lambda name: ids[name]))
    subject.start()
    until(lambda: versions(subject) == {"t": 9, "old": 1})
    go_on.append(True)
    until(lambda: versions(subject) == {"t": 1})
    subject.stop()
    assert topic.begun == 2
    assert metrics.REFUSED.labels("malformed")._value.get() == refused + 3
    assert "a secret" not in caplog.text
