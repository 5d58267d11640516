"""Steps of many people of one tenant, from which the catalogue learns: as many as are kept, recent, and of whole
stretches. Pure: what is kept follows from the samples and their order alone."""

from __future__ import annotations

from array import array
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Final, NamedTuple

from streams.discovery.semimarkov.tables_record import TaughtStep
from taskstream.events import MAX_TIME_MS
from taskstream.records import StepSample

LIMIT: Final = 20_000
"""Steps kept; of the person who has most of them the oldest stretch makes room."""
MAX_PEOPLE: Final = 4_096
"""People kept; the one of whom nothing came for longest makes room."""
KEPT_MS: Final = 30 * 86_400_000
"""How long steps are kept, by Kafka's time of arrival: work changes, and people leave."""
MAX_SAMPLE: Final = 4_096
"""Steps of one sample. The streams decide some hundred at a time; a larger one would push all others out."""
FIRST: Final = 500
"""Steps from which it is learned first; later whenever as many came as it held, at most :data:`LIMIT`."""
MAX_MEMO: Final = 20_000
"""Names of activities that stretches share."""
VALUE_BITS: Final = 20
"""Values are numbered within a sample, which has fewer steps than 2 to this; beside others its number comes before."""
BLOCK: Final = 32
"""Stretches that are stored together: a snapshot writes those blocks of which a stretch came or went."""


class SampledStretch:
    """The steps of one sample. Of all samples of the tenant it was the ``number``-th, and came at ``arrived_ms``.

    ``names``  the activities that occur; of each step ``acts`` has the place in it, ``seqs`` the number of its first
               event, ``ats`` its time (ms) and ``values`` the number of its value
    """

    __slots__ = ("actor", "acts", "agent", "arrived_ms", "ats", "id", "names", "number", "seqs", "values")

    def __init__(
        self,
        number: int,
        arrived_ms: int,
        name: str,
        actor: str,
        agent: str,
        names: tuple[str, ...],
        steps: Iterable[tuple[int, ...]],
    ) -> None:
        self.number = number
        self.arrived_ms = arrived_ms
        self.id = name
        self.actor = actor
        self.agent = agent
        self.names = names
        self.acts, self.seqs = array("H"), array("q")
        self.ats, self.values = array("q"), array("q")
        for act, seq, at_ms, value in steps:
            self.acts.append(act)
            self.seqs.append(seq)
            self.ats.append(at_ms)
            self.values.append(value)

    def __len__(self) -> int:
        return len(self.acts)

    def steps(self) -> Iterator[tuple[int, int, int, int]]:
        """Place of the name, seq, time and value of each."""
        return zip(self.acts, self.seqs, self.ats, self.values, strict=True)


def first_version(people: Iterable[list[TaughtStep]]) -> int:
    """Of a reservoir that knows of none before: above those of one whose state is lost, for the streams take no lower
    ones. So it is the time of the latest step, in which there are more milliseconds than lessons."""
    newest_ms = max((steps[-1][1] for steps in people), default=1)
    return min(max(newest_ms, 1), MAX_TIME_MS)


def _apart(value: int, number: int) -> int:
    """A value of the ``number``-th sample, told apart from those of other samples; 0 stays none."""
    return value and (number << VALUE_BITS) + value % (1 << VALUE_BITS)


class Lesson(NamedTuple):
    """What is to be learned from.

    ``people``  of each person the steps in the order of time
    ``came``    steps that came since it was last learned, ``held``: those that are kept
    ``version`` of what is learned
    """

    people: list[list[TaughtStep]]
    came: int
    held: int
    version: int


class Reservoir:
    """Stretches of steps by person.

    A person is an actor, not an agent: each login is a new agent of the same person, and what only one person does must
    not look like the work of several. Where two agents of a person are at work at once, their steps are mixed by time.

    A sample that comes again counts once while it is kept; one that made room is not known from a new one.

    ``came``, ``learned_from``  steps that came since it was last learned, and how many were held then
    ``latest_ms`` when the latest sample arrived; not the highest of these times: a wrong one does no lasting harm
    ``version``   of what was learned last, as it is public
    ``unsaved``   blocks of which a stretch came or went since the last snapshot
    ``_by_count`` a heap of (steps of a person, negative, and who it is), with entries that are out of date
    """

    def __init__(self) -> None:
        self.came = 0
        self.learned_from = 0
        self.version = 0
        self.next_number = 0
        self.latest_ms = 0
        self.unsaved: set[int] = set()
        self._kept: OrderedDict[int, SampledStretch] = OrderedDict()
        self._ids: set[str] = set()
        self._people: OrderedDict[str, deque[SampledStretch]] = OrderedDict()
        self._counts: dict[str, int] = {}
        self._by_count: list[tuple[int, str]] = []
        self._memo: dict[str, str] = {}
        self._steps = 0

    def __len__(self) -> int:
        """How many steps are kept."""
        return self._steps

    @property
    def people_count(self) -> int:
        """How many people have steps in it."""
        return len(self._people)

    def take(self, sample: StepSample, arrived_ms: int = 0) -> bool:
        """Keep the steps of ``sample``, of at most :data:`MAX_SAMPLE`; false where it is kept already."""
        if sample.id in self._ids or not 0 < len(sample.steps) <= MAX_SAMPLE:
            return False
        numbers: dict[int, int] = {}  # of the names that occur; a sample may hold others
        acts = [numbers.setdefault(step.name, len(numbers)) for step in sample.steps]
        steps = [
            (act, step.seq, sample.start_ms + step.offset_ms, step.value)
            for act, step in zip(acts, sample.steps, strict=True)
        ]
        names = tuple([sample.names[n] for n in numbers])
        self.latest_ms = arrived_ms
        self.put(SampledStretch(self.next_number, arrived_ms, sample.id, sample.actor, sample.agent, names, steps))
        self.came += len(steps)
        self.make_room()
        return True

    def put(self, stretch: SampledStretch) -> None:
        """Keep ``stretch``, the latest one so far. Bounds are :meth:`make_room`'s."""
        self.next_number = max(self.next_number, stretch.number + 1)
        stretch.actor, stretch.agent = self._one(stretch.actor), self._one(stretch.agent)
        stretch.names = tuple([self._one(name) for name in stretch.names])
        self._kept[stretch.number] = stretch
        self._ids.add(stretch.id)
        self._people.setdefault(stretch.actor, deque()).append(stretch)
        self._people.move_to_end(stretch.actor)
        self._count(stretch.actor, len(stretch))
        self.unsaved.add(stretch.number // BLOCK)

    def make_room(self) -> None:
        """Let go of what is beyond the bounds."""
        while len(self._people) > MAX_PEOPLE:
            silent = next(iter(self._people))
            for _ in range(len(self._people[silent])):
                self._let_go_of(silent)
        while self._steps > LIMIT:
            least, actor = self._by_count[0]
            if -least == self._counts.get(actor, 0):
                self._let_go_of(actor)
            else:
                heappop(self._by_count)
        while self._kept:  # last: whoever made room may have stood before one that is too old
            oldest = next(iter(self._kept.values()))
            if oldest.arrived_ms >= self.latest_ms - KEPT_MS:
                break
            self._let_go_of(oldest.actor)

    def _let_go_of(self, actor: str) -> None:
        """The oldest stretch of a person goes."""
        of_person = self._people[actor]
        stretch = of_person.popleft()
        if not of_person:
            del self._people[actor]
        del self._kept[stretch.number]
        self._ids.discard(stretch.id)
        self.unsaved.add(stretch.number // BLOCK)
        self._count(actor, -len(stretch))

    def _count(self, actor: str, more: int) -> None:
        self._steps += more
        now = self._counts.get(actor, 0) + more
        if now:
            self._counts[actor] = now
            heappush(self._by_count, (-now, actor))
        else:
            del self._counts[actor]
        if len(self._by_count) > 4 * len(self._counts) + BLOCK:
            self._by_count = [(-steps, who) for who, steps in self._counts.items()]
            heapify(self._by_count)

    def _one(self, name: str) -> str:
        memo = self._memo
        if len(memo) > MAX_MEMO:
            memo.clear()
        return memo.setdefault(name, name)

    def due(self) -> bool:
        """Whether enough came since it was last learned."""
        return self.came >= min(max(self.learned_from, FIRST), LIMIT)

    def people(self) -> list[list[TaughtStep]]:
        """The steps of each person in the order of time; people in the order of their names."""
        found: list[list[TaughtStep]] = []
        for _, stretches in sorted(self._people.items()):
            order = count()
            mixed = [
                (at_ms, stretch.agent, seq, next(order), stretch.names[act], _apart(value, stretch.number))
                for stretch in stretches
                for act, seq, at_ms, value in stretch.steps()
            ]
            found.append([(name, at_ms, value) for at_ms, _, _, _, name, value in sorted(mixed)])
        return found

    def lesson(self, most: int = LIMIT) -> Lesson:
        """What is to be learned now, of the latest ``most`` steps; give it to :meth:`learned` when that is done.

        Its version is above all that are known.
        """
        people = self.people()
        if self._steps > most:
            people = [steps[-max(1, len(steps) * most // self._steps) :] for steps in people]
        return Lesson(people, self.came, self._steps, self.version + 1 if self.version else first_version(people))

    def learned(self, lesson: Lesson) -> None:
        """``lesson`` was learned: what came since counts for the next one."""
        self.came = max(0, self.came - lesson.came)
        self.learned_from = lesson.held

    def block(self, number: int) -> list[SampledStretch]:
        """The stretches of a block that are kept, in their order."""
        return [self._kept[n] for n in range(number * BLOCK, (number + 1) * BLOCK) if n in self._kept]

    def blocks(self) -> set[int]:
        """Numbers of the blocks that hold anything."""
        return {number // BLOCK for number in self._kept}

    def has(self, name: str) -> bool:
        """Whether the sample ``name`` is kept."""
        return name in self._ids
