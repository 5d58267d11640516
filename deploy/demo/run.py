"""The demo from start to end: start all, play, wait until all is stored and found, report."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from deploy.demo import measure, players
from deploy.demo.players import Player
from deploy.demo.report import Freshness, PlayedSource, Report, Versions, events_of
from deploy.demo.sampler import Sampler
from deploy.demo.view import Sample, View
from deploy.local.supervisor import STEP_S, Supervisor
from deploy.local.unit import wall_ms
from taskstream.errors import ServiceError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from sinks.results.opportunities import ListedOpportunity

# Missing rows count as lost when no further row has come for this long (seconds).
STALLED_S = 60.0
# The list is complete when it has not changed for this long (seconds) and nothing is waiting to be processed.
STEADY_S = 3.0
LIST_S = 90.0
# The team's first event lies at most this many hours before the end of its first day (see collectors.simulate).
TEAM_DAY_H = 14.0
# Most opportunities that the report holds; a view shows the best few.
LISTED = 1000


class Plan(Struct, frozen=True):
    """What is played. ``people`` 0: the recordings alone. ``speed``: times faster than recorded, or ``max``."""

    desktops: int = 12
    people: int = 60
    days: int = 1
    seed: int = 7
    speed: str = "max"


class Demo:
    """One run. ``seconds`` fills as the phases end; ``first_opportunity`` is when this run has changed the list."""

    def __init__(self, supervisor: Supervisor, plan: Plan, view: View) -> None:
        self.supervisor = supervisor
        self.run_id = uuid.uuid4().hex[:12]
        self.seconds: dict[str, float] = {}
        self._plan = plan
        self._view = view
        self._began = time.monotonic()
        self._players: list[Player] = []
        self._sampler: Sampler | None = None
        self._listed_before: tuple[ListedOpportunity, ...] = ()
        self._enter("starting", waits=True)

    def start(self) -> None:
        """Start all; what :meth:`play` does not need at once may go on starting.

        Raises:
            ServiceError: something cannot be started.
            Stopped: the user has asked to stop.
        """
        with self._timed("start"):
            self.supervisor.start()
            self.supervisor.await_ready("worker", "sink")  # the others may take their time while events flow
        self.seconds |= self.supervisor.seconds

    def play(self) -> Report:
        """Until everything sent is stored and the opportunities are found; then what it has shown.

        Raises:
            ServiceError: something fails.
            Stopped: the user has asked to stop.
        """
        from sinks.connect import connect

        self._sampler = Sampler(
            self.supervisor.endpoints, self.supervisor.settings.database, wall_ms(), lambda: self.supervisor.state
        )
        self._sampler.start()
        self._listed_before = self._sampler.latest.opportunities
        client = connect(self.supervisor.endpoints, self.supervisor.settings.database)
        self._send()
        agents = [agent for player in self._players if player.played for agent in player.played.agents]
        stored = self._await_stored(client, agents)
        self._await_list()
        return self._report(client, agents, stored)

    def stay(self) -> None:
        """Keep everything running, and the view live, until the user asks to stop.

        Raises:
            ServiceError: something keeps ending.
            Stopped: the user has asked to stop.
        """
        self._enter("everything runs; Ctrl-C stops it", waits=False)
        self._while(lambda: True)

    def stop(self) -> None:
        """End everything."""
        for player in self._players:
            player.stop()
        if self._sampler is not None:
            self._sampler.stop()
        self.supervisor.stop()

    def _send(self) -> None:
        """Play the recordings, then the team, whose days lie after them: event time advances, and little is late."""
        plan = self._plan
        if not plan.people:
            self._enter("playing two recordings", waits=True)
            self._play("recordings", players.recordings(self.run_id, plan.desktops, plan.speed, ago=0, flush=True))
            return
        ago = 24.0 * (plan.days - 1) + TEAM_DAY_H
        self._enter(f"playing two recordings, then a team of {plan.people}", waits=True)
        # Without a flush: the team's events close what the recordings leave open.
        self._play("recordings", players.recordings(self.run_id, plan.desktops, "max", ago=ago, flush=False))
        self._play("team", players.team(self.run_id, plan.people, plan.days, plan.seed, plan.speed))

    def _play(self, name: str, arguments: list[str]) -> None:
        log, environment = self.supervisor.settings.home / "logs" / f"{name}.log", self.supervisor.environment()
        player = Player(name, arguments, log, environment, keep=self.supervisor.keep)
        self._players.append(player)
        player.start()
        self._while(self._sending)
        self.seconds[name] = round(player.seconds, 3)

    def _sending(self) -> bool:
        try:
            finished = [player.finished() for player in self._players]  # all are asked: any may have failed
        except ServiceError:
            self.supervisor.check_disk()  # the better explanation, when it is one
            raise
        return not all(finished)

    def _await_stored(self, client: Client, agents: list[str]) -> measure.StoredRows:
        self._enter("waiting until everything sent is stored", waits=True)
        sent = self._sent()
        found = measure.counts(client, agents)
        moved_s = time.monotonic()

        def incomplete() -> bool:
            nonlocal found, moved_s
            now = measure.counts(client, agents)
            if now != found:
                found, moved_s = now, time.monotonic()
            return found.distinct < sent and time.monotonic() - moved_s < STALLED_S

        with self._timed("store"):
            self._while(incomplete)
        return found

    def _await_list(self) -> None:
        self._enter("waiting for the list of opportunities", waits=True)
        began = changed_s = time.monotonic()
        listed: tuple[ListedOpportunity, ...] = ()

        def unsteady() -> bool:
            nonlocal listed, changed_s
            sample, now = self._sample_now(), time.monotonic()
            if sample.opportunities != listed or sample.lag:
                listed, changed_s = sample.opportunities, now
            enough = listed and now - changed_s >= STEADY_S
            return not enough and now - began < LIST_S

        with self._timed("list"):
            self._while(unsteady)

    def _while(self, goes_on: Callable[[], bool]) -> None:
        """Supervise everything and show it as long as the condition holds."""
        while goes_on():
            self.supervisor.step()
            sample = self._sample_now()
            if sample.opportunities != self._listed_before and "first_opportunity" not in self.seconds:
                self.seconds["first_opportunity"] = round(time.monotonic() - self._began, 3)
            self._view.update(sample, self.supervisor.state)
            self.supervisor.stop_requested.wait(STEP_S)

    def _enter(self, phase: str, *, waits: bool) -> None:
        self._phase, self._waits, self._entered = phase, waits, time.monotonic()

    def _sample_now(self) -> Sample:
        latest = self._sampler.latest if self._sampler else Sample()
        played = [player.played for player in self._players if player.played]
        # How many there will be is known when all have played; what is known of some would be passed by the others.
        expected = sum(one.events for one in played) if len(played) == len(self._players) else 0
        waited_s = time.monotonic() - self._entered if self._waits else None
        return msgspec.structs.replace(
            latest, phase=self._phase, waited_s=waited_s, sent=self._sent(), expected=expected
        )

    def _sent(self) -> int:
        return sum(player.played.sent for player in self._players if player.played)

    def _report(self, client: Client, agents: list[str], found: measure.StoredRows) -> Report:
        from sinks.results.opportunities import read

        p50, p99 = measure.freshness_ms(client, agents)
        state = self.supervisor.state
        if state.kafka is None or state.clickhouse is None:
            raise ServiceError("the instance has ended")
        self.seconds["total"] = round(time.monotonic() - self._began, 3)
        sample = self._sample_now()
        return Report(
            run=self.run_id,
            events=events_of(self._sent(), found.stored, found.distinct),
            freshness_ms=Freshness(p50, p99),
            seconds=dict(sorted(self.seconds.items())),
            dead_letters=sample.dead_letters,
            sources=tuple(
                PlayedSource(player.name, len(player.played.agents), player.played.events, player.played.sent)
                for player in self._players
                if player.played
            ),
            versions=Versions(state.kafka.version, state.clickhouse.version),
            opportunities=read(client, LISTED),
        )

    @contextlib.contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        begin = time.monotonic()
        yield
        self.seconds[phase] = round(time.monotonic() - begin, 3)
