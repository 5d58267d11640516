"""What was learned of a tenant's work, as the stream uses it: by names of activities, one triple of them at a time.

The scores are those of :mod:`streams.discovery.semimarkov.routine_chains`, which works them out for all triples of a
log; here each is worked out when it is first met.
"""

from __future__ import annotations

from math import log
from threading import Lock
from typing import Any, Final

from mypy_extensions import i64

from streams.discovery.semimarkov import priors
from streams.discovery.semimarkov.beam import Chain
from streams.discovery.semimarkov.decoder import Tables
from streams.discovery.semimarkov.tables_record import MAX_TABLES_BYTES, decode_tables
from taskstream.activity import coarse

__all__ = ["MAX_TABLES_BYTES", "ServedTables", "load_tables"]

MAX_SCORES: Final = 1 << 18
"""Scores of triples that are kept, of each as many as there are routines; beyond it they are worked out anew. 8 MB."""
SLACK: Final = 14.0
"""As :data:`streams.discovery.semimarkov.priors.SLACK`: decided work does not change by it, and takes half the time."""
HOME: Final = 2.0
"""Prior counts of how often a routine holds each activity."""

Steps = dict[int, dict[int, float]]


class RoutineTables:
    """The chain of one routine.

    ``inverse``  1 / (how often each activity was followed by a step of its segment, and the prior's counts)
    ``to``, ``past``, ``other``  what :func:`~streams.discovery.semimarkov.routine_chains.dropped` adds up
    """

    __slots__ = ("inverse", "other", "past", "steps", "to")

    def __init__(self, steps: Steps, share: list[float]) -> None:
        m = priors.SMOOTHING
        size = len(share)
        self.steps = steps
        self.inverse: list[float] = [1.0 / m] * size
        for first, after in steps.items():
            self.inverse[first] = 1.0 / (sum(after.values()) + m)
        self.to: list[float] = [0.0] * size
        self.past: list[float] = [0.0] * size
        for first, after in steps.items():
            weight = share[first] * self.inverse[first]
            total = 0.0
            for second, count in after.items():
                total += count * self.inverse[second]
                self.past[second] += weight * count
            self.to[first] = total
        self.other: float = sum([one * two for one, two in zip(share, self.inverse, strict=True)])

    def count(self, first: int, second: int) -> float:
        """How often ``second`` followed ``first``."""
        after = self.steps.get(first)
        return 0.0 if after is None else after.get(second, 0.0)

    def left_out(self, first: int, second: int, likely: float) -> float:
        """Probability of ``second`` two steps after ``first``."""
        m = priors.SMOOTHING
        found = m * likely * self.to[first] + m * self.past[second] + m * m * likely * self.other
        after = self.steps.get(first)
        if after is not None:
            for between, count in after.items():
                then = self.steps.get(between)
                if then is not None:
                    found += count * self.inverse[between] * then.get(second, 0.0)
        return found * self.inverse[first]


class ServedTables:
    """Scores of a tenant's routines by activities, which are numbers; the last one stands for all that are not known.

    ``tables``   for the decoder; its rows are filled as triples are met
    ``homes``    per activity and routine the logarithm of how often a step of the routine is that activity;
                 ``home``: of the routine that it is most often of
    ``begin``    per activity and routine the logarithm of how often the routine begins with it
    ``lock``     for who explains: partitions share tables, and one that is restored replays in a thread of its own
    ``lanes``    the chain by which steps are dealt into lanes; None where people do one thing at a time
    """

    __slots__ = (
        "_names", "_rows", "begin", "gap", "home", "homes", "idle", "lanes", "link", "lock", "mixture", "onward",
        "pace_s", "place", "repeats", "routines", "share", "size", "stay_none", "stray", "switch", "tables", "tenant",
        "version", "woven",
    )  # fmt: skip

    def __init__(self, record: Any) -> None:
        self.tenant: str = record.tenant
        self.lock: Any = Lock()
        self.version: int = record.version
        self.size: int = len(record.names) + 1
        self._names: dict[str, int] = {name: number for number, name in enumerate(record.names)}
        self.share: list[float] = [*record.share, min(record.share)]
        self.mixture: list[float] = list(record.mixture)
        self.gap: list[float] = record.cues["gap"]
        self.link: list[float] = record.cues["link"]
        self.place: list[float] = record.cues["place"]
        self.repeats: list[float] = [*record.repeats, priors.REPEAT]
        self.pace_s: float = record.pace_s
        self.woven: bool = record.woven
        self.stray: list[bool] = [False] * self.size
        for act in record.stray:
            self.stray[act] = True
        self.lanes: Chain | None = None
        self.switch: float = 0.0
        if record.lanes is not None:
            self._deal(record.lanes)
        self.routines: list[RoutineTables] = [RoutineTables(chain.steps, self.share) for chain in record.chains]
        self.idle: list[bool] = [False] * len(self.routines) + [True]
        for routine in record.idle:
            self.idle[routine] = True
        self._rows: dict[int, int] = {}
        self._score(record)

    def _deal(self, lanes: Any) -> None:
        size = self.size
        pairs: dict[int, float] = {}
        for first, after in lanes.pairs.items():
            for second, score in after.items():
                pairs[first * size + second] = score
        rest = [*lanes.rest, min(lanes.rest)]
        likely = [*lanes.likely, min(lanes.likely)]
        self.lanes = Chain(pairs, rest, likely, [*lanes.start, min(lanes.start)], [*lanes.end, min(lanes.end)])
        self.switch = lanes.switch

    def _score(self, record: Any) -> None:
        """The scores that belong to one activity."""
        share, size = self.share, self.size
        rates: list[float] = [*record.rates, priors.END_RATES[0]]
        none: list[float] = [*record.none, min(record.none)]
        chains = record.chains
        null = len(chains)
        total = sum([chain.segments for chain in chains])
        parts = [log((chain.segments + 0.5) / (total + 0.5 * null)) for chain in chains]
        begun = [sum(chain.starts.values()) for chain in chains]
        usual = [1e-9] * size
        for chain in chains:
            for act, count in chain.starts.items():
                usual[act] += count
        all_usual = sum(usual)
        held: list[dict[int, float]] = []
        for chain in chains:
            into: dict[int, float] = dict(chain.starts)
            for after in chain.steps.values():
                for act, count in after.items():
                    into[act] = into.get(act, 0.0) + count
            held.append(into)
        many = [sum(into.values()) for into in held]
        s, e, m = priors.START_COUNTS, priors.END_COUNTS, priors.SMOOTHING
        stay, leave = log(1.0 - priors.NULL_END), log(priors.NULL_END)
        some, no = log(1.0 - record.none_part), log(record.none_part)
        self.stay_none: list[float] = [log(one) + stay for one in none]
        self.onward: list[list[float]] = []
        self.homes: list[list[float]] = []
        self.home: list[float] = []
        self.begin: list[list[float]] = []
        starts: list[list[float]] = []
        ends: list[list[float]] = []
        starting: list[list[int]] = []
        for act in range(size):
            start: list[float] = []
            end: list[float] = []
            onward: list[float] = []
            home: list[float] = []
            begin: list[float] = []
            for k, chain in enumerate(chains):
                own = chain.starts.get(act, 0.0)
                believed = 0.5 * share[act] + 0.5 * usual[act] / all_usual
                start.append(log((own + s * believed) / (begun[k] + s)) + parts[k] + some)
                begin.append(log((own + s * share[act]) / (begun[k] + s)) + parts[k])
                ended = chain.ends.get(act, 0.0)
                went_on = 1.0 / self.routines[k].inverse[act] - m
                rate = (ended + e * rates[act]) / (went_on + ended + e)
                end.append(log(rate))
                onward.append(log(1.0 - rate))
                home.append(log((held[k].get(act, 0.0) + HOME * share[act]) / (many[k] + HOME)))
            start.append(log(none[act]) + no)
            end.append(leave)
            top = max(start) - SLACK
            starting.append([k for k, score in enumerate(start) if score >= top])
            starts.append(start)
            ends.append(end)
            self.onward.append(onward)
            self.homes.append(home)
            self.home.append(max(home))
            self.begin.append(begin)
        self.tables: Tables = Tables([], starts, starting, ends, null, list(priors.SHORT), priors.LONGEST, SLACK)

    def number(self, name: str) -> int:
        """The number of an activity; of a name with digits, that of its coarse form where only that is known."""
        known = self._names.get(name)
        if known is None:
            prefix, _, element = name.rpartition("|")
            known = self._names.get(f"{prefix}|{coarse(element)}", self.size - 1)
        return known

    def make_room(self) -> None:
        """Forget the triples where there are too many. Their numbers are good until the next call."""
        if len(self._rows) * (len(self.routines) + 1) > MAX_SCORES:
            self._rows.clear()
            self.tables.step.clear()

    def row(self, last: i64, first: i64, second: i64) -> int:
        """Number of a triple of activities in the decoder's tables."""
        size: i64 = self.size
        key = (last * size + first) * size + second
        known = self._rows.get(key, -1)
        if known < 0:
            scores = self._step(last, first, second)  # it may fail: then nothing of it is kept
            known = len(self.tables.step)
            self.tables.step.append(scores)
            self._rows[key] = known
        return known

    def _step(self, last: int, first: int, second: int) -> list[float]:
        """Per routine the logarithm of the probability that ``second`` follows ``last, first``."""
        m = priors.SMOOTHING
        likely = self.share[second]
        direct, skipped, left_out, noise = self.mixture
        onward = self.onward[first]
        found: list[float] = []
        for k, chain in enumerate(self.routines):
            score = direct * (chain.count(first, second) + m * likely) * chain.inverse[first]
            score += skipped * (chain.count(last, second) + m * likely) * chain.inverse[last]
            score += left_out * chain.left_out(first, second, likely) + noise * likely
            found.append(log(score) + onward[k])
        found.append(self.stay_none[second])
        return found

    def gain(self, k: int, first: int, second: int) -> float:
        """Nats by which ``second`` goes on after ``first`` in a routine rather than beginning another execution."""
        chain = self.routines[k]
        m = priors.SMOOTHING
        step = log((chain.count(first, second) + m * self.share[second]) * chain.inverse[first]) + self.onward[first][k]
        return step - self.tables.end[first][k] - self.begin[second][k]


def load_tables(data: bytes) -> ServedTables:
    """The tables that the catalogue has encoded.

    Raises:
        msgspec.ValidationError, msgspec.DecodeError: it is none of ours.
    """
    return ServedTables(decode_tables(data))
