"""A routine's public record, with all its evidence, from what the catalogue keeps of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from streams.discovery.evidence.naming import is_completion, name_of
from streams.discovery.evidence.patterns import pattern_of, profile
from streams.discovery.evidence.process_map import determinism, process_map
from streams.discovery.evidence.timing import IDLE_LIMITS_MS, active_at, median, median_interval, quantile
from streams.discovery.grouping.execution import Execution, FlowKey
from streams.discovery.grouping.routines import Cluster
from streams.discovery.grouping.shapes import Shape
from streams.discovery.grouping.variants import Variant, variants
from taskstream.records import Flow, Routine, RoutineVariant

SKELETON = 0.8
RARE = 0.04
"""Activities in fewer executions are noise to the routine's variants."""
PARTIAL = 0.35
"""An execution that holds less of what is usual, each activity weighted by its presence, was cut off."""
SHOWN_VARIANTS = 12
SHOWN_FLOWS = 24
MIN_FLOW = 0.05
MIN_TRIGGER = 0.25


def rare_activities(cluster: Cluster, k: int) -> frozenset[str]:
    """Activities that too few executions, or fewer than ``k`` people, hold to belong to the routine."""
    least = max(2.0, RARE * cluster.executions) if cluster.executions >= 8 else 1.0
    rare = {activity for activity, n in cluster.counts.items() if n < least}
    if k > 1:
        people: dict[str, set[int]] = {}
        for execution in cluster.sampled():
            for activity in execution.steps:
                people.setdefault(activity, set()).add(execution.actor)
        rare |= {activity for activity, actors in people.items() if len(actors) < k}
        rare |= cluster.counts.keys() - people.keys()
    return frozenset(rare)


def variants_of(cluster: Cluster, k: int, limit: int) -> list[Variant]:
    """The routine's variants, from its sample; each of at least ``k`` people."""
    whole, _ = whole_executions(cluster)
    found = variants(whole, rare_activities(cluster, k), limit)
    return [variant for variant in found if variant.people >= k]


def whole_executions(cluster: Cluster) -> tuple[list[Execution], float]:
    """The sampled executions that hold a good part of what is usual, and their share; the others were cut off."""
    sample = cluster.sampled()
    total = sum(cluster.counts.values())
    least = PARTIAL * total
    whole = [e for e in sample if sum([cluster.counts.get(step, 0) for step in set(e.steps)]) >= least]
    if not whole:
        return sample, 1.0
    return whole, len(whole) / len(sample)


def routine_of(
    cluster: Cluster,
    tenant: str,
    k: int,
    found: Sequence[Variant],
    shapes: Sequence[Shape],
    telling: Mapping[str, float],
    name_by_number: Callable[[int], str],
) -> Routine:
    """The record of a routine (``version`` 0). Nothing in it is of fewer than ``k`` people.

    ``found``           its variants; ``shapes``: what its executions are recognised by
    ``telling``         activity → how much it tells this routine from the others
    ``name_by_number``  name of what a cluster's number stands for, empty where it is not public
    """
    executions, whole = whole_executions(cluster)
    n = max(1, round(cluster.executions * whole))
    rare = rare_activities(cluster, k)
    steps, edges = process_map(executions, rare)
    order = [step.activity for step in steps]
    presence = _presence(executions, rare)
    repeats = {step.activity: step.repeats for step in steps}
    apps = _apps(executions, k)
    pattern = _pattern(cluster, n, presence, repeats, apps)
    active = [execution.active_ms for execution in executions]
    elapsed = [execution.end_ms - execution.start_ms for execution in executions]
    calls = sum([execution.call_ms for execution in executions])
    waiting = [execution.waiting_ms - execution.call_ms for execution in executions]
    total = max(1, sum(waiting) + calls + sum(active))
    low, high = median_interval(active)
    return Routine(
        id=cluster.id,
        tenant=tenant,
        name=name_of(pattern, presence, order, telling),
        pattern=pattern,
        skeleton=tuple([activity for activity in order if presence.get(activity, 0.0) >= SKELETON]),
        optional=tuple([activity for activity in order if presence.get(activity, 0.0) < SKELETON]),
        presence=presence,
        variants=tuple([RoutineVariant(v.id, v.steps, max(1, round(v.share * n)), round(v.share, 4)) for v in found]),
        apps=apps,
        flows=_flows(cluster, executions, n, k),
        triggers=_triggers(executions, name_by_number),
        executions=n,
        people=len(cluster.people),
        teams=len(cluster.teams),
        days=len(cluster.days),
        first_ms=cluster.first_ms,
        last_ms=cluster.last_ms,
        active_median_ms=median(active),
        active_p90_ms=quantile(active, 0.9),
        active_low_ms=low,
        active_high_ms=high,
        elapsed_median_ms=median(elapsed),
        elapsed_p90_ms=quantile(elapsed, 0.9),
        waiting_share=round(sum(waiting) / total, 4),
        call_share=round(calls / total, 4),
        transfer_share=round(min(1.0, cluster.transfers / cluster.written), 4) if cluster.written else 0.0,
        determinism=determinism(steps),
        merged=cluster.merged,
        split_from=cluster.split_from,
        steps=steps,
        edges=edges,
        active_by_idle_ms={str(limit): median([active_at(e, limit) for e in executions]) for limit in IDLE_LIMITS_MS},
        waiting_median_ms=median(waiting),
        partial=cluster.partial + cluster.executions - n,
        parts=_parts(shapes, rare) if len(shapes) > 1 else (),
        complete_share=round(sum([execution.complete for execution in executions]) / max(1, len(executions)), 4),
        transferred_values=round(cluster.transfers / n, 3),
    )


def _parts(shapes: Sequence[Shape], rare: frozenset[str]) -> tuple[dict[str, float], ...]:
    """Of each shape the share of its occurrences that hold an activity."""
    return tuple(
        {
            activity: round(n / max(1, shape.times), 4)
            for activity, n in sorted(shape.counts.items())
            if activity not in rare
        }
        for shape in shapes
    )


def _presence(executions: Sequence[Execution], rare: frozenset[str]) -> dict[str, float]:
    """Activity → share of the executions that hold it, by name."""
    holding: dict[str, int] = {}
    for execution in executions:
        for step in set(execution.steps):
            holding[step] = holding.get(step, 0) + 1
    return {step: round(n / len(executions), 4) for step, n in sorted(holding.items()) if step not in rare}


def _flows(cluster: Cluster, executions: Sequence[Execution], n: int, k: int) -> tuple[Flow, ...]:
    people: dict[FlowKey, set[int]] = {}
    for execution in executions:
        for flow in execution.flows:
            people.setdefault(flow, set()).add(execution.actor)
    known = [(flow, count) for flow, count in cluster.flows.items() if len(people.get(flow, ())) >= k]
    ranked = sorted(known, key=lambda item: (-item[1], item[0].source, item[0].target, item[0].how, item[0].form))
    shown = [(flow, count / n) for flow, count in ranked[:SHOWN_FLOWS] if count >= MIN_FLOW * n]
    return tuple([Flow(f.source, f.target, f.how, f.form, round(min(1.0, share), 4)) for f, share in shown])


def _pattern(
    cluster: Cluster, n: int, presence: Mapping[str, float], repeats: Mapping[str, float], apps: tuple[str, ...]
) -> str:
    moved = cluster.transfers / n
    total = sum(cluster.flows.values())
    if total:
        between = sum([m for flow, m in cluster.flows.items() if _place(flow.source) != _place(flow.target)])
        across = between / total
    else:  # values moved, but not known from where to where: several applications are the best sign
        across = 1.0 if len(apps) > 1 else 0.0
    completes = any(presence[activity] >= 0.5 and is_completion(activity) for activity in presence)
    return pattern_of(profile(presence, repeats, moved, across, completes=completes))


def _place(field: str) -> str:
    """Application and screen of a field."""
    return field.rsplit(" / ", 1)[0]


def _apps(executions: Sequence[Execution], k: int) -> tuple[str, ...]:
    """Applications in at least a fifth of the executions, of at least ``k`` people; the most common first."""
    votes: dict[str, int] = {}
    people: dict[str, set[int]] = {}
    for execution in executions:
        for app in set(execution.apps):
            votes[app] = votes.get(app, 0) + 1
            people.setdefault(app, set()).add(execution.actor)
    common = [app for app, n in votes.items() if n >= 0.2 * len(executions) and len(people[app]) >= k]
    return tuple(sorted(common, key=lambda app: (-votes[app], app)))


def _triggers(executions: Sequence[Execution], name_by_number: Callable[[int], str]) -> tuple[str, ...]:
    """What comes right before it in a good part of the executions."""
    votes: dict[str, int] = {}
    for execution in executions:
        name = name_by_number(execution.before) if execution.before >= 0 else ""
        if name:
            votes[name] = votes.get(name, 0) + 1
    ranked = sorted(votes.items(), key=lambda item: (-item[1], item[0]))
    total = max(1, len(executions))
    return tuple([f"after: {name} ({n / total:.0%})" for name, n in ranked[:5] if n >= MIN_TRIGGER * total])
