"""Mending the grouping: routines that are one are merged, fragments absorbed, mixtures split.

Online clustering depends on the order of arrival; these steps depend on the models alone and run in a fixed order.
"""

from __future__ import annotations

from math import sqrt

from streams.discovery.grouping.execution import Execution
from streams.discovery.grouping.routines import Cluster, Grouping, Taken
from streams.discovery.grouping.shapes import JOIN, Shape, counts_cosine
from streams.discovery.words.labels import parts

MERGE = 0.7
"""Cosine of two shapes from which they are one."""
SAME_PLACES = 0.93
"""... or, from ``JOIN`` on, cosine of the screens on which their executions happen."""
SPLIT = 0.5
"""Two halves of a routine whose models are less alike than this are two routines."""
COHERENT = 0.6
"""Both halves must be at least this coherent (mean cosine of their executions to their model)."""
ROUNDS = 8
FEW = 3
"""Fewer executions are no routine."""
ABSORB_SHARE = 0.34
"""A fragment has at most this share of its host's executions."""
CONTAINED = 0.85
"""Share of a fragment's activities that its host must hold."""
COMMON = 0.15
"""Presence from which a host holds an activity."""


def merge_similar(grouping: Grouping) -> Taken:
    """Merge the most similar shapes again and again while any two are alike enough."""
    merged: Taken = []
    pairs = _similar_pairs(grouping, [shape for shape in grouping.shapes if grouping.owner(shape).dirty])
    while pairs:
        best = min(pairs, key=lambda pair: (-pair[0], _rank(grouping, pair[1]), _rank(grouping, pair[2])))
        pairs.remove(best)
        _, kept, other = best
        owner, lost = grouping.owner(kept), grouping.owner(other)
        if owner is not lost:
            if not _is_main(grouping, kept):
                kept, other, owner, lost = other, kept, lost, owner
            if not _is_main(grouping, kept):
                continue  # parts of two tasks that look alike: neither task is the other
            if _is_main(grouping, other):
                grouping.unite(owner, lost)
                merged.append((owner, lost))
            owner.dirty = lost.dirty = True
        grouping.merge_shapes(kept, other)
        pairs = [pair for pair in pairs if not {kept.number, other.number} & {pair[1].number, pair[2].number}]
        pairs += _similar_pairs(grouping, [kept])
    return merged


def _is_main(grouping: Grouping, shape: Shape) -> bool:
    """Whether most of what its cluster's executions are recognised by is this shape."""
    if shape.fragment:
        return False
    return 2 * shape.times >= sum([grouping.shapes.by_number[n].times for n in grouping.owner(shape).shapes])


def _rank(grouping: Grouping, shape: Shape) -> tuple[bool, bool, int, list[str]]:
    """Which of two shapes is kept: whole before fragment, public before new, then the more frequent."""
    return shape.fragment, grouping.owner(shape).id == "", -shape.times, sorted(shape.counts)


def _similar_pairs(grouping: Grouping, shapes: list[Shape]) -> list[tuple[float, Shape, Shape]]:
    pairs: dict[tuple[int, int], tuple[float, Shape, Shape]] = {}
    index, by_number = grouping.shapes.index, grouping.shapes.by_number
    for shape in shapes:
        dots: dict[int, int] = {}
        for activity, n in shape.counts.items():
            for number, other_n in index[activity].items():
                dots[number] = dots.get(number, 0) + n * other_n
        for number, dot in dots.items():
            other = by_number[number]
            if number == shape.number or dot < JOIN * sqrt(shape.norm2 * other.norm2):
                continue
            cosine = dot / sqrt(shape.norm2 * other.norm2)
            if cosine >= MERGE or counts_cosine(_places(shape), _places(other)) >= SAME_PLACES:
                kept, lost = sorted((shape, other), key=lambda s: _rank(grouping, s))
                pairs[kept.number, lost.number] = (cosine, kept, lost)
    return list(pairs.values())


def _places(shape: Shape) -> dict[str, int]:
    """How much happens on which screen of which application."""
    found: dict[str, int] = {}
    for activity, n in shape.counts.items():
        part = parts(activity)
        place = f"{part.app}|{part.screen}"
        found[place] = found.get(place, 0) + n
    return found


def absorb_fragments(grouping: Grouping) -> Taken:
    """Give rare clusters that are contained in a larger one to it, as small parts of its executions."""
    absorbed: Taken = []
    for fragment in sorted(grouping, key=lambda c: (c.executions, sorted(c.counts)[:8], c.number)):
        if not fragment.dirty:
            continue
        host = _host(grouping, fragment)
        if host is None:
            continue
        _take_parts(grouping, host, fragment)
        absorbed.append((host, fragment))
    return absorbed


def _take_parts(grouping: Grouping, host: Cluster, fragment: Cluster) -> None:
    """Make the fragment's shapes and executions the host's without counting them as executions of it."""
    host.partial += fragment.partial + fragment.executions
    host.partial_ms += fragment.partial_ms + fragment.active_ms
    host.days.merge(fragment.days.without_executions())
    for execution in fragment.members:
        execution.part = True
    host.members.extend(fragment.members)
    host.dirty = True
    for number in fragment.shapes:
        shape = grouping.shapes.by_number[number]
        shape.fragment, shape.owner = True, host.number
    host.shapes |= fragment.shapes
    grouping.forget(fragment)


def _host(grouping: Grouping, fragment: Cluster) -> Cluster | None:
    held: dict[int, int] = {}
    total = sum(fragment.counts.values())
    for activity, n in fragment.counts.items():
        owners = {grouping.shapes.by_number[number].owner for number in grouping.shapes.index.get(activity, ())}
        for number in owners:
            host = grouping.clusters[number]
            if host.counts.get(activity, 0) >= COMMON * host.executions:
                held[number] = held.get(number, 0) + n
    hosts = [
        grouping.clusters[number]
        for number, n in held.items()
        if n >= CONTAINED * total
        and number != fragment.number
        and fragment.executions <= ABSORB_SHARE * grouping.clusters[number].executions
        and grouping.clusters[number].executions >= FEW
    ]
    return max(hosts, key=lambda host: (held[host.number], host.executions, -host.number), default=None)


def split_mixtures(grouping: Grouping) -> Taken:
    """Split routines of one shape whose executions fall into two groups with little in common: (kept, split off)."""
    split: Taken = []
    for cluster in list(grouping):
        if not cluster.dirty or cluster.executions < 2 * FEW or len(cluster.shapes) != 1:
            continue
        halves = _halves(cluster.sampled())
        if halves is not None:
            split.append((cluster, _divide(grouping, cluster, *halves)))
    return split


def _halves(executions: list[Execution]) -> tuple[list[Execution], list[Execution]] | None:
    """Two groups of executions that have little in common, the larger first; None where there is one group."""
    sets = [frozenset(execution.steps) for execution in executions]
    first = min(range(len(sets)), key=lambda i: (_cosine(sets[i], sets[0]), i))
    second = min(range(len(sets)), key=lambda i: (_cosine(sets[i], sets[first]), i))
    side = [_cosine(one, sets[first]) >= _cosine(one, sets[second]) for one in sets]
    for _ in range(ROUNDS):
        left, right = _model(sets, side, True), _model(sets, side, False)
        moved = [left.cosine(one) >= right.cosine(one) for one in sets]
        if moved == side:
            break
        side = moved
    if min(sum(side), len(side) - sum(side)) < FEW:
        return None
    left, right = _model(sets, side, True), _model(sets, side, False)
    if counts_cosine(left.counts, right.counts) >= SPLIT:
        return None
    for model, wanted in ((left, True), (right, False)):
        fits = [model.cosine(one) for one, s in zip(sets, side, strict=True) if s is wanted]
        if sum(fits) / len(fits) < COHERENT:
            return None
    halves = [[e for e, s in zip(executions, side, strict=True) if s is wanted] for wanted in (True, False)]
    halves.sort(key=len, reverse=True)
    return halves[0], halves[1]


def _cosine(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / sqrt(len(a) * len(b)) if a and b else 0.0


def _model(sets: list[frozenset[str]], side: list[bool], wanted: bool) -> Shape:
    """The shape of the sets on one side, outside the grouping."""
    counts: dict[str, int] = {}
    for one, s in zip(sets, side, strict=True):
        if s is wanted:
            for activity in one:
                counts[activity] = counts.get(activity, 0) + 1
    shape = Shape(-1, -1)
    shape.counts = counts
    shape.norm2 = sum([n * n for n in counts.values()])
    return shape


def _divide(grouping: Grouping, cluster: Cluster, kept: list[Execution], leaving: list[Execution]) -> Cluster:
    """Rebuild ``cluster`` from the executions ``kept`` and found another one from those ``leaving``.

    Beyond the sample both grow in proportion; people and teams are those of the sample, so never too many.
    """
    scale = cluster.executions / (len(kept) + len(leaving))
    shape = grouping.shapes.by_number[next(iter(cluster.shapes))]
    new_shape = grouping.found()
    other = grouping.owner(new_shape)
    other.split_from, other.touched, new_shape.touched = cluster.id, cluster.touched, shape.touched
    members = list(cluster.members)
    _rebuild(grouping, cluster, shape, kept, scale)
    _rebuild(grouping, other, new_shape, leaving, scale)
    for execution in members:
        activities = frozenset(execution.steps)
        stays = shape.cosine(activities) >= new_shape.cosine(activities)
        (cluster if stays else other).members.append(execution)
        execution.shape = execution.last_shape = shape.number if stays else new_shape.number
    return other


def _rebuild(grouping: Grouping, cluster: Cluster, shape: Shape, executions: list[Execution], scale: float) -> None:
    empty = Cluster(cluster.number)
    for name in ("sample", "people", "teams", "days", "flows", "executions", "complete", "transfers", "written"):
        setattr(cluster, name, getattr(empty, name))
    cluster.members.clear()
    cluster.active_ms = 0
    for execution in executions:
        cluster.take(execution, ())
    cluster.members.clear()
    for name in ("transfers", "written", "active_ms"):
        setattr(cluster, name, round(getattr(cluster, name) * scale))
    cluster.flows = {flow: round(n * scale) for flow, n in cluster.flows.items()}
    cluster.recount(executions, scale)
    shape.times = cluster.executions
    shape.complete = cluster.complete
    shape.followers = {}
    grouping.shapes.set_counts(shape, dict(cluster.counts))
