"""All of it in order: people log in, work for some minutes, the worker is killed, a second one joins, the counts."""

from __future__ import annotations

import re
import signal
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from benchmarks.pipeline import Pipeline, verdict, wait_for
from benchmarks.size.company import days_of_events
from benchmarks.size.feeder import Plan, SizeFeeder
from benchmarks.size.watching import Arrivals, is_ready, metrics_of, most_memory_mb, open_files
from benchmarks.size.yesterday import learned, write
from deploy.local.ports import free_ports

PATIENCE_S: Final = 600.0
"""How long anything may take before the run is given up (seconds)."""
LATE_S: Final = 5.0
"""Who sends is on time when it is behind by less (seconds)."""
CALM_S: Final = 1.5
"""The lag counts as what it was again within this much of it, in seconds' worth of events."""
TELL_S: Final = 30.0
PEOPLE: Final = 40
"""People whose days all others work, too, each at another time."""
FIRST: Final = "worker"
SECOND: Final = "second"


class Size:
    """One run. ``found`` is what it has shown so far."""

    def __init__(self, folder: Path, partitions: int, plan: Plan) -> None:
        self.found: dict[str, Any] = {"partitions": partitions, "agents": plan.agents, "rate": plan.rate}
        self._plan = plan
        self._ports: dict[str, int] = {}
        self._calm = 0.0
        self._pipeline = Pipeline(folder, partitions)
        self._feeder: SizeFeeder | None = None
        self._arrivals: Arrivals | None = None

    def close(self) -> None:
        """Stop everything."""
        if self._feeder is not None:
            self._feeder.close()
        if self._arrivals is not None:
            self._arrivals.close()
        self._pipeline.close()

    # --- what it does, in order

    def log_in(self) -> None:
        """Everybody has a model of yesterday, and worker and sink begin with a backlog."""
        models = learned(days_of_events(PEOPLE, self._plan.seed))
        now_ms = time.time_ns() // 1_000_000
        size = write(self._pipeline.settings, models, self._plan.agents, now_ms)
        self._say(f"{self._plan.agents:,} models of {statistics.mean(map(len, models)):,.0f} bytes written")
        self.found["models_mb"] = round(size / 1e6)
        began = time.monotonic()
        self._start(FIRST, worker_id="first")
        self._start("sink")
        self._until("the worker has restored all models", lambda: is_ready(self._ports[FIRST]))
        self.found["first_start_s"] = round(time.monotonic() - began, 1)
        self._say(f"worker ready after {self.found['first_start_s']} s")
        self._feeder = SizeFeeder(self._pipeline.settings, self._plan)
        self._arrivals = Arrivals(self._pipeline.settings)
        self._until("the backlog is sent", lambda: self.feeder.sent > 0 and self.feeder.behind_s < LATE_S)
        self._until("the backlog is worked through", lambda: self._lag() < 5 * self._plan.rate)
        self._say(f"backlog done, {self._agents():,} agents open")

    def work(self, seconds: float) -> None:
        """The rate for ``seconds``: lag, memory, inserts."""
        pipeline, feeder = self._pipeline, self.feeder
        began, sent, told, cpu = time.monotonic(), feeder.sent, feeder.messages, pipeline.cpu_s()
        before, blocks = metrics_of(self._ports[FIRST]), _blocks(metrics_of(self._ports["sink"]))
        samples: list[tuple[float, int]] = []
        most_parts, behind_s = 0, 0.0
        while (at := time.monotonic() - began) < seconds:
            samples.append((at, self._lag()))
            behind_s = max(behind_s, feeder.behind_s)
            if len(samples) % TELL_S == 1:
                most_parts = max(most_parts, *self._parts().values())
                memory = most_memory_mb(self._pid(FIRST))
                self._say(f"{at:.0f} of {seconds:.0f} s, lag {samples[-1][1]:,} events, worker {memory:,.0f} MB")
            time.sleep(max(0.0, began + len(samples) - time.monotonic()))
        took, events = time.monotonic() - began, feeder.sent - sent
        used = {name: round((now - cpu[name]) / events * 1e6, 2) for name, now in pipeline.cpu_s().items()}
        after = metrics_of(self._ports[FIRST])
        inserts = {
            table: round((count - blocks.get(table, 0.0)) / took, 2)
            for table, count in _blocks(metrics_of(self._ports["sink"])).items()
        }
        transactions = _grown(before, after, "checkpoint_seconds_count")
        self._calm = statistics.median(lag for _, lag in samples)
        self.found |= {
            "seconds": round(took, 1),
            "events_per_s": round(events / took),
            "events_per_message": round(events / (feeder.messages - told), 2),
            "feeder_behind_s": round(behind_s, 1),
            **verdict(samples, self._plan.rate, events / took),
            "agents_open": self._agents(),
            "memory_mb": {name: round(most_memory_mb(pid)) for name, pid in pipeline.pids().items()},
            "open_files": open_files(self._pid(FIRST)),
            "cpu_us_per_event": used,
            "inserts_per_s": inserts,
            "parts_at_most": most_parts,
            "transactions_per_s": round(transactions / took),
            "transaction_ms": round(_grown(before, after, "checkpoint_seconds_sum") / transactions * 1000),
        }
        self._say(f"held: {self.found['sustained']}, {self.found['events_per_s']:,} events/s")

    def die(self, name: str, worker_id: str) -> None:
        """Kill the worker, start another at the same moment, and see when results come again."""
        self._note_cut(FIRST)
        arrivals = self.arrivals
        self._pipeline.end(FIRST, signal.SIGKILL)
        killed = time.monotonic()
        self._start(FIRST, worker_id=worker_id)
        time.sleep(0.5)  # what the killed one had committed has arrived by then
        arrivals.begin()
        late = time.monotonic() - killed
        self._until("a first result", lambda: arrivals.partitions > 0)
        self._until("all partitions go on", lambda: arrivals.partitions == self.found["partitions"])
        first = [at + late for at in arrivals.first_s()]
        self._until("the worker is ready", lambda: is_ready(self._ports[FIRST]))
        ready = time.monotonic() - killed
        self._until("the lag is what it was", self._is_calm)
        self.found[name] = {
            "first_result_s": round(first[0], 1),
            "half_of_partitions_s": round(statistics.median(first), 1),
            "all_partitions_s": round(first[-1], 1),
            "ready_s": round(ready, 1),
            "caught_up_s": round(time.monotonic() - killed, 1),
            "memory_mb": round(most_memory_mb(self._pid(FIRST))),
        }
        self._say(f"{name}: {self.found[name]}")

    def stop_worker(self) -> None:
        """A clean end, so that the next one may be of another kind."""
        self._note_cut(FIRST)
        self._pipeline.end(FIRST)
        self._start(FIRST)
        self._until("the worker is ready", lambda: is_ready(self._ports[FIRST]))
        self._until("the lag is what it was", self._is_calm)

    def join(self) -> None:
        """A second worker comes: both go on, and the state has moved."""
        arrivals = self.arrivals
        arrivals.begin()
        began = time.monotonic()
        self._start(SECOND, worker_id="second")
        both = FIRST, SECOND
        self._until("the second has partitions", lambda: self._assigned(SECOND) > 0)
        dealt = time.monotonic() - began
        self._until("both are ready", lambda: all(is_ready(self._ports[name]) for name in both))
        ready = time.monotonic() - began
        self._until("the lag is what it was", self._is_calm)
        self.found["second_worker"] = {
            "dealt_s": round(dealt, 1),
            "ready_s": round(ready, 1),
            "caught_up_s": round(time.monotonic() - began, 1),
            "longest_standstill_s": round(arrivals.standstill_s(), 1),
            "partitions": {name: self._assigned(name) for name in both},
            "agents": {name: self._agents(name) for name in both},
            "memory_mb": {name: round(most_memory_mb(self._pid(name))) for name in both},
            "open_files": {name: open_files(self._pid(name)) for name in both},
        }
        self._say(f"second worker: {self.found['second_worker']}")

    def count(self) -> None:
        """Stop sending, and count what is stored."""
        self.feeder.stop()
        sent = self.feeder.sent
        wait_for(self._pipeline, sent)
        for name in (FIRST, SECOND):
            self._note_cut(name)
        ask = self._pipeline.client.query
        rows, distinct = ask("SELECT count(), uniqExact((agent, seq)) FROM ui_events").result_rows[0]
        segments, ids = ask("SELECT count(), uniqExact(id) FROM segments").result_rows[0]
        cut = ask("SELECT countIf(reason = 'bound') FROM sessions").result_rows[0][0]
        self.found |= {
            "events": sent,
            "lost": sent - distinct,
            "duplicated": rows - distinct,
            "segments": segments,
            "segments_duplicated": segments - ids,
            "sessions_cut": int(self.found.get("sessions_cut", 0)) + cut,
            "parts_at_end": self._parts(),
        }

    # --- what it asks

    @property
    def feeder(self) -> SizeFeeder:
        """Who sends."""
        assert self._feeder is not None
        return self._feeder

    @property
    def arrivals(self) -> Arrivals:
        """What has arrived."""
        assert self._arrivals is not None
        return self._arrivals

    def _start(self, name: str, **more: str) -> None:
        word = "worker" if name == SECOND else name
        self._ports[name] = free_ports(1)[0]
        self._pipeline.start(word, name, metrics_port=str(self._ports[name]), **more)

    def _pid(self, name: str) -> int:
        return self._pipeline.pids()[name]

    def _lag(self) -> int:
        stored = self._pipeline.stored()  # before what was sent: what is sent in between counts as lag
        return self.feeder.sent - stored

    def _is_calm(self) -> bool:
        return self._lag() <= self._calm + CALM_S * self._plan.rate

    def _agents(self, name: str = FIRST) -> int:
        return int(sum(metrics_of(self._ports[name]).get("state_agents", {}).values()))

    def _assigned(self, name: str) -> int:
        told = re.findall(r"assigned (\d+) partitions", self._pipeline.log_of(name).read_text())
        return int(told[-1]) if told else 0

    def _note_cut(self, name: str) -> None:
        cut = sum(metrics_of(self._ports[name]).get("sessions_cut_total", {}).values())
        self.found["sessions_cut"] = self.found.get("sessions_cut", 0) + int(cut)

    def _parts(self) -> dict[str, int]:
        rows = self._pipeline.client.query(
            "SELECT table, count() FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table"
        ).result_rows
        return {str(table): int(count) for table, count in rows}

    def _until(self, what: str, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            if ended := self._pipeline.ended():
                raise SystemExit(f"{what}: {ended} ended")
            if time.monotonic() > deadline:
                raise SystemExit(f"{what}: not within {PATIENCE_S:.0f} s")
            time.sleep(0.05)

    def _say(self, words: str) -> None:
        sys.stderr.write(f"{time.strftime('%H:%M:%S')} {words}\n")


def _blocks(metrics: dict[str, dict[tuple[str, ...], float]]) -> dict[str, float]:
    return {labels[0]: value for labels, value in metrics.get("blocks_stored_total", {}).items()}


def _grown(
    before: dict[str, dict[tuple[str, ...], float]], after: dict[str, dict[tuple[str, ...], float]], name: str
) -> float:
    return sum(after[name].values()) - sum(before[name].values())
