"""A routine's public record, with all its evidence, from what the catalogue keeps of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from streams.discovery.evidence.naming import is_completion, name_of
from streams.discovery.evidence.patterns import pattern_of, profile
from streams.discovery.evidence.process_map import determinism, process_map
from streams.discovery.evidence.timing import IDLE_LIMITS_MS, active_at, median, median_interval, quantile
from streams.discovery.grouping.execution import Execution, FlowKey
from streams.discovery.grouping.routines import Cluster
from streams.discovery.grouping.shapes import Shape
from streams.discovery.grouping.variants import Variant, variants
from streams.discovery.words.labels import app_name, parts
from taskstream.records import Flow, Routine, RoutineVariant

SKELETON = 0.8
RARE = 0.04
"""Activities in fewer executions are noise to the routine's variants."""
PARTIAL = 0.45
"""An execution that holds less of the usual activities, each weighted by its presence, was cut off."""
TIMED = 0.68
"""Times are measured on executions that hold this share of the usual activities: half an execution would halve them."""
MOST = 0.75
"""... if this share of the whole executions does; otherwise its variants really differ that much, and all count."""
FOREIGN = 0.15
"""Screens that fewer executions visit are not the routine's."""
OWN = 0.7
"""Least share of the time that is a routine's own; below it, its screens have no stable names."""
USED = 0.2
"""An application is the routine's where so many executions take several steps in it,"""
USUAL = 0.5
"""... or so many at least one."""
SHOWN_VARIANTS = 12
SHOWN_FLOWS = 24
MIN_FLOW = 0.05
MIN_TRIGGER = 0.25
SHARE_DIGITS = 2
"""Decimals of shares and of values moved: a hundred executions leave them open by some hundredths."""


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
    """The sampled executions that hold a good part of the usual activities, and their share of all that are known."""
    least = PARTIAL * sum(cluster.counts.values())

    def is_whole(execution: Execution) -> bool:
        return sum([cluster.counts.get(step, 0) for step in set(execution.steps)]) >= least

    sample = cluster.sampled()
    whole = [execution for execution in sample if is_whole(execution)]
    if not whole:
        return sample, 1.0
    known = [execution for execution in cluster.remembered() if not execution.part]
    return whole, sum([is_whole(execution) for execution in known]) / max(1, len(known))


def foreign_activities(executions: Sequence[Execution]) -> frozenset[str]:
    """Activities on screens that few executions visit: chat, news, another task. Their time is not the routine's.

    None where that would be a large part of the time: then screens merely have other names in each execution.
    """
    visits: dict[tuple[str, str], int] = {}
    places: dict[str, tuple[str, str]] = {}
    for execution in executions:
        for step in set(execution.steps):
            if step not in places:
                part = parts(step)
                places[step] = part.app, part.screen
        for place in {places[step] for step in execution.steps}:
            visits[place] = visits.get(place, 0) + 1
    foreign = frozenset({step for step, place in places.items() if visits[place] < FOREIGN * len(executions)})
    total = sum([execution.active_ms for execution in executions])
    own = sum([own_ms(execution, foreign) for execution in executions])
    return foreign if own >= OWN * total else frozenset()


def own_ms(execution: Execution, foreign: frozenset[str]) -> int:
    """Active time of an execution without that of the activities ``foreign``."""
    if foreign.isdisjoint(execution.steps):
        return execution.active_ms
    actives = zip(execution.steps, execution.step_actives(), strict=True)
    return max(0, execution.active_ms - sum([ms for step, ms in actives if step in foreign]))


def _own_share(cluster: Cluster, foreign: frozenset[str]) -> float:
    """Share of the active time of all known executions that is not ``foreign``."""
    known = cluster.remembered()
    total = sum([execution.active_ms for execution in known])
    return sum([own_ms(execution, foreign) for execution in known]) / total if total else 1.0


def timed(cluster: Cluster, executions: Sequence[Execution]) -> Sequence[Execution]:
    """The executions on which times are measured: those that hold most of the usual activities."""
    least = TIMED * sum(cluster.counts.values())
    held = [e for e in executions if sum([cluster.counts.get(step, 0) for step in set(e.steps)]) >= least]
    return held if len(held) >= MOST * len(executions) else executions


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
    flows = _flows(cluster, executions, n, k)
    apps = _with_sources(_apps(executions, k), flows)
    pattern = _pattern(cluster, n, presence, repeats, apps)
    foreign = foreign_activities(executions)
    cluster.own = _own_share(cluster, foreign)
    active = [own_ms(execution, foreign) for execution in timed(cluster, executions)]
    elapsed = [execution.end_ms - execution.start_ms for execution in executions]
    waiting_ms, waiting_share, call_share = _waiting(executions)
    low, high = median_interval(active)
    return Routine(
        id=cluster.id,
        tenant=tenant,
        name=name_of(pattern, presence, order, telling),
        pattern=pattern,
        skeleton=tuple([activity for activity in order if presence.get(activity, 0.0) >= SKELETON]),
        optional=tuple([activity for activity in order if presence.get(activity, 0.0) < SKELETON]),
        presence=presence,
        variants=tuple([_variant(variant, n, foreign) for variant in found]),
        apps=in_direction(apps, cluster.flows, order),
        flows=flows,
        triggers=_triggers(executions, name_by_number),
        executions=n,
        people=cluster.people.usual(),
        teams=len(cluster.teams),
        days=len(cluster.days.by_day(cluster.days.begin())),
        first_ms=cluster.first_ms,
        last_ms=cluster.last_ms,
        active_median_ms=median(active),
        active_p90_ms=quantile(active, 0.9),
        active_low_ms=low,
        active_high_ms=high,
        elapsed_median_ms=median(elapsed),
        elapsed_p90_ms=quantile(elapsed, 0.9),
        waiting_share=waiting_share,
        call_share=call_share,
        transfer_share=round(min(1.0, cluster.transfers / cluster.written), SHARE_DIGITS) if cluster.written else 0.0,
        determinism=round(determinism(steps), SHARE_DIGITS),
        merged=cluster.merged,
        split_from=cluster.split_from,
        steps=steps,
        edges=edges,
        active_by_idle_ms=_by_idle(timed(cluster, executions), active),
        waiting_median_ms=waiting_ms,
        partial=cluster.partial + cluster.executions - n,
        parts=_parts(shapes, rare) if len(shapes) > 1 else (),
        complete_share=round(
            sum([execution.complete for execution in executions]) / max(1, len(executions)), SHARE_DIGITS
        ),
        transferred_values=round(cluster.transfers / n, SHARE_DIGITS),
        active_total_ms=round((cluster.active_ms + cluster.partial_ms) * cluster.own),
    )


def _waiting(executions: Sequence[Execution]) -> tuple[int, float, float]:
    """Median time without activity, calls left out (milliseconds); shares of the time spent waiting, and in calls."""
    calls = sum([execution.call_ms for execution in executions])
    waiting = [execution.waiting_ms - execution.call_ms for execution in executions]
    total = max(1, sum(waiting) + calls + sum([execution.active_ms for execution in executions]))
    return median(waiting), round(sum(waiting) / total, SHARE_DIGITS), round(calls / total, SHARE_DIGITS)


def _variant(variant: Variant, n: int, foreign: frozenset[str]) -> RoutineVariant:
    active = [own_ms(execution, foreign) for execution in variant.held]
    return RoutineVariant(
        id=variant.id,
        steps=variant.steps,
        executions=max(1, round(variant.share * n)),
        share=round(variant.share, 4),
        people=variant.people,
        active_median_ms=median(active),
        active_p90_ms=quantile(active, 0.9),
        merged=variant.merged,
    )


def _by_idle(executions: Sequence[Execution], active: Sequence[int]) -> dict[str, int]:
    """Median active time if pauses counted up to longer limits; ``active`` counts them up to the first."""
    usual = IDLE_LIMITS_MS[0]
    more = [[active_at(e, limit) - active_at(e, usual) for e in executions] for limit in IDLE_LIMITS_MS]
    return {
        str(limit): median([a + b for a, b in zip(active, added, strict=True)])
        for limit, added in zip(IDLE_LIMITS_MS, more, strict=True)
    }


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
    """Applications in at least a fifth of the executions, of at least ``k`` people; the most common first.

    One step in an application is no use of it, such as a look into the mail in between, unless it is usual.
    """
    uses: dict[str, int] = {}
    touches: dict[str, int] = {}
    people: dict[str, set[int]] = {}
    for execution in executions:
        for app, steps in Counter([parts(step).app for step in execution.steps]).items():
            touches[app] = touches.get(app, 0) + 1
            uses[app] = uses.get(app, 0) + (steps > 1)
            people.setdefault(app, set()).add(execution.actor)
    common = [
        app
        for app, n in touches.items()
        if app and (uses[app] >= USED * len(executions) or n >= USUAL * len(executions)) and len(people[app]) >= k
    ]
    return tuple(sorted(common, key=lambda app: (-touches[app], app)))


def _with_sources(apps: tuple[str, ...], flows: Sequence[Flow]) -> tuple[str, ...]:
    """The applications, with those in which values are only read: looking at a cell is no step of its own."""
    names = {app_name(app) for app in apps}
    sources = dict.fromkeys([_app_of(flow.source) for flow in flows if flow.share >= USED])
    return (*apps, *[name.lower() for name in sources if name not in names])


def _app_of(field: str) -> str:
    """The application of a field, by its name."""
    return field.partition(" (")[0].partition(" / ")[0]


def in_direction(apps: Sequence[str], flows: Mapping[FlowKey, int], order: Sequence[str]) -> tuple[str, ...]:
    """Applications ordered from the source of values to their target; otherwise in the order of the steps."""
    out: dict[str, int] = {}
    into: dict[str, int] = {}
    for flow, n in flows.items():
        source, target = _app_of(flow.source), _app_of(flow.target)
        if source != target:
            out[source] = out.get(source, 0) + n
            into[target] = into.get(target, 0) + n
    first: dict[str, int] = {}
    for place, step in enumerate(order):
        first.setdefault(parts(step).app, place)

    def key(app: str) -> tuple[float, int]:
        name = app_name(app)
        gives, takes = out.get(name, 0), into.get(name, 0)
        return (takes - gives) / max(1, takes + gives), first.get(app, len(order))

    return tuple(sorted(apps, key=key))


def _triggers(executions: Sequence[Execution], name_by_number: Callable[[int], str]) -> tuple[str, ...]:
    """Routines that come right before this one in a good part of its executions."""
    votes: dict[str, int] = {}
    for execution in executions:
        name = name_by_number(execution.before) if execution.before >= 0 else ""
        if name:
            votes[name] = votes.get(name, 0) + 1
    ranked = sorted(votes.items(), key=lambda item: (-item[1], item[0]))
    total = max(1, len(executions))
    return tuple([f"after: {name} ({n / total:.0%})" for name, n in ranked[:5] if n >= MIN_TRIGGER * total])
