"""The context of a fault: the testbed, the load, what is kept of both, and what was removed."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from benchmarks.chaos import catalogue_facts
from benchmarks.chaos.kept_log import CLEAN, CalmInput, Derived, positions
from benchmarks.chaos.sender import Sender
from benchmarks.chaos.testbed import Testbed
from benchmarks.chaos.topic_log import committed, ends
from sinks.clickhouse.consumer import GROUP

SINK_GROUP: Final = f"chaos.{GROUP}"
STORED: Final = (CLEAN, "sessions", "segments", "transfers", "activity")
"""Topics that the sink reads into a table, a row for each message or event."""
READY_S: Final = 120.0
"""Within so long each worker has restored what it owns (seconds)."""
TIMES: Final = 3
SETTLED_S: Final = 45.0
STANDSTILL_S: Final = 180.0
"""Without a change for this long, all is done, or nothing more will come (seconds): a slow machine is no fault."""


@dataclass
class Scene:
    """One run.

    ``losses``  topic, partition and first offset of each range that was removed, and so must be named in a dead letter
    ``recreated``  topic and partition of what was created anew while a reader stood in it: must be named, too
    ``unread``  rows by topic that were removed before the sink had read them, as far as it knew
    ``doubtful``  those of them that may be stored: their block had been begun, and nobody said that it was stored
    """

    testbed: Testbed
    sender: Sender
    calm: CalmInput
    facts: Derived
    calm_facts: Derived
    draw: random.Random
    losses: set[tuple[str, int, int]] = field(default_factory=set)
    recreated: set[tuple[str, int]] = field(default_factory=set)
    unread: Counter[str] = field(default_factory=Counter)
    doubtful: Counter[str] = field(default_factory=Counter)
    unread_events: list[tuple[str, int]] = field(default_factory=list)

    def workers_ready(self) -> None:
        """Wait until no worker restores: what it runs again must not be removed before.

        Raises:
            TimeoutError: they are not.
        """
        deadline = time.monotonic() + READY_S
        while not all(child.is_ready() for child in self.testbed.of("worker")):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the workers are not ready after {READY_S:.0f} s")
            time.sleep(0.5)

    def drained(self) -> None:
        """Wait until all that was sent has been worked through and stored. Nothing may be sent meanwhile.

        Raises:
            TimeoutError: it is not.
        """
        times, since = 0, time.monotonic()
        before: dict[str, int] | None = None
        while times < TIMES:  # what is worked through leads to more to be stored
            behind = self._behind()
            if behind != before:
                before, since = behind, time.monotonic()
            if time.monotonic() - since > STANDSTILL_S:
                raise TimeoutError(f"no reader has moved for {STANDSTILL_S:.0f} s: {behind}")
            times = 0 if behind else times + 1
            time.sleep(1)

    def catalogue_drained(self) -> None:
        """Wait until the catalogue has kept what it made of all segments. No worker may run meanwhile."""
        settle(lambda: -sum(self._behind_catalogue().values()), 0)

    def _behind_catalogue(self) -> dict[str, int]:
        """How many segments of each partition the catalogue has before it, where there are any."""
        reached = catalogue_facts.positions(self.testbed, "segments")
        left = {p: offset - reached.get(p, 0) for p, offset in self.facts.next_of("segments").items()}
        return {f"segments/{p} of the catalogue": offsets for p, offsets in left.items() if offsets > 0}

    def _behind(self) -> dict[str, int]:
        """How many offsets the readers of each partition have before them, where there are any."""
        self.facts.collect()
        testbed = self.testbed
        reached = {topic: positions(testbed, topic) for topic in ("ui-events", "activity.partial")}
        reached |= {topic: committed(testbed, SINK_GROUP, f"chaos.{topic}") for topic in STORED}
        wanted = {topic: self.facts.next_of(topic) for topic in ("activity.partial", *STORED)}
        wanted["ui-events"] = ends(testbed, "chaos.ui-events")
        left = {
            f"{topic}/{partition}": offset - reached[topic].get(partition, 0)
            for topic, offsets in wanted.items()
            for partition, offset in offsets.items()
        }
        return {place: offsets for place, offsets in left.items() if offsets > 0} | self._behind_catalogue()

    def catch_up(self) -> None:
        """Let an undisturbed worker work through what was copied so far."""
        child = self.testbed.start("calm.", "calm-worker", "worker")
        settle(self.calm_facts.count, self.facts.count())
        child.stop()
        self.testbed.children.remove(child)


def settle(count: Callable[[], int], wanted: int | None) -> int:
    """Wait until ``count()`` reaches ``wanted``, or stands still: for long where more is to come; returns the count."""
    last, since = -1, time.monotonic()
    while True:
        now = count()
        if now != last:
            last, since = now, time.monotonic()
        still = time.monotonic() - since
        if still > (SETTLED_S if wanted is None else 3 if now >= wanted else STANDSTILL_S):
            return last
        time.sleep(1)
