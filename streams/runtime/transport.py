"""Faust's transport in micro-batches: one Faust event carries up to 200 records of one partition.

Faust costs about 170 us an event whatever it holds; so it gets few events. Two things more are done here:

* What Faust hands out, :class:`streams.runtime.fetch.Fetcher` has fetched. Each chunk says which offsets it covers, so
  whoever applies it can tell a record that was dropped on the way (Faust drops what it holds around a rebalance) from
  offsets that hold no record at all, such as transaction markers.
* Bytes on their way are bounded: nothing more is taken while :class:`Flow` is full.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Final, cast

from aiokafka.errors import ConsumerStoppedError, KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage, Message

from streams.runtime.chunks import in_turn
from streams.runtime.fetch import Fetcher

PAUSE_S: Final = 0.01
"""How long to wait before Kafka is asked again when there was nothing (seconds)."""


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


class RebalanceListener(driver.ConsumerRebalanceListener):
    """Has Faust's own client fetch nothing of what it is assigned."""

    async def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        """Called by the client, in its thread."""
        self._thread._ensure_consumer().pause(*assigned)
        await super().on_partitions_assigned(assigned)


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

    RebalanceListener = RebalanceListener
    flow: Flow
    fetcher: Fetcher

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_offset = _NoOffsets()
        transport = cast(MicroBatchTransport, self.transport)
        self.flow, self.fetcher = transport.flow, transport.fetcher

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:
        flow = self.flow
        await flow.room()
        if not self.flow_active:
            await self.wait(cast(Any, self.can_resume_flow))
        if self.should_stop or flow.used >= flow.limit:
            return
        generation = self.app.consumer_generation_id
        fetched = self.fetcher.poll()
        if not fetched:
            await asyncio.sleep(PAUSE_S)
        for tp, chunk in in_turn(fetched):
            if not self.flow_active or self.app.consumer_generation_id != generation:
                return  # the offset check will find the hole and fetch it again
            message: Any = ConsumerMessage(
                *tp, chunk.end - 1, 0.0, 0, None, None, cast(Any, chunk), None, tp=TP(*tp), generation_id=generation
            )
            flow.take(chunk.size)
            yield message.tp, message

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust looks after its own fetches, of which there are none; the worker looks after ours."""

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
        """Whether the group's coordinator is known, and the task that keeps the membership runs.

        To be called again and again: the client leaves the group when nobody has come for records for long
        (``max.poll.interval.ms``), and we come to it for nothing else.
        """
        consumer = self._thread._ensure_consumer()
        with consumer._subscription.fetch_context():
            coordinator = consumer._coordinator
        return coordinator.coordinator_id is not None and not coordinator._coordination_task.done()

    async def earliest(self, tp: tuple[str, int]) -> int | None:
        """The first offset that Kafka still holds, or None when it does not answer."""
        thread = self._thread
        partition = TopicPartition(*tp)
        try:
            found = await thread.call_thread(thread._ensure_consumer().beginning_offsets, [partition])
        except (TimeoutError, KafkaError, ConsumerStoppedError):
            return None
        return int(found[partition])


class MicroBatchTransport(driver.Transport):
    """Faust's Kafka transport with :class:`Consumer`. ``flow`` and ``fetcher`` are set before the app starts."""

    Consumer = Consumer
    flow: Flow
    fetcher: Fetcher
