"""Which routines are worth automating, and why: savings with their interval, cost, payback, and a ranked list.

Every assumption is a setting and stands beside the result. Nothing is extrapolated to people who were not observed.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from math import log1p, sqrt

from msgspec import Struct, structs

from streams.discovery.evidence.timing import median, quantile
from streams.discovery.grouping.hashing import hash64
from taskstream.records import NEVER_MONTHS, NOT_WORTH_IT, WORTH_IT, Opportunity, Routine
from taskstream.settings import Settings

HOUR_MS = 3_600_000
DRAWS = 500
FOLD = 0.85
"""Share of a routine's usual activities that another must hold for it to be a part of that one."""
HELD = 0.5


class Observed(Struct, frozen=True):
    """What the catalogue has seen in all: executions per day, active time, the time of the latest."""

    days: Mapping[int, int]
    active_ms: int
    last_ms: int


class Savings(Struct, frozen=True):
    """Quantiles (5 %, 50 %, 95 %) of the simulated distribution."""

    hours: tuple[float, float, float]
    net: tuple[float, float, float]
    payback: tuple[float, float, float]


def rank(routines: Sequence[Routine], observed: Observed, settings: Settings) -> list[Opportunity]:
    """The non-redundant list, the best first."""
    if not observed.days:
        return []
    listed, covers = fold(routines)
    found = [_opportunity(routine, covers[routine.id], observed, settings) for routine in listed]
    found.sort(key=lambda opportunity: (-opportunity.score, opportunity.id))
    return [_ranked(opportunity, i + 1) for i, opportunity in enumerate(found)]


def _ranked(opportunity: Opportunity, place: int) -> Opportunity:
    return structs.replace(opportunity, rank=place)


def fold(routines: Sequence[Routine]) -> tuple[list[Routine], dict[str, tuple[str, ...]]]:
    """The routines that are not part of a larger one, and for each of them the ids of its parts."""
    larger = sorted(routines, key=lambda r: (-r.executions * r.active_median_ms, r.id))
    kept: list[Routine] = []
    covers: dict[str, list[str]] = {}
    for routine in larger:
        host = next((other for other in kept if _contains(other, routine)), None)
        if host is None:
            kept.append(routine)
            covers[routine.id] = []
        else:
            covers[host.id].append(routine.id)
    return kept, {name: tuple(sorted(parts)) for name, parts in covers.items()}


def _contains(host: Routine, part: Routine) -> bool:
    """Whether ``part`` is made of activities that executions of ``host`` usually hold."""
    total = sum(part.presence.values())
    held = sum([p for activity, p in part.presence.items() if host.presence.get(activity, 0.0) >= HELD])
    return total > 0 and held >= FOLD * total


def _opportunity(routine: Routine, covers: tuple[str, ...], observed: Observed, settings: Settings) -> Opportunity:
    days = working_days(observed.days)
    per_week = routine.executions / days * settings.workdays_per_week
    cost = build_cost(routine, settings)
    exceptions = exception_share(routine)
    possible = automatable(routine, settings)
    savings = simulate(routine, days, cost, exceptions, settings)
    taken_over = settings.adoption * possible * (1 - exceptions)
    hours_per_week = per_week * routine.active_median_ms / HOUR_MS
    why = contributions(routine, savings, observed, exceptions, possible)
    return Opportunity(
        id=routine.id,
        tenant=routine.tenant,
        rank=0,
        name=routine.name,
        pattern=routine.pattern,
        steps=tuple([step.label for step in routine.steps if step.presence >= HELD]),
        apps=routine.apps,
        executions=routine.executions,
        executions_per_week=round(per_week, 2),
        people=routine.people,
        active_median_ms=routine.active_median_ms,
        active_p90_ms=routine.active_p90_ms,
        active_low_ms=routine.active_low_ms,
        active_high_ms=routine.active_high_ms,
        hours_per_week=round(hours_per_week, 3),
        transferred_values=routine.transferred_values,
        transfer_share=routine.transfer_share,
        determinism=routine.determinism,
        variants=len(routine.variants),
        hours_per_year=round(hours_per_week * settings.weeks_per_year, 1),
        hours_per_year_low=savings.hours[0],
        hours_per_year_high=savings.hours[2],
        build_cost=round(cost, 2),
        yearly_saving=round(_yearly_saving(hours_per_week, taken_over, cost, settings), 2),
        payback_months_low=savings.payback[0],
        payback_months=savings.payback[1],
        payback_months_high=savings.payback[2],
        verdict=WORTH_IT if savings.net[0] > 0 else NOT_WORTH_IT,
        score=round(sum(why.values()), 3),
        why=why,
        assumptions=assumptions(settings, days) | {"automatable": possible},
        updated_ms=observed.last_ms,
        covers=covers,
        exceptions=exceptions,
        net_saving_low=savings.net[0],
        net_saving=savings.net[1],
        net_saving_high=savings.net[2],
    )


def build_cost(routine: Routine, settings: Settings) -> float:
    """Cost of building the automation: base, steps and applications, more where what comes next is less certain."""
    steps = sum([1 for step in routine.steps if step.presence >= HELD])
    hours = (
        settings.build_hours_base
        + settings.build_hours_per_step * steps
        + settings.build_hours_per_app * max(1, len(routine.apps))
    )
    return hours * (1 + settings.build_uncertainty * (1 - routine.determinism)) * settings.build_hourly_cost


def exception_share(routine: Routine) -> float:
    """Share of executions that will need a person: those like no frequent variant, and those cut off."""
    usual = sum([variant.share for variant in routine.variants if variant.share >= 0.05])
    unusual = 1 - usual if routine.variants else 0.5
    return round(min(0.9, 0.5 * unusual + 0.5 * (1 - routine.determinism)), 4)


def automatable(routine: Routine, settings: Settings) -> float:
    """Share of the routine's work that an automation can do, by its pattern."""
    name = f"automatable_{routine.pattern.replace(' ', '_').replace('-', '_')}"
    return float(getattr(settings, name, settings.automatable_navigation))


def _yearly_saving(hours_per_week: float, share: float, cost: float, settings: Settings) -> float:
    hours = hours_per_week * settings.weeks_per_year * share
    return hours * settings.hourly_cost - settings.maintenance_share * cost


def working_days(days: Mapping[int, int]) -> float:
    """Working days observed, from the executions of each UTC day: a day with few counts in part.

    So five days of work in a place whose working day crosses midnight UTC are five, not six.
    """
    usual = median(list(days.values()))
    return max(1.0, round(sum([min(1.0, n / usual) for n in days.values()]), 2)) if usual else 1.0


def simulate(routine: Routine, days: float, cost: float, exceptions: float, settings: Settings) -> Savings:
    """Draw what is uncertain (rate, time, cost, exceptions) and take quantiles; seeded by the routine's id.

    Rate: counting error and day-to-day variation over the days observed. Time: the interval of the median.
    """
    draw = random.Random(hash64(routine.id))
    rate = routine.executions / days * settings.workdays_per_week * settings.weeks_per_year
    spread = sqrt(1 / max(1, routine.executions) + settings.day_variation**2 / days)
    median_s = routine.active_median_ms / HOUR_MS
    time_spread = max(1e-9, (routine.active_high_ms - routine.active_low_ms) / HOUR_MS / (2 * 1.96))
    taken_over = settings.adoption * automatable(routine, settings)
    hours, nets, paybacks = [], [], []
    for _ in range(DRAWS):
        year_hours = rate * max(0.0, draw.gauss(1, spread)) * max(0.0, draw.gauss(median_s, time_spread))
        built = cost * max(0.25, draw.gauss(1, settings.build_spread))
        failing = min(1.0, max(0.0, draw.gauss(exceptions, 0.25 * exceptions)))
        yearly = year_hours * taken_over * (1 - failing) * settings.hourly_cost
        yearly -= settings.maintenance_share * built
        hours.append(round(year_hours * 1000))
        nets.append(round(100 * (yearly * settings.horizon_years - built)))
        paybacks.append(
            round(100 * min(NEVER_MONTHS, 12 * built / yearly)) if yearly > 0 else round(100 * NEVER_MONTHS)
        )
    return Savings(_quantiles(hours, 1000), _quantiles(nets, 100), _quantiles(paybacks, 100))


def _quantiles(values: Sequence[int], scale: int) -> tuple[float, float, float]:
    low, middle, high = (round(quantile(values, share) / scale, 2) for share in (0.05, 0.5, 0.95))
    return low, middle, high


def contributions(
    routine: Routine, savings: Savings, observed: Observed, exceptions: float, possible: float
) -> dict[str, float]:
    """Points for the score by feature, in a fixed order.

    Time counts most, by its cautious end, and only as far as it can be saved; frequency counts only through time.
    """
    hours = sqrt(max(0.0, savings.hours[0]) * max(0.0, savings.hours[1]))
    coverage = routine.executions * routine.active_median_ms / max(1, observed.active_ms)
    points = {
        "hours a year": 12 * log1p(hours),
        "can be automated": 12 * (log1p(hours * possible) - log1p(hours)),
        "share of observed work": 20 * min(1.0, coverage),
        "values moved": 10 * routine.transfer_share,
        "determinism": 10 * routine.determinism,
        "people": 3 * log1p(max(0, routine.people - 1)),
        "exceptions": -10 * exceptions,
        "applications": -2.0 * max(0, len(routine.apps) - 2),
    }
    return {feature: round(value, 3) for feature, value in points.items()}


def assumptions(settings: Settings, days: float) -> dict[str, float]:
    """Every setting that the figures rest on, and the working days observed."""
    names = (
        "hourly_cost", "weeks_per_year", "workdays_per_week", "build_hours_base", "build_hours_per_step",
        "build_hours_per_app", "build_hourly_cost", "build_uncertainty", "build_spread", "maintenance_share",
        "adoption", "horizon_years", "day_variation",
    )  # fmt: skip
    return {name: float(getattr(settings, name)) for name in names} | {"days_observed": days}
