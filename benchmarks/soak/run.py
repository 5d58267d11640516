"""The whole run in order: start, days and nights, end, counts."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from benchmarks.soak.company import Arrived, Company
from benchmarks.soak.drawing import curves
from benchmarks.soak.nights import due, times_of
from benchmarks.soak.parts import Parts
from benchmarks.soak.samples import Record, Sample, take
from benchmarks.soak.slope import averaged, percent_per_hour
from collectors.clock import now_ms
from collectors.delivery.pacing import PacedFeed
from collectors.delivery.spool import Origin
from collectors.importers.dealing import moved
from collectors.simulate.office import DEFAULT_START_MS
from sinks.connect import connect

DAY_MS: Final = 86_400_000
SAMPLES: Final = 600
"""About so many samples of a run."""
LEAST_SAMPLE_S: Final = 2.0
TELL_S: Final = 10.0
END_S: Final = 300.0
"""How long the last events may take to be stored (seconds)."""
MOST_PERCENT: Final = 1.0
"""Growth an hour that still counts as level."""
LEAST_HOURS: Final = 0.5
"""Below this, growth an hour says nothing."""


class Soak:
    """One run in ``folder``; it continues a run that was interrupted there. Times are running time."""

    def __init__(self, folder: Path, hours: float, people: int, seed: int, day_s: float) -> None:
        self._folder, self._wanted_s = folder, hours * 3600
        fresh = Record(people, seed, day_s, now_ms() - DEFAULT_START_MS - int(self._wanted_s / day_s * DAY_MS))
        self.record = Record.load(folder) or fresh
        self._speed = DAY_MS / 1000 / self.record.day_s
        self._began = time.monotonic() - self.record.run_s
        self._restarts = Counter(self.record.restarts)
        self._sample_s = max(LEAST_SAMPLE_S, self._wanted_s / SAMPLES)
        self._stop = threading.Event()
        self._interrupted = threading.Event()
        self._failure: BaseException | None = None

    def interrupt(self) -> None:
        """Stop at the next event, with everything in order; may be called by a signal."""
        self._interrupted.set()

    def run(self) -> dict[str, Any]:
        """Work through the time that is left, then count.

        Raises:
            KeyboardInterrupt: it was interrupted; what was done is saved, and the next run goes on from there.
        """
        parts = Parts(self._folder, self._wanted_s)
        try:
            self._began = time.monotonic() - self.record.run_s
            watch = threading.Thread(target=self._watch, args=(parts,), name="samples", daemon=True)
            watch.start()
            try:
                self._work(parts)
            finally:
                self._stop.set()
                watch.join()
                self.record.run_s = self._now_s()
                self.record.save(self._folder)
            if self._failure is not None:
                raise self._failure
            if self._interrupted.is_set():
                raise KeyboardInterrupt
            return self._count(parts)
        finally:
            parts.stop()

    def _now_s(self) -> float:
        return time.monotonic() - self._began

    def _work(self, parts: Parts) -> None:
        record = self.record
        errors: dict[str, int] = {}
        feed = PacedFeed(
            parts.settings, self._folder / "spool.db", speed=self._speed,
            sent_ms=lambda agent: now_ms() + errors.get(agent, 0),
        )  # fmt: skip
        with feed:
            for item in islice(Company(record.people, record.seed), record.offered, None):
                self._await(item)
                if self._is_over():
                    break
                errors[item.agent] = item.clock_error_ms
                feed.offer(self._origin(item), moved(item.event, record.shift_ms), item.arrival_ms)
                record.offered += 1
            feed.finish(close=self._now_s() >= self._wanted_s)

    def _is_over(self) -> bool:
        return self._now_s() >= self._wanted_s or self._failure is not None or self._interrupted.is_set()

    def _await(self, item: Arrived) -> None:
        """Wait in small steps, so that the end of the run does not have to wait for a night to pass."""
        while (left := (item.arrival_ms - DEFAULT_START_MS) / 1000 / self._speed - self._now_s()) > 1:
            if self._is_over():
                return
            time.sleep(min(1.0, left))

    def _origin(self, item: Arrived) -> Origin:
        return Origin(tenant="soak", team=item.team, actor=item.person, agent=item.agent)

    def _watch(self, parts: Parts) -> None:
        """Sample, restart what is due, tell how far it is."""
        sampled = told = -1e9
        before_ms = self._now_s() * 1000 * self._speed
        try:
            while not self._stop.wait(0.5):
                now_s = self._now_s()
                if now_s - sampled >= self._sample_s:
                    sampled = now_s
                    self.record.samples.append(take(now_s, self.record.offered, parts.pids(), parts.folders()))
                    self.record.run_s = now_s
                    self.record.save(self._folder)
                reached_ms = now_s * 1000 * self._speed
                for name in due(before_ms, reached_ms):
                    parts.restart(name)
                    self._restarts[name] += 1
                    self.record.restarts = dict(self._restarts)
                before_ms = reached_ms
                if now_s - told >= TELL_S:
                    told = now_s
                    self._tell(now_s)
        except Exception as error:  # the work ends, and run() raises it
            self._failure = error

    def _tell(self, now_s: float) -> None:
        record = self.record
        memory = record.samples[-1].memory if record.samples else {}
        sizes = ", ".join(f"{name} {size / 1e6:,.0f} MB" for name, size in memory.items())
        hours = f"{now_s / 3600:.2f} of {self._wanted_s / 3600:g} h"
        day = int(now_s / record.day_s) + 1
        sys.stderr.write(
            f"{hours}, day {day}, {record.offered:,} events, {sum(self._restarts.values())} restarts; {sizes}\n"
        )

    def _count(self, parts: Parts) -> dict[str, Any]:
        client = connect(parts.endpoints)

        def ask(query: str) -> int:
            return int(client.query(f"SELECT {query}").result_rows[0][0])

        offered, deadline = self.record.offered, time.monotonic() + END_S
        while ask("count() FROM taskstream.ui_events") < offered and time.monotonic() < deadline:
            time.sleep(1)
        time.sleep(3)  # more than were offered would come now
        stored, distinct = (ask(f"{what} FROM taskstream.ui_events") for what in ("count()", "uniqExact((agent, seq))"))
        return {
            "hours": round(self.record.run_s / 3600, 3),
            "days": round(self.record.run_s / self.record.day_s, 1),
            "offered": offered,
            "stored": stored,
            "lost": offered - distinct,
            "duplicated": stored - distinct,
            "restarts": dict(self._restarts),
            "self_exits": {child.name: child.self_exits for child in parts.children},
            "opportunities": ask("count() FROM taskstream.v_opportunities"),
            "grown_percent_per_hour": grown(self.record.samples, self.record.day_s),
        }


def grown(samples: Sequence[Sample], day_s: float) -> dict[str, float]:
    """Growth in percent an hour: the memory of each part, and disk, whose ups and downs within a week are none."""
    until_ms = samples[-1].at_s / day_s * DAY_MS
    found = {
        f"memory {name}": percent_per_hour(times, values, [at / DAY_MS * day_s for at in times_of(name, until_ms)])
        for name, (times, values) in curves(samples, "memory").items()
    }
    times = [sample.at_s for sample in samples]
    per_event = [sample.disk["clickhouse"] / max(1, sample.events) for sample in samples]
    for name, values in ("kafka", curves(samples, "disk")["kafka"][1]), ("clickhouse an event", per_event):
        found[f"disk {name}"] = percent_per_hour(*averaged(times, values, 7 * day_s))
    return found


def failures(result: dict[str, Any]) -> list[str]:
    """The requirements that were missed, in words."""
    wrong = [f"{name}: {result[name]}" for name in ("lost", "duplicated") if result[name]]
    wrong += [f"{name} ended by itself {times} times" for name, times in result["self_exits"].items() if times]
    if result["hours"] >= LEAST_HOURS:
        wrong += [
            f"{name} grows by {percent:.1f} % an hour"
            for name, percent in result["grown_percent_per_hour"].items()
            if not percent <= MOST_PERCENT
        ]
    return wrong
