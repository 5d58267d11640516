"""Keeps what was learned of each person for the person's next agent: each login gives a new agent id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from streams.stages.agent_state import AgentState
from streams.stages.sampled_people import SampledPeople
from streams.stages.snapshot_format import Person, PersonModel, model_key


def person_of(agent: AgentState) -> Person:
    """Whose agent it is."""
    return agent.tenant, agent.actor


def _touched(agent: AgentState) -> int:
    return agent.touched


class PersonModels:
    """The models of people none of whose agents is open, the longest silent first; and who has which agents open.

    ``sampled``  of those at work
    """

    def __init__(self) -> None:
        self.kept: dict[Person, PersonModel] = {}
        self.sampled = SampledPeople()
        self._open: dict[Person, tuple[str, ...]] = {}
        self._dirty: set[Person] = set()
        self._order = 0

    def __len__(self) -> int:
        return len(self.kept)

    def recall(self, agent: AgentState, agents: Mapping[str, AgentState]) -> None:
        """Let a new agent go on with what was learned of its person: kept, or by another that is open in ``agents``."""
        person = person_of(agent)
        kept = self.kept.get(person)
        names = self._open.get(person, ())
        if kept is not None:
            self._drop(person)
            agent.resume(kept.model)
        elif names:
            agent.resume(max([agents[name] for name in names], key=_touched).learned())
        if not names:
            self.sampled.come(person)
        self._open[person] = (*names, agent.agent)

    def keep(self, agent: AgentState) -> None:
        """Keep what a leaving agent has learned of its person, unless another agent of the person is still open."""
        person = person_of(agent)
        others = tuple([name for name in self._open[person] if name != agent.agent])
        if others:
            self._open[person] = others
            return
        del self._open[person]
        self.sampled.go(person)
        model = agent.learned()
        if model:
            self._put(person, agent.seen_ms, model)

    def limit(self, count: int) -> None:
        """Forget the longest silent beyond ``count``."""
        while self.kept and len(self.kept) > count:
            self._drop(next(iter(self.kept)))

    def forget(self, before_ms: int) -> None:
        """Forget those whose last record came when the watermark was not past ``before_ms``."""
        while self.kept:
            person = next(iter(self.kept))
            if self.kept[person].seen_ms > before_ms:
                break
            self._drop(person)

    def _put(self, person: Person, seen_ms: int, model: bytes) -> None:
        self._order += 1
        self.kept.pop(person, None)
        self.kept[person] = PersonModel(self._order, seen_ms, model)
        self._dirty.add(person)

    def _drop(self, person: Person) -> None:
        del self.kept[person]
        self._dirty.add(person)

    # --- snapshots

    def snapshot(self) -> Iterator[tuple[str, bytes | None]]:
        """Items changed since the last snapshot."""
        for person in sorted(self._dirty):
            kept = self.kept.get(person)
            yield model_key(person), None if kept is None else msgspec.msgpack.encode(kept)
        self._dirty.clear()

    def save_all(self) -> None:
        """Let the next snapshot hold all of them."""
        self._dirty |= self.kept.keys()

    def load(self, models: Iterable[tuple[Person, PersonModel]], opened: Iterable[AgentState]) -> None:
        """Take over what :meth:`snapshot` gave, and the agents that are open."""
        self.kept = dict(sorted(models, key=lambda item: item[1].order))
        self._order = max((model.order for model in self.kept.values()), default=0)
        for agent in opened:
            person = person_of(agent)
            self._open[person] = (*self._open.get(person, ()), agent.agent)
        self.sampled.load(self._open)

    def adopt(self, models: Iterable[tuple[Person, int, bytes]]) -> None:
        """Take over what an older version kept with silent agents, in order: person, watermark of then, model."""
        for person, seen_ms, model in models:
            if person not in self._open:
                self._put(person, seen_ms, model)
