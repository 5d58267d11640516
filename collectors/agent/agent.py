"""The desktop agent: sources → gate → spool → publisher, with a visible notice and a pause."""

from __future__ import annotations

import fcntl
import getpass
import os
import queue
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from collectors.agent.gate import Gate
from collectors.agent.terms import Terms
from collectors.clock import now_ms
from collectors.delivery.spool import Origin, Spool
from collectors.sources.base import Control, Observation, Platform
from taskstream.errors import ServiceError, TaskstreamError, UsageError
from taskstream.events import UiEvent
from taskstream.privacy.pseudonym import derive, local_master_key, pseudonym
from taskstream.settings import Settings

if TYPE_CHECKING:
    from collectors.delivery.publisher import Publisher

BATCH_EVENTS: Final = 50
BATCH_MS: Final = 1_000
LOOK_S: Final = 0.2
"""How often the queue is emptied. Observations carry their own time; waking for each of them would cost."""
QUIET_MS: Final = 1_000
"""For a new keyboard layout the listeners are restarted only after this silence: a restart misses input."""
MAX_QUEUE: Final = 65_536
"""Observations that may wait for the gate; further ones are dropped, and a ``health`` event reports it."""


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the right to record for this home folder.

    Raises:
        UsageError: another process records already.
    """
    path = home / "run" / "collect.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(f"a recording runs already with the home folder {home}") from error
        yield


def actor_of(settings: Settings) -> str:
    """The pseudonym of the person whose desktop this is."""
    key = derive(local_master_key(settings.home), "actor", settings.key_epoch)
    return pseudonym(key, settings.key_epoch, f"actor {getpass.getuser()}")


class Agent:
    """Records until :meth:`stop`, or until the ``terms`` no longer hold. ``on_event`` is shown every stored event."""

    def __init__(
        self,
        settings: Settings,
        platform: Platform,
        spool: Spool,
        publisher: Publisher | None,
        terms: Terms,
        on_event: Callable[[UiEvent], None],
    ) -> None:
        key = derive(local_master_key(settings.home), "actor", settings.key_epoch)
        self.origin = Origin(
            tenant=settings.tenant,
            team=settings.team,
            actor=actor_of(settings),
            agent=pseudonym(key, settings.key_epoch, f"agent {uuid.uuid4()}"),  # a new numbering at every start
            policy=terms.verified.sha256,
        )
        self._terms = terms
        self.withdrawn = False
        """Whether the consent was withdrawn; then nothing more was stored, and the spool is to be erased."""
        self._spool = spool
        self._publisher = publisher
        self._on_event = on_event
        self._gate = Gate(terms.policy)
        self._queue: queue.SimpleQueue[Observation] = queue.SimpleQueue()
        self._dropped = 0
        self._layout_changed = False
        self._heard_ms = 0
        self._stop = threading.Event()
        self._paused = False
        self._waiting: list[UiEvent] = []
        self._waiting_since = 0
        self.counts: Counter[str] = Counter()
        self._notice = platform.notice(self.toggle_pause)
        self._input = platform.input(self._see, self._notice.covers)
        self._desktop = platform.desktop(self._see, self._note_layout)

    @property
    def paused(self) -> bool:
        """Whether the recording pauses."""
        return self._paused

    def stop(self) -> None:
        """End the recording soon; may be called from a signal handler."""
        self._stop.set()

    def toggle_pause(self) -> None:
        """Pause, or go on."""
        self.set_paused(not self._paused)

    def set_paused(self, paused: bool) -> None:
        """Pause or go on; while paused nothing is observed, not even counted."""
        if paused == self._paused:
            return
        self._paused = paused
        self._notice.set_paused(paused)
        self._queue.put(Control(now_ms(), "paused" if paused else "resumed"))

    def run(self, seconds: float | None = None) -> None:
        """Show the notice, record until stopped (or for ``seconds``), store what is open.

        Raises:
            ServiceError: the notice or a source cannot be started, or is lost.
            TaskstreamError: the policy has expired or was changed.
            SpoolError: events cannot be stored any more.
        """
        self._notice.show()
        end_ms = None if seconds is None else now_ms() + int(seconds * 1000)
        try:
            self._desktop.start()
            self._input.start()
            while not self._stop.is_set() and (end_ms is None or now_ms() < end_ms):
                self._step()
            self._input.stop()
            while not (self.withdrawn or self._queue.empty()):
                self._keep(self._gate.feed(self._queue.get()))
        finally:
            self._input.stop()
            self._desktop.stop()
            self._notice.close()
        self.withdrawn = self.withdrawn or self._terms.withdrawn()
        if not self.withdrawn:
            self._keep(self._gate.flush())
            self._store()

    def _see(self, seen: Observation) -> None:
        """Take an observation. Called by the sources' threads, so it must be quick."""
        self._heard_ms = now_ms()
        if self._paused:
            return
        if self._queue.qsize() >= MAX_QUEUE:
            self._dropped += 1
            return
        self._queue.put(seen)

    def _note_layout(self) -> None:
        self._layout_changed = True

    def _step(self) -> None:
        self._stop.wait(LOOK_S)
        if self._terms.withdrawn():
            self.withdrawn = True
            self.stop()
            return
        while not self._queue.empty():
            self._keep(self._gate.feed(self._queue.get()))
        self._keep(self._gate.tick(now_ms()))
        if self._dropped:
            missing, self._dropped = self._dropped, 0
            self._keep([UiEvent(at_ms=now_ms(), kind="health", element="recording:overflow")])
            self.counts["dropped"] += missing
        if self._waiting and now_ms() - self._waiting_since >= BATCH_MS:
            self._store()
        self._supervise()

    def _supervise(self) -> None:
        self._terms.require(now_ms())
        if self._publisher is not None:
            self._publisher.check()
        if why := self._notice.hidden():
            raise ServiceError(f"the notice that a recording runs {why}, so the recording ends")
        if not self._desktop.healthy():
            raise ServiceError("the display no longer answers")
        if self._layout_changed and now_ms() - self._heard_ms >= QUIET_MS:
            self._layout_changed = False
            self._input.restart("layout")
        elif not self._input.healthy():
            self._input.restart("ended")

    def _keep(self, events: list[UiEvent]) -> None:
        for event in events:
            if not self._waiting:
                self._waiting_since = now_ms()
            self._waiting.append(event)
            self.counts[event.kind] += 1
            if len(self._waiting) >= BATCH_EVENTS:
                self._store()

    def _store(self) -> None:
        if not self._waiting:
            return
        events, self._waiting = self._waiting, []
        self._spool.append(self.origin, events, now_ms())
        for event in events:
            self._on_event(event)
        if self._publisher is not None:
            self._publisher.wake()


def refuse_root_of_others() -> None:
    """Refuse to record a desktop that belongs to another user.

    Raises:
        TaskstreamError: this process runs with another user's rights than the session.
    """
    if os.environ.get("SUDO_USER"):
        raise TaskstreamError("do not record with sudo: run this as the user whose desktop it is")
