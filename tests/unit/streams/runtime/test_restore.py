"""Where a partition goes on: after a crash, a new topic of the old name, a log that was cut, a state that is gone."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from streams.dead_letter import Loss, letter_of_loss
from streams.operator import Output, Record
from streams.runtime.restore import AT_ONCE, FORMAT, Position, Restored, UnwantedError, item_key, restore
from streams.stages.partition import PartitionState
from streams.stages.stage_settings import StageSettings
from streams.teams.team_partition import TeamPartitionState
from taskstream import metrics
from taskstream.errors import ServiceError
from taskstream.events import encode
from taskstream.kafka.tombstones import WholeReading
from taskstream.records import ActivityPartial, DeadLetter, PartialCell
from taskstream.settings import Settings
from taskstream.topics import STATE
from tests.unit.streams.build import batch, event, record

OLD, NEW = "old-topic-id", "new-topic-id"
SETTINGS = Settings(prefix="p.", kafka="nowhere:1")


class Seen:
    """An operator that notes what is run again."""

    def __init__(self) -> None:
        self.offsets: list[int] = []
        self.items: dict[str, bytes] = {}

    def apply(self, record: Record) -> list[Output]:
        self.offsets.append(record.offset)
        return []

    def flush(self) -> list[Output]:
        return []

    def configure(self, settings: Any) -> bool:
        raise NotImplementedError

    def save_all(self) -> None:
        raise NotImplementedError

    def snapshot(self) -> list[tuple[str, bytes | None]]:
        raise NotImplementedError

    def load(self, items: Mapping[str, bytes]) -> dict[str, str]:
        self.items = dict(items)
        return {}


def message(offset: int, key: bytes, value: bytes | None) -> Any:
    """As confluent-kafka gives it."""
    given = {"offset": offset, "key": key, "value": value, "timestamp": (1, 0), "headers": None}
    return SimpleNamespace(**{name: (lambda held=held: held) for name, held in given.items()})


class Logs:
    """Kafka: the state topic holds ``kept``, the input the offsets ``[first, end)``; the group has read to ``told``."""

    def __init__(self, kept: dict[str, bytes], first: int, end: int, told: int = 0) -> None:
        items = enumerate(kept.items())
        self.state = [message(offset, item_key("ui-events", name), data) for offset, (name, data) in items]
        self.input = [message(offset, b"k", b"v") for offset in range(first, end)]
        self.first, self.end, self.told = first, end, told

    def bounds(self, name: str, partition: int) -> tuple[int, int]:
        return (0, len(self.state)) if name == "p.state" else (self.first, self.end)

    def read(self, name: str, partition: int, start: int, end: int) -> Iterator[Any]:
        log = self.state if name == "p.state" else self.input
        return iter([one for one in log if start <= one.offset() < end])

    def committed(self, group: str, name: str, partition: int) -> int:
        assert (group, name) == ("p.streams", "p.ui-events")
        return self.told


def test_a_reading_in_which_a_deletion_may_have_gone_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now, away_s = [1_000.0], STATE.tombstones_ms / 1000

    class Slow(Logs):
        """Kafka is away in the midst of the first reading; when it is back, the cleaner has removed a tombstone."""

        readings = 0

        def read(self, name: str, partition: int, start: int, end: int) -> Iterator[Any]:
            if name != "p.state":
                yield from super().read(name, partition, start, end)
                return
            self.readings += 1
            if self.readings == 1:
                yield message(0, item_key("ui-events", "a:gone"), b"deleted long ago")
                now[0] += away_s
            yield from self.state

    logs = Slow(kept(3, 5), 0, 9)
    monkeypatch.setattr("streams.runtime.restore.WholeReading", partial(WholeReading, wall=lambda: now[0]))
    restored = restore(logs, SETTINGS, ("ui-events", 0, OLD), Seen, lambda: True)
    assert set(restored.operator.items) == {"a:x"}
    assert logs.readings == 2


def kept(snapshot: int, position: int, topic_id: str = OLD, version: int = FORMAT, **other: bytes) -> dict[str, bytes]:
    places = {"snapshot": Position(snapshot, version, topic_id), "position": Position(position, version, topic_id)}
    return {name: msgspec.msgpack.encode(place) for name, place in places.items()} | {"a:x": b"an agent"} | other


READ_2_OF_NEW = {"position": msgspec.msgpack.encode(Position(2, 2, NEW))}


def restored(logs: Logs, topic_id: str) -> tuple[Restored, Seen]:
    operator = Seen()
    place = "ui-events", 0, topic_id
    return restore(logs, SETTINGS, place, lambda: operator, lambda: True), operator


@pytest.mark.parametrize(
    ("items", "first", "end", "topic_id", "again", "position", "losses"),
    [
        (kept(5, 8), 0, 20, OLD, [5, 6, 7], 8, []),
        (kept(5, 8), 0, 20, "", [5, 6, 7], 8, []),  # Kafka has not told the id yet
        (kept(5, 8, ""), 0, 20, OLD, [5, 6, 7], 8, []),  # kept by a version that noted none
        ({}, 0, 20, OLD, [], 0, []),
        # a new topic of the old name, shorter or longer than the old one: from its start
        (kept(8, 8), 0, 3, NEW, [], 0, [(8, -1)]),
        (kept(8, 8), 0, 20, NEW, [], 0, [(8, -1)]),
        # ... where the state that was kept is older than what had been read
        (kept(5, 8), 0, 20, NEW, [], 0, [(5, 7), (8, -1)]),
        (kept(5, 0) | READ_2_OF_NEW, 0, 9, "next", [], 0, [(0, 1), (5, -1)]),
        # ... of which something was already read when the worker died
        (kept(5, 0) | READ_2_OF_NEW, 0, 20, NEW, [0, 1], 2, [(5, -1)]),
        # cut
        (kept(5, 8), 0, 6, OLD, [5], 6, [(6, 7)]),
        (kept(5, 8), 0, 3, OLD, [], 3, [(3, 7)]),
        # retention has passed what a restore runs again
        (kept(5, 8), 7, 20, OLD, [7], 8, [(5, 6)]),
        (kept(5, 8), 10, 20, OLD, [], 8, [(5, 7)]),
    ],
)
def test_where_it_goes_on(
    items: dict[str, bytes],
    first: int,
    end: int,
    topic_id: str,
    again: list[int],
    position: int,
    losses: list[tuple[int, int]],
) -> None:
    found, operator = restored(Logs(items, first, end), topic_id)
    assert (operator.offsets, found.position) == (again, position)
    assert [(loss.first, loss.last) for loss in found.losses] == losses
    assert ("a:x" in operator.items) == bool(items)


def test_a_lost_state_does_not_begin_again_at_the_start() -> None:
    """Everything would be written once more: the group's offsets say how far it had come."""
    found, operator = restored(Logs({}, 0, 20, told=12), OLD)
    assert (found.position, operator.offsets) == (12, [])
    assert found.losses == [Loss(0, 11, "the topic state has lost what was kept")]


def test_offsets_of_a_group_that_lie_beyond_the_log_are_of_another_topic() -> None:
    assert restored(Logs({}, 0, 5, told=12), OLD)[0].position == 0


def test_few_partitions_are_restored_at_a_time_and_what_is_taken_away_meanwhile_is_passed_over() -> None:
    at_work, most, gate, lock = 0, 0, threading.Event(), threading.Lock()

    class Slow(Logs):
        def bounds(self, name: str, partition: int) -> tuple[int, int]:
            nonlocal at_work, most
            with lock:
                at_work += 1
                most = max(most, at_work)
            gate.wait(5)
            with lock:
                at_work -= 1
            return super().bounds(name, partition)

    ours = True

    def begin(partition: int) -> str:
        try:
            restore(Slow({}, 0, 0), SETTINGS, ("ui-events", partition, OLD), Seen, lambda: ours)
        except UnwantedError:
            return "passed over"
        return "restored"

    with ThreadPoolExecutor(3 * AT_ONCE) as pool:
        ends = [pool.submit(begin, partition) for partition in range(3 * AT_ONCE)]
        while at_work < AT_ONCE:
            time.sleep(0.001)
        ours = False
        gate.set()
        told = Counter(end.result(10) for end in ends)
    assert (most, told["restored"], told["passed over"]) == (AT_ONCE, AT_ONCE, 2 * AT_ONCE)


def test_older_state_is_read_and_newer_refused_in_one_line() -> None:
    old = {"position": msgspec.msgpack.encode([8]), "snapshot": msgspec.msgpack.encode([5])}
    assert restored(Logs(old, 0, 20), OLD)[0].position == 8
    with pytest.raises(ServiceError, match=r"^ui-events/0: its state was written by a newer version \(format 3"):
        restored(Logs(kept(5, 8, version=3), 0, 20), OLD)


def test_the_dead_letter_names_the_range() -> None:
    letters = [
        msgspec.json.decode(letter_of_loss("ui-events", 3, loss, topic_id="a").value or b"", type=DeadLetter)
        for loss in (Loss(5, 9, "cut"), Loss(5, -1, "created again"))
    ]
    assert [letter.detail for letter in letters] == ["offsets 5 to 9: cut", "offsets 5 to ?: created again"]
    assert {(letter.reason, letter.source_partition, letter.source_offset) for letter in letters} == {("lost", 3, 5)}


def beside(logs: Logs, *foreign: tuple[bytes, bytes | None]) -> Logs:
    """``logs`` with records of somebody else at the end of the topic ``state``."""
    logs.state += [message(len(logs.state) + number, key, value) for number, (key, value) in enumerate(foreign)]
    return logs


@pytest.mark.parametrize("value", [b"", b"\xff", b"\xc1", b"[" * 9, msgspec.msgpack.encode([-1]), b"\x90", b"{}"])
def test_foreign_records_in_the_state_are_passed_over(value: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """A worker ended on them at every start."""
    foreign = [(b"ui-events/\xff\xfe", value), (b"ui-events/position", value), (b"ui-events/snapshot", value)]
    before = metrics.REFUSED.labels(reason="malformed")._value.get()
    found, operator = restored(beside(Logs(kept(5, 8), 0, 20), *foreign), OLD)
    assert (operator.offsets, found.position, operator.items) == ([5, 6, 7], 8, {"a:x": b"an agent"})
    assert metrics.REFUSED.labels(reason="malformed")._value.get() == before + 3
    assert [key.decode("latin1") in caplog.text for key, _ in foreign[1:]] == [True, True]
    assert "p.state/0: the record of key" in caplog.text


def test_where_no_position_can_be_read_the_groups_offset_says_it() -> None:
    """Nothing is written twice, and the state is that of what had been read."""
    items = kept(5, 8) | {"position": b"\xff"}
    found, operator = restored(Logs(items, 0, 20, told=8), OLD)
    assert (operator.offsets, found.position) == ([5, 6, 7], 8)


@pytest.mark.parametrize("topic", ["ui-events", "activity.partial"])
def test_items_that_an_operator_cannot_read_are_counted_and_the_rest_is_loaded(
    topic: str, caplog: pytest.LogCaptureFixture
) -> None:
    def make() -> PartitionState | TeamPartitionState:
        return PartitionState(0, StageSettings(partitions=1)) if topic == "ui-events" else TeamPartitionState(0, 1, 1)

    operator = make()
    for offset in range(3):
        cell = PartialCell(60_000, "a", "click", 1, 1, False, (0,))
        partial = ActivityPartial(id="", tenant="t", team="r", release_ms=60_000, actors=("p",), cells=(cell,))
        message_ = batch(offset, [event(offset)]) if topic == "ui-events" else encode(partial)
        operator.apply(record(offset, message_))
    own = {f"{topic}/{name}".encode(): data for name, data in operator.snapshot()}
    names = ["a:other", "m:t\x1fother", "w:7:0", "w:x:0", "w:", f"w:{'9' * 30}:0", "l:1", "junk", ""]
    logs = Logs({}, 0, 0)
    beside(logs, (f"{topic}/position".encode(), msgspec.msgpack.encode(Position(0))), *own.items())
    beside(logs, *[(f"{topic}/{name}".encode(), b"\x93\xa1x\xff") for name in names])
    other = restore(logs, SETTINGS, (topic, 0, OLD), make, lambda: True).operator
    other.save_all()
    assert {f"{topic}/{name}".encode(): data for name, data in other.snapshot()} == own
    assert caplog.text.count("is passed over") == len(names)
