"""The context of a fault: the testbed, the load, what is kept of both, and what was removed."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from benchmarks.chaos.kept_log import CLEAN, CalmInput, Derived, positions
from benchmarks.chaos.sender import Sender
from benchmarks.chaos.testbed import Testbed
from benchmarks.chaos.topic_log import committed, ends
from sinks.clickhouse.consumer import GROUP

SINK_GROUP: Final = f"chaos.{GROUP}"
STORED: Final = (CLEAN, "sessions", "segments", "transfers", "activity")
"""Topics that the sink reads into a table, a row for each message or event."""
TIMES: Final = 3
SETTLED_S: Final = 15.0
STANDSTILL_S: Final = 180.0
"""Without a change for this long, all is done, or nothing more will come (seconds)."""
CATCH_UP_S: Final = 300.0
DRAINED_S: Final = 300.0


@dataclass
class Scene:
    """One run.

    ``losses``  topic, partition and first offset of each range that was removed, and so must be named in a dead letter
    ``recreated``  topic and partition of what was created anew while a reader stood in it: must be named, too
    ``unread``  rows by topic that were removed before the sink had read them
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
    unread_events: list[tuple[str, int]] = field(default_factory=list)

    def drained(self) -> None:
        """Wait until all that was sent has been worked through and stored. Nothing may be sent meanwhile.

        Raises:
            TimeoutError: it is not.
        """
        deadline = time.monotonic() + DRAINED_S
        times = 0
        while times < TIMES:  # what is worked through leads to more to be stored
            if time.monotonic() > deadline:
                raise TimeoutError(f"what was sent is not worked through within {DRAINED_S:.0f} s: {self._behind()}")
            time.sleep(1)
            times = 0 if self._behind() else times + 1

    def _behind(self) -> list[str]:
        """The partitions whose readers have not reached their end."""
        self.facts.collect()
        testbed = self.testbed
        reached = {topic: positions(testbed, topic) for topic in ("ui-events", "activity.partial")}
        reached |= {topic: committed(testbed, SINK_GROUP, f"chaos.{topic}") for topic in STORED}
        wanted = {topic: self.facts.next_of(topic) for topic in ("activity.partial", *STORED)}
        wanted["ui-events"] = ends(testbed, "chaos.ui-events")
        return [
            f"{topic}/{partition}"
            for topic, offsets in wanted.items()
            for partition, offset in offsets.items()
            if reached[topic].get(partition, 0) < offset
        ]

    def catch_up(self) -> None:
        """Let an undisturbed worker work through what was copied so far."""
        child = self.testbed.start("calm.", "calm-worker", "worker")
        settle(self.calm_facts.count, self.facts.count(), CATCH_UP_S)
        child.stop()
        self.testbed.children.remove(child)


def settle(count: Callable[[], int], wanted: int | None, deadline_s: float) -> int:
    """Wait until ``count()`` reaches ``wanted``, or stands still: for long where more is to come; returns the count."""
    last, since, end = -1, time.monotonic(), time.monotonic() + deadline_s
    while time.monotonic() < end:
        now = count()
        if now != last:
            last, since = now, time.monotonic()
        still = time.monotonic() - since
        if still > (SETTLED_S if wanted is None else 3 if now >= wanted else STANDSTILL_S):
            break
        time.sleep(1)
    return last
