"""Grouping executions into routines while they arrive: online leader clustering on the activities they hold.

A routine's model is how many of its executions hold each activity. A new execution joins the routine to whose model
the cosine of its set of activities is largest, if that is at least ``JOIN``; otherwise it founds a routine.
Everything here is bounded and depends on the order of arrival only through the models; :mod:`streams.discovery.refine`
mends what the order spoilt.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from heapq import heappush, heapreplace
from math import sqrt

from streams.discovery.distinct import Distinct
from streams.discovery.execution import Execution, FlowKey

JOIN = 0.5
"""Cosine from which an execution joins a routine."""
PARTIAL = 0.4
"""Below this share of a routine's usual activities a segment is only a part of an execution."""
SAMPLE = 160
"""Executions kept of a routine for its evidence: those with the smallest hashes, a uniform sample."""
MEMBERS = 5_000
"""Latest executions of a routine that are told when it merges, splits or enters the catalogue."""
ACTIVITIES = 512
"""Activities of a model; the rarest are dropped beyond."""
HUB = 48
"""Activities that more routines than this hold do not propose candidates."""
FLOWS = 64
DAYS = 400
DAY_MS = 86_400_000


class Cluster:
    """A group of executions: a routine, or what may become one.

    ``number``      internal and never public; ``id``: the public one, empty until it enters the catalogue
    ``counts``      activity → executions that hold it; ``total`` their sum, ``norm2`` the sum of their squares
    ``executions``  full executions; ``partial``: segments that hold only a part of it
    ``followers``   number of the cluster whose execution came next from the same agent → how often
    ``touched``     arrival number of its latest execution
    ``dirty``       whether it changed since the last refinement; ``coherent``: what was then found of it
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.id = ""
        self.counts: dict[str, int] = {}
        self.total = 0
        self.norm2 = 0
        self.executions = 0
        self.partial = 0
        self.complete = 0
        self.transfers = 0
        self.written = 0
        self.active_ms = 0
        self.sample: list[tuple[int, str, Execution]] = []
        self.members: deque[Execution] = deque(maxlen=MEMBERS)
        self.people = Distinct()
        self.teams = Distinct()
        self.days: dict[int, int] = {}
        self.flows: dict[FlowKey, int] = {}
        self.followers: dict[int, int] = {}
        self.first_ms = 0
        self.last_ms = 0
        self.touched = 0
        self.merged: tuple[str, ...] = ()
        self.split_from = ""
        self.dirty = True
        self.coherent = True

    def presence(self, activity: str) -> float:
        """Share of the executions that hold ``activity``."""
        return self.counts.get(activity, 0) / self.executions if self.executions else 0.0

    def coverage(self, shape: frozenset[str]) -> float:
        """Share of the routine's usual activities that ``shape`` holds, each weighted by its presence."""
        counts = self.counts
        return sum([counts.get(activity, 0) for activity in shape]) / self.total if self.total else 0.0

    def cosine(self, shape: frozenset[str]) -> float:
        """Cosine between the model and a set of activities."""
        counts = self.counts
        dot = sum([counts.get(activity, 0) for activity in shape])
        return dot / sqrt(self.norm2 * len(shape)) if dot else 0.0

    def similarity(self, other: Cluster) -> float:
        """Cosine between two models."""
        small, large = (self, other) if len(self.counts) <= len(other.counts) else (other, self)
        counts = large.counts
        dot = sum([n * counts.get(activity, 0) for activity, n in small.counts.items()])
        return dot / sqrt(self.norm2 * other.norm2) if dot else 0.0

    def skeleton(self, share: float = 0.8) -> list[str]:
        """Activities that at least ``share`` of the executions hold, sorted."""
        least = share * self.executions
        return sorted([activity for activity, n in self.counts.items() if n >= least])

    def sampled(self) -> list[Execution]:
        """The kept executions, in the order of their hashes (the same for any order of arrival)."""
        return [execution for _, _, execution in sorted(self.sample, reverse=True)]

    def take(self, execution: Execution) -> None:
        """Count ``execution`` in everything but the model."""
        self.members.append(execution)
        self.dirty = True
        if execution.partial:
            self.partial += 1
            return
        if not self.executions or execution.start_ms < self.first_ms:
            self.first_ms = execution.start_ms
        self.last_ms = max(self.last_ms, execution.end_ms)
        self.executions += 1
        self.complete += execution.complete
        self.transfers += execution.transfers
        self.written += execution.written
        self.active_ms += execution.active_ms
        self.people.add_hash(execution.actor)
        self.teams.add(execution.team)
        day = execution.start_ms // DAY_MS
        self.days[day] = self.days.get(day, 0) + 1
        if len(self.days) > DAYS:
            del self.days[min(self.days)]
        for flow in execution.flows:
            self._count_flow(flow, 1)
        self.keep(execution)

    def _count_flow(self, flow: FlowKey, n: int) -> None:
        if flow in self.flows or len(self.flows) < FLOWS:
            self.flows[flow] = self.flows.get(flow, 0) + n

    def keep(self, execution: Execution) -> None:
        """Offer ``execution`` to the sample."""
        entry = (-execution.priority, execution.id, execution)
        if len(self.sample) < SAMPLE:
            heappush(self.sample, entry)
        elif entry[:2] > self.sample[0][:2]:
            heapreplace(self.sample, entry)

    def absorb(self, other: Cluster) -> None:
        """Count everything of ``other`` as this one's, but the model."""
        if other.executions:
            self.first_ms = min(self.first_ms, other.first_ms) if self.executions else other.first_ms
            self.last_ms = max(self.last_ms, other.last_ms)
        self.executions += other.executions
        self.partial += other.partial
        self.complete += other.complete
        self.transfers += other.transfers
        self.written += other.written
        self.active_ms += other.active_ms
        self.people.merge(other.people)
        self.teams.merge(other.teams)
        for day, n in other.days.items():
            self.days[day] = self.days.get(day, 0) + n
        for flow, n in other.flows.items():
            self._count_flow(flow, n)
        for follower, n in other.followers.items():
            self.followers[follower] = self.followers.get(follower, 0) + n
        for _, _, execution in sorted(other.sample, reverse=True):
            self.keep(execution)
        self.members = deque(sorted([*self.members, *other.members], key=_age), maxlen=MEMBERS)
        self.touched = max(self.touched, other.touched)
        self.split_from = self.split_from or other.split_from
        self.dirty = True


def _age(execution: Execution) -> tuple[int, str]:
    return execution.start_ms, execution.id


class Grouping:
    """All clusters with the inverted index that finds the nearest one in time independent of their number.

    ``arrivals``  executions taken in so far; ``dropped``: numbers of clusters forgotten to make room
    """

    def __init__(self, max_clusters: int) -> None:
        self.clusters: dict[int, Cluster] = {}
        self.index: dict[str, dict[int, int]] = {}
        self.max_clusters = max_clusters
        self.arrivals = 0
        self.dropped: set[int] = set()
        self.next_number = 0

    def __iter__(self) -> Iterator[Cluster]:
        return iter(self.clusters.values())

    def nearest(self, shape: frozenset[str]) -> tuple[Cluster | None, float]:
        """The cluster whose model is nearest to ``shape`` and the cosine; ties go to the older one."""
        dots: dict[int, int] = {}
        hubs: list[str] = []
        index = self.index
        for activity in shape:
            postings = index.get(activity)
            if postings is None:
                continue
            if len(postings) > HUB:
                hubs.append(activity)
                continue
            for number, n in postings.items():
                dots[number] = dots.get(number, 0) + n
        if hubs:
            self._add_hubs(hubs, dots)
        best, best_cosine, clusters = None, 0.0, self.clusters
        scale = 1.0 / len(shape)
        for number, dot in dots.items():
            cluster = clusters[number]
            cosine = dot * dot / cluster.norm2 * scale
            if cosine > best_cosine or (cosine == best_cosine and best is not None and number < best.number):
                best, best_cosine = cluster, cosine
        return best, sqrt(best_cosine)

    def _add_hubs(self, hubs: list[str], dots: dict[int, int]) -> None:
        """Count activities that many clusters hold for the candidates alone, or for all when there is no other way."""
        if dots:
            for activity in hubs:
                postings = self.index[activity]
                for number in dots:
                    dots[number] += postings.get(number, 0)
            return
        for activity in hubs:
            for number, n in self.index[activity].items():
                dots[number] = dots.get(number, 0) + n

    def found(self) -> Cluster:
        """A new, empty cluster; makes room by forgetting old clusters of one or two executions."""
        if len(self.clusters) >= self.max_clusters:
            self._make_room()
        cluster = Cluster(self.next_number)
        self.next_number += 1
        self.clusters[cluster.number] = cluster
        return cluster

    def _make_room(self) -> None:
        weakest = sorted(self.clusters.values(), key=lambda c: (c.id != "", c.executions > 2, c.touched))
        for cluster in weakest[: max(1, self.max_clusters // 8)]:
            self.dropped.add(cluster.number)
            self.drop(cluster)

    def learn(self, cluster: Cluster, shape: Iterable[str], times: int = 1) -> None:
        """Count ``times`` executions that hold the activities ``shape`` in the cluster's model."""
        counts, index, number = cluster.counts, self.index, cluster.number
        norm2 = cluster.norm2
        size = 0
        for activity in shape:
            n = counts.get(activity, 0)
            norm2 += (2 * n + times) * times
            counts[activity] = n + times
            postings = index.get(activity)
            if postings is None:
                index[activity] = {number: n + times}
            else:
                postings[number] = n + times
            size += times
        cluster.norm2 = norm2
        cluster.total += size
        if len(counts) > ACTIVITIES:
            self._trim(cluster)

    def _trim(self, cluster: Cluster) -> None:
        """Forget the rarer half of the model's activities (ties by name)."""
        ranked = sorted(cluster.counts.items(), key=lambda item: (-item[1], item[0]))
        self.set_model(cluster, dict(ranked[: ACTIVITIES // 2]))

    def set_model(self, cluster: Cluster, counts: dict[str, int]) -> None:
        """Replace the cluster's model."""
        for activity in cluster.counts:
            self._unindex(activity, cluster.number)
        cluster.counts = dict(counts)
        cluster.total = sum(counts.values())
        cluster.norm2 = sum(n * n for n in counts.values())
        for activity, n in counts.items():
            self.index.setdefault(activity, {})[cluster.number] = n

    def _unindex(self, activity: str, number: int) -> None:
        postings = self.index[activity]
        del postings[number]
        if not postings:
            del self.index[activity]

    def merge(self, into: Cluster, other: Cluster) -> None:
        """Make ``other`` a part of ``into``."""
        counts = dict(into.counts)
        for activity, n in other.counts.items():
            counts[activity] = counts.get(activity, 0) + n
        into.absorb(other)
        self.drop(other)
        if len(counts) > ACTIVITIES:
            counts = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:ACTIVITIES])
        self.set_model(into, counts)
        for cluster in self.clusters.values():
            if other.number in cluster.followers:
                n = cluster.followers.pop(other.number)
                cluster.followers[into.number] = cluster.followers.get(into.number, 0) + n

    def drop(self, cluster: Cluster) -> None:
        """Forget a cluster."""
        self.set_model(cluster, {})
        del self.clusters[cluster.number]
