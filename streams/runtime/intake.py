"""Input of the owned partitions: chunks are applied in order, and what is missing is fetched again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import Final

from streams.dead_letter import Loss
from streams.runtime import observe
from streams.runtime.checkpoint import Checkpoint
from streams.runtime.chunks import TP, Chunk
from streams.runtime.fetch import Fetcher
from streams.runtime.losses import report_loss
from streams.runtime.ownership import Ownership
from streams.runtime.transport import InFlight, MicroBatchConsumer

log = logging.getLogger("taskstream.streams")

BEHIND_RECORDS: Final = 2_000
"""A partition with more input left than this is far behind."""
CATCH_UP_S: Final = 2.0
"""Time between the transactions of a partition that is far behind (seconds) where the settings ask for shorter ones:
nobody waits for fresh results there, and each transaction costs."""
EACH_S: Final = 0.005
"""Interval of a partition's transactions for each one owned, at least: a transaction takes worker and broker some
milliseconds, whatever it holds, and 192 partitions that commit every 0.25 s leave two cores no time for events."""
SEEK_S: Final = 2.0
"""How long a fetch from the asked position may take before it is asked for again (seconds)."""


class Intake:
    """Feeds :class:`Ownership`'s checkpoints. ``consumer`` is Faust's, from the first assignment on."""

    def __init__(self, ownership: Ownership, fetcher: Fetcher, in_flight: InFlight) -> None:
        self.consumer: MicroBatchConsumer | None = None
        self._ownership = ownership
        self._fetcher = fetcher
        self._in_flight = in_flight
        self._sought: dict[TP, float] = {}
        self._taken = 0

    async def take(self, tp: TP, chunk: Chunk) -> None:
        """Apply a chunk of records, or have the right one fetched."""
        self._in_flight.give(chunk.size)
        self._taken += 1
        checkpoint = self._ownership.owned.get(tp)
        if checkpoint is None or checkpoint.state != "ready":
            return  # not ours any more; whoever owns it fetches it again
        verdict = checkpoint.apply(chunk)
        if verdict == "applied":
            self._sought.pop(tp, None)
            observe.applied(checkpoint)
            if checkpoint.due(time.monotonic(), least_s=self._least_s(tp, checkpoint)):
                checkpoint.begin()
            await checkpoint.room()
            # Faust goes on without a pause between chunks: without one here, nothing is fetched until all is applied.
            await asyncio.sleep(0)
        elif verdict == "hole":
            await self.seek(tp, checkpoint)

    def commit_due(self) -> None:
        """Begin the transactions that are due."""
        now = time.monotonic()
        for tp, checkpoint in list(self._ownership.owned.items()):
            if checkpoint.due(now, least_s=self._least_s(tp, checkpoint)):
                checkpoint.begin()

    def _least_s(self, tp: TP, checkpoint: Checkpoint) -> float:
        shared = EACH_S * len(self._ownership.owned)
        return max(shared, CATCH_UP_S) if self.is_behind(tp, checkpoint) else shared

    def is_behind(self, tp: TP, checkpoint: Checkpoint) -> bool:
        """Whether much input is left."""
        end = self._fetcher.end_of(tp)
        return end is not None and end - checkpoint.position > BEHIND_RECORDS

    def ends(self) -> dict[TP, int]:
        """End offsets of the owned partitions, as far as they are known."""
        ends = {tp: self._fetcher.end_of(tp) for tp in self._ownership.owned}
        return {tp: end for tp, end in ends.items() if end is not None}

    def fetches(self, tp: TP) -> bool:
        """Whether a partition is being fetched."""
        return self._fetcher.fetches(tp)

    def turn(self) -> int:
        """Another number whenever a chunk was taken while more had been read ahead than is taken; 0 where it is not so.

        While it changes no partition is silent: its turn has not come. Fetching it again would put it at the end of the
        queue, again and again.
        """
        return 0 if self._fetcher.drained else self._taken

    async def seek(self, tp: TP, checkpoint: Checkpoint) -> None:
        """Fetch again from the position: records were dropped on the way, or none arrived."""
        now = time.monotonic()
        if now - self._sought.get(tp, -SEEK_S) < SEEK_S:
            return  # what comes meanwhile had been fetched before
        self._sought[tp] = now
        observe.refetched()
        await self.fetch(tp, checkpoint)

    async def fetch(self, tp: TP, checkpoint: Checkpoint) -> None:
        """Fetch from the position on, or from where Kafka's own records begin."""
        bounds = None if self.consumer is None else await self.consumer.bounds(tp)
        if bounds is None or not self._ownership.is_current(tp, checkpoint):
            return
        first, end = bounds
        if end < checkpoint.position:
            log.error("%s/%d ends at %d, before the position %d", *tp, end, checkpoint.position)
            await self._ownership.begin_again(tp, checkpoint)  # finds out what happened and logs it
            return
        if first > checkpoint.position:
            why = "left Kafka before they were read; going on behind them"
            report_loss(checkpoint, Loss(checkpoint.position, first - 1, why))
            checkpoint.position = first
        self._fetcher.know(tp[0], checkpoint.topic_id)
        self._fetcher.begin(tp, checkpoint.position)

    def end(self, partitions: Iterable[TP]) -> None:
        """These are no longer ours."""
        partitions = list(partitions)
        self._in_flight.reset()
        self._fetcher.end(partitions)
        for tp in partitions:
            self._sought.pop(tp, None)
