"""The order of effects, with a operator and a writer that note what they are told."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import pytest
from msgspec import msgpack

from streams.operator import InputRecord, Output, Record
from streams.runtime.checkpoint import OLD_S, Checkpoint, Intervals
from streams.runtime.chunks import Chunk
from streams.runtime.intake import CATCH_UP_S
from streams.runtime.restore import FORMAT, Restored
from streams.runtime.thread import PartitionThread
from streams.runtime.transactions import AbortedError, FencedError
from streams.stages.stage_settings import StageSettings


def place(offset: int) -> bytes:
    """As it is kept: of an unknown topic."""
    return msgpack.encode([offset, FORMAT, ""])


class Operator:
    def __init__(self) -> None:
        self.seen: list[int] = []

    def apply(self, record: Record) -> list[Output]:
        self.seen.append(record.offset)
        return [Output("out", 0, None, b"%d" % record.offset)]

    def flush(self) -> list[Output]:
        return []

    def configure(self, settings: Any) -> bool:
        self.settings = settings
        return True

    def save_all(self) -> None:
        raise NotImplementedError

    def snapshot(self) -> list[tuple[str, bytes | None]]:
        return [("seen", b"%d" % len(self.seen))]

    def load(self, items: Mapping[str, bytes]) -> dict[str, str]:
        raise NotImplementedError


class Writer:
    """Takes ``room`` outputs at a time; its commit waits for ``gate``."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.room = 1 << 30
        self.gate = threading.Event()
        self.gate.set()
        self.open: list[tuple[str, bytes | None]] = []
        self.written: list[list[tuple[str, bytes | None]]] = []
        self.closed = False
        self.clock = time.monotonic

    def put(self, outputs: list[Output]) -> int:
        taken = outputs[: self.room]
        self.open += [(f"{o.topic}:{(o.key or b'').decode()}", o.value) for o in taken]
        return len(taken)

    def commit(self) -> dict[str, int]:
        self.gate.wait(5)
        if self.failure is not None:
            raise self.failure
        self.written.append(self.open)
        self.open = []
        return {}

    def close(self) -> None:
        self.closed = True


def chunk(begin: int, end: int, *offsets: int) -> Chunk:
    return Chunk(begin, end, [InputRecord(offset, 0, None, b"") for offset in offsets], 0)


class Rig(NamedTuple):
    """A checkpoint with what stands around it; ``commits``: (committed position, transactions written by then)."""

    subject: Checkpoint
    operator: Operator
    writer: Writer
    commits: list[tuple[int, int]]


Body = Callable[[Rig], Awaitable[None]]


def with_checkpoint(body: Body, *, failure: Exception | None = None, position: int = 10) -> None:
    async def main() -> None:
        operator, writer, commits = Operator(), Writer(failure), list[tuple[int, int]]()
        restored = Restored(operator, position, 0, 0, [], 0.0)

        def note(checkpoint: Checkpoint, *_: object) -> None:
            commits.append((checkpoint.committed, len(writer.written)))

        opened: Any = (writer, restored)
        thread = PartitionThread("test")  # of this loop: one that outlives its loop ends
        subject = Checkpoint("in", 3, Intervals(0.01, 5, 60.0), thread, lambda _: opened, note)
        await subject.restore()
        assert (subject.state, subject.position) == ("ready", position)
        await body(Rig(subject, operator, writer, commits))

    asyncio.run(main())


async def committed(subject: Checkpoint) -> None:
    subject.begin()
    while subject._committing is not None:
        await asyncio.sleep(0.001)


def test_only_the_next_offsets_are_applied() -> None:
    async def body(rig: Rig) -> None:
        assert rig.subject.apply(chunk(11, 12, 11)) == "hole"
        assert rig.subject.apply(chunk(5, 10, 8, 9)) == "ahead"
        assert rig.operator.seen == []
        assert rig.subject.apply(chunk(8, 13, 8, 9, 10, 12)) == "applied"  # 11 does not exist: a transaction marker
        assert rig.operator.seen == [10, 12]
        assert rig.subject.position == 13
        assert rig.subject.apply(chunk(14, 15, 14)) == "hole"

    with_checkpoint(body)


def test_outputs_and_position_are_one_transaction_and_acknowledged_after_it() -> None:
    async def body(rig: Rig) -> None:
        rig.subject.apply(chunk(10, 12, 10, 11))
        assert rig.subject.due(1e12)
        assert rig.subject.committed == 10
        await committed(rig.subject)
        assert rig.writer.written == [[("out:", b"10"), ("out:", b"11"), ("state:in/position", place(12))]]
        assert rig.commits == [(12, 1)]
        assert not rig.subject.due(rig.subject._begun + 60)

    with_checkpoint(body)


def test_what_goes_beside_the_outputs_is_of_new_records_and_in_their_transaction() -> None:
    async def body(rig: Rig) -> None:
        rig.subject._beside = lambda outputs: [Output("beside", 0, None, output.value) for output in outputs]
        rig.subject.apply(chunk(9, 11, 9, 10))
        rig.subject.apply(chunk(11, 12, 11))
        await committed(rig.subject)
        of_outputs = [("out:", b"10"), ("beside:", b"10"), ("out:", b"11"), ("beside:", b"11")]
        assert rig.writer.written == [[*of_outputs, ("state:in/position", place(12))]]

    with_checkpoint(body)


def test_outputs_leave_as_soon_as_they_are_made() -> None:
    async def body(rig: Rig) -> None:
        rig.subject.apply(chunk(10, 12, 10, 11))
        assert rig.writer.open == [("out:", b"10"), ("out:", b"11")]
        assert rig.writer.written == []

    with_checkpoint(body)


def test_outputs_keep_their_order_when_the_queue_is_full() -> None:
    async def body(rig: Rig) -> None:
        rig.writer.room = 0
        rig.subject.apply(chunk(10, 12, 10, 11))
        rig.writer.room = 1
        rig.subject.apply(chunk(12, 13, 12))
        assert rig.writer.open == []  # it has to go behind the others
        await committed(rig.subject)
        outputs = [("out:", b"10"), ("out:", b"11"), ("out:", b"12")]
        assert rig.writer.written == [[*outputs, ("state:in/position", place(13))]]

    with_checkpoint(body)


def test_a_partition_far_behind_commits_rarely() -> None:
    async def body(rig: Rig) -> None:
        rig.subject.apply(chunk(10, 11, 10))
        await committed(rig.subject)
        rig.subject.apply(chunk(11, 12, 11))
        now = rig.subject._begun
        assert (rig.subject.due(now + 0.02), rig.subject.due(now + 0.02, least_s=CATCH_UP_S)) == (True, False)
        assert rig.subject.due(now + CATCH_UP_S, least_s=CATCH_UP_S)

    with_checkpoint(body)


def test_events_are_applied_while_the_transaction_is_under_way() -> None:
    async def body(rig: Rig) -> None:
        rig.subject.apply(chunk(10, 11, 10))
        rig.writer.gate.clear()
        rig.subject.begin()
        await asyncio.sleep(0.01)
        rig.subject.apply(chunk(11, 12, 11))
        assert rig.writer.open == [("out:", b"10"), ("state:in/position", place(11))]
        assert not rig.subject.due(1e12)
        assert (rig.subject.position, rig.subject.committed) == (12, 10)
        rig.writer.gate.set()
        while rig.subject._committing is not None:
            await asyncio.sleep(0.001)
        assert rig.subject.committed == 11
        await committed(rig.subject)
        assert [written[0][1] for written in rig.writer.written] == [b"10", b"11"]

    with_checkpoint(body)


def test_snapshot_every_so_many_records() -> None:
    async def body(rig: Rig) -> None:
        for offset in range(10, 16):
            rig.subject.apply(chunk(offset, offset + 1, offset))
            await committed(rig.subject)
        with_state = [len(written) for written in rig.writer.written]
        assert with_state == [2, 2, 2, 2, 4, 2]
        assert rig.writer.written[4][1:] == [
            ("state:in/seen", b"5"), ("state:in/snapshot", place(15)), ("state:in/position", place(15)),
        ]  # fmt: skip

    with_checkpoint(body)


def test_what_no_snapshot_holds_does_not_grow_old(monkeypatch: pytest.MonkeyPatch) -> None:
    async def body(rig: Rig) -> None:
        rig.subject.apply(chunk(10, 11, 10))
        await committed(rig.subject)
        later = rig.subject._begun + OLD_S + 1
        assert (rig.subject.due(later - 60), rig.subject.due(later)) == (False, True)  # though nothing came since
        monkeypatch.setattr("streams.runtime.checkpoint.OLD_S", 0.0)
        await committed(rig.subject)
        names = [name for name, _ in rig.writer.written[1]]
        assert names == ["state:in/seen", "state:in/snapshot", "state:in/position"]
        assert not rig.subject.due(later)

    with_checkpoint(body)


@pytest.mark.parametrize(("owned", "took_s", "due"), [
    (1, 0.0, False),  # a second of the 60 that one partition may leave a restart to do again
    (960, 0.0, True),  # of so many partitions each may leave half a second
    (960, 0.06, False),  # but a snapshot takes no more than a part of the work
    (960, 40.0, False),
])  # fmt: skip
def test_the_more_partitions_the_less_each_leaves_to_do_again(owned: int, took_s: float, due: bool) -> None:
    async def body(rig: Rig) -> None:
        rig.subject.owned, rig.subject._work_s, rig.subject._snapshot_s = owned, 1.0, took_s
        rig.subject.apply(chunk(10, 11, 10))
        await committed(rig.subject)
        names = [name for name, _ in rig.writer.written[0]]
        assert ("state:in/snapshot" in names) is due

    with_checkpoint(body)


@pytest.mark.parametrize("error", [FencedError("a newer one"), AbortedError("not taken")])
def test_a_void_transaction_drops_everything(error: Exception) -> None:
    async def body(rig: Rig) -> None:
        rig.subject.apply(chunk(10, 11, 10))
        await committed(rig.subject)
        assert rig.subject.state == "gone"
        assert rig.subject.error is error
        assert rig.subject.apply(chunk(10, 11, 10)) == "hole"
        assert (rig.subject.committed, rig.commits) == (10, [])

    with_checkpoint(body, failure=error)


def test_another_failure_is_kept_for_the_worker() -> None:
    async def body(rig: Rig) -> None:
        rig.subject.apply(chunk(10, 11, 10))
        await committed(rig.subject)
        assert isinstance(rig.subject.error, OSError)
        assert (rig.commits, rig.subject.due(1e12)) == ([], False)  # what was lost must not be skipped by a later one

    with_checkpoint(body, failure=OSError("disk"))


def test_a_fault_within_a_record_commits_nothing_of_it(caplog: pytest.LogCaptureFixture) -> None:
    async def body(rig: Rig) -> None:
        def apply(record: Record) -> list[Output]:
            if record.offset == 12:
                raise KeyError("a fault")
            return [Output("out", 0, None, b"%d" % record.offset)]

        rig.subject.apply(chunk(10, 11, 10))
        rig.operator.apply = apply  # type: ignore[method-assign]
        assert rig.subject.apply(chunk(11, 13, 11, 12)) == "failed"
        assert isinstance(rig.subject.error, KeyError)
        await rig.subject.close(5)
        assert (rig.writer.written, rig.subject.due(1e12)) == ([], False)

    with_checkpoint(body)
    assert "in/3: the record at offset 12" in caplog.text


def test_revoked_commits_first_with_a_snapshot() -> None:
    async def body(rig: Rig) -> None:
        rig.subject.apply(chunk(10, 11, 10))
        await rig.subject.close(5)
        assert rig.subject.state == "gone"
        assert [name for name, _ in rig.writer.written[0]] == [
            "out:",
            "state:in/seen",
            "state:in/snapshot",
            "state:in/position",
        ]

    with_checkpoint(body)


def test_revoked_has_a_deadline() -> None:
    async def body(rig: Rig) -> None:
        rig.subject.apply(chunk(10, 11, 10))
        rig.writer.gate.clear()
        await asyncio.wait_for(rig.subject.close(0.05), 1)
        assert rig.subject.state == "gone"
        rig.writer.gate.set()

    with_checkpoint(body)


def test_back_pressure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.runtime.checkpoint.MAX_WAITING_BYTES", 50)

    async def body(rig: Rig) -> None:
        rig.subject.apply(chunk(10, 11, 10))
        rig.writer.gate.clear()
        rig.subject.begin()
        waiting = asyncio.ensure_future(rig.subject.room())
        await asyncio.sleep(0.01)
        rig.subject.apply(chunk(11, 12, 11))
        second = asyncio.ensure_future(rig.subject.room())
        await asyncio.sleep(0.01)
        assert not second.done()
        rig.writer.gate.set()
        await asyncio.wait_for(asyncio.gather(waiting, second), 2)
        assert rig.subject.committed == 11 or rig.subject.committed == 12

    with_checkpoint(body)


def test_other_settings_are_followed_by_a_snapshot_in_the_next_transaction() -> None:
    """What ran with the former settings is in it: a restore does not run it again."""

    async def body(rig: Rig) -> None:
        rig.subject.apply(chunk(10, 11, 10))
        rig.subject.configure(StageSettings(partitions=3))
        rig.subject.apply(chunk(11, 12, 11))
        await committed(rig.subject)
        assert ("state:in/snapshot", place(12)) in rig.writer.written[0]
        rig.subject.apply(chunk(12, 13, 12))
        await committed(rig.subject)
        assert [key for key, _ in rig.writer.written[1]] == ["out:", "state:in/position"]

    with_checkpoint(body)
