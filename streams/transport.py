"""Faust's transport in micro-batches: one Faust event carries up to 200 records of one partition.

Faust costs about 170 us an event whatever it holds; so it gets few events. Two things more are done here:

* Each :class:`Chunk` says which offsets it covers, by the fetcher's own position. So whoever applies it can tell a
  record that was dropped on the way (Faust drops what it fetched around a rebalance) from offsets that hold no record
  at all, such as transaction markers.
* Bytes on their way are bounded: fetching waits while :class:`Flow` is full.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import zip_longest
from typing import Any, Final, NamedTuple, cast

from aiokafka.errors import ConsumerStoppedError, KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, Message

CHUNK_RECORDS: Final = 200
CHUNK_BYTES: Final = 4_000_000


class Chunk(NamedTuple):
    """Records of one partition; together they are all there is at the offsets ``[begin, end)``."""

    begin: int
    end: int
    records: list[Any]
    size: int


class Flow:
    """Bytes handed to Faust and not yet applied, with a bound. Used in the main event loop only."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self._room = asyncio.Event()
        self._room.set()

    def take(self, size: int) -> None:
        """Count ``size`` bytes as handed over."""
        self.used += size
        if self.used >= self.limit:
            self._room.clear()

    def give(self, size: int) -> None:
        """Count ``size`` bytes as applied or dropped."""
        self.used = max(0, self.used - size)
        if self.used < self.limit:
            self._room.set()

    def reset(self) -> None:
        """A rebalance has emptied Faust's queues."""
        self.used = 0
        self._room.set()

    async def room(self) -> None:
        """Wait until there is room (a second at most: the caller looks at the world again)."""
        if self.used >= self.limit:
            try:
                await asyncio.wait_for(self._room.wait(), 1.0)
            except TimeoutError:
                return


def chunks(begin: int, end: int, records: list[Any]) -> list[Chunk]:
    """Cut the records fetched at ``[begin, end)``; the chunks' ranges join without holes."""
    cut: list[Chunk] = []
    part: list[Any] = []
    size = 0
    for record in records:
        part.append(record)
        size += len(record.value or b"") + 200
        if len(part) >= CHUNK_RECORDS or size >= CHUNK_BYTES:
            after = record.offset + 1
            cut.append(Chunk(begin, after, part, size))
            begin, part, size = after, [], 0
    if part or begin < end:
        cut.append(Chunk(begin, max(end, begin), part, size))
    return cut


def in_turn(by_partition: list[tuple[TP, list[Chunk]]]) -> Iterator[tuple[TP, Chunk]]:
    """One chunk of each partition after the other: a long run of one would fill its transaction and leave the others'
    idle."""
    for row in zip_longest(*(parts for _, parts in by_partition)):
        for (tp, _), chunk in zip(by_partition, row, strict=True):
            if chunk is not None:
                yield tp, chunk


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Fetches with the position before and after, and reads committed records only."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"  # Faust offers it only with its own transactions
        return consumer

    async def _fetch_records(
        self, consumer: Any, active_partitions: Any, timeout: float | None = None, max_records: int | None = None
    ) -> dict[TP, Any]:
        fetcher = consumer._fetcher
        subscriptions = fetcher._subscriptions
        deadline = time.monotonic() + (timeout or 0.0)
        while self.consumer.flow_active:
            if consumer._closed or fetcher._closed:
                raise ConsumerStoppedError
            if subscriptions.reassignment_in_progress:
                await subscriptions.wait_for_assignment()
            before = _positions(subscriptions, active_partitions)
            with subscriptions.fetch_context():
                drained = await fetcher.fetched_records(active_partitions, timeout=0, max_records=max_records)
            if drained:
                after = _positions(subscriptions, drained)
                return {tp: _covered(before.get(tp), after.get(tp), records) for tp, records in drained.items()}
            left = deadline - time.monotonic()
            if left <= 0:
                break
            waiter = fetcher._create_fetch_waiter()
            done, _ = await asyncio.wait([waiter], timeout=left)
            if not done:
                waiter.cancel()
                break
            waiter.result()
        return {}


def _positions(subscriptions: Any, partitions: Any) -> dict[TP, int | None]:
    assignment = subscriptions.subscription.assignment if subscriptions.subscription is not None else None
    if assignment is None:
        return {}
    return {
        tp: state._position for tp in partitions if (state := assignment._tp_state.get(TopicPartition(*tp))) is not None
    }


def _covered(begin: int | None, end: int | None, records: list[Any]) -> tuple[int, int, list[Any]]:
    first, after = records[0].offset, records[-1].offset + 1
    begin = first if begin is None or begin > first else begin
    return begin, after if end is None or end < after else end, records


class _NoOffsets(dict[Any, Any]):
    """Faust's own note of what it has read, switched off: after a seek it may drop what was asked for again."""

    def __missing__(self, key: Any) -> None:
        return None

    def __setitem__(self, key: Any, value: Any) -> None:
        """Remember nothing."""

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Remember nothing."""


class Consumer(driver.Consumer):
    """Hands over chunks instead of records."""

    flow: Flow

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_offset = _NoOffsets()
        self.flow = cast(MicroBatchTransport, self.transport).flow

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:
        flow = self.flow
        await flow.room()
        if flow.used >= flow.limit:
            return
        records_of, active = await self._wait_next_records(timeout)
        fetched = cast(Mapping[TP, tuple[int, int, list[Any]]] | None, records_of)
        generation = self.app.consumer_generation_id
        if not fetched or self.should_stop:
            return
        by_partition = [
            (tp, chunks(begin, end, records))
            for tp, (begin, end, records) in fetched.items()
            if active is None or tp in active or tp in self._buffered_partitions
        ]
        for tp, chunk in in_turn(by_partition):
            if not self.flow_active or self.app.consumer_generation_id != generation:
                return  # the offset check will find the hole and fetch it again
            self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
            message: Any = self._to_message(tp, fetched[tp][2][-1])  # of its own it may hold none
            message.value = chunk
            message.key = None
            message.offset = chunk.end - 1
            flow.take(chunk.size)
            yield tp, message

    async def acknowledge(self, offsets: Mapping[tuple[str, int], int]) -> bool:
        """Tell the group the next offsets; says whether it took them (it may be rebalancing, or the broker away)."""
        thread = self._thread
        given = {TopicPartition(*tp): OffsetAndMetadata(offset, "") for tp, offset in offsets.items()}
        try:
            await thread.call_thread(thread._ensure_consumer().commit, given)
        except (KafkaError, ConsumerStoppedError):
            return False
        return True

    def in_group(self) -> bool:
        """Whether the group's coordinator is known, and the task that keeps the membership runs."""
        coordinator = self._thread._ensure_consumer()._coordinator
        return coordinator.coordinator_id is not None and not coordinator._coordination_task.done()

    async def go_to(self, tp: tuple[str, int], offset: int) -> bool:
        """Fetch from ``offset`` on; done in the fetcher's own thread, so that no fetch under way can undo it."""
        thread = self._thread
        try:
            await thread.call_thread(_seek, thread._ensure_consumer(), TopicPartition(*tp), offset)
        except (KafkaError, ConsumerStoppedError):
            return False
        return True

    async def earliest(self, tp: tuple[str, int]) -> int | None:
        """The first offset that Kafka still holds, or None when it does not answer."""
        thread = self._thread
        partition = TopicPartition(*tp)
        try:
            found = await thread.call_thread(thread._ensure_consumer().beginning_offsets, [partition])
        except (TimeoutError, KafkaError, ConsumerStoppedError):
            return None
        return int(found[partition])

    def end_of(self, tp: tuple[str, int]) -> int | None:
        """End offset of an assigned partition as of the last fetch, or None."""
        partition = TopicPartition(*tp)
        consumer = self._thread._ensure_consumer()
        if partition not in consumer.assignment():
            return None
        end: int | None = consumer.highwater(partition)
        return end


async def _seek(consumer: Any, tp: TopicPartition, offset: int) -> None:
    if tp in consumer.assignment():
        consumer.seek(tp, offset)


class MicroBatchTransport(driver.Transport):
    """Faust's Kafka transport with :class:`Consumer`. ``flow`` is set before the app starts."""

    Consumer = Consumer
    flow: Flow
