"""Keeps the open agents of a partition in the order in which they fall silent, and what is kept of the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from streams.stages.agent_state import AgentState, person_in
from streams.stages.deduplicate import Numbering
from streams.stages.person_models import PersonModels
from streams.stages.snapshot_format import (
    AgentSnapshot,
    Person,
    PersonModel,
    SilentAgentSnapshot,
    decode_agent,
    encode_agent,
    person_named,
)
from taskstream.errors import UNDECODABLE
from taskstream.events import EventBatch

NUMBERS_KEPT_MS: Final = 30 * 86_400_000
"""Event time for which a silent agent's numbers are kept: longer than ui-events and any spool keep its batches."""
NUMBERS_PER_AGENT: Final = 20
"""Silent agents whose numbers are kept, as a multiple of the bound on open agents."""
QUIET_MS: Final = 45_000
"""Event time without a record after which an agent is quiet: what it has finished by then is decided. Beside it are
idle heartbeats waited for (5 s each) and disorder (5 s): results are there within a minute of the end of work."""


class AgentTable:
    """Agents by name. ``opened`` and ``closed`` hold the longest silent first; ``models`` is by person."""

    def __init__(self) -> None:
        self.opened: dict[str, AgentState] = {}
        self.closed: dict[str, SilentAgentSnapshot] = {}
        self.models = PersonModels()
        self._dirty: set[str] = set()
        self._hot: dict[str, None] = {}  # agents whose segmenters are not in their stored form, in order of touch
        self._warm: set[str] = set()  # touched between the last two snapshots: quiet at the next, they are cooled
        self._awake: dict[str, None] = {}  # agents that are not quiet, in order of touch; follows from the rest

    def numbering(self, name: str) -> Numbering:
        """An agent's numbers: new ones where none are known."""
        agent = self.opened.get(name)
        if agent is not None:
            return agent.numbering
        closed = self.closed.get(name)
        return Numbering() if closed is None else closed.numbering

    def open(self, batch: EventBatch, numbering: Numbering, max_agents: int) -> None:
        """Have the batch's agent among the open ones; room for it has been made."""
        name = batch.agent
        self.closed.pop(name, None)
        agent = self.opened[name] = AgentState(batch.tenant, batch.team, batch.actor, name)
        agent.numbering = numbering
        self.models.recall(agent, self.opened)
        self.models.limit(max_agents - len(self.opened))

    def changed(self, name: str) -> None:
        """The next snapshot is to hold the agent."""
        self._dirty.add(name)

    def touch(self, agent: AgentState, max_hot: int) -> None:
        """Put the agent last in the order in which agents fall silent."""
        name, hot = agent.agent, self._hot
        self.opened[name] = self.opened.pop(name)
        self._awake.pop(name, None)
        self._awake[name] = None
        hot.pop(name, None)
        hot[name] = None
        if len(hot) > max_hot:
            quiet = next(iter(hot))
            del hot[quiet]
            if quiet in self.opened:
                self.opened[quiet].rest()

    def fallen_quiet(self, watermark_ms: int) -> list[AgentState]:
        """Agents that event time has now left behind by ``QUIET_MS``, each once until it is touched again.

        Those whose last record was late already are left out: whether they have stopped, event time does not tell.
        """
        found: list[AgentState] = []
        awake = self._awake
        while awake:
            name = next(iter(awake))
            agent = self.opened.get(name)
            if agent is not None and agent.seen_ms + QUIET_MS > watermark_ms:
                break
            del awake[name]
            if agent is not None and agent.behind_ms <= QUIET_MS:
                self._hot.pop(name, None)
                self._dirty.add(name)
                found.append(agent)
        return found

    def replace(self, agent: AgentState, moved: AgentState) -> None:
        """Let ``moved`` be the agent from now on, of another person or team."""
        moved.numbering = agent.numbering
        self.models.keep(agent)
        self.opened[agent.agent] = moved
        self.models.recall(moved, self.opened)

    def close(self, agent: AgentState) -> None:
        """Keep of an agent its numbers and what was learned of its person."""
        name = agent.agent
        del self.opened[name]
        self.models.keep(agent)
        self.closed[name] = SilentAgentSnapshot(agent.numbering, agent.touched, agent.seen_ms)
        self._dirty.add(name)

    def forget(self, watermark_ms: int, max_agents: int) -> None:
        """Drop numbers and models of those who have been silent for very long, and numbers that are too many."""
        closed, most = self.closed, NUMBERS_PER_AGENT * max_agents
        while closed:
            name = next(iter(closed))
            if closed[name].seen_ms + NUMBERS_KEPT_MS > watermark_ms and len(closed) <= most:
                break
            del closed[name]
            self._dirty.add(name)
        self.models.forget(watermark_ms - NUMBERS_KEPT_MS)

    # --- snapshots

    def snapshot(self) -> Iterator[tuple[str, bytes | None]]:
        """Items changed since the last snapshot."""
        for name in sorted(self._dirty):
            agent, closed = self.opened.get(name), self.closed.get(name)
            data = agent.dump() if agent is not None else None if closed is None else encode_agent(closed)
            yield f"a:{name}", data
        yield from self.models.snapshot()
        for name in self._warm - self._dirty:
            if name in self.opened:
                self.opened[name].cool()
        self._warm, self._dirty = self._dirty, set()

    def save_all(self) -> None:
        """Let the next snapshot hold everything, changed or not."""
        self._dirty |= self.opened.keys() | self.closed.keys()
        self.models.save_all()

    def load(self, items: Iterable[tuple[str, str, bytes]], watermark_ms: int) -> dict[str, str]:
        """Take over what :meth:`snapshot` gave: kind ("a" or "m"), name and data of each item.

        Gives the names of the items that cannot be read, each with why.
        """
        unread: dict[str, str] = {}
        opened: list[AgentState] = []
        closed: list[tuple[str, SilentAgentSnapshot]] = []
        models: list[tuple[Person, PersonModel]] = []
        for kind, name, data in items:
            try:
                if kind == "m":
                    models.append((person_named(name), msgspec.msgpack.decode(data, type=PersonModel)))
                    continue
                saved = decode_agent(data)
            except UNDECODABLE as error:
                unread[f"{kind}:{name}"] = str(error)
                continue
            if isinstance(saved, AgentSnapshot):
                opened.append(AgentState.load(name, saved))
            else:
                closed.append((name, saved))
        self.opened.update((agent.agent, agent) for agent in sorted(opened, key=lambda agent: agent.touched))
        self.closed.update(sorted(closed, key=lambda item: item[1].touched))
        for name, agent in self.opened.items():
            if agent.seen_ms + QUIET_MS > watermark_ms:
                self._awake[name] = None
        self.models.load(models, self.opened.values())
        self.models.adopt(self._models_by_agent())
        return unread

    def _models_by_agent(self) -> list[tuple[Person, int, bytes]]:
        """Models that an older version kept with a silent agent's numbers, taken from there."""
        found: list[tuple[Person, int, bytes]] = []
        for name, saved in self.closed.items():
            if saved.model:
                person = person_in(saved.model)
                if person is not None:
                    found.append((person, saved.seen_ms, saved.model))
                self.closed[name] = msgspec.structs.replace(saved, model=b"")
                self._dirty.add(name)
        return found
