"""Feeds recorded or made-up events of many desktops into Kafka, the way each desktop's own collector would.

Every event passes a spool and a publisher as on a real desktop. The feed adds what a single desktop does not need:
pacing by the recorded times, and waiting instead of dropping when the spool is full.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from collectors.clock import now_ms
from collectors.delivery.publisher import Publisher, input_partitions, send_closing_heartbeats
from collectors.delivery.spool import Origin, Spool
from taskstream.errors import ServiceError
from taskstream.events import UiEvent
from taskstream.kafka.check import check
from taskstream.settings import Settings
from taskstream.topics import UI_EVENTS

BATCH_EVENTS: Final = 50
"""Events of one agent sent in one message at most."""
BATCH_MS: Final = 30_000
"""Recorded time that a batch spans at most when played as fast as possible. Well below the session gap plus the allowed
lateness, so that no agent seems to have fallen silent."""
LIVE_BATCH_MS: Final = 1_000
"""Wall time after which a batch is sent when played at a given speed; sooner where that would be more than
:data:`BATCH_MS` of recorded time, or most events of the other desktops would come late."""
MAX_WAITING_BYTES: Final = 32_000_000
"""Size of the spool at which the feed waits for Kafka."""
STALL_S: Final = 60.0
"""Kafka acknowledges nothing for this long: give up with a clear line."""
FLUSH_ADVANCE_MS: Final = 86_400_000
"""How far the closing heartbeats advance event time: past every session gap and allowed lateness."""
APPEND_TOGETHER: Final = 32
"""Batches stored in one transaction when played as fast as possible."""


class PacedFeed:
    """Takes events in the order of their arrival and delivers them to Kafka. Use as a context manager.

    ``speed``    how many times faster than recorded; 0: as fast as possible
    ``sent_ms``  the desktop's clock at hand-over, given the agent's id
    ``repeat``   asked after each message whether to send an earlier one again
    """

    def __init__(
        self,
        settings: Settings,
        spool_path: Path,
        *,
        speed: float = 0.0,
        sent_ms: Callable[[str], int] | None = None,
        on_progress: Callable[[int], None] = lambda _: None,
        repeat: Callable[[], bool] = lambda: False,
    ) -> None:
        self._settings = settings
        check(settings, "collector")
        self._topic = settings.prefix + UI_EVENTS.name
        self.partitions = input_partitions(settings, self._topic)
        self.spool = Spool(spool_path)
        self.speed = speed
        self._publisher = Publisher(
            settings, self._topic, self.spool, sent_ms=sent_ms or (lambda _: now_ms()), repeat=repeat
        )
        self._on_progress = on_progress
        self._open: dict[str, tuple[Origin, list[UiEvent], float]] = {}  # agent → batch being filled, its beginning
        self._ready: list[tuple[Origin, list[UiEvent]]] = []
        self._started: tuple[float, float] | None = None  # wall seconds and recorded ms of the first event
        self._reported_s = 0.0
        self.offered = 0

    def __enter__(self) -> Self:
        self._publisher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._publisher.stop()
        self.spool.close()

    @property
    def delivered(self) -> int:
        """Events that Kafka has acknowledged."""
        return self._publisher.delivered_events

    @property
    def repeated_messages(self) -> int:
        """Messages sent twice because ``repeat`` said so."""
        return self._publisher.repeated_messages

    def offer(self, origin: Origin, event: UiEvent, arrival_ms: float) -> None:
        """Take the next event. ``arrival_ms`` never decreases: the recorded time at which the desktop had sent it.

        Raises:
            ServiceError: Kafka acknowledges nothing any more, or refuses a message.
            SpoolError: the spool cannot be written.
        """
        if self.speed:
            self._pace(arrival_ms)
            clock, span = time.monotonic() * 1000, min(LIVE_BATCH_MS, BATCH_MS / self.speed)
        else:
            clock, span = arrival_ms, BATCH_MS
        self._close_old(clock - span)
        entry = self._open.get(origin.agent)
        if entry is None:
            entry = self._open[origin.agent] = (origin, [], clock)
        entry[1].append(event)
        self.offered += 1
        if len(entry[1]) >= BATCH_EVENTS:
            self._close(origin.agent)
        if not self.offered % 256:
            self._report()

    def flush(self) -> None:
        """Put everything that waits to fill a batch into the spool."""
        for agent in list(self._open):
            self._close(agent)
        self._store()

    def finish(self, *, close: bool) -> None:
        """Wait until Kafka has everything; ``close``: then advance event time so that what is open closes.

        Raises:
            ServiceError: Kafka acknowledges nothing any more.
        """
        self.flush()
        self.drain()
        if close:
            send_closing_heartbeats(self._settings, self._topic, range(self.partitions), FLUSH_ADVANCE_MS)

    def drain(self, timeout_s: float = STALL_S) -> None:
        """Wait until the spool is empty.

        Raises:
            ServiceError: Kafka has acknowledged nothing for ``timeout_s``.
        """
        if not self._publisher.drain(timeout_s, self._report):
            raise ServiceError(
                f"Kafka at {self._settings.kafka} has acknowledged nothing for {timeout_s:.0f} s; "
                f"{self.spool.pending} batches wait in {self.spool.path}"
            )
        self._report()

    def _pace(self, arrival_ms: float) -> None:
        if self._started is None:
            self._started = (time.monotonic(), arrival_ms)
        start_s, start_ms = self._started
        due_s = start_s + (arrival_ms - start_ms) / 1000 / self.speed
        while (wait_s := due_s - time.monotonic()) > 0:
            if wait_s > 0.05:
                self._close_old(time.monotonic() * 1000 - LIVE_BATCH_MS)
                self._store()
                self._report()
            time.sleep(min(wait_s, 0.2))

    def _close_old(self, before: float) -> None:
        while self._open:
            agent, (_, _, began) = next(iter(self._open.items()))
            if began > before:
                return
            self._close(agent)

    def _close(self, agent: str) -> None:
        origin, events, _ = self._open.pop(agent)
        self._ready.append((origin, events))
        if self.speed or len(self._ready) >= APPEND_TOGETHER:
            self._store()

    def _store(self) -> None:
        if not self._ready:
            return
        self._publisher.check()
        while self.spool.pending_bytes > MAX_WAITING_BYTES:
            self._publisher.check()
            if self._publisher.stalled_s > STALL_S:
                self.drain(0)
            self._publisher.wake()
            self._report()
            time.sleep(0.02)
        self.spool.append_many(self._ready, now_ms())
        self._ready = []
        self._publisher.wake()

    def _report(self) -> None:
        if (second := time.monotonic()) - self._reported_s > 0.1:
            self._reported_s = second
            self._on_progress(self.delivered)
