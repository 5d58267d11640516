"""What the page shows, as data: what ``sinks.results`` declares, and figures of the page's own."""

from __future__ import annotations

from msgspec import Struct

from sinks.results.kafka_lag import Kafka
from sinks.results.opportunities import ListedOpportunity
from sinks.results.routine import ListedRoutine, ListedVariant
from sinks.results.standing import Standing

ENOUGH = 100
"""Events of which 99 % can be told."""


class Totals(Struct, frozen=True):
    """Events stored."""

    events: int = 0


class People(Struct, frozen=True):
    """Number of people, 0 below the floor."""

    people: int = 0


class Minute(Struct, frozen=True):
    """Events of one application in one minute."""

    minute_ms: int
    app: str
    events: int


class Moved(Struct, frozen=True):
    """Values that move from one application to another; ``rekeyed`` of them by typing them again."""

    source: str
    target: str
    values: int
    rekeyed: int = 0


class FreshMinute(Struct, frozen=True):
    """Time from hand-over by the agent to queryable, of the events stored in one minute."""

    minute_ms: int
    events: int
    p50_ms: float
    p99_ms: float


class TopicProgress(Struct, frozen=True):
    """How far the sink is in one topic."""

    topic: str
    lag: int
    rows: int
    seen_ms: int


class Refused(Struct, frozen=True):
    """Refused input."""

    stage: str
    reason: str
    letters: int


class Snapshot(Struct, frozen=True):
    """All of it at one moment. ``problem`` is one line when ClickHouse cannot be read; the rest is then the last known.

    ``events_per_s``  events stored a second, over the last few looks
    ``at_ms``         when it was read; ``k``: the floor that all of it obeys
    """

    at_ms: int = 0
    k: int = 0
    problem: str = ""
    totals: Totals = Totals()
    events_per_s: float = 0
    people: int = 0
    opportunities: tuple[ListedOpportunity, ...] = ()
    routines: tuple[ListedRoutine, ...] = ()
    variants: tuple[ListedVariant, ...] = ()
    activity: tuple[Minute, ...] = ()
    transfers: tuple[Moved, ...] = ()
    freshness: tuple[FreshMinute, ...] = ()
    pipeline: tuple[TopicProgress, ...] = ()
    refused: tuple[Refused, ...] = ()
    kafka: Kafka = Kafka()
    standing: Standing = Standing()

    @property
    def fresh(self) -> FreshMinute | None:
        """Freshness of the newest minute in which enough events were stored to speak of 99 % of them."""
        enough = [minute for minute in self.freshness if minute.events >= ENOUGH]
        return (enough or self.freshness or (None,))[-1]

    @property
    def dead_letters(self) -> int:
        """Refused inputs."""
        return sum(each.letters for each in self.refused)

    @property
    def waiting(self) -> int:
        """Messages on their way: what Kafka's groups have before them, or else what the sink says it has."""
        return self.kafka.waiting if self.kafka.groups else sum(topic.lag for topic in self.pipeline)
