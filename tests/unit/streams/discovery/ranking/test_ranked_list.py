"""What is worth automating, and why."""

from __future__ import annotations

from math import floor, log10, prod

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import structs

from streams.discovery.catalogue import Catalogue
from streams.discovery.grouping.days import Days
from streams.discovery.ranking import ranked_list
from streams.discovery.ranking.ranked_list import Observed
from taskstream.records import MAYBE, NEVER_MONTHS, NOT_WORTH_IT, Routine
from taskstream.settings import Settings
from tests.unit.streams.discovery.routine_samples import DAY_MS, INVOICE, LOOKUP, START_MS, TICKET, segment

SETTINGS = Settings()


def routine_of(*tasks: tuple[tuple[str, ...], int, int]) -> Catalogue:
    """A catalogue of tasks: steps, executions over five days, milliseconds a step."""
    catalogue = Catalogue("acme", k=1)
    for number, (steps, times, step_ms) in enumerate(tasks):
        for i in range(times):
            moved = sum("|paste|" in step for step in steps)
            catalogue.add(
                segment(
                    steps, actor=f"p{i % 3}", agent=f"pc{number}", first_seq=100 * i, step_ms=step_ms,
                    start_ms=START_MS + (i % 5) * DAY_MS + i * 20_000, transfers=moved, written=moved,
                )
            )  # fmt: skip
    catalogue.refine()
    return catalogue


def test_the_hours_saved_are_the_product_of_what_is_told_and_every_assumption_is_a_setting() -> None:
    for opportunity in routine_of((INVOICE, 200, 5_000), (LOOKUP, 40, 2_000)).opportunities(SETTINGS):
        assert opportunity.hours_saved_per_year == pytest.approx(prod(opportunity.why.values()), rel=0.01)
        assert opportunity.hours_saved_per_year < opportunity.hours_spent_per_year
        assert opportunity.assumptions == {
            name: getattr(SETTINGS, name) for name in opportunity.assumptions if name in Settings.model_fields
        }
        assert f"automatable_{opportunity.pattern.replace(' ', '_').replace('-', '_')}" in opportunity.assumptions
        assert (opportunity.working_days, opportunity.people, opportunity.people_known) == (5, 3, 3)
        assert opportunity.currency == "EUR"
        assert all(label and "|" not in label for label in opportunity.steps)


def test_hours_follow_from_executions_and_time() -> None:
    [found] = routine_of((INVOICE, 500, 6_000)).opportunities(SETTINGS)
    assert found.executions_per_week == 500
    assert found.active_median_ms == 48_000
    assert found.active_total_ms == 500 * 48_000
    assert found.hours_per_week == pytest.approx(500 * 48 / 3600, rel=0.01)
    assert found.hours_spent_per_year == pytest.approx(44 * 500 * 48 / 3600, rel=0.01)
    assert found.hours_saved_per_year_low < found.hours_saved_per_year < found.hours_saved_per_year_high
    assert found.payback_months_low <= found.payback_months <= found.payback_months_high
    assert found.verdict == "worth it"
    assert found.net_saving_low > 0


def test_money_and_reasons_have_no_more_digits_than_the_hours_they_come_from() -> None:
    [found] = routine_of((INVOICE, 61, 7_000)).opportunities(SETTINGS)
    half = SETTINGS.hourly_cost * (found.hours_saved_per_year_high - found.hours_saved_per_year_low) / 2
    money = found.yearly_saving_low, found.yearly_saving, found.yearly_saving_high
    assert not any(one % 10 ** (floor(log10(half)) - 1) for one in money)
    assert money[0] < money[1] < money[2]
    assert money[2] - money[0] == pytest.approx(2 * half, rel=0.05)
    assert found.why[ranked_list.SPENT] == found.hours_spent_per_year


def test_rates_and_shares_have_no_more_digits_than_the_evidence_allows() -> None:
    [found] = routine_of((INVOICE, 61, 7_000)).opportunities(SETTINGS)
    half = found.executions_per_week * (found.hours_per_week_high / found.hours_per_week - 1)
    assert round(found.executions_per_week, 1 - floor(log10(half))) == found.executions_per_week
    for share in (found.determinism, found.transfer_share, found.exceptions, found.transferred_values):
        assert round(share, 2) == share


@pytest.mark.parametrize(
    ("months", "told"),
    [
        ((4.5, 11.6, 60.1), (4.0, 12.0, 60.0)),
        ((20.4, 83.7, NEVER_MONTHS), (20.0, 84.0, NEVER_MONTHS)),
        ((20.4, NEVER_MONTHS, NEVER_MONTHS), (20.0, NEVER_MONTHS, NEVER_MONTHS)),
        ((NEVER_MONTHS,) * 3, (NEVER_MONTHS,) * 3),
        ((1.0, 1.1, 1.3), (1.0, 1.1, 1.3)),
    ],
)
def test_a_time_to_pay_back_has_the_digits_of_its_interval(
    months: tuple[float, float, float], told: tuple[float, float, float]
) -> None:
    assert ranked_list.payback(months) == told


def test_the_total_is_the_sum_of_all_times_not_the_median_times_their_number() -> None:
    catalogue = Catalogue("acme", k=1)
    for i in range(100):
        slow = 10 if i % 4 == 0 else 1
        catalogue.add(
            segment(
                INVOICE, first_seq=100 * i, step_ms=2_000 * slow, start_ms=START_MS + (i % 5) * DAY_MS + i * 200_000
            )
        )
    catalogue.refine()
    [found] = catalogue.opportunities(SETTINGS)
    assert found.active_total_ms == 25 * 160_000 + 75 * 16_000
    assert found.hours_per_week == pytest.approx(found.active_total_ms / 3_600_000, rel=0.01)
    assert found.active_median_ms == 16_000


def test_the_list_is_ranked_by_the_hours_saved() -> None:
    found = routine_of((INVOICE, 100, 2_000), (LOOKUP, 100, 3_000), (TICKET, 300, 4_000)).opportunities(SETTINGS)
    saved = [opportunity.hours_saved_per_year for opportunity in found]
    assert saved == sorted(saved, reverse=True)
    assert [opportunity.rank for opportunity in found] == [1, 2, 3]


@given(st.integers(3, 400), st.integers(200, 60_000), st.floats(0.5, 6))
@example(253, 1_870, 2.25)
@settings(max_examples=60, deadline=None)
def test_a_payback_within_the_horizon_is_never_not_worth_it(times: int, step_ms: int, years: float) -> None:
    for one in routine_of((INVOICE, times, step_ms)).opportunities(Settings(horizon_years=years)):
        if one.payback_months <= 12 * years:
            assert one.verdict != NOT_WORTH_IT
        assert (one.verdict == MAYBE) == (one.net_saving_low <= 0 < one.net_saving_high)
        assert one.hours_saved_per_year_low <= one.hours_saved_per_year <= one.hours_saved_per_year_high


def test_times_that_are_all_the_same_tell_no_durations_and_no_verdict() -> None:
    [routine] = routine_of((INVOICE, 60, 5_000)).routines()
    days = Days({4: (60, 0)})
    [found] = ranked_list.rank([routine], Observed(days, {routine.id: days}, START_MS, START_MS, 3, 60_000), SETTINGS)
    assert (found.verdict, found.preliminary) == (MAYBE, ranked_list.TIMELESS)


def test_the_step_list_ends_with_the_optional_tail() -> None:
    tail = ("erp|click|invoice|button:print", "outlook|paste|mail|field:note")
    catalogue = Catalogue("acme", k=1)
    for i in range(100):
        steps = INVOICE + (tail if i % 5 < 2 else ())
        steps += ("web|click|news|link:sports",) if i % 10 == 9 else ()
        catalogue.add(segment(steps, first_seq=100 * i, start_ms=START_MS + (i % 5) * DAY_MS + i * 200_000))
    catalogue.refine()
    [found] = catalogue.opportunities(SETTINGS)
    assert found.steps[-3:] == (
        "click Submit (ERP)", "click Print (ERP) [optional: 40%]", "paste into field Note (Outlook) [optional: 40%]",
    )  # fmt: skip
    assert len(found.steps) == len(INVOICE) + 2
    [routine] = catalogue.routines()
    usual = structs.replace(routine, steps=tuple(step for step in routine.steps if step.presence >= 0.5))
    assert ranked_list.build_cost(routine, SETTINGS) == ranked_list.build_cost(usual, SETTINGS)


def test_what_does_not_surely_pay_is_not_worth_it() -> None:
    [rare] = routine_of((INVOICE, 5, 3_000)).opportunities(SETTINGS)
    assert rare.verdict == "not worth it"
    assert rare.net_saving_low < 0
    assert rare.payback_months_high == NEVER_MONTHS


def test_time_ranks_before_frequency() -> None:
    first, second = routine_of((LOOKUP, 300, 500), (INVOICE, 100, 15_000)).opportunities(SETTINGS)
    assert first.executions < second.executions
    assert first.hours_spent_per_year > second.hours_spent_per_year
    assert (first.rank, second.rank) == (1, 2)


def test_a_part_of_a_routine_is_folded_into_it() -> None:
    [whole] = routine_of((INVOICE, 60, 5_000)).routines()
    part = structs.replace(
        whole,
        id="part",
        presence={INVOICE[0]: 1.0, INVOICE[2]: 1.0},
        executions=10,
        skeleton=INVOICE[:2],
        active_total_ms=1_000,
    )
    [listed], covers = ranked_list.fold([part, whole])
    assert listed.id == whole.id
    assert covers == {whole.id: ("part",)}
    days = Days({4: (60, 10**8)})
    observed = Observed(days, {whole.id: days, "part": days}, START_MS, START_MS + DAY_MS, 3)
    [found] = ranked_list.rank([whole, part], observed, SETTINGS)
    assert found.covers == ("part",)


@pytest.mark.parametrize(("pattern", "share"), [("copy bridge", 0.9), ("re-keying", 0.85), ("messaging", 0.05)])
def test_what_can_be_automated_depends_on_the_pattern(pattern: str, share: float) -> None:
    [routine] = routine_of((INVOICE, 60, 5_000)).routines()
    assert ranked_list.automatable(structs.replace(routine, pattern=pattern), SETTINGS) == share


def test_building_costs_more_for_more_steps_and_less_certainty() -> None:
    [routine] = routine_of((INVOICE, 60, 5_000)).routines()
    plain = ranked_list.build_cost(routine, SETTINGS)
    assert ranked_list.build_cost(structs.replace(routine, determinism=0.2), SETTINGS) > plain
    assert ranked_list.build_cost(structs.replace(routine, apps=("a", "b", "c")), SETTINGS) > plain
    fewer = structs.replace(routine, steps=routine.steps[:3])
    assert ranked_list.build_cost(fewer, SETTINGS) < plain


def test_the_list_is_told_only_where_it_changed() -> None:
    catalogue = routine_of((INVOICE, 60, 5_000), (TICKET, 30, 5_000))
    first = {opportunity.id: opportunity.version for opportunity in catalogue.changed_opportunities(SETTINGS)}
    assert len(first) == 2
    assert catalogue.changed_opportunities(SETTINGS) == []
    gone: list[Routine] = [structs.replace(r, withdrawn=True) for r in catalogue.routines() if TICKET[0] in r.presence]
    catalogue._published |= {routine.id: routine for routine in gone}
    changed = catalogue.changed_opportunities(SETTINGS)
    assert [(o.id, o.withdrawn, o.version) for o in changed if o.withdrawn] == [
        (gone[0].id, True, first[gone[0].id] + 1)
    ]
    assert catalogue.changed_opportunities(SETTINGS) == []


def test_nothing_seen_nothing_listed() -> None:
    assert Catalogue("acme", k=1).opportunities(SETTINGS) == []
