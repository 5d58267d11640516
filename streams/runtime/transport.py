"""Faust's transport in micro-batches: one Faust event carries up to 200 records of one partition.

Faust costs about 170 us an event, whatever it holds; so it gets few events. Two more things are done here:

* :class:`streams.runtime.fetch.Fetcher` fetches what Faust hands out. Each chunk says which offsets it covers. So
  whoever applies it can tell a record that Faust dropped around a rebalance from an offset that holds no record, such
  as a transaction marker.
* Bytes on their way are bounded: nothing more is taken while :class:`InFlight` is full.

Private names of Faust and aiokafka are in :mod:`streams.runtime.faust_internals`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Final, cast

from aiokafka.errors import ConsumerStoppedError, KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage, Message

from streams.runtime import faust_internals
from streams.runtime.chunks import in_turn
from streams.runtime.fetch import Fetcher

PAUSE_S: Final = 0.01
"""How long to wait before Kafka is asked again when there was nothing (seconds)."""


class InFlight:
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
        faust_internals.client_of(self).pause(*assigned)
        await super().on_partitions_assigned(assigned)


class MicroBatchConsumer(driver.Consumer):
    """Hands over chunks instead of records."""

    RebalanceListener = RebalanceListener
    in_flight: InFlight
    fetcher: Fetcher
    replaced = False
    """Whether another process has joined the group under this one's ``worker_id``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        faust_internals.forget_what_was_read(self)
        transport = cast(MicroBatchTransport, self.transport)
        self.in_flight, self.fetcher = transport.in_flight, transport.fetcher

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:
        in_flight = self.in_flight
        await in_flight.room()
        if not self.flow_active:
            await self.wait(cast(Any, self.can_resume_flow))
        if self.should_stop or in_flight.used >= in_flight.limit:
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
            in_flight.take(chunk.size)
            yield message.tp, message

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust looks after its own fetches, of which there are none; the worker looks after ours."""

    async def acknowledge(self, offsets: Mapping[tuple[str, int], int]) -> bool:
        """Tell the group the next offsets; says whether it took them (it may be rebalancing, or the broker away)."""
        try:
            await faust_internals.commit(self, offsets)
        except (KafkaError, ConsumerStoppedError):
            return False
        return True

    def in_group(self) -> bool:
        """Whether this process is a member of the group; see :func:`streams.runtime.faust_internals.in_group`."""
        faust_internals.heed_replacement(self, self._note_replaced)
        return faust_internals.in_group(self)

    def _note_replaced(self) -> None:
        self.replaced = True

    async def bounds(self, tp: tuple[str, int]) -> tuple[int, int] | None:
        """The first offset that Kafka holds and the one after the last, or None when it does not answer."""
        try:
            return await faust_internals.bounds(self, tp)
        except (TimeoutError, KafkaError, ConsumerStoppedError):
            return None


class MicroBatchTransport(driver.Transport):
    """Faust's Kafka transport with :class:`MicroBatchConsumer`.

    ``in_flight`` and ``fetcher`` are set before the app starts.
    """

    Consumer = MicroBatchConsumer
    in_flight: InFlight
    fetcher: Fetcher
