"""When a worker mends a partition, when it begins one again, and when it ends: checkpoints in every bad state."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from unittest.mock import Mock

import msgspec
import pytest

from streams.runtime.chunks import Chunk
from streams.runtime.health import APART_S, QUIET_S, SESSION_S, STALL_S, WorkerHealth
from streams.runtime.intake import Intake
from streams.runtime.ownership import Ownership
from streams.runtime.transactions import AbortedError, FencedError
from streams.runtime.transport import InFlight
from taskstream.errors import ServiceError
from taskstream.kafka.topic_watch import TopicWatch
from taskstream.records import DeadLetter
from taskstream.settings import Settings

TP = ("t.ui-events", 0)


class Checkpoint:
    """What the health looks at."""

    def __init__(self, **given: Any) -> None:
        self.topic_id, self.operator = "id", None
        self.topic, self.partition = "ui-events", 0
        self.state, self.error, self.pending = "ready", None, False
        self.position, self.committed = 10, 10
        self.noted: list[Any] = []
        self.note = self.noted.append
        self.closed_within = 0.0
        vars(self).update(given)

    async def close(self, timeout: float) -> None:
        self.closed_within = timeout


class Consumer:
    """Of Faust's; ``first`` is the first offset that Kafka still holds."""

    def __init__(self, first: int | None = 0) -> None:
        self.first, self.end = first, 30
        self.member = True
        self.replaced = False

    def in_group(self) -> bool:
        return self.member

    async def bounds(self, tp: tuple[str, int]) -> tuple[int, int] | None:
        return None if self.first is None else (self.first, self.end)


class Fetcher:
    """Notes where it was sent; a partition ends at 30."""

    def __init__(self) -> None:
        self.sent_to: list[int] = []
        self.active = True
        self.drained = True

    def know(self, topic: str, topic_id: str) -> None:
        """Always the same topics."""

    def begin(self, tp: tuple[str, int], offset: int) -> None:
        self.sent_to.append(offset)

    def end(self, partitions: set[tuple[str, int]]) -> None:
        """Nothing is under way."""

    def fetches(self, tp: tuple[str, int]) -> bool:
        return self.active

    def end_of(self, tp: tuple[str, int]) -> int | None:
        return 30


class Rig(NamedTuple):
    """A worker's health that looks at what the test gives it; ``begun`` notes the partitions that it begins again."""

    health: WorkerHealth
    owned: dict[tuple[str, int], Any]
    intake: Intake
    consumer: Consumer
    fetcher: Fetcher
    begun: list[tuple[str, int]]

    async def look(self, *ends_at: tuple[float, int]) -> None:
        """Look after the partition at each of these times (attended seconds), with that end offset."""
        for now, end in ends_at:
            await self.health.watch(TP, self.owned[TP], now, end)


def rigged(consumer: Any) -> Rig:
    async def ready(*_: Any) -> None:
        raise NotImplementedError

    begun: list[tuple[str, int]] = []
    ownership = Ownership(Settings(prefix="t.", kafka="nowhere:1"), list, ready, TopicWatch([], Mock()), time.monotonic)
    setattr(ownership, "begin", begun.append)  # noqa: B010  # a method
    fetcher: Any = Fetcher()
    intake = Intake(ownership, fetcher, InFlight(1))
    intake.consumer = consumer
    return Rig(WorkerHealth(ownership, intake, "t."), ownership.owned, intake, consumer, fetcher, begun)


def with_health(body: Callable[[Rig], Awaitable[None]], first: int = 0) -> None:
    async def main() -> None:
        await body(rigged(Consumer(first)))

    asyncio.run(main())


def own(rig: Rig, **given: Any) -> Any:
    checkpoint: Any = Checkpoint(**given)
    rig.owned[TP] = checkpoint
    return checkpoint


@pytest.mark.parametrize(
    ("state", "end", "words", "stalled"),
    [
        ({"error": ServiceError("Kafka refuses a transaction: no")}, 10, "Kafka refuses a transaction: no", False),
        ({"error": KeyError("a value")}, 10, "a fault: KeyError at an unknown place", False),
        ({"pending": True}, 10, "ui-events/0: nothing could be committed for 90 s", True),
        ({}, 17, "ui-events/0: 7 messages are left and none came for 90 s", True),
    ],
)
def test_who_cannot_go_on_ends_with_a_clear_error(state: dict[str, Any], end: int, words: str, stalled: bool) -> None:
    async def body(rig: Rig) -> None:
        own(rig, **state)
        await rig.look((0.0, end), (STALL_S + 0.1, end))
        assert isinstance(rig.health.failure, ServiceError)
        assert (str(rig.health.failure), rig.health.stalled) == (words, stalled)

    with_health(body)


def test_who_has_nothing_to_do_waits() -> None:
    async def body(rig: Rig) -> None:
        own(rig)
        await rig.look((0.0, 10), (10 * STALL_S, 10))
        assert (rig.health.failure, rig.fetcher.sent_to, rig.begun) == (None, [], [])

    with_health(body)


def test_what_comes_after_a_long_silence_has_not_waited_yet() -> None:
    """A lunch break: input after it, and what is applied of it, are seen before they are fetched and committed."""

    async def body(rig: Rig) -> None:
        checkpoint = own(rig)
        after = 20 * STALL_S
        await rig.look((0.0, 10), (after, 17), (after + 1, 17))
        checkpoint.position, checkpoint.pending = 17, True
        await rig.look((after + 2, 17), (after + STALL_S, 17))
        assert (rig.health.failure, rig.fetcher.sent_to) == (None, [])
        checkpoint.committed, checkpoint.pending = 17, False
        await rig.look((after + 3 * STALL_S, 17))
        assert rig.health.failure is None

    with_health(body)


def test_a_commit_that_does_not_end_is_a_stall_though_input_goes_on() -> None:
    async def body(rig: Rig) -> None:
        checkpoint = own(rig, pending=True)
        for second in range(int(STALL_S) + 2):
            checkpoint.position += 1
            await rig.look((second, checkpoint.position))
        assert "nothing could be committed" in str(rig.health.failure)

    with_health(body)


def test_input_that_does_not_come_is_asked_for_again() -> None:
    async def body(rig: Rig) -> None:
        own(rig)
        await rig.look((0.0, 17), (QUIET_S - 0.1, 17))
        assert rig.fetcher.sent_to == []
        await rig.look((QUIET_S + 0.1, 17))
        assert rig.fetcher.sent_to == [10]

    with_health(body)


def test_input_that_waits_behind_that_of_other_partitions_is_not_missing() -> None:
    """With 96 partitions and more input than can be taken a round lasts minutes: a new fetch begins it anew."""

    async def body(rig: Rig) -> None:
        own(rig)
        rig.fetcher.drained = False
        for second in range(0, int(2 * STALL_S), 2):
            await rig.intake.take(("ui-events", 1), Chunk(0, 0, [], 0))  # another's
            await rig.look((second, 17))
        assert (rig.fetcher.sent_to, rig.health.failure) == ([], None)
        rig.fetcher.drained = True
        await rig.look((3 * STALL_S, 17), (3 * STALL_S + QUIET_S + 0.1, 17))
        assert rig.fetcher.sent_to == [10]

    with_health(body)


def test_who_takes_nothing_though_much_was_read_ahead_is_stuck() -> None:
    async def body(rig: Rig) -> None:
        own(rig)
        rig.fetcher.drained = False
        await rig.look((0.0, 17), (STALL_S + 0.1, 17))
        assert "7 messages are left and none came" in str(rig.health.failure)

    with_health(body)


def test_input_that_is_not_even_asked_for_is_asked_for() -> None:
    async def body(rig: Rig) -> None:
        rig.fetcher.active = False  # Kafka refused the position, or was away when it was to begin
        own(rig)
        await rig.look((0.0, 0), (QUIET_S + 0.1, 0))
        assert rig.fetcher.sent_to == [10]
        await rig.look((STALL_S + 0.1, 0))
        assert "0 messages are left and none came" in str(rig.health.failure)

    with_health(body)


def test_input_that_left_kafka_is_passed_over_and_said(caplog: pytest.LogCaptureFixture) -> None:
    async def body(rig: Rig) -> None:
        checkpoint = own(rig)
        await rig.look((0.0, 30), (QUIET_S + 0.1, 30))
        assert (checkpoint.position, rig.fetcher.sent_to) == (25, [25])
        letter = msgspec.json.decode(checkpoint.noted[0].value, type=DeadLetter)
        assert (letter.reason, letter.source_offset, letter.id) == ("lost", 10, "ui-events:0:10-24@id:fetch")

    with_health(body, first=25)
    assert "offsets 10 to 24: left Kafka" in caplog.text


def test_a_log_that_ends_before_the_position_is_looked_into_at_once() -> None:
    """Cut, or created anew: restoring finds out which."""

    async def body(rig: Rig) -> None:
        rig.consumer.end = 7
        checkpoint = own(rig)
        rig.fetcher.active = False  # Kafka refused the position
        await rig.look((0.0, 0), (QUIET_S + 0.1, 0))
        assert (rig.begun, rig.fetcher.sent_to) == ([TP], [])
        assert checkpoint.closed_within > 0  # with a snapshot: the old log cannot be run again

    with_health(body)


def test_a_void_producer_is_rebuilt_once_the_group_has_had_time_to_say_who_owns_the_partition() -> None:
    """Fatal errors of a producer arrive as :class:`FencedError` (test_transactions)."""

    async def body(rig: Rig) -> None:
        own(rig, state="gone", error=FencedError("fatal"))
        await rig.look((100.0, 10), (100.0 + SESSION_S + 1, 10))
        assert rig.begun == []
        await rig.look((100.0 + SESSION_S + 2.1, 10))
        assert (rig.begun, rig.health.failure) == ([TP], None)

    with_health(body)


def test_an_aborted_transaction_begins_the_partition_again_at_once() -> None:
    async def body(rig: Rig) -> None:
        own(rig, state="gone", error=AbortedError("not taken"))
        await rig.look((10.1, 10))
        assert (rig.begun, rig.health.failure) == ([TP], None)

    with_health(body)


def test_a_partition_that_is_fenced_again_and_again_ends_the_worker() -> None:
    async def body(rig: Rig) -> None:
        own(rig, state="gone", error=FencedError("fatal"))
        await rig.look((80.0, 10))
        for n in range(4):
            assert rig.health.failure is None
            await rig.look((100.0 + n, 10))
        assert rig.begun == [TP] * 3
        assert "second deployment" in str(rig.health.failure)

    with_health(body)


def test_who_has_no_part_in_the_group_for_long_ends() -> None:
    async def body(rig: Rig) -> None:
        rig.health.watch_group(10.0, joined=True)  # a part without a partition is a part
        rig.health.watch_group(11.0, joined=False)
        rig.health.watch_group(11.0 + APART_S, joined=False)
        assert rig.health.failure is None
        rig.health.watch_group(100.0, joined=True)
        rig.consumer.member = False
        rig.health.watch_group(101.0, joined=True)
        rig.health.watch_group(102.0 + APART_S, joined=True)
        assert "no part in the consumer group for 60 s" in str(rig.health.failure)

    with_health(body)


def test_who_was_replaced_under_its_own_name_ends_at_once_and_says_so() -> None:
    async def body(rig: Rig) -> None:
        rig.health.watch_group(1.0, joined=True, worker_id="w1")
        assert rig.health.failure is None
        rig.consumer.replaced = True
        rig.health.watch_group(2.0, joined=False, worker_id="w1")
        assert "another worker has begun under the worker_id 'w1'" in str(rig.health.failure)

    with_health(body)


@pytest.mark.parametrize(("every_s", "worker_id", "ends"), [(1.5, "w1", True), (1.5, "", False), (5.0, "w1", False)])
def test_two_workers_of_one_name_do_not_fight_in_silence(every_s: float, worker_id: str, ends: bool) -> None:
    async def body(rig: Rig) -> None:
        for turn in range(100):
            rig.health.note_assignment(turn * every_s, worker_id)
        assert ("another worker run with the worker_id 'w1'" in str(rig.health.failure)) == ends

    with_health(body)


def test_partitions_may_be_taken_away_while_another_is_looked_after() -> None:
    class Leaving(Consumer):
        async def bounds(self, tp: tuple[str, int]) -> tuple[int, int] | None:
            rig.owned.pop(other)
            return 0, 30

    other = ("t.ui-events", 1)
    rig: Rig

    async def main() -> None:
        nonlocal rig
        rig = rigged(Leaving())
        own(rig)
        await rig.look((0.0, 30))
        rig.owned[other] = Checkpoint(error=KeyError("of a partition that is no longer ours"))
        await rig.health.watch_partitions(QUIET_S + 0.1, {TP: 30})

    asyncio.run(main())
    assert (rig.health.failure, rig.fetcher.sent_to) == (None, [10])
