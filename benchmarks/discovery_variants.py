"""Harder logs made of known ones: mixes of tasks, noise, interruptions, labels without words. All by seed."""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Hashable, Sequence
from typing import Literal

from msgspec.structs import replace

from benchmarks.discovery_logs import Labelled, load
from taskstream.events import UiEvent

START_MS = 1_600_000_000_000
POOL = ("log1", "log4", "log5", "log6", "StudentRecord", "Reimbursement")
ALIKE = {"log1": "log4", "log4": "log1"}
"""Two tasks that differ in one button."""

NOISES: tuple[str, ...] = ("insert", "duplicate", "drop", "swap")
Log = list[Labelled]


def cases(log: Sequence[Labelled]) -> list[Log]:
    """The executions of a log."""
    out: dict[Hashable, Log] = {}
    for event in log:
        if event.case is not None:
            out.setdefault(event.case, []).append(event)
    return list(out.values())


def moved(event: Labelled, at_ms: int) -> Labelled:
    """The event at another time."""
    return replace(event, event=replace(event.event, at_ms=at_ms))


def sample(rng: random.Random, name: str, count: int) -> list[Log]:
    """Some consecutive executions of a log, not the first."""
    known = cases(load(name))[1:]
    count = min(count, len(known))
    start = rng.randrange(len(known) - count + 1)
    return known[start : start + count]


def names_of(rng: random.Random, count: int, pool: Sequence[str] = POOL) -> list[str]:
    """Names of different tasks."""
    names = rng.sample(pool, count)
    return [name for name in names if ALIKE.get(name, "") not in names or name < ALIKE[name]]


def mix(seed: int, count: int | None = None, per_task: int = 60) -> Log:
    """One person's executions of two to four tasks in random order, singly or in short runs."""
    rng = random.Random(seed)
    names = names_of(rng, count or rng.randint(2, 4))
    queues = [list(reversed(sample(rng, name, per_task))) for name in names]
    longest = 1 if rng.random() < 0.5 else 6
    log: Log = []
    now = START_MS
    number = 0
    while any(queues):
        queue = rng.choice([queue for queue in queues if queue])
        for _ in range(min(rng.randint(1, longest), len(queue))):
            execution = queue.pop()
            base, last = execution[0].event.at_ms, now
            number += 1
            for event in execution:
                last = now + min(max(event.event.at_ms - base, last - now), 10_000_000)
                log.append(replace(moved(event, last), case=number))
            now = last + rng.randint(3_000, 30_000)
    return log


def noisy(log: Sequence[Labelled], share: float, seed: int, kinds: Sequence[str] = NOISES) -> Log:
    """A log in which a share of the events is followed by a random one, doubled, missing or swapped with the next."""
    rng = random.Random(seed)
    out: Log = []
    i = 0
    while i < len(log):
        event = log[i]
        kind = rng.choice(kinds) if rng.random() < share else ""
        if kind == "insert":
            out += [event, replace(moved(rng.choice(log), event.event.at_ms), case=event.case, type=event.type)]
        elif kind == "duplicate":
            out += [event, event]
        elif kind == "swap" and i + 1 < len(log) and log[i + 1].case == event.case:
            out += [moved(log[i + 1], event.event.at_ms), moved(event, log[i + 1].event.at_ms)]
            i += 1
        elif kind != "drop":
            out.append(event)
        i += 1
    return out


class _Clock:
    """Appends events with their own pace."""

    def __init__(self, rng: random.Random) -> None:
        self.log: Log = []
        self._rng = rng
        self._now = START_MS

    def take(self, event: Labelled, before: Labelled | None) -> None:
        gap = event.event.at_ms - before.event.at_ms if before else self._rng.randint(2_000, 20_000)
        self._now += min(max(gap, 0), 60_000)
        self.log.append(moved(event, self._now))


def interleaved(
    seed: int, count: int, style: Literal["set aside", "switch"], per_task: int = 60, mean: int = 10
) -> Log:
    """Tasks that interrupt each other: half of the executions set aside once, or switches after a few events each."""
    rng = random.Random(seed)
    names = rng.sample([name for name in POOL if name != "log4"], count)
    queues = [sample(rng, name, per_task) for name in names]
    clock = _Clock(rng)
    if style == "set aside":
        _set_aside(rng, [list(reversed(queue)) for queue in queues], clock)
    else:
        _switch(rng, [[event for execution in queue for event in execution] for queue in queues], clock, mean)
    return clock.log


def _set_aside(rng: random.Random, queues: list[list[Log]], clock: _Clock) -> None:
    def run(task: int, open_tasks: list[int]) -> None:
        execution = queues[task].pop()
        others = [o for o in range(len(queues)) if o not in open_tasks and queues[o]]
        cut = rng.randint(2, len(execution) - 2) if others and len(execution) > 5 and rng.random() < 0.5 else -1
        before: Labelled | None = None
        for place, event in enumerate(execution):
            if place == cut:
                other = rng.choice(others)
                run(other, [*open_tasks, other])
                before = None
            clock.take(event, before)
            before = event

    while any(queues):
        task = rng.choice([t for t, queue in enumerate(queues) if queue])
        run(task, [task])


def _switch(rng: random.Random, flows: list[Log], clock: _Clock, mean: int) -> None:
    places = [0] * len(flows)
    task = 0
    while all(place < len(flow) for place, flow in zip(places, flows, strict=True)):
        task = rng.choice([t for t in range(len(flows)) if t != task])
        before: Labelled | None = None
        for _ in range(max(1, round(rng.expovariate(1 / mean)))):
            if places[task] < len(flows[task]):
                event = flows[task][places[task]]
                places[task] += 1
                clock.take(event, before)
                before = event


_WORD = re.compile(r"[^\W\d_]+")


def _hidden(text: str) -> str:
    return _WORD.sub(lambda found: f"w{zlib.crc32(found[0].encode()) % 100_003}x", text)


def wordless(event: UiEvent) -> UiEvent:
    """The event with every word of its labels replaced by a meaningless one; submitting and saving look like clicks."""
    role, colon, label = event.element.partition(":")
    kind = event.kind
    if kind in {"submit", "save"}:
        role, colon, label, kind = "button", ":", f"{kind} {label}", "click"
    element = role + colon + (label if role in {"cell", "range"} else _hidden(label))
    return replace(event, kind=kind, element=element, screen=_hidden(event.screen))


def masked(log: Sequence[Labelled]) -> Log:
    """The log without meaning in its words."""
    return [replace(one, event=wordless(one.event)) for one in log]
