"""When a worker mends a partition, when it begins one again, and when it ends: checkpoints in every bad state."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, NamedTuple

import pytest

from streams.runtime.transactions import AbortedError, FencedError
from streams.runtime.worker import APART_S, QUIET_S, SESSION_S, STALL_S, Worker
from taskstream.errors import ServiceError
from taskstream.settings import Settings

TP = ("t.ui-events", 0)


class Checkpoint:
    """What the worker looks at; times are of the monotonic clock (seconds)."""

    def __init__(self, **given: Any) -> None:
        self.topic, self.partition = "ui-events", 0
        self.state, self.error, self.pending = "ready", None, False
        self.position, self.applied_at, self.progress_at = 10, 0.0, 0.0
        vars(self).update(given)


class Consumer:
    """Of Faust's; ``first`` is the first offset that Kafka still holds."""

    def __init__(self, first: int | None = 0) -> None:
        self.first = first
        self.member = True

    def in_group(self) -> bool:
        return self.member

    async def earliest(self, tp: tuple[str, int]) -> int | None:
        return self.first


class Fetcher:
    """Notes where it was sent; a partition ends at 30."""

    def __init__(self) -> None:
        self.sent_to: list[int] = []
        self.active = True

    def begin(self, tp: tuple[str, int], offset: int) -> None:
        self.sent_to.append(offset)

    def end(self, partitions: set[tuple[str, int]]) -> None:
        """Nothing is under way."""

    def fetches(self, tp: tuple[str, int]) -> bool:
        return self.active

    def end_of(self, tp: tuple[str, int]) -> int | None:
        return 30


class Rig(NamedTuple):
    """A worker that owns what the test gives it; ``begun`` notes the partitions that it begins again."""

    worker: Worker
    consumer: Consumer
    fetcher: Fetcher
    begun: list[tuple[str, int]]


def rigged(consumer: Consumer) -> Rig:
    rig = Rig(Worker(Settings(prefix="t.", kafka="nowhere:1")), consumer, Fetcher(), [])
    subject: Any = rig.worker
    subject.failed = asyncio.get_running_loop().create_future()
    subject._consumer, subject.fetcher, subject._own = consumer, rig.fetcher, rig.begun.append
    return rig


def with_worker(body: Callable[[Rig], Awaitable[None]], first: int = 0) -> None:

    async def main() -> None:
        await body(rigged(Consumer(first)))

    asyncio.run(main())


def own(worker: Worker, **given: Any) -> Any:
    checkpoint: Any = Checkpoint(**given)
    worker.owned[TP] = checkpoint
    return checkpoint


@pytest.mark.parametrize(
    ("state", "end", "words"),
    [
        ({"error": ServiceError("Kafka refuses a transaction: no")}, 10, "Kafka refuses a transaction: no"),
        ({"error": KeyError("x")}, 10, "KeyError: 'x'"),
        ({"pending": True}, 10, "ui-events/0: nothing could be committed for 90 s"),
        ({}, 17, "ui-events/0: 7 messages are left and none came for 90 s"),
    ],
)
def test_who_cannot_go_on_ends_with_a_clear_error(state: dict[str, Any], end: int, words: str) -> None:
    async def body(rig: Rig) -> None:
        await rig.worker._watch(TP, own(rig.worker, **state), STALL_S + 0.1, end)
        failure = rig.worker.failed_with()
        assert isinstance(failure, ServiceError)
        assert str(failure) == words

    with_worker(body)


def test_who_has_nothing_to_do_waits() -> None:
    async def body(rig: Rig) -> None:
        await rig.worker._watch(TP, own(rig.worker), 10 * STALL_S, 10)
        assert (rig.worker.failed_with(), rig.fetcher.sent_to, rig.begun) == (None, [], [])

    with_worker(body)


def test_input_that_does_not_come_is_asked_for_again() -> None:
    async def body(rig: Rig) -> None:
        checkpoint = own(rig.worker)
        await rig.worker._watch(TP, checkpoint, QUIET_S - 0.1, 17)
        assert rig.fetcher.sent_to == []
        await rig.worker._watch(TP, checkpoint, QUIET_S + 0.1, 17)
        assert rig.fetcher.sent_to == [10]

    with_worker(body)


def test_input_that_is_not_even_asked_for_is_asked_for() -> None:
    async def body(rig: Rig) -> None:
        rig.fetcher.active = False  # Kafka refused the position, or was away when it was to begin
        checkpoint = own(rig.worker)
        await rig.worker._watch(TP, checkpoint, QUIET_S + 0.1, 0)
        assert rig.fetcher.sent_to == [10]
        await rig.worker._watch(TP, checkpoint, STALL_S + 0.1, 0)
        assert "0 messages are left and none came" in str(rig.worker.failed_with())

    with_worker(body)


def test_input_that_left_kafka_is_passed_over_and_said(caplog: pytest.LogCaptureFixture) -> None:
    async def body(rig: Rig) -> None:
        checkpoint = own(rig.worker)
        await rig.worker._watch(TP, checkpoint, QUIET_S + 0.1, 30)
        assert (checkpoint.position, rig.fetcher.sent_to) == (25, [25])

    with_worker(body, first=25)
    assert "offsets 10 to 24 left Kafka" in caplog.text


def test_a_void_producer_is_rebuilt_once_the_group_has_had_time_to_say_who_owns_the_partition() -> None:
    """Fatal errors of a producer arrive as :class:`FencedError` (test_transactions)."""

    async def body(rig: Rig) -> None:
        checkpoint = own(rig.worker, state="gone", error=FencedError("fatal"))
        await rig.worker._watch(TP, checkpoint, SESSION_S + 1, 10)
        assert rig.begun == []
        await rig.worker._watch(TP, checkpoint, SESSION_S + 2.1, 10)
        assert (rig.begun, rig.worker.failed_with()) == ([TP], None)

    with_worker(body)


def test_an_aborted_transaction_begins_the_partition_again_at_once() -> None:
    async def body(rig: Rig) -> None:
        checkpoint = own(rig.worker, state="gone", error=AbortedError("not taken"), progress_at=10.0)
        await rig.worker._watch(TP, checkpoint, 10.1, 10)
        assert (rig.begun, rig.worker.failed_with()) == ([TP], None)

    with_worker(body)


def test_a_partition_that_is_fenced_again_and_again_ends_the_worker() -> None:
    async def body(rig: Rig) -> None:
        checkpoint = own(rig.worker, state="gone", error=FencedError("fatal"))
        for n in range(4):
            assert rig.worker.failed_with() is None
            await rig.worker._watch(TP, checkpoint, 100.0 + n, 10)
        assert rig.begun == [TP] * 3
        assert "second deployment" in str(rig.worker.failed_with())

    with_worker(body)


def test_who_has_no_part_in_the_group_for_long_ends() -> None:
    async def body(rig: Rig) -> None:
        subject: Any = rig.worker
        subject._together_at = 0.0
        await subject.assigned(set(), rig.consumer)
        subject._watch_group(10.0)  # a part without a partition is a part
        await subject.revoked(set())
        subject._watch_group(10.0 + APART_S)
        assert rig.worker.failed_with() is None
        await subject.assigned(set(), rig.consumer)
        subject._watch_group(100.0)
        rig.consumer.member = False
        subject._watch_group(101.0 + APART_S)
        assert "no part in the consumer group for 60 s" in str(rig.worker.failed_with())

    with_worker(body)


def test_partitions_may_be_taken_away_while_another_is_looked_after() -> None:
    class Leaving(Consumer):
        async def earliest(self, tp: tuple[str, int]) -> int | None:
            rig.worker.owned.pop(other)
            return 0

    class Ticker:
        def tick(self, owned: Iterable[Any], now: float, ends: Mapping[tuple[str, int], int]) -> None:
            ticked.append(len(list(owned)))

    other, ticked = ("t.ui-events", 1), list[int]()
    rig: Rig

    async def main() -> None:
        nonlocal rig
        rig = rigged(Leaving())
        own(rig.worker, committed=10)
        gone: Any = Checkpoint(error=KeyError("of a partition that is no longer ours"))
        rig.worker.owned[other] = gone
        subject: Any = rig.worker
        await subject._watch_partitions(QUIET_S + 0.1, Ticker())

    asyncio.run(main())
    assert (ticked, rig.worker.failed_with(), rig.fetcher.sent_to) == ([1], None, [10])
