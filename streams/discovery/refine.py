"""Mending the grouping: routines that are one are merged, fragments absorbed, mixtures split.

Online clustering depends on the order of arrival; these steps depend on the models alone and run in a fixed order.
"""

from __future__ import annotations

from math import sqrt

from streams.discovery.execution import Execution
from streams.discovery.routines import Cluster, Grouping
from streams.discovery.variants import Bags

MERGE = 0.7
"""Cosine of two models from which they are one routine."""
SPLIT = 0.5
"""Two halves of a routine whose models are less alike than this are two routines."""
COHERENT = 0.6
"""Both halves must be at least this coherent (mean cosine of their executions to their model)."""
FEW = 3
"""Fewer executions are no routine."""
ABSORB_SHARE = 0.34
"""A fragment has at most this share of its host's executions."""
CONTAINED = 0.85
"""Share of a fragment's activities that its host must hold."""
COMMON = 0.15
"""Presence from which a host holds an activity."""
ALTERNATE = 0.9
"""Share of two clusters' executions that follow each other when they are two halves of one task."""


def merge_similar(grouping: Grouping) -> list[tuple[Cluster, Cluster]]:
    """Merge the most similar pair again and again while it is at least ``MERGE`` alike: (kept, taken over)."""
    merged = []
    pairs = _similar_pairs(grouping, list(grouping))
    while pairs:
        _, kept, other = min(pairs, key=lambda pair: (-pair[0], _rank(pair[1]), _rank(pair[2])))
        grouping.merge(kept, other)
        merged.append((kept, other))
        pairs = [pair for pair in pairs if not {kept.number, other.number} & {pair[1].number, pair[2].number}]
        pairs += _similar_pairs(grouping, [kept])
    return merged


def _rank(cluster: Cluster) -> tuple[bool, int, list[str]]:
    """Which of two clusters stays: a public one before a new one, then the larger one."""
    return cluster.id == "", -cluster.executions, sorted(cluster.counts)


def _similar_pairs(grouping: Grouping, clusters: list[Cluster]) -> list[tuple[float, Cluster, Cluster]]:
    pairs: dict[tuple[int, int], tuple[float, Cluster, Cluster]] = {}
    for cluster in clusters:
        dots: dict[int, int] = {}
        for activity, n in cluster.counts.items():
            for number, other_n in grouping.index[activity].items():
                dots[number] = dots.get(number, 0) + n * other_n
        for number, dot in dots.items():
            other = grouping.clusters[number]
            cosine = dot / sqrt(cluster.norm2 * other.norm2)
            if number != cluster.number and cosine >= MERGE:
                kept, lost = sorted((cluster, other), key=_rank)
                pairs[kept.number, lost.number] = (cosine, kept, lost)
    return list(pairs.values())


def absorb_fragments(grouping: Grouping) -> list[tuple[Cluster, Cluster]]:
    """Give rare clusters that are contained in a larger one to it, as parts of its executions: (host, fragment)."""
    absorbed = []
    for fragment in sorted(grouping, key=lambda c: (c.executions, sorted(c.counts))):
        host = _host(grouping, fragment)
        if host is None:
            continue
        host.partial += fragment.executions
        for execution in fragment.members:
            execution.partial = True
        host.members.extend(fragment.members)
        host.dirty = True
        grouping.drop(fragment)
        absorbed.append((host, fragment))
    return absorbed


def _host(grouping: Grouping, fragment: Cluster) -> Cluster | None:
    held: dict[int, int] = {}
    for activity, n in fragment.counts.items():
        for number in grouping.index[activity]:
            host = grouping.clusters[number]
            if host.presence(activity) >= COMMON:
                held[number] = held.get(number, 0) + n
    hosts = [
        grouping.clusters[number]
        for number, n in held.items()
        if n >= CONTAINED * fragment.total
        and number != fragment.number
        and fragment.executions <= ABSORB_SHARE * grouping.clusters[number].executions
        and grouping.clusters[number].executions >= FEW
    ]
    return max(hosts, key=lambda host: (held[host.number], host.executions, -host.number), default=None)


def split_mixtures(grouping: Grouping) -> list[tuple[Cluster, Cluster]]:
    """Split routines whose executions fall into two groups with little in common: (kept, split off)."""
    split = []
    for cluster in list(grouping):
        if not cluster.dirty or cluster.executions < 2 * FEW:
            continue
        halves = _halves(cluster.sampled())
        if halves is not None:
            split.append((cluster, _divide(grouping, cluster, *halves)))
    return split


def _halves(executions: list[Execution]) -> tuple[list[Execution], list[Execution]] | None:
    """Two groups of executions that have little in common, the larger first; None where there is one group."""
    bags = Bags()
    masks = [bags.mask(set(execution.steps)) for execution in executions]
    first = min(range(len(masks)), key=lambda i: (_cosine(masks[i], masks[0]), i))
    second = min(range(len(masks)), key=lambda i: (_cosine(masks[i], masks[first]), i))
    seeds = (masks[first], masks[second])
    side = [_cosine(mask, seeds[0]) >= _cosine(mask, seeds[1]) for mask in masks]
    for _ in range(8):
        models = _model(masks, side, True), _model(masks, side, False)
        moved = [_fit(mask, models[0]) >= _fit(mask, models[1]) for mask in masks]
        if moved == side:
            break
        side = moved
    left = [e for e, s in zip(executions, side, strict=True) if s]
    right = [e for e, s in zip(executions, side, strict=True) if not s]
    if min(len(left), len(right)) < FEW:
        return None
    models = _model(masks, side, True), _model(masks, side, False)
    if _between(*models) >= SPLIT:
        return None
    for model, wanted in ((models[0], True), (models[1], False)):
        fits = [_fit(mask, model) for mask, s in zip(masks, side, strict=True) if s is wanted]
        if sum(fits) / len(fits) < COHERENT:
            return None
    return (left, right) if len(left) >= len(right) else (right, left)


def _cosine(a: int, b: int) -> float:
    both = (a & b).bit_count()
    return both / sqrt(a.bit_count() * b.bit_count()) if both else 0.0


def _model(masks: list[int], side: list[bool], wanted: bool) -> dict[int, float]:
    """Bit → how many masks of one side have it."""
    counts: dict[int, float] = {}
    for mask, s in zip(masks, side, strict=True):
        if s is wanted:
            for bit in _bits(mask):
                counts[bit] = counts.get(bit, 0) + 1
    return counts


def _bits(mask: int) -> list[int]:
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found


def _fit(mask: int, model: dict[int, float]) -> float:
    dot = sum([model.get(bit, 0) for bit in _bits(mask)])
    norm = sum([n * n for n in model.values()]) * mask.bit_count()
    return dot / sqrt(norm) if dot else 0.0


def _between(a: dict[int, float], b: dict[int, float]) -> float:
    dot = sum([n * b.get(bit, 0) for bit, n in a.items()])
    return dot / sqrt(sum([n * n for n in a.values()]) * sum([n * n for n in b.values()])) if dot else 0.0


def _divide(grouping: Grouping, cluster: Cluster, kept: list[Execution], leaving: list[Execution]) -> Cluster:
    """Rebuild ``cluster`` from the executions ``kept`` and found another one from those ``leaving``.

    Beyond the sample both grow in proportion; people and teams are those of the sample, so never too many.
    """
    scale = cluster.executions / (len(kept) + len(leaving))
    other = grouping.found()
    other.split_from = cluster.id
    other.touched = cluster.touched
    members = list(cluster.members)
    partial = cluster.partial
    _rebuild(grouping, cluster, kept, scale)
    _rebuild(grouping, other, leaving, scale)
    cluster.partial = partial
    cluster.members.clear()
    other.members.clear()
    for execution in members:
        shape = frozenset(execution.steps)
        (cluster if cluster.cosine(shape) >= other.cosine(shape) else other).members.append(execution)
    return other


def _rebuild(grouping: Grouping, cluster: Cluster, executions: list[Execution], scale: float) -> None:
    empty = Cluster(cluster.number)
    for name in ("sample", "people", "teams", "days", "flows", "executions", "complete", "transfers", "written"):
        setattr(cluster, name, getattr(empty, name))
    cluster.active_ms = 0
    counts: dict[str, int] = {}
    for execution in executions:
        cluster.take(execution)
        for activity in set(execution.steps):
            counts[activity] = counts.get(activity, 0) + 1
    for name in ("executions", "complete", "transfers", "written", "active_ms"):
        setattr(cluster, name, round(getattr(cluster, name) * scale))
    cluster.days = {day: round(n * scale) for day, n in cluster.days.items()}
    cluster.flows = {flow: round(n * scale) for flow, n in cluster.flows.items()}
    grouping.set_model(cluster, {activity: round(n * scale) for activity, n in counts.items()})
