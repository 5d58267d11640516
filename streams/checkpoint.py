"""The transactional checkpoint of one input partition: outputs, changed state and position in one transaction."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

from msgspec import Struct, msgpack

from streams.machine import Machine, Output
from streams.restore import Position, Restored, UnwantedError, item_key
from streams.thread import PartitionThread
from streams.transactions import FencedError, Writer
from streams.transport import Chunk
from taskstream.topics import STATE

log = logging.getLogger("taskstream.streams")

MAX_BUFFERED_BYTES: Final = 12_000_000
"""Outputs waiting for the transaction in flight; beyond it no more input is applied."""
COMMIT_BYTES: Final = 4_000_000
"""Outputs from which a transaction is begun before its time."""

Verdict = Literal["applied", "hole", "ahead"]


class Clock(Struct, frozen=True):
    """Intervals, in seconds and records. They shape transactions, never results.

    ``snapshot_records``, ``snapshot_work_s``  records, and seconds of work on them, after which a snapshot is due:
    what a restore does again, at most
    """

    transaction_s: float
    snapshot_records: int
    snapshot_work_s: float


class Checkpoint:
    """One partition of one input topic, owned by this worker.

    ``position``   next offset to apply; ``committed``: next offset as of the last committed transaction
    ``state``      restoring → ready → gone (revoked, or void because a newer writer fenced this one)
    ``beside``     outputs that accompany the machine's, in the same transaction, and are no function of the log: asked
                   for records that are applied for the first time, never in a restore
    ``error``      why it cannot go on; ``applied_at``, ``progress_at``: when input was last applied and committed
                   (monotonic seconds)
    """

    def __init__(
        self,
        topic: str,
        partition: int,
        clock: Clock,
        thread: PartitionThread,
        open_: Callable[[Callable[[], bool]], tuple[Writer, Restored]],
        on_commit: Callable[[Checkpoint, float, int, Mapping[str, int]], None],
        beside: Callable[[Sequence[Output]], list[Output]] | None = None,
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.machine: Machine | None = None
        self.position = 0
        self.committed = 0
        self.state: Literal["restoring", "ready", "gone"] = "restoring"
        self.error: Exception | None = None
        self.restored: Restored | None = None
        self.applied_at = time.monotonic()
        self.progress_at = time.monotonic()
        self._clock = clock
        self._thread = thread
        self._open = open_
        self._on_commit = on_commit
        self._beside = beside
        self._writer: Writer | None = None
        self._outputs: list[Output] = []
        self._bytes = 0
        self._since_snapshot = 0
        self._work_s = 0.0
        self._committing: asyncio.Task[None] | None = None
        self._begun = 0.0

    # --- life

    async def restore(self) -> None:
        """Fence the predecessor, then read the state it committed. Sets ``state`` to ready, or ``error``."""
        try:
            writer, restored = await self._thread.run(lambda: self._open(lambda: self.state != "gone"))
        except UnwantedError:
            return
        except Exception as error:  # noqa: BLE001  # the worker decides what it means
            self.error = error
            return
        if self.state == "gone":
            return
        self._writer, self.restored, self.machine = writer, restored, restored.machine
        self.position = self.committed = restored.position
        self._since_snapshot = restored.replayed
        self.state = "ready"
        self.applied_at = self.progress_at = time.monotonic()

    async def close(self, timeout: float) -> None:
        """Commit what is applied (with a snapshot, so that the next owner starts fast), then let go of everything."""
        if self.state == "ready":
            try:
                await asyncio.wait_for(self._flush(), timeout)
            except TimeoutError:
                log.warning(
                    "%s/%d: not committed within %.1f s; its next owner repeats it", self.topic, self.partition, timeout
                )
        self.drop()

    def drop(self) -> None:
        """Forget everything that is not committed. Nothing that still runs in the thread can do harm: it is one
        whole transaction, and the next owner waits for its outcome when it fences."""
        self.state = "gone"
        self._outputs = []
        self._bytes = 0
        writer, self._writer, self.machine = self._writer, None, None
        if writer is not None:
            self._thread.run(writer.close)

    # --- input

    def apply(self, chunk: Chunk) -> Verdict:
        """Run the records of ``chunk`` that are new through the machine. Never awaits: ownership cannot change within.

        ``hole``: records before the chunk are missing, nothing was applied. ``ahead``: all of it had been applied.
        """
        machine = self.machine
        position = self.position
        if machine is None or chunk.begin > position:
            return "hole"
        if chunk.end <= position:
            return "ahead"
        outputs, apply = self._outputs, machine.apply
        before, began = len(outputs), time.monotonic()
        for record in chunk.records:
            if record.offset >= position:
                outputs += apply(record)
        if self._beside is not None:
            outputs += self._beside(outputs[before:])
        size = 0
        for output in outputs[before:]:
            size += len(output[3] or b"") + 100
        self._bytes += size
        self._since_snapshot += len(chunk.records)
        self.position = chunk.end
        self.applied_at = time.monotonic()
        self._work_s += self.applied_at - began
        return "applied"

    @property
    def pending(self) -> bool:
        """Whether something is applied and not committed."""
        return self.position > self.committed

    async def room(self) -> None:
        """Back-pressure: wait while too much is buffered behind the transaction in flight."""
        while self.state == "ready" and self._bytes > MAX_BUFFERED_BYTES:
            if self._committing is None:
                self.begin()
            if self._committing is not None:
                await asyncio.wait([self._committing])

    # --- output

    def due(self, now: float) -> bool:
        """Whether a transaction should begin."""
        if self.state != "ready" or self._committing is not None or self.position == self.committed:
            return False
        return now - self._begun >= self._clock.transaction_s or self._bytes >= COMMIT_BYTES

    def begin(self, *, snapshot: bool = False) -> None:
        """Start a transaction of all that is applied; the events that come meanwhile go into the next."""
        self._begun = time.monotonic()
        self._committing = asyncio.get_running_loop().create_task(self._commit(snapshot))

    async def _commit(self, snapshot: bool) -> None:
        """The order of effects: what each line survives."""
        started = time.monotonic()
        try:
            writer, machine = self._writer, self.machine
            if writer is None or machine is None:
                return
            # Position and outputs are taken together, between two records: a crash here loses nothing, for nothing
            # has left the process, and the next owner begins at the old position.
            position = self.position
            outputs, self._outputs, self._bytes = self._outputs, [], 0
            # The state is that of the same moment, so snapshot + input since then = this state, on any worker.
            if snapshot or self._snapshot_due():
                outputs += self._snapshot(machine, position)
                self._since_snapshot, self._work_s = 0, 0.0
            # The position travels with the outputs: both or neither.
            outputs.append(self._item("position", msgpack.encode(Position(position))))
            # One transaction: a crash before its commit leaves nothing visible, after it everything. A zombie's is
            # refused (fenced); an abort or a lost answer is repeated with the same bytes, inside.
            aborted = writer.aborted
            written = await self._thread.run(lambda: _write(writer, outputs))
            # From here on the position is durable. Only now may the group hear of it (see Worker): a crash before that
            # makes the group fetch again what the position then skips.
            self.committed = position
            self.progress_at = time.monotonic()
            self._on_commit(self, self.progress_at - started, writer.aborted - aborted, written)
        except FencedError as error:
            self.error = error
            self.drop()  # what is applied here and not committed is the new owner's to do
        except Exception as error:  # noqa: BLE001  # the worker ends with its words
            self.error = error
        finally:
            self._committing = None

    async def _flush(self) -> None:
        if self._committing is not None:
            await asyncio.wait([self._committing])
        if self.state == "ready" and self.error is None and (self.pending or self._since_snapshot):
            self.begin(snapshot=True)
        if self._committing is not None:
            await asyncio.wait([self._committing])

    def _snapshot_due(self) -> bool:
        return self._since_snapshot >= self._clock.snapshot_records or self._work_s >= self._clock.snapshot_work_s

    def _snapshot(self, machine: Machine, position: int) -> list[Output]:
        items = [self._item(name, data) for name, data in machine.snapshot()]
        items.append(self._item("snapshot", msgpack.encode(Position(position))))
        return items

    def _item(self, name: str, data: bytes | None) -> Output:
        return Output(STATE.name, self.partition, item_key(self.topic, name), data)


def _write(writer: Writer, outputs: list[Output]) -> Counter[str]:
    """One transaction; the records in it by topic, for metrics."""
    writer.write(outputs)
    return Counter([output.topic for output in outputs])
