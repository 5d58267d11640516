"""Stores blocks, whatever ClickHouse says: tries again while it is away, sets aside what it will never take."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, Protocol, TypeVar

import msgspec
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from sinks.clickhouse.blocks.event_block import EventBlock
from sinks.clickhouse.dead_letters import Letter
from sinks.clickhouse.feeds import Builder, Feed
from sinks.clickhouse.joint import Block
from sinks.clickhouse.ranges import TopicPartition
from sinks.clickhouse.store import BadRow, Unavailable
from taskstream import metrics

log = logging.getLogger("taskstream.sink")

_T = TypeVar("_T")

FRESHNESS_SAMPLES: Final = 64
"""Batches of a block whose freshness is observed, spread evenly: enough for percentiles, at a bounded cost."""


LETTERS: Final = 200
"""Letters that are read again and sent together."""


class Destination(Protocol):
    """Where blocks go; :class:`sinks.clickhouse.store.Store`."""

    def insert(self, table: str, block: bytes, token: str) -> None:
        """Insert a block under its token."""

    def present(self, feed: Feed, builder: Builder) -> frozenset[int]:
        """Rows that are there already."""
        ...


class Abandoned(Exception):
    """The block is no longer this process's to store: its partition was taken away, or the process stops."""


class Writer:
    """Stores one block after another; may be used by several threads."""

    def __init__(
        self,
        store: Destination,
        send: Callable[[list[Letter]], bool],
        read_again: Callable[[str, int, Sequence[int]], Mapping[int, bytes]],
        stop: threading.Event,
        now_ms: Callable[[], int],
        *,
        longest_wait_s: float = 10.0,
    ) -> None:
        self._store = store
        self._send = send
        self._read_again = read_again
        self._stop = stop
        self._now_ms = now_ms
        self._failing: set[int] = set()
        # One for all: made anew for each call it is part of a reference cycle, which keeps the block, tens of
        # megabytes, until the interpreter looks for cycles. So is an error that passes through it.
        self._retrying = Retrying(
            retry=retry_if_exception_type(Unavailable),
            wait=wait_random_exponential(multiplier=0.1, max=longest_wait_s),
            sleep=self._pause,
            before_sleep=self._note_failure,
        )

    def failing(self) -> bool:
        """Whether some block could not be stored when last tried."""
        return bool(self._failing)

    def store(self, block: Block) -> dict[TopicPartition, int]:
        """Store ``block`` completely, and send the letters of what in it cannot be stored. Returns the rows stored of
        each partition.

        Raises:
            Abandoned: the block was given up before it was stored, as far as is known.
        """
        ask = partial(self._store.present, block.feed, block.builder)
        there: frozenset[int] = self._retry(block, ask) if block.check else frozenset()
        known = len(there)
        letters = [self._letter(block, number, "undecodable", words) for number, words in block.builder.refused]
        refused: frozenset[int] = frozenset()
        if block.check and block.joint:
            # The whole block of which this was a part may arrive still. Under its token either that is stored or this
            # part, or the part of somebody else who does the same: after this it can no longer arrive, and what is
            # there stays so.
            refused = self._insert(block, block.joint, there, letters)
            there = self._retry(block, ask)
        else:
            block.known = bool(there)
        refused |= self._insert(block, block.token, there | refused, letters)
        if letters:
            self._retry(block, lambda: self._deliver(block, letters))
            metrics.REFUSED.labels("sink").inc(len(letters))
        self._observe(block, block.builder.rows - known - len(refused))
        return block.rows(map(block.builder.message_of, refused))

    def _insert(self, block: Block, token: str, without: frozenset[int], letters: list[Letter]) -> frozenset[int]:
        """Insert the block, but for rows ``without`` and rows that ClickHouse refuses; returns these."""
        refused: frozenset[int] = frozenset()
        while len(without | refused) < block.builder.rows:
            data = block.builder.build(without | refused)
            try:
                self._retry(block, partial(self._timed, block, data, token))
                break
            except BadRow as error:
                row = [n for n in range(block.builder.rows) if n not in without | refused][error.row]
                refused |= {row}
                words = f"{block.builder.name_of(row)}: {error}"
                letters.append(self._letter(block, block.builder.message_of(row), "unstorable", words, row))
        return refused

    def _letter(self, block: Block, number: int, reason: str, words: str, row: int = -1) -> Letter:
        part, offset = block.place(number)
        nth = block.builder.nth_of_message(row) if row >= 0 else -1
        return Letter(part.source.topic, part.source.partition, offset, reason, words, nth, log=part.log)

    def _timed(self, block: Block, data: bytes, token: str) -> None:
        with metrics.INSERT_SECONDS.labels(block.feed.table).time():
            self._store.insert(block.feed.table, data, token)

    def _deliver(self, block: Block, letters: list[Letter]) -> None:
        """In portions: the messages of all of them at once may not fit into memory."""
        for part in block.parts:
            own = [letter for letter in letters if letter.partition == part.source.partition]
            for start in range(0, len(own), LETTERS):
                some = own[start : start + LETTERS]
                values = self._read_again(part.source.topic, part.source.partition, [letter.offset for letter in some])
                if not self._send([msgspec.structs.replace(one, value=values.get(one.offset, b"")) for one in some]):
                    raise Unavailable("Kafka did not acknowledge the dead letters")

    def _retry(self, block: Block, action: Callable[[], _T]) -> _T:
        """What ``action`` returns, once it is not Unavailable; waits longer each time, up to the longest wait."""
        try:
            outcome: _T | Exception = self._retrying(self._outcome, block, action)
        finally:
            self._failing.discard(id(block))
        try:
            if isinstance(outcome, Exception):
                raise outcome
            return outcome
        finally:
            del outcome  # an error that its own frame refers to is a cycle again

    def _pause(self, seconds: float) -> None:
        self._stop.wait(seconds)

    def _outcome(self, block: Block, action: Callable[[], _T]) -> _T | Exception:
        """What ``action`` returns, or the error that no repetition mends."""
        if block.abandoned or self._stop.is_set():
            return Abandoned(block.token)
        try:
            return action()
        except BadRow as error:
            return error.with_traceback(None)

    def _note_failure(self, state: RetryCallState) -> None:
        block: Block = state.args[0]
        metrics.INSERT_FAILURES.labels(block.feed.table).inc()
        if not self._failing:
            words = state.outcome.exception() if state.outcome else None
            log.warning("ClickHouse takes nothing now: %s; trying again until it does", words)
        self._failing.add(id(block))

    def _observe(self, block: Block, rows: int) -> None:
        table = block.feed.table
        metrics.ROWS_STORED.labels(table).inc(rows)
        metrics.BLOCKS_STORED.labels(table).inc()
        if block.repeated:
            metrics.BLOCKS_REPEATED.labels(table).inc()
        if isinstance(block.builder, EventBlock):
            now = self._now_ms()
            for sent_ms, at_ms in block.builder.sent(FRESHNESS_SAMPLES):
                if sent_ms:
                    metrics.FRESHNESS.observe((now - sent_ms) / 1000)
                metrics.FRESHNESS_EVENT.observe((now - at_ms) / 1000)
