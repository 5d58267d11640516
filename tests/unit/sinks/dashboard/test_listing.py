"""Opportunities into rows."""

from __future__ import annotations

import json

from msgspec import structs

from sinks.dashboard import listing
from sinks.dashboard.page_data import FreshMinute, Snapshot
from sinks.results.routine import ListedVariant
from taskstream.records import Flow
from tests.unit.sinks.results.samples import opportunity, routine

ONE = opportunity(
    id="r1", rank=1, name="Copy amounts", apps=("excel", "chrome"), executions=420, executions_per_week=84.0, people=8,
    active_median_ms=74_000, active_p90_ms=133_000, hours_per_week=8.6312, hours_per_week_low=7.31,
    hours_per_week_high=9.94, hours_saved_per_year=378, hours_saved_per_year_low=258, hours_saved_per_year_high=447,
    verdict="worth it", people_known=30,
    payback_months=999.0, payback_months_low=3.4, payback_months_high=999.0,
)  # fmt: skip


def test_a_row_says_how_often_how_long_and_how_sure() -> None:
    (row,) = listing.rows(Snapshot(opportunities=(ONE,)))
    assert (row["median_text"], row["p90_text"]) == ("1 min 14 s", "90 % under 2 min 13 s")
    assert (row["saving_text"], row["interval_text"]) == ("380 h", "260 to 450")
    assert (row["hours_text"], row["hours_bar"], row["verdict_class"]) == ("8.6 h", 100.0, "good")
    json.dumps(row)


def test_times_and_rates_have_the_digits_of_their_intervals() -> None:
    wide = {"active_median_ms": 74_321, "active_p90_ms": 133_210, "active_low_ms": 45_000, "active_high_ms": 117_000}
    row_of = structs.replace(ONE, **wide, executions_per_week=84.3, hours_per_week=1.2, hours_per_week_low=0.6)
    (row,) = listing.rows(Snapshot(opportunities=(row_of,)))
    assert (row["median_text"], row["p90_text"]) == ("1 min 10 s", "90 % under 2 min 10 s")
    assert row["week_text"] == "80"
    facts = {each["what"]: each["value"] for each in row["facts"]}
    assert facts["median lies within"] == "50 s to 2 min"
    assert facts["active time of all runs seen"]


def test_a_row_says_why_it_ranks_there_and_what_was_observed() -> None:
    (row,) = listing.rows(Snapshot(opportunities=(ONE,)))
    assert row["why"].startswith("53 h a year spent × 90% can be automated")
    assert row["observed"] == "2026-01-05 to 2026-01-09, 4 working days, 8 of 30 people"
    assert row["preliminary"] == "4 working days observed, fewer than 5"


def test_a_payback_that_never_comes_is_said_so() -> None:
    (row,) = listing.rows(Snapshot(opportunities=(ONE,)))
    facts = {each["what"]: each["value"] for each in row["facts"]}
    assert facts["pays back in"] == "never (3.4 to never)"
    assert facts["saving a year, net of upkeep"] == "1,500 CHF (1,100 to 1,900)"


def test_no_hours_are_told_where_all_times_are_the_same() -> None:
    (row,) = listing.rows(Snapshot(opportunities=(structs.replace(ONE, last_ms=ONE.first_ms),)))
    assert row["saving_text"] == row["hours_text"] == row["why"] == "cannot be told"
    assert [fact["value"] for fact in row["facts"]] == ["cannot be told: all times are the same"]


def test_evidence_of_the_routine_is_joined_by_id() -> None:
    evidence = routine(
        id="r1",
        flows=(Flow("excel|copy|s|cell:c", "chrome|paste|p|field:amount", "rekey", "amount", 0.92),),
        optional=("outlook|window|inbox|",),
    )
    variants = (
        ListedVariant("r1", "v1", ("a|click|s|button:ok",), 300, 0.71, 6, 70_000),
        ListedVariant("r2", "v9", ("x|click|s|button:a",), 3, 1.0),
    )
    (row,) = listing.rows(Snapshot(opportunities=(ONE,), routines=(evidence,), variants=variants))
    assert row["flows"][0]["how"] == "typed again"
    assert row["flows"][0]["share"] == "92 %"
    assert [each["share"] for each in row["variants"]] == ["71 %"]
    assert row["optional"] == ["outlook · inbox · window"]


def test_an_opportunity_without_its_routine_is_still_listed() -> None:
    (row,) = listing.rows(Snapshot(opportunities=(ONE,)))
    assert row["flows"] == []
    assert row["variants"] == []


def test_freshness_is_that_of_the_newest_minute_with_enough_events() -> None:
    busy, lone = FreshMinute(1, 5_000, 400, 1_200), FreshMinute(2, 1, 90, 90)
    assert Snapshot(freshness=(busy, lone)).fresh == busy
    assert Snapshot(freshness=(lone,)).fresh == lone
    assert Snapshot().fresh is None
