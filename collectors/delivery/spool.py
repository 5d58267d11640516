"""The spool: what a desktop has recorded and Kafka has not yet acknowledged, in one SQLite file.

An event gets its sequence number in the transaction that stores it, so numbers are given once and without gaps, also
through a kill at any moment. A row is one batch in the very bytes that are sent later; it is removed only after Kafka's
delivery report. After a crash rows are sent again with the numbers they had, and the streams cut what they have seen.

The file is bounded in size and age. When it is full, the least valuable and oldest batches give way first. In
the place of the dropped numbers stands a ``gap`` event: it carries the last of them, and ``missing`` says how many
directly before it are gone, so that no number is ever unaccounted for.

``synchronous=NORMAL`` may lose the last commits in a power failure (never in a crash of the process), and with them the
numbers they gave. Recorders therefore begin a new agent, with its own numbering, at every start.
"""

from __future__ import annotations

import itertools
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from msgspec import Struct

from taskstream import metrics
from taskstream.errors import TaskstreamError
from taskstream.events import MAX_BATCH_BYTES, MAX_TIME_MS, SCHEMA_VERSION, EventBatch, UiEvent, decode_batch, encode

if TYPE_CHECKING:
    from collections.abc import Iterator

ROW_BYTES: Final = 160
"""What a row costs beside its body, roughly: columns, index, page overhead."""
SENT_MS_BYTES: Final = 32
"""Room left in a message for ``sent_ms``, which is added at hand-over."""
MAX_MISSING: Final = 1_000_000
"""Largest ``missing`` of one gap event (bound of the contract)."""

_WORTH: Final = {"scroll": 0, "idle": 0, "keys": 1, "health": 8, "lock": 8, "unlock": 8, "gap": 9}
_COMMON_WORTH: Final = 4
_NEVER_DROPPED: Final = 10
"""Worth of a row that holds only a gap event: it is merged with its neighbours, never dropped."""

_SCHEMA: Final = """
create table if not exists counter (
    agent text primary key, next_seq integer not null, used_ms integer not null, partitions integer not null default 0
) without rowid;
create table if not exists batch (
    id integer primary key autoincrement, agent text not null, actor text not null, first_seq integer not null,
    events integer not null, worth integer not null, written_ms integer not null, body blob not null
);
create index if not exists batch_worth on batch (worth, id);
create index if not exists batch_agent on batch (agent, first_seq);
create table if not exists note (name text primary key, text text not null) without rowid;
"""


class SpoolError(TaskstreamError):
    """The spool's file cannot be used."""


class Origin(Struct, frozen=True):
    """Where a batch comes from: the fields of :class:`EventBatch` that stay the same while an agent runs."""

    tenant: str
    team: str
    actor: str
    agent: str
    policy: str = ""


class Spooled(NamedTuple):
    """A batch that waits to be sent. ``body`` is the encoded batch without ``sent_ms``."""

    id: int
    agent: str
    actor: str
    first_seq: int
    events: int
    body: bytes


def erase(path: Path) -> bool:
    """Remove a spool that no process uses, with its companions and what was moved aside; whether anything was there.

    Raises:
        SpoolError: a file cannot be removed.
    """
    files = sorted(path.parent.glob(f"{path.name}*"))
    try:
        for file in files:
            file.unlink(missing_ok=True)
    except OSError as error:
        raise SpoolError(f"the spool {path} cannot be erased: {error.strerror}") from error
    return bool(files)


def worth(events: Iterable[UiEvent]) -> int:
    """How valuable a batch is: as its most valuable event, from 0 (scrolling) to 9."""
    return max(_COMMON_WORTH if event.value is not None else _WORTH.get(event.kind, _COMMON_WORTH) for event in events)


class Spool:
    """One spool file. All methods may be called from any thread; one process at a time should own the file."""

    def __init__(self, path: Path, *, max_bytes: int = 200_000_000, max_age_ms: int = 7 * 86_400_000) -> None:
        """Open or make the file; a damaged one is moved aside (see :attr:`moved_aside`) and a new one begun.

        Raises:
            SpoolError: the file cannot be made or opened.
        """
        self.path = path
        self.moved_aside: Path | None = None
        """Where a damaged file was put at opening; None when it was sound."""
        self._max_bytes = max_bytes
        self._max_age_ms = max_age_ms
        self._lock = threading.RLock()
        self._taken = 0  # rows up to this id are with Kafka: they are no longer dropped
        with self._explained("opened"):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._db = _connect(path)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError) and "malformed" not in str(error):
                    raise
                self.moved_aside = _move_aside(path)
                self._db = _connect(path)
        self._bytes: int = self._db.execute("select coalesce(sum(length(body)), 0) from batch").fetchone()[0]
        self._rows: int = self._db.execute("select count(*) from batch").fetchone()[0]
        self._aged_ms = 0

    # -- writing -------------------------------------------------------------------------------------------------

    def append(self, origin: Origin, events: Sequence[UiEvent], now_ms: int) -> int:
        """Number ``events``, store them as one batch (or several, where one would be too large); the first number.

        Raises:
            SpoolError: the disk is full or the file cannot be written. Nothing was stored and no number given.
        """
        return self.append_many([(origin, events)], now_ms)[0]

    def append_many(self, batches: Sequence[tuple[Origin, Sequence[UiEvent]]], now_ms: int) -> list[int]:
        """:meth:`append` for several batches in one transaction: all are stored, or none."""
        firsts = []
        with self._lock, self._explained("written"):
            before = (self._bytes, self._rows)
            try:
                with self._db:
                    self._db.execute("begin immediate")
                    for origin, events in batches:
                        firsts.append(self._store(origin, events, now_ms))
                    self._make_room(now_ms)
            except BaseException:
                self._bytes, self._rows = before
                raise
        metrics.EVENTS_SPOOLED.inc(sum(len(events) for _, events in batches))
        metrics.SPOOL_BYTES.set(self.pending_bytes)
        return firsts

    def _store(self, origin: Origin, events: Sequence[UiEvent], now_ms: int) -> int:
        row = self._db.execute("select next_seq from counter where agent = ?", (origin.agent,)).fetchone()
        first = seq = row[0] if row else 0
        for body, count, value in _bodies(origin, events, first):
            self._insert(origin.agent, origin.actor, seq, count, value, now_ms, body)
            seq += count
        self._db.execute(
            "insert into counter (agent, next_seq, used_ms) values (?, ?, ?) "
            "on conflict (agent) do update set next_seq = ?2, used_ms = ?3",
            (origin.agent, seq, now_ms),
        )
        return int(first)

    def _insert(self, agent: str, actor: str, seq: int, count: int, value: int, now_ms: int, body: bytes) -> None:
        self._db.execute(
            "insert into batch (agent, actor, first_seq, events, worth, written_ms, body) values (?, ?, ?, ?, ?, ?, ?)",
            (agent, actor, seq, count, value, now_ms, body),
        )
        self._bytes += len(body)
        self._rows += 1

    # -- giving way ----------------------------------------------------------------------------------------------

    def _make_room(self, now_ms: int) -> None:
        while self.pending_bytes > self._max_bytes:
            victims = self._db.execute(
                "select id from batch where worth < ? and id > ? order by worth, id limit 32",
                (_NEVER_DROPPED, self._taken),
            ).fetchall()
            if not victims:
                return
            for (row,) in victims:
                self._drop(row, "full")
                if self.pending_bytes <= self._max_bytes:
                    break
        if now_ms - self._aged_ms >= 60_000:
            self._aged_ms = now_ms
            old = now_ms - self._max_age_ms
            for (row,) in self._db.execute(
                "select id from batch where worth < ? and id > ? and written_ms < ?", (_NEVER_DROPPED, self._taken, old)
            ).fetchall():
                self._drop(row, "old")
            self._db.execute(
                "delete from counter where used_ms < ? and agent not in (select agent from batch)",
                (old,),
            )

    def _drop(self, row: int, reason: str) -> None:
        """Put a gap event in the place of a batch, merged with the gaps directly before and after it."""
        found = self._db.execute("select body from batch where id = ?", (row,)).fetchone()
        if found is None:
            return
        batch = decode_batch(found[0])
        first, last = batch.first_seq, batch.first_seq + len(batch.events) - 1
        at_ms = batch.events[-1].at_ms
        metrics.EVENTS_DROPPED.labels(reason).inc(len(batch.events))
        before = self._db.execute(
            "select id, body from batch where agent = ? and first_seq = ? and worth = ? and id > ?",
            (batch.agent, first - 1, _NEVER_DROPPED, self._taken),
        ).fetchone()
        if before and (gap := decode_batch(before[1])).events[0].missing + last - first < MAX_MISSING:
            first = gap.first_seq - gap.events[0].missing
            self._remove(before[0])
        for after in self._db.execute(
            "select id, body from batch where agent = ? and first_seq > ? and worth = ? order by first_seq limit 1",
            (batch.agent, last, _NEVER_DROPPED),
        ).fetchall():
            gap = decode_batch(after[1])
            missing = gap.events[0].missing
            if gap.first_seq - missing == last + 1 and missing + last - first + 1 <= MAX_MISSING:
                last, at_ms = gap.first_seq, gap.events[0].at_ms
                self._remove(row)
                row = after[0]
        event = UiEvent(at_ms=at_ms, kind="gap", missing=last - first)
        body = encode(msgspec.structs.replace(batch, first_seq=last, events=(event,), sent_ms=0))
        (length,) = self._db.execute("select length(body) from batch where id = ?", (row,)).fetchone()
        self._bytes += len(body) - length
        self._db.execute(
            "update batch set first_seq = ?, events = 1, worth = ?, body = ? where id = ?",
            (last, _NEVER_DROPPED, body, row),
        )

    def _remove(self, row: int) -> None:
        (length,) = self._db.execute("delete from batch where id = ? returning length(body)", (row,)).fetchone()
        self._bytes -= length
        self._rows -= 1

    # -- sending -------------------------------------------------------------------------------------------------

    def take(self, limit: int, until_ms: int = MAX_TIME_MS) -> list[Spooled]:
        """The next batches in the order they were stored; from now on they are not dropped to make room.

        One that was stored after ``until_ms`` is held back, and with it all behind it, so that the order stays.
        """
        with self._lock, self._explained("read"):
            found = self._db.execute(
                "select written_ms, id, agent, actor, first_seq, events, body from batch where id > ? "
                "order by id limit ?",
                (self._taken, limit),
            )
            rows = [row[1:] for row in itertools.takewhile(lambda row: row[0] <= until_ms, found)]
            if rows:
                self._taken = rows[-1][0]
            return [Spooled(*row) for row in rows]

    def owes(self, until_ms: int) -> bool:
        """Whether a batch is left that is not held back, see :meth:`take`."""
        with self._lock, self._explained("read"):
            oldest = self._db.execute("select written_ms from batch order by id limit 1").fetchone()
            return oldest is not None and oldest[0] <= until_ms

    def rewind(self) -> None:
        """Give every batch that was not removed out again, from the oldest."""
        with self._lock:
            self._taken = 0

    def remove(self, ids: Sequence[int]) -> None:
        """Forget batches that Kafka has acknowledged."""
        with self._lock, self._explained("written"), self._db:
            self._db.execute("begin immediate")
            lengths = [
                self._db.execute("delete from batch where id = ? returning length(body)", (row,)).fetchall()
                for row in ids
            ]
            gone = [length for found in lengths for (length,) in found]
            self._bytes -= sum(gone)
            self._rows -= len(gone)
            if not self._rows:
                self._db.execute("pragma incremental_vacuum")  # give the disk back
        metrics.SPOOL_BYTES.set(self.pending_bytes)

    # -- looking -------------------------------------------------------------------------------------------------

    @property
    def pending(self) -> int:
        """Batches stored and not yet removed."""
        return self._rows

    @property
    def pending_bytes(self) -> int:
        """Their size with overhead, in bytes."""
        return self._bytes + self._rows * ROW_BYTES

    def next_seq(self, agent: str) -> int:
        """The number the agent's next event will get."""
        with self._lock, self._explained("read"):
            row = self._db.execute("select next_seq from counter where agent = ?", (agent,)).fetchone()
            return int(row[0]) if row else 0

    def partitions(self, agent: str) -> int:
        """Among how many partitions the agent's batches are dealt, see :meth:`write_partitions`; 0: not known."""
        with self._lock, self._explained("read"):
            row = self._db.execute("select partitions from counter where agent = ?", (agent,)).fetchone()
            return int(row[0]) if row else 0

    def write_partitions(self, agent: str, partitions: int) -> None:
        """Keep among how many partitions the agent's batches are dealt, as long as the agent is known."""
        with self._lock, self._explained("written"), self._db:
            self._db.execute("update counter set partitions = ? where agent = ?", (partitions, agent))

    def note(self, name: str) -> str | None:
        """What :meth:`write_note` left under ``name``."""
        with self._lock, self._explained("read"):
            row = self._db.execute("select text from note where name = ?", (name,)).fetchone()
            return str(row[0]) if row else None

    def write_note(self, name: str, text: str) -> None:
        """Keep a small fact beside the events, such as where a replay began."""
        with self._lock, self._explained("written"), self._db:
            self._db.execute("insert or replace into note values (?, ?)", (name, text))

    def close(self) -> None:
        """Close the file; what is in it stays."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        """Turn the errors of the disk and of SQLite into one line."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise SpoolError(f"the spool {self.path} cannot be {what}: {reason}") from error


def _bodies(origin: Origin, events: Sequence[UiEvent], first: int) -> Iterator[tuple[bytes, int, int]]:
    """The encoded batches that hold ``events``: one, or halves of it while it is too large for the contract."""
    batch = EventBatch(
        schema=SCHEMA_VERSION,
        tenant=origin.tenant,
        team=origin.team,
        actor=origin.actor,
        agent=origin.agent,
        first_seq=first,
        events=tuple(events),
        policy=origin.policy,
    )
    body = encode(batch)
    if len(events) > 1 and (len(body) > MAX_BATCH_BYTES - SENT_MS_BYTES or len(events) > 1000):
        middle = len(events) // 2
        yield from _bodies(origin, events[:middle], first)
        yield from _bodies(origin, events[middle:], first + middle)
    else:
        yield body, len(events), worth(events)


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    try:
        path.chmod(0o600)
        db.execute("pragma auto_vacuum = incremental")
        db.execute("pragma journal_mode = wal")
        db.execute("pragma synchronous = normal")
        db.execute("pragma journal_size_limit = 4194304")
        (sound,) = db.execute("pragma quick_check(1)").fetchone()
        if sound != "ok":
            raise sqlite3.DatabaseError(sound)
        db.executescript(_SCHEMA)
        if "partitions" not in [row[1] for row in db.execute("pragma table_info(counter)")]:  # made by an older version
            db.execute("alter table counter add column partitions integer not null default 0")
    except BaseException:
        db.close()
        raise
    return db


def _move_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    path.replace(aside)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return aside
