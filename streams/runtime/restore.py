"""Bring a partition's operator to the committed position: load its snapshot, then run the input since then again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final, Protocol, TypeVar

from msgspec import Meta, Struct, msgpack

from streams.dead_letter import Loss
from streams.operator import InputRecord, Operator
from taskstream import metrics
from taskstream.errors import UNDECODABLE, ServiceError
from taskstream.kafka.tombstones import WholeReading
from taskstream.settings import Settings
from taskstream.topics import STATE

BREATH_RECORDS: Final = 20
BREATH_S: Final = 0.001
"""After so many records the event loop gets its turn (seconds)."""
FORMAT: Final = 2
"""Of what is kept in the topic ``state``. Format 1 kept models by agent and no settings; it is read, too."""

PLACES: Final = ("snapshot", "position")
"""Names of the items that are positions."""

log = logging.getLogger("taskstream.streams")

M = TypeVar("M", bound=Operator)

AT_ONCE: Final = 8
"""Partitions that are restored at a time. Each takes clients and a thread of its own, and 192 at once starved the
heartbeats that keep a worker in its group."""

_few = threading.BoundedSemaphore(AT_ONCE)
_turn = threading.Lock()


class UnwantedError(Exception):
    """The partition was taken away while it was being restored."""


class Reader(Protocol):
    """See :class:`streams.runtime.log_reader.LogReader`; tests read from memory."""

    def bounds(self, name: str, partition: int) -> tuple[int, int]: ...
    def read(self, name: str, partition: int, start: int, end: int) -> Iterator[Any]: ...
    def committed(self, group: str, name: str, partition: int) -> int: ...


class Position(Struct, array_like=True, frozen=True):
    """The next offset of the input: everything before it is in the outputs (key ``position``) or in the snapshot.

    ``format``    of the state that goes with it; ``topic_id``: of the topic whose offset it is (empty: not known)
    """

    next: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    format: int = 1
    topic_id: str = ""

    def within(self, topic_id: str) -> int:
        """The next offset in the topic with ``topic_id``: of a new topic of the same name nothing has been read."""
        return self.next if not self.topic_id or not topic_id or self.topic_id == topic_id else 0


class Restored(Struct):
    """An operator, and the next offset to give it.

    ``replayed``  records that were run again; ``losses``  what Kafka no longer has of the input
    """

    operator: Any
    position: int
    items: int
    replayed: int
    losses: list[Loss]
    seconds: float


def item_key(topic: str, name: str) -> bytes:
    """Key in the state topic of an item of the partition of ``topic`` that has the state partition's number."""
    return f"{topic}/{name}".encode()


def group_of(settings: Settings) -> str:
    """The consumer group of the workers, which is Faust's name of the application."""
    return f"{settings.prefix}streams"


def restore(
    reader: Reader,
    settings: Settings,
    place: tuple[str, int, str],
    make: Callable[[], Operator],
    wanted: Callable[[], bool],
) -> Restored:
    """The operator of a partition as of its last committed transaction. ``place``: topic without prefix, partition, and
    the topic's id (empty: not known).

    Call it after the predecessor has been fenced: what it left open is settled then.

    Raises:
        ServiceError: Kafka cannot be read in time, a topic does not exist, or a newer version wrote the state.
        UnwantedError: ``wanted()`` has become false.
    """
    with _few:
        if not wanted():
            raise UnwantedError
        return _restore(reader, settings, place, make, wanted)


def _restore(
    reader: Reader,
    settings: Settings,
    place: tuple[str, int, str],
    make: Callable[[], Operator],
    wanted: Callable[[], bool],
) -> Restored:
    started = time.monotonic()
    topic, partition, _ = place
    name = settings.prefix + topic
    items = _items(reader, settings, topic, partition)
    start, position, losses = _where(reader, settings, place, items)
    operator = make()
    replayed = 0
    # One partition at a time: this is Python at work, and several threads of it would only take turns, and starve the
    # event loop of the heartbeats that keep the partitions.
    with _turn:
        for item, why in operator.load(items).items():
            _pass_over(settings, partition, item_key(topic, item), why)
        for message in reader.read(name, partition, start, position):
            operator.apply(_record(message))
            replayed += 1
            if replayed % BREATH_RECORDS == 0:
                time.sleep(BREATH_S)
                if not wanted():
                    raise UnwantedError
        operator.flush()
    return Restored(operator, position, len(items), replayed, losses, time.monotonic() - started)


def _where(
    reader: Reader, settings: Settings, place: tuple[str, int, str], items: dict[str, bytes]
) -> tuple[int, int, list[Loss]]:
    """From where to run records again, where to go on, and what is lost. Takes both positions out of ``items``."""
    topic, partition, topic_id = place
    name = settings.prefix + topic
    snapshot, kept = _position(items.pop("snapshot", None)), items.pop("position", None)
    committed = _position(kept)
    if kept is None and items:  # it can be no longer read, or there are foreign items alone
        told = reader.committed(group_of(settings), name, partition)
        committed = Position(told if told <= reader.bounds(name, partition)[1] else 0)
    newest = max(snapshot.format, committed.format)
    if newest > FORMAT:
        raise ServiceError(
            f"{topic}/{partition}: its state was written by a newer version (format {newest}, this one reads up to "
            f"{FORMAT}): upgrade this worker"
        )
    first, end = reader.bounds(name, partition)
    if not items and not committed.next:
        # There is no state. If the group has committed an offset, the topic ``state`` was lost: starting at the
        # beginning would write everything again.
        told = reader.committed(group_of(settings), name, partition)
        position = told if told <= end else 0
        return position, position, [Loss(0, told - 1, "the topic state has lost what was kept")] if told else []
    start = snapshot.within(topic_id)
    position = max(committed.within(topic_id), start)
    known = max(committed.next, snapshot.next)
    if position < known:
        why = f"topic {name} was deleted and created again; going on at the start of the new one, with the state kept"
        losses = [Loss(known, -1, why)]
        saved = snapshot.within(committed.topic_id)
        if committed.within(topic_id) < committed.next > saved:
            gone = "were deleted before a restore ran them again; the state that was kept is older"
            losses.insert(0, Loss(saved, committed.next - 1, gone))
        return min(start, end), min(position, end), losses
    if position > end:
        why = f"topic {name} was cut to offset {end}; going on there, with the state kept"
        return min(start, end), end, [Loss(end, position - 1, why)]
    if start < min(first, position):
        return start, position, [Loss(start, min(first, position) - 1, "left Kafka before a restore ran them again")]
    return start, position, []


def _position(data: bytes | None) -> Position:
    return Position(0) if data is None else msgpack.decode(data, type=Position)


def _items(reader: Reader, settings: Settings, topic: str, partition: int) -> dict[str, bytes]:
    """What is kept of a partition; read once more where it took so long that deletions may have gone meanwhile."""
    while True:
        reading = WholeReading()
        items = _read_items(reader, settings, topic, partition)
        if reading.has_all_of(STATE):
            return items
        log.warning("%s/%d: reading the state took too long to have met all deletions; reading again", topic, partition)


def _read_items(reader: Reader, settings: Settings, topic: str, partition: int) -> dict[str, bytes]:
    name = settings.prefix + STATE.name
    begin = f"{topic}/".encode()
    # The end must include open transactions: our own are settled, but our state may lie behind an open one of the other
    # phase, and then the end of committed records would come too early.
    end = reader.bounds(name, partition)[1]
    items: dict[str, bytes] = {}
    for message in reader.read(name, partition, 0, end):
        key = message.key()
        if key is None or not key.startswith(begin):
            continue
        value = message.value()
        try:
            item = key[len(begin) :].decode()
            if item in PLACES:
                _position(value)  # what is none leaves the one that was there
        except UNDECODABLE as error:
            _pass_over(settings, partition, key, str(error))
            continue
        if value is None:
            items.pop(item, None)
        else:
            items[item] = value
    return items


def _pass_over(settings: Settings, partition: int, key: bytes, why: str) -> None:
    """Count and name what the topic holds and nobody can read: somebody else wrote it."""
    metrics.REFUSED.labels(reason="malformed").inc()
    log.warning(
        "%s/%d: the record of key %.200r is passed over: %.300s", settings.prefix + STATE.name, partition, key, why
    )


def _record(message: Any) -> InputRecord:
    return InputRecord(
        message.offset(), message.timestamp()[1], message.key(), message.value(), tuple(message.headers() or ())
    )
