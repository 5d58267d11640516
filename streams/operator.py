"""The interface that the checkpoint drives: a pure, deterministic operator on one partition of one input topic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

Headers = Sequence[tuple[str, bytes]]


class Record(Protocol):
    """One record of the input, as Kafka clients of any make present it. ``timestamp`` in milliseconds."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Headers: ...


class InputRecord(NamedTuple):
    """The plainest :class:`Record`."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class Output(NamedTuple):
    """One record to write: topic without the deployment's prefix, partition, key, value (None deletes), headers."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]] | None = None


class Operator(Protocol):
    """State of one input partition.

    ``apply`` depends on the state and the record alone: no clock, no randomness, nothing of how records were batched.
    ``flush`` gives what earlier records have led to and was held back to be written together. It is called after every
    group of records, before anything is committed and before a snapshot. Only how rows are gathered depends on it.
    ``configure`` changes the settings for the records to come, and says whether that changes anything. Results depend
    on settings, so they are part of the state: whoever changes them has a snapshot taken before the next record counts.
    ``snapshot`` gives the items changed since the previous snapshot (None: deleted), and counts them as stored.
    ``save_all`` lets the next snapshot hold everything, where the earlier ones are lost.
    ``load`` takes the items of all snapshots so far, into a fresh operator; then both go on alike. Items that it cannot
    read are none of its own: it passes over them, and gives their names, each with why.
    """

    def apply(self, record: Record) -> list[Output]: ...
    def flush(self) -> list[Output]: ...
    def configure(self, settings: Any) -> bool: ...
    def save_all(self) -> None: ...
    def snapshot(self) -> list[tuple[str, bytes | None]]: ...
    def load(self, items: Mapping[str, bytes]) -> dict[str, str]: ...
