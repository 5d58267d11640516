"""The transactional checkpoint of one input partition: outputs, changed state and position in one transaction."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

from msgspec import Struct, msgpack

from streams.operator import Operator, Output
from streams.runtime.chunks import Chunk
from streams.runtime.restore import FORMAT, Position, Restored, UnwantedError, item_key
from streams.runtime.thread import PartitionThread
from streams.runtime.transactions import TRIES_S, TransactionWriter, VoidError
from streams.stages.stage_settings import StageSettings
from taskstream.errors import ServiceError
from taskstream.faults import place_of
from taskstream.topics import STATE

log = logging.getLogger("taskstream.streams")

FULL_S: Final = 0.02
"""How long to wait while the producer's queue is full (seconds)."""
MAX_WAITING_BYTES: Final = 8_000_000
"""Outputs waiting for the commit under way, or for room in the producer's queue; beyond it no more input is applied."""
FEW: Final = 8
"""Partitions that may each leave all the work between two snapshots for a restart to do again; of more, each a part."""
AMORTISED: Final = 20.0
"""... but work of so many times what a snapshot takes."""
OLD_S: Final = 600.0
"""Age of the oldest record that no snapshot holds, at which one is due however little there is (seconds): a partition
of one person would need its records of days for a restore, and retention takes them away."""

Verdict = Literal["applied", "hole", "ahead", "failed"]


class Intervals(Struct, frozen=True):
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
    ``beside``     outputs that accompany the operator's, in the same transaction, and are no function of the log: asked
                   for records that are applied for the first time, never in a restore
    ``error``      why it cannot go on
    ``topic_id``   of the topic whose offsets these are; empty where it is not known
    ``partitions`` of that topic when this began: its producer knows no others
    ``owned``      partitions that share the work of this process: a restart has to do again what all of them kept
    """

    def __init__(
        self,
        topic: str,
        partition: int,
        clock: Intervals,
        thread: PartitionThread,
        open_: Callable[[Callable[[], bool]], tuple[TransactionWriter, Restored]],
        on_commit: Callable[[Checkpoint, float, Mapping[str, int]], None],
        beside: Callable[[Sequence[Output]], list[Output]] | None = None,
        topic_id: str = "",
        partitions: int = 0,
    ) -> None:
        self.topic = topic
        self.topic_id = topic_id
        self.partitions = partitions
        self.partition = partition
        self.owned = 1
        self.operator: Operator | None = None
        self.position = 0
        self.committed = 0
        self.state: Literal["restoring", "ready", "gone"] = "restoring"
        self.error: Exception | None = None
        self.restored: Restored | None = None
        self._clock = clock
        self._thread = thread
        self._open = open_
        self._on_commit = on_commit
        self._beside = beside
        self._writer: TransactionWriter | None = None
        self._waiting: list[Output] = []
        self._bytes = 0  # of ``_waiting``
        self._since_snapshot = 0
        self._work_s = 0.0
        self._unsaved_since: float | None = None  # when the first record that no snapshot holds was applied
        self._snapshot_s = 0.0  # what the last one took
        self._committing: asyncio.Task[None] | None = None
        self._begun = 0.0
        self._noted = False

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
        self._writer, self.restored, self.operator = writer, restored, restored.operator
        self.position = self.committed = restored.position
        self._since_snapshot = restored.replayed
        self._unsaved_since = time.monotonic() if restored.replayed else None
        self.state = "ready"

    async def close(self, timeout: float) -> None:
        """Commit what is applied (with a snapshot, so that the next owner starts fast), then let go of everything."""
        await self.settle(timeout)
        self.drop()

    async def settle(self, timeout: float) -> bool:
        """Commit what is applied, with a snapshot, and stay as it is; whether nothing is left to commit."""
        if self.state != "ready":
            return False
        try:
            await asyncio.wait_for(self._flush(), timeout)
        except TimeoutError:
            log.warning(
                "%s/%d: not committed within %.1f s; its next owner repeats it", self.topic, self.partition, timeout
            )
            return False
        return self.state == "ready" and self.error is None and not self.pending

    def drop(self) -> None:
        """Forget everything that is not committed. A commit that still runs in the thread can do no harm: it is of a
        whole transaction, and the next owner waits for its outcome when it fences, which aborts what is left open."""
        self.state = "gone"
        self._waiting = []
        self._bytes = 0
        writer, self._writer, self.operator = self._writer, None, None
        if writer is not None:
            self._thread.run(writer.close)

    def configure(self, settings: StageSettings) -> None:
        """Other settings from the next record on.

        Results depend on them. The next transaction holds a snapshot, so that a restore runs every record again with
        the settings that it was run with.
        """
        if self.operator is not None and self.operator.configure(settings):
            self._since_snapshot = max(self._since_snapshot, self._clock.snapshot_records)

    def save_all(self) -> None:
        """The topic ``state`` has lost what was kept: write all of it once more, in the next transaction."""
        if self.operator is not None:
            self.operator.save_all()
            self._since_snapshot = max(self._since_snapshot, self._clock.snapshot_records)
            self._noted = True

    def note(self, output: Output) -> None:
        """Add an output that no record caused; it is part of the next transaction, which is due at once."""
        self._put([output])
        self._noted = True

    # --- input

    def apply(self, chunk: Chunk) -> Verdict:
        """Run the records of ``chunk`` that are new through the operator. Never awaits: ownership cannot change within.

        ``hole``: records before the chunk are missing, nothing was applied. ``ahead``: all of it had been applied.
        ``failed``: a fault of ours; the state is void, having seen half of a record, and nothing of it is committed.
        """
        operator = self.operator
        position = self.position
        if operator is None or chunk.begin > position:
            return "hole"
        if chunk.end <= position:
            return "ahead"
        apply, beside, put = operator.apply, self._beside, self._put
        began = time.monotonic()
        offset = chunk.begin
        try:
            for record in chunk.records:
                offset = record.offset
                if offset >= position:
                    outputs = apply(record)
                    if beside is not None:
                        outputs += beside(outputs)
                    put(outputs)
            put(operator.flush())
        except Exception as error:
            log.error("%s/%d: the record at offset %d: %s", self.topic, self.partition, offset, place_of(error))
            self.error = error
            self.drop()
            return "failed"
        self._since_snapshot += len(chunk.records)
        self._unsaved_since = self._unsaved_since or began
        self.position = chunk.end
        self._work_s += time.monotonic() - began
        return "applied"

    def _put(self, outputs: list[Output]) -> None:
        """Hand outputs to the producer at once, or keep them until the commit under way has ended."""
        if self._committing is None and not self._waiting and self._writer is not None:
            taken = self._writer.put(outputs)
            if taken == len(outputs):
                return
            outputs = outputs[taken:]
        self._waiting += outputs
        for output in outputs:
            self._bytes += len(output[3] or b"") + 100

    @property
    def pending(self) -> bool:
        """Whether something is applied and not committed."""
        return self.position > self.committed

    async def room(self) -> None:
        """Back-pressure: wait while too many outputs are still unsent."""
        while self.state == "ready" and self._bytes > MAX_WAITING_BYTES:
            if self._committing is None:
                self.begin()
            if self._committing is not None:
                await asyncio.wait([self._committing])

    # --- output

    def due(self, now: float, *, least_s: float = 0.0) -> bool:
        """Whether to commit; ``least_s``: the interval is to be no shorter (seconds)."""
        if self.state != "ready" or self._committing is not None:
            return False
        if self.position == self.committed and not self._noted and not self._is_old(now):
            return False
        return now - self._begun >= max(self._clock.transaction_s, least_s)

    def begin(self, *, snapshot: bool = False) -> None:
        """Start to commit all that is applied; the events that come meanwhile go into the next transaction."""
        self._begun, self._noted = time.monotonic(), False
        self._committing = asyncio.get_running_loop().create_task(self._commit(snapshot))

    async def _commit(self, snapshot: bool) -> None:
        """The order of effects: what each line survives."""
        started = time.monotonic()
        try:
            writer, operator = self._writer, self.operator
            if writer is None or operator is None:
                return
            # The position is taken between two records: their outputs are in the open transaction or wait here. A crash
            # leaves nothing of it visible (the next owner's fence aborts it), and the next owner begins where the last
            # committed one ended.
            position = self.position
            outputs, self._waiting, self._bytes = self._waiting, [], 0
            # The state is that of the same moment, so snapshot + input since then = this state, on any worker.
            if snapshot or self._snapshot_due():
                outputs += self._snapshot(operator, position)
                self._since_snapshot, self._work_s, self._unsaved_since = 0, 0.0, None
            # The position travels with the outputs: both or neither.
            outputs.append(self._item("position", self._place(position)))
            await _hand_over(writer, outputs)
            # A crash before the commit leaves nothing visible, after it everything. A zombie's is refused (fenced); a
            # lost answer is asked for again, inside; after an abort the partition begins again from what is committed.
            written = await self._thread.run(writer.commit)
            # From here on the position is durable. Only now may the group hear of it (see Worker): a crash before that
            # makes the group fetch again what the position then skips.
            self.committed = position
            self._on_commit(self, time.monotonic() - started, written)
            self._committing = None
            outputs, self._waiting, self._bytes = self._waiting, [], 0
            self._put(outputs)
        except VoidError as error:
            self.error = error
            self.drop()  # what is applied here and not committed is the next owner's to do
        except Exception as error:  # noqa: BLE001  # the worker ends with its words
            self.error = error
            self.drop()  # some outputs may be gone: no later position may be committed
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
        most_s = self._clock.snapshot_work_s
        shared_s = most_s * min(1.0, FEW / self.owned)
        due_s = min(most_s, max(shared_s, AMORTISED * self._snapshot_s))
        is_much = self._since_snapshot >= self._clock.snapshot_records or self._work_s >= due_s
        return is_much or self._is_old(time.monotonic())

    def _is_old(self, now: float) -> bool:
        return self._unsaved_since is not None and now - self._unsaved_since >= OLD_S

    def _snapshot(self, operator: Operator, position: int) -> list[Output]:
        began = time.monotonic()
        items = [self._item(name, data) for name, data in operator.snapshot()]
        items.append(self._item("snapshot", self._place(position)))
        self._snapshot_s = time.monotonic() - began
        return items

    def _place(self, position: int) -> bytes:
        return msgpack.encode(Position(position, FORMAT, self.topic_id))

    def _item(self, name: str, data: bytes | None) -> Output:
        return Output(STATE.name, self.partition, item_key(self.topic, name), data)


async def _hand_over(writer: TransactionWriter, outputs: list[Output]) -> None:
    """Give all of ``outputs`` to the producer, waiting while its queue is full."""
    deadline = writer.clock() + TRIES_S
    while outputs:
        outputs = outputs[writer.put(outputs) :]
        if outputs:
            if writer.clock() > deadline:
                raise ServiceError("Kafka does not take records in time")
            await asyncio.sleep(FULL_S)
