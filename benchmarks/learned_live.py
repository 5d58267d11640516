"""What the catalogue learns while work goes on, without Kafka: tables change as soon as they are learned."""

from __future__ import annotations

from streams.discovery.reservoir import Reservoir
from streams.discovery.semimarkov.served import ServedTables, load_tables
from streams.discovery.semimarkov.teaching import teach
from streams.stages.segment import AgentSegmenter

TENANT = "acme"


class LearnedLive:
    """The tables at hand, and the steps from which the next ones are learned."""

    def __init__(self) -> None:
        self.tables: ServedTables | None = None
        self._reservoir = Reservoir()
        self._known = b""

    def serve(self, segmenter: AgentSegmenter) -> None:
        """Before a segmenter is used: have it decide by what is known."""
        segmenter.sampling = True
        segmenter.use(self.tables)

    def learn(self, segmenter: AgentSegmenter) -> None:
        """After it was used: learn from what it has decided, when there is enough that is new."""
        sample = segmenter.take_sample()
        if sample is None:
            return
        self._reservoir.take(sample)
        if self._reservoir.due():
            lesson = self._reservoir.lesson()
            data = teach(TENANT, lesson.version, lesson.people, self._known)
            self._reservoir.learned(lesson)
            if data:
                self._reservoir.version = lesson.version
                self.tables, self._known = load_tables(data), data
