"""The sink's side of ClickHouse: insert a block under its token, and ask which rows are there already."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sinks.clickhouse.blocks.event_block import EventBlock
from sinks.clickhouse.blocks.record_block import RecordBlock, TableColumn
from sinks.clickhouse.feeds import Builder, Feed
from sinks.connect import faults, first_line, is_refused_login
from taskstream.errors import ServiceError, UsageError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_ASK: Final = 100
"""Agents, and keys, asked for in one query: keeps its parameters far below the length of a URL."""

_BAD_DATA: Final = frozenset({6, 26, 27, 33, 53, 69, 70, 72, 117, 131, 349, 469})
"""ClickHouse's codes for data it will never take: cannot parse or convert, incorrect data, out of bound, too large,
null, constraint violated. Everything else may pass, and is tried again."""

_MISSING: Final = frozenset({60, 81})
"""ClickHouse's codes for an unknown table and an unknown database."""

_CURRENT: Final = {"select_sequential_consistency": 1}
"""An answer that knows every insert acknowledged before, also where several servers share the tables."""

_ROW: Final = re.compile(r"at row (\d+)")


_STRANGER: Final = "the answer is not ClickHouse's: does a proxy in between answer in its place?"


class Unavailable(Exception):
    """ClickHouse did not take the block now; it may later. Nothing is known about whether the block is stored."""


class NoSchema(Exception):
    """The database, or one of its tables, is not there."""


class BadRow(Exception):
    """ClickHouse names a row that it will never take; nothing of the block is stored. ``row`` counts from 0."""

    def __init__(self, row: int, words: str) -> None:
        super().__init__(words)
        self.row = row


class Store:
    """One ClickHouse database. May be used by several threads.

    ``log_in``  makes another client, with the password of now; asked when the server refuses the one that there is
    """

    def __init__(self, client: Client, log_in: Callable[[], Client] | None = None) -> None:
        self._client = client
        self._log_in = log_in
        self._one_at_a_time = threading.Lock()

    def _unavailable(self, error: BaseException, used: Client) -> Unavailable:
        """What ``error`` of the client ``used`` means for who asked. A refused login is tried once more, with a new
        client: a password is changed at the server first, and then in the file that holds it."""
        if is_refused_login(error) and self._log_in is not None:
            with self._one_at_a_time:
                if self._client is used:  # else another thread was quicker
                    with suppress(ServiceError, UsageError):
                        self._client = self._log_in()
        return Unavailable(first_line(error))

    def columns(self, table: str) -> list[TableColumn]:
        """The columns of ``table`` that have no default: those that the sink fills.

        Raises:
            NoSchema: the database has no such table.
            Unavailable: the database cannot be asked.
        """
        from clickhouse_connect.driver.exceptions import Error

        client = self._client
        try:
            rows = _rows(client, f"DESCRIBE TABLE {table}")
        except faults() as error:
            if isinstance(error, Error) and error.code in _MISSING:
                raise NoSchema(first_line(error)) from error
            raise self._unavailable(error, client) from error
        return [TableColumn(str(row[0]), str(row[1])) for row in rows if not row[2]]

    def insert(self, table: str, block: bytes, token: str) -> None:
        """Insert ``block``; a block that was inserted before under the same token changes nothing.

        Raises:
            BadRow: a row can never be stored.
            Unavailable: it may work later.
        """
        from clickhouse_connect.driver.exceptions import Error

        client = self._client
        try:
            answer = client.raw_insert(
                table,
                insert_block=block,
                fmt="Native",
                settings={
                    "insert_deduplication_token": token,
                    "async_insert": 0,
                    "deduplicate_blocks_in_dependent_materialized_views": 1,
                    "max_partitions_per_insert_block": 0,
                },
            )
        except faults() as error:
            words = first_line(error)
            row = _ROW.search(str(error))
            if isinstance(error, Error) and error.code in _BAD_DATA and row:
                raise BadRow(int(row[1]) - 1, words) from error
            raise self._unavailable(error, client) from error
        if not answer.query_id():
            raise Unavailable(_STRANGER)

    def present(self, feed: Feed, builder: Builder) -> frozenset[int]:
        """Numbers of the block's rows that the table holds already.

        Raises:
            Unavailable: the database cannot be asked.
        """
        client = self._client
        try:
            if isinstance(builder, EventBlock):
                return _present_events(client, builder)
            assert isinstance(builder, RecordBlock)
            return frozenset() if feed.versioned else _present_records(client, feed, builder.keys())
        except faults() as error:
            raise self._unavailable(error, client) from error

    def is_empty(self, table: str) -> bool:
        """Whether ``table`` holds no row.

        Raises:
            Unavailable: the database cannot be asked.
        """
        client = self._client
        try:
            return not _rows(client, f"SELECT 1 FROM {table} LIMIT 1")
        except faults() as error:
            raise self._unavailable(error, client) from error

    def note_progress(self, rows: Sequence[tuple[str, int, int, int, int]]) -> None:
        """Add rows (topic, partition, offset, lag, rows) to ``sink_progress``; for people, so failing is no harm
        beyond a missing figure.

        Raises:
            Unavailable: the database takes nothing now.
        """
        names = ["topic", "partition", "offset", "lag", "rows"]
        client = self._client
        try:
            client.insert("sink_progress", rows, column_names=names, settings={"async_insert": 0})
        except faults() as error:
            raise self._unavailable(error, client) from error


def _rows(client: Client, query: str, **parameters: Any) -> Sequence[Sequence[Any]]:
    """What ClickHouse answers. Whatever another says with success, such as a proxy's empty page, is no answer: each of
    ClickHouse's names the query.

    Raises:
        faults(): it does not answer.
    """
    from clickhouse_connect.driver.exceptions import OperationalError

    answer = client.query(query, parameters=parameters or None, settings=_CURRENT if parameters else None)
    if not answer.summary.get("query_id"):
        raise OperationalError(_STRANGER)
    return answer.result_rows


def _present_events(client: Client, block: EventBlock) -> frozenset[int]:
    agents, owner, seq = block.keys()
    found: list[int] = []
    for start in range(0, len(agents), _ASK):
        asked = range(start, min(start + _ASK, len(agents)))
        rows = np.flatnonzero((owner >= asked.start) & (owner < asked.stop))
        known = _rows(
            client,
            "SELECT agent, groupArray(seq) FROM ui_events WHERE agent IN {agents:Array(String)} "
            "AND seq BETWEEN {low:UInt64} AND {high:UInt64} GROUP BY agent",
            agents=[agents[n] for n in asked], low=int(seq[rows].min()), high=int(seq[rows].max()),
        )  # fmt: skip
        stored = {str(agent): np.asarray(numbers, dtype=np.int64) for agent, numbers in known}
        for n in asked:
            if agents[n] in stored:
                own = rows[owner[rows] == n]
                found += own[np.isin(seq[own], stored[agents[n]])].tolist()
    return frozenset(found)


def _present_records(client: Client, feed: Feed, keys: Sequence[str]) -> frozenset[int]:
    stored: set[str] = set()
    for part in _parts(sorted(set(keys)), _ASK):
        found = _rows(
            client,
            f"SELECT DISTINCT {feed.key} FROM {feed.table} WHERE {feed.key} IN {{keys:Array(String)}}",
            keys=part,
        )
        stored.update(str(row[0]) for row in found)
    return frozenset(row for row, key in enumerate(keys) if key in stored)


def _parts(values: Sequence[str], size: int) -> Iterable[list[str]]:
    return (list(values[start : start + size]) for start in range(0, len(values), size))
