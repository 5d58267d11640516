"""Which routines are worth automating, and why: hours spent and saved with their intervals, cost, payback, the list.

The list is ranked by one figure, the hours saved a year. Every assumption is a setting and stands beside the result.
Nothing is extrapolated to people who were not observed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from msgspec import Struct, structs

from streams.discovery.evidence.record import SHARE_DIGITS
from streams.discovery.grouping.days import Days
from streams.discovery.ranking.savings import NET, PAYBACK, SAVED, Interval, simulate
from streams.discovery.ranking.weekly import NORMAL, Calendar, Weekly, calendar_of, rounded, weekly
from taskstream.records import MAYBE, NEVER_MONTHS, NOT_WORTH_IT, WORTH_IT, Opportunity, Routine
from taskstream.settings import Settings

FOLD = 0.85
"""Share of a routine's usual activities that another must hold for it to be a part of that one."""
HELD = 0.5
TAIL = 0.2
"""Share of executions from which on a step after the last usual one is shown, as optional."""
TIMELESS = "all times are the same, so no durations can be told"
SPENT = "hours a year spent"


class Observed(Struct, frozen=True):
    """What the catalogue has seen in all: work by day, of all and of each routine, when, and how many people.

    ``resolution_ms``  how fine the times are told
    """

    days: Days
    by_routine: Mapping[str, Days]
    first_ms: int
    last_ms: int
    people: int
    resolution_ms: int = 1

    @property
    def timeless(self) -> bool:
        """Whether all times are the same, so that they tell of no duration."""
        return self.first_ms == self.last_ms


def rank(routines: Sequence[Routine], observed: Observed, settings: Settings) -> list[Opportunity]:
    """The non-redundant list, the one that saves most hours a year first."""
    if not observed.days.quarters:
        return []
    calendar = calendar_of(observed.days)
    listed, covers = fold(routines)
    found = [_opportunity(routine, covers[routine.id], calendar, observed, settings) for routine in listed]
    found.sort(key=lambda opportunity: (-opportunity.hours_saved_per_year, opportunity.id))
    return [structs.replace(opportunity, rank=place) for place, opportunity in enumerate(found, 1)]


def fold(routines: Sequence[Routine]) -> tuple[list[Routine], dict[str, tuple[str, ...]]]:
    """The routines that are not part of a larger one, and for each of them the ids of its parts."""
    larger = sorted(routines, key=lambda r: (-r.active_total_ms, r.id))
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


def _opportunity(
    routine: Routine, covers: tuple[str, ...], calendar: Calendar, observed: Observed, settings: Settings
) -> Opportunity:
    week = weekly(observed.by_routine[routine.id], routine.executions, calendar, settings, observed.resolution_ms)
    cost = build_cost(routine, settings)
    exceptions = exception_share(routine)
    possible = automatable(routine, settings)
    parts = factors(week, possible, exceptions, settings)
    savings = simulate(routine.id, week, possible * settings.adoption, exceptions, cost, settings)
    year = settings.weeks_per_year
    spent = rounded(*(hours * year for hours in (week.hours, week.low, week.high)))
    saved = rounded(prod(parts.values()), savings[SAVED][0], savings[SAVED][2])
    net = rounded(savings[NET][1], savings[NET][0], savings[NET][2])
    hours = rounded(week.hours, week.low, week.high)
    often = week.executions / week.hours if week.hours else 0.0  # hours vary as much as executions, or more
    runs = week.executions, week.low * often, week.high * often
    paid_back = payback(savings[PAYBACK])
    unsure = NORMAL * settings.build_spread * cost
    upkeep = settings.maintenance_share * cost
    money = (one * settings.hourly_cost - upkeep for one in (prod(parts.values()), *savings[SAVED][::2]))
    yearly = rounded(*money)
    return Opportunity(
        id=routine.id,
        tenant=routine.tenant,
        rank=0,
        name=routine.name,
        pattern=routine.pattern,
        steps=step_list(routine),
        apps=routine.apps,
        executions=routine.executions,
        executions_per_week=rounded(*runs)[0],
        people=routine.people,
        people_known=observed.people,
        first_ms=observed.first_ms,
        last_ms=observed.last_ms,
        working_days=calendar.working,
        preliminary=TIMELESS if observed.timeless else week.preliminary,
        active_median_ms=routine.active_median_ms,
        active_p90_ms=routine.active_p90_ms,
        active_low_ms=routine.active_low_ms,
        active_high_ms=routine.active_high_ms,
        active_total_ms=routine.active_total_ms,
        hours_per_week=hours[0],
        hours_per_week_low=hours[1],
        hours_per_week_high=hours[2],
        transferred_values=routine.transferred_values,
        transfer_share=routine.transfer_share,
        determinism=routine.determinism,
        variants=len(routine.variants),
        hours_spent_per_year=spent[0],
        hours_spent_per_year_low=spent[1],
        hours_spent_per_year_high=spent[2],
        hours_saved_per_year=saved[0],
        hours_saved_per_year_low=saved[1],
        hours_saved_per_year_high=saved[2],
        currency=settings.currency,
        build_cost=rounded(cost, cost - unsure, cost + unsure)[0],
        yearly_saving=yearly[0],
        payback_months_low=paid_back[0],
        payback_months=paid_back[1],
        payback_months_high=paid_back[2],
        verdict=MAYBE if observed.timeless else verdict(net[1], net[2]),
        why={name: round(value, 4) for name, value in parts.items()} | {SPENT: spent[0]},
        assumptions=assumptions(routine, settings),
        updated_ms=observed.last_ms,
        covers=covers,
        exceptions=round(exceptions, SHARE_DIGITS),
        net_saving_low=net[1],
        net_saving=net[0],
        net_saving_high=net[2],
        yearly_saving_low=yearly[1],
        yearly_saving_high=yearly[2],
    )


def step_list(routine: Routine) -> tuple[str, ...]:
    """The usual steps in their order; those of an optional tail follow, with their share of the executions."""
    usual = [n for n, step in enumerate(routine.steps) if step.presence >= HELD]
    tail = routine.steps[usual[-1] + 1 :] if usual else ()
    optional = [f"{step.label} [optional: {step.presence:.0%}]" for step in tail if step.presence >= TAIL]
    return tuple([routine.steps[n].label for n in usual] + optional)


def factors(week: Weekly, possible: float, exceptions: float, settings: Settings) -> dict[str, float]:
    """What the hours saved a year are the product of: the hours spent, and the shares of them that can be saved."""
    return {
        SPENT: week.hours * settings.weeks_per_year,
        "can be automated": possible,
        "will be adopted": settings.adoption,
        "without exceptions": 1 - exceptions,
    }


def payback(months: Interval) -> Interval:
    """The time to pay back and its interval, with the digits that it allows; what never comes stays so."""
    low, value, high = months
    end = high if high < NEVER_MONTHS else 2 * value - low if value < NEVER_MONTHS else 3 * low
    value, low, _ = (min(NEVER_MONTHS, one) for one in rounded(value, low, end))
    return low, value, high if high >= NEVER_MONTHS else rounded(high, months[0], end)[0]


def verdict(low: float, high: float) -> str:
    """By the 95 % interval of the net saving over the horizon, as it is told: above zero, across it, or below."""
    return WORTH_IT if low > 0 else NOT_WORTH_IT if high <= 0 else MAYBE


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


def automatable_by(routine: Routine) -> str:
    """The setting that says how much of the routine's work an automation can do, by its pattern."""
    name = f"automatable_{routine.pattern.replace(' ', '_').replace('-', '_')}"
    return name if name in Settings.model_fields else "automatable_navigation"


def automatable(routine: Routine, settings: Settings) -> float:
    """Share of the routine's work that an automation can do."""
    return float(getattr(settings, automatable_by(routine)))


def assumptions(routine: Routine, settings: Settings) -> dict[str, float]:
    """Every setting that the figures rest on, by its name."""
    names = (
        "hourly_cost", "weeks_per_year", "workdays_per_week", "build_hours_base", "build_hours_per_step",
        "build_hours_per_app", "build_hourly_cost", "build_uncertainty", "build_spread", "maintenance_share",
        "adoption", automatable_by(routine), "horizon_years", "day_variation",
    )  # fmt: skip
    return {name: float(getattr(settings, name)) for name in names}
