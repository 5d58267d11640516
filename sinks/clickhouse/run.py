"""Puts the sink together from settings and endpoints."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    sleep_using_event,
    stop_when_event_set,
    wait_exponential,
)

from sinks.clickhouse.beginnings import Beginnings
from sinks.clickhouse.blocks.record_block import RecordLayout
from sinks.clickhouse.consumer import Sink, consumer_config
from sinks.clickhouse.dead_letters import Letter, LetterBox
from sinks.clickhouse.feeds import FEEDS, Builder, Feed, builder, layout
from sinks.clickhouse.ledger import Ledger, Limits
from sinks.clickhouse.logs import ask_logs
from sinks.clickhouse.progress import Progress
from sinks.clickhouse.read_again import read_again
from sinks.clickhouse.store import NoSchema, Store, Unavailable
from sinks.clickhouse.writer import Writer
from sinks.connect import connect
from taskstream import metrics
from taskstream.endpoints import Endpoints, clickhouse_password
from taskstream.errors import ServiceError, UsageError
from taskstream.kafka.check import check
from taskstream.kafka.clients import kafka_config, new_admin, new_consumer
from taskstream.memory import few_arenas, rare_collections
from taskstream.settings import Settings

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

log = logging.getLogger("taskstream.sink")

LONGEST_S: Final = 8.0
"""Longest pause between two tries while ClickHouse is away as the sink starts."""
THREADS: Final = 4
"""Inserts at once: what one waits for (the disk, the network) another uses."""
LIMITS: Final = Limits()


def now_ms() -> int:
    """The wall clock, in milliseconds: it times flushes and measures freshness, and decides no result."""
    return time.time_ns() // 1_000_000


def _may_pass(error: BaseException) -> bool:
    """Whether the error may pass without a new start: also a refused login, for a password is put right elsewhere."""
    return isinstance(error, ServiceError | Unavailable | NoSchema)


def _reach(
    settings: Settings, endpoints: Endpoints, stop: threading.Event
) -> tuple[Store, dict[str, RecordLayout | None]]:
    """The database, and how records fill its tables. Waits for as long as it is away, refuses us or lacks its schema.

    Raises:
        UsageError: a file of the settings for TLS cannot be read.
        ServiceError: the process is to stop.
    """
    told = ""

    def log_in() -> Client:
        client = connect(_with_newest_password(settings, endpoints))
        client.database = settings.database
        return client

    def tell(state: RetryCallState) -> None:
        nonlocal told
        words = _waiting_for(settings, endpoints, state.outcome.exception() if state.outcome else None)
        if words != told:
            log.warning("%s; waiting for it", words)
        told = words

    retrying = Retrying(
        retry=retry_if_exception(_may_pass),
        wait=wait_exponential(multiplier=0.5, max=LONGEST_S),
        sleep=sleep_using_event(stop),
        stop=stop_when_event_set(stop),
        before_sleep=tell,
        reraise=True,
    )

    def attempt() -> tuple[Store, dict[str, RecordLayout | None]]:
        store = Store(log_in(), log_in)
        return store, {feed.table: layout(feed, store.columns(feed.table)) for feed in FEEDS}

    try:
        found = retrying(attempt)
    except (NoSchema, Unavailable) as error:
        raise ServiceError(_waiting_for(settings, endpoints, error)) from error
    if told:
        log.warning("ClickHouse answers")
    return found


def _with_newest_password(settings: Settings, endpoints: Endpoints) -> Endpoints:
    """``endpoints`` with what the password's file says now; where it cannot be read just now, as they are."""
    try:
        password = clickhouse_password(settings)
    except UsageError:
        return endpoints
    return replace(endpoints, clickhouse_password=password or endpoints.clickhouse_password)


def _waiting_for(settings: Settings, endpoints: Endpoints, error: BaseException | None) -> str:
    """What is waited for, in one line."""
    if isinstance(error, NoSchema):
        return f"database {settings.database} lacks its tables ({error}): run `taskstream migrate`"
    return str(error) if isinstance(error, ServiceError) else f"ClickHouse at {endpoints.clickhouse}: {error}"


def run(settings: Settings, endpoints: Endpoints, stop: threading.Event, *, limits: Limits = LIMITS) -> None:
    """Store until ``stop`` is set.

    Raises:
        UsageError: a file of the settings cannot be read.
        ServiceError: Kafka refuses us, or its client cannot go on.
    """
    check(settings, "sink", may_be_away=True)
    few_arenas()
    rare_collections()
    try:
        store, layouts = _reach(settings, endpoints, stop)
    except ServiceError:
        if stop.is_set():
            return
        raise
    feeds = {settings.prefix + feed.topic.name: feed for feed in FEEDS}

    def new_builder(feed: Feed) -> Builder:
        return builder(layouts[feed.table])

    letters = LetterBox(settings)

    def send(refused: list[Letter]) -> bool:
        return letters.send(refused, now_ms())

    def is_empty(table: str) -> bool:
        try:
            return store.is_empty(table)
        except Unavailable:
            return False  # not known: ask before each insert

    writer = Writer(store, send, partial(read_again, settings), stop, now_ms)
    ledger = Ledger(feeds, new_builder, limits)
    admin = new_admin(kafka_config(settings, "sink"))
    beginnings = Beginnings(partial(ask_logs, admin), send, stop)
    sink = Sink(
        partial(new_consumer, consumer_config(settings)), ledger, writer, feeds, beginnings, is_empty=is_empty,
        now_ms=now_ms, stop=stop, max_rows=limits.rows,
        pool=ThreadPoolExecutor(THREADS, thread_name_prefix="insert"),
    )  # fmt: skip
    progress = Progress(admin, store, stop, list(feeds), sink.note_logs, sink.note_ends)
    metrics.HEALTH.require("partitions assigned", lambda: bool(ledger.owned()))
    metrics.HEALTH.require("ClickHouse takes blocks", lambda: not writer.failing())
    progress.start()
    sink.run(on_cycle=lambda: progress.note(ledger.stored()))
