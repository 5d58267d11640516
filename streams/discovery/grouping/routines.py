"""What is kept of a routine, or of what may become one: counts, sketches and a sample of its executions. Bounded."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from heapq import heapify, heappush, heapreplace

import msgspec

from streams.discovery.grouping.days import Days
from streams.discovery.grouping.distinct import Distinct
from streams.discovery.grouping.execution import Execution, FlowKey
from streams.discovery.grouping.shapes import Shape, Shapes
from streams.discovery.grouping.variants import Bags, jaccard

SAMPLE = 160
"""Executions kept of a routine for its evidence: those with the smallest hashes, a uniform sample."""
MEMBERS = 5_000
"""Latest executions of a routine that are told when it merges, splits or enters the catalogue: those between two
refinements, and ..."""
SETTLED = 500
"""... of those before, as many as a checkpoint keeps."""
RESTING_MS = 7 * 86_400_000
"""What nobody has done for so long rests: routines come and go, memory must not grow with all that ever were."""
ACTIVITIES = 1_024
FLOWS = 64


class Cluster:
    """A group of executions: a routine, or what may become one.

    ``number``      internal and never public; ``id``: the public one, empty until it enters the catalogue
    ``counts``      activity → executions that hold it
    ``shapes``      numbers of the shapes by which its executions, or their parts, are recognised
    ``executions``  executions, which took ``active_ms`` in all
    ``partial``     segments that were only a small part of one, which took ``partial_ms`` in all
    ``days``        both by day
    ``own``         share of that time which is the routine's own, as last found
    ``sample``, ``members``  executions remembered: a uniform sample, and the latest. Packed where nobody has done the
                    routine for :data:`RESTING_MS`, a tenth of the memory
    ``touched``     arrival number of its latest execution
    ``public``      whether it is in the catalogue now
    ``variants``    its variants: id and bag, as numbered by ``bags``
    ``dirty``       whether it changed since the last refinement; ``coherent``: what was then found of it
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.id = ""
        self.counts: dict[str, int] = {}
        self.shapes: set[int] = set()
        self.executions = 0
        self.partial = 0
        self.complete = 0
        self.transfers = 0
        self.written = 0
        self.active_ms = 0
        self.partial_ms = 0
        self.own = 1.0
        self._sample: list[tuple[int, str, Execution]] = []
        self._packed = b""
        self.members: deque[Execution] = deque(maxlen=MEMBERS)
        self.people = Distinct()
        self.teams = Distinct()
        self.days = Days()
        self.flows: dict[FlowKey, int] = {}
        self.first_ms = 0
        self.last_ms = 0
        self.touched = 0
        self.merged: tuple[str, ...] = ()
        self.split_from = ""
        self.dirty = True
        self.coherent = True
        self.public = False
        self.variants: list[tuple[str, int]] = []
        self.bags = Bags()

    @property
    def sample(self) -> list[tuple[int, str, Execution]]:
        """The sample as a heap, which :meth:`keep` adds to."""
        if self._packed:
            executions = _decoder.decode(zlib.decompress(self._packed))
            self._packed = b""
            self._sample = [_entry(execution) for execution in executions]
            heapify(self._sample)
            self.members = deque([*sorted(executions, key=_age), *self.members], maxlen=MEMBERS)
        return self._sample

    @sample.setter
    def sample(self, entries: list[tuple[int, str, Execution]]) -> None:
        self._sample, self._packed = entries, b""

    @property
    def rests(self) -> bool:
        """Whether its executions are packed."""
        return bool(self._packed)

    @property
    def kept(self) -> int:
        """Executions that are kept and not packed; one that is in the sample and a member counts twice."""
        return len(self._sample) + len(self.members)

    def skeleton(self, share: float = 0.8) -> list[str]:
        """Activities that at least ``share`` of the executions hold, sorted."""
        least = share * self.executions
        return sorted([activity for activity, n in self.counts.items() if n >= least])

    def sampled(self) -> list[Execution]:
        """The kept executions, in the order of their hashes (the same for any order of arrival)."""
        return [execution for _, _, execution in sorted(self.sample, key=_hash_order)]

    def variant_of(self, steps: Iterable[str]) -> str:
        """Id of the variant nearest to an execution with these steps; empty before variants were found."""
        if not self.variants:
            return ""
        bag = self.bags.known(steps)
        nearest, best = "", -1.0
        for name, mask in self.variants:
            likeness = jaccard(bag, mask)
            if likeness > best:
                nearest, best = name, likeness
        return nearest

    def take(self, execution: Execution, activities: Iterable[str]) -> None:
        """Count a further execution, which holds ``activities``."""
        self._count(execution)
        self.executions += 1
        self.complete += execution.complete
        self.days.add(execution.start_ms, 1, execution.active_ms)
        self._hold(activities)
        self.members.append(execution)
        self.keep(execution)

    def take_part(self, execution: Execution) -> None:
        """Count a segment that is only a small part of an execution."""
        self.partial += 1
        self.partial_ms += execution.active_ms
        self.days.add(execution.start_ms, 0, execution.active_ms)
        self.dirty = True
        execution.part = True
        self.members.append(execution)

    def extend(self, execution: Execution, more: Execution, activities: frozenset[str]) -> None:
        """``more`` is not a further execution: it continues ``execution``, which is this cluster's."""
        self.complete += more.complete - execution.complete
        self._hold(activities - set(execution.steps))
        before = execution.active_ms
        execution.extend(more)
        self._count(more)
        self.active_ms += execution.active_ms - before - more.active_ms
        self.days.add(execution.start_ms, 0, execution.active_ms - before)

    def _hold(self, activities: Iterable[str]) -> None:
        counts = self.counts
        for activity in activities:
            counts[activity] = counts.get(activity, 0) + 1
        if len(counts) > ACTIVITIES:
            ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
            self.counts = dict(ranked[: ACTIVITIES // 2])

    def _count(self, execution: Execution) -> None:
        self.dirty = True
        if not self.executions or execution.start_ms < self.first_ms:
            self.first_ms = execution.start_ms
        self.last_ms = max(self.last_ms, execution.end_ms)
        self.transfers += execution.transfers
        self.written += execution.written
        self.active_ms += execution.active_ms
        self.people.add_hash(execution.actor)
        self.teams.add(execution.team)
        for flow in execution.flows:
            self._count_flow(flow, 1)

    def _count_flow(self, flow: FlowKey, n: int) -> None:
        if flow in self.flows or len(self.flows) < FLOWS:
            self.flows[flow] = self.flows.get(flow, 0) + n

    def keep(self, execution: Execution) -> None:
        """Offer ``execution`` to the sample, where it stands once: a segment that was let go may come again."""
        entry, sample = _entry(execution), self.sample
        if len(sample) >= SAMPLE and entry[:2] <= sample[0][:2]:
            return
        if any(name == execution.id for _, name, _ in sample):
            return
        if len(sample) < SAMPLE:
            heappush(sample, entry)
        else:
            heapreplace(sample, entry)

    def settle(self, newest_ms: int) -> None:
        """Let go of executions whose assignments a refinement has told; ``newest_ms``: the catalogue's latest."""
        if self._sample and self.last_ms < newest_ms - RESTING_MS:
            self._packed = zlib.compress(_encoder.encode(self.sampled()), 1)
            self._sample = []
            self.members.clear()
        while len(self.members) > SETTLED:
            self.members.popleft()

    def absorb(self, other: Cluster) -> None:
        """Count everything of ``other`` as this one's."""
        if other.executions:
            self.first_ms = min(self.first_ms, other.first_ms) if self.executions else other.first_ms
            self.last_ms = max(self.last_ms, other.last_ms)
        for name in ("executions", "partial", "complete", "transfers", "written", "active_ms", "partial_ms"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.people.merge(other.people)
        self.teams.merge(other.teams)
        self.days.merge(other.days)
        for flow, n in other.flows.items():
            self._count_flow(flow, n)
        for activity, n in other.counts.items():
            self.counts[activity] = self.counts.get(activity, 0) + n
        for execution in other.sampled():
            self.keep(execution)
        members = {execution.id: execution for execution in (*other.members, *self.members)}
        self.members = deque(sorted(members.values(), key=_age), maxlen=MEMBERS)
        self.touched = max(self.touched, other.touched)
        self.split_from = self.split_from or other.split_from
        self.dirty = True

    def remembered(self) -> list[Execution]:
        """Every execution that is still known, each once: by agent, in its order."""
        sample = self.sample  # first: where it was packed, it brings members, too
        known = {execution.id: execution for execution in self.members}
        known.update((execution.id, execution) for _, _, execution in sample)
        return sorted(known.values(), key=lambda e: (e.agent, e.first_seq))

    def recount(self, executions: Iterable[Execution], scale: float) -> None:
        """Take counts and sample from ``executions``, of which each stands for ``scale`` ones."""
        kept = list(executions)
        counts: dict[str, int] = {}
        days = Days()
        for execution in kept:
            days.add(execution.start_ms, 1, execution.active_ms)
            for activity in set(execution.steps):
                counts[activity] = counts.get(activity, 0) + 1
        self.counts = {activity: max(1, round(n * scale)) for activity, n in counts.items()}
        self.days = days.scaled(scale)
        self.executions = round(len(kept) * scale)
        self.complete = round(sum([execution.complete for execution in kept]) * scale)
        entries = sorted([_entry(execution) for execution in kept], key=_hash_order)[:SAMPLE]
        heapify(entries)
        self.sample = entries
        self.dirty = True


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Execution])


def _entry(execution: Execution) -> tuple[int, str, Execution]:
    return -execution.priority, execution.id, execution


def _hash_order(entry: tuple[int, str, Execution]) -> tuple[int, str]:
    return -entry[0], entry[1]


def _age(execution: Execution) -> tuple[int, str]:
    return execution.start_ms, execution.id


Taken = list[tuple[Cluster, Cluster]]
"""Pairs of clusters: the one kept, and the one that it took over."""


class Grouping:
    """All clusters and the shapes by which their executions are recognised.

    ``joints``    pairs of shapes: what has the second continues the execution that ended with the first
    ``arrivals``  segments taken in so far; ``gone``: numbers of clusters that no longer exist
    """

    def __init__(self, max_clusters: int) -> None:
        self.clusters: dict[int, Cluster] = {}
        self.shapes = Shapes()
        self.joints: set[tuple[int, int]] = set()
        self.max_clusters = max_clusters
        self.arrivals = 0
        self.gone: set[int] = set()
        self.next_number = 0

    def __iter__(self) -> Iterator[Cluster]:
        return iter(self.clusters.values())

    def owner(self, shape: Shape) -> Cluster:
        """The cluster whose executions have the shape."""
        return self.clusters[shape.owner]

    def found(self) -> Shape:
        """A new cluster with one empty shape; makes room by forgetting old clusters of one or two executions."""
        if len(self.clusters) >= self.max_clusters:
            self._make_room()
        cluster = Cluster(self.next_number)
        self.next_number += 1
        self.clusters[cluster.number] = cluster
        shape = self.shapes.found(cluster.number)
        cluster.shapes.add(shape.number)
        return shape

    def _make_room(self) -> None:
        weakest = sorted(self.clusters.values(), key=lambda c: (c.id != "", c.executions > 2, c.touched))
        for cluster in weakest[: max(1, self.max_clusters // 8)]:
            for number in sorted(cluster.shapes):
                self.shapes.drop(self.shapes.by_number[number])
            self.forget(cluster)

    def unite(self, into: Cluster, other: Cluster) -> None:
        """Make ``other``'s executions and shapes ``into``'s."""
        into.absorb(other)
        for number in other.shapes:
            self.shapes.by_number[number].owner = into.number
        into.shapes |= other.shapes
        self.forget(other)

    def forget(self, cluster: Cluster) -> None:
        """Drop a cluster whose shapes are gone or have another owner."""
        del self.clusters[cluster.number]
        self.gone.add(cluster.number)

    def merge_shapes(self, into: Shape, other: Shape) -> None:
        """Make two shapes of one cluster one."""
        self.clusters[other.owner].shapes.discard(other.number)
        self.shapes.merge(into, other)
        renamed = {tuple(into.number if n == other.number else n for n in joint) for joint in self.joints}
        self.joints = {(a, b) for a, b in renamed if a != b}
