"""Dead letters against what the faults did, and what counts as broken."""

from __future__ import annotations

from typing import Any

from benchmarks.chaos.accounting import LetterContents, differences, failures, only_in_one
from taskstream.events import encode
from taskstream.records import DeadLetter


def letter(topic: str, partition: int, offset: int, reason: str) -> bytes:
    return encode(
        DeadLetter(
            id=f"{topic}:{partition}:{offset}", reason=reason, detail="", stage="sink", source_topic=topic,
            source_partition=partition, source_offset=offset, at_ms=0, key="", size=0, payload="",
        )
    )  # fmt: skip


def test_letters_are_sorted_by_what_they_tell() -> None:
    told = LetterContents.of(
        [
            letter("p.sessions", 1, 5, "invalid"),
            letter("ui-events", 0, 9, "lost"),
            letter("p.activity", 2, 3, "lost"),
            letter("ui-events", 0, 12, "gap"),
        ],
        "p.",
    )
    assert told.gaps == {("ui-events", 0, 12)}
    assert told.refused == {("sessions", 1, 5)}
    assert told.gone == {("ui-events", 0, 9), ("activity", 2, 3)}


def test_what_is_told_exactly_makes_no_difference() -> None:
    told = LetterContents(
        {("sessions", 1, 5)}, {("ui-events", 0, 9), ("state", 0, 1), ("state", 0, 7)}, {("ui-events", 0, 11)}
    )
    found = differences(told, {("sessions", 1, 5)}, {("ui-events", 0, 9)}, {("state", 0)})
    assert not any(found.values())


def test_each_difference_has_a_name() -> None:
    told = LetterContents({("sessions", 1, 6)}, {("ui-events", 0, 8)}, {("ui-events", 0, 10)})
    found = differences(told, {("sessions", 1, 5)}, {("activity", 0, 9)}, {("clean", 3)})
    assert found == {
        "foreign_untold": [("sessions", 1, 5)],
        "refused_wrongly": [("sessions", 1, 6)],
        "gaps_wrongly": [("ui-events", 0, 10)],
        "removed_untold": [("activity", 0, 9)],
        "recreated_untold": [("clean", 3)],
        "gone_wrongly": [("ui-events", 0, 8)],
    }


def result(**changes: Any) -> dict[str, Any]:
    kept = {
        "lost": 0, "duplicated": 0, "send_failures": 0, "equal": {"sessions": True}, "tables": {"sessions": 4},
        "rows_wanted": {"sessions": 4}, "rows_doubtful": {}, "dead_letters": {"removed_untold": []},
        "self_exits": {"worker": 0},
        "commands": {"dead-letter list": 0}, "catalogue": {"wrong": {"assigned_twice": []}},
    }  # fmt: skip
    return kept | changes


def test_a_kept_promise_has_no_failures() -> None:
    assert failures(result()) == []


def test_rows_that_may_be_stored_may_be_there_or_not() -> None:
    for rows, wrong in ((4, 0), (6, 0), (7, 1), (3, 1)):
        assert len(failures(result(tables={"sessions": rows}, rows_doubtful={"sessions": 2}))) == wrong


def test_every_kind_of_failure_is_told() -> None:
    broken = {
        "lost": 2, "duplicated": 1, "send_failures": 1, "equal": {"sessions": False}, "tables": {"sessions": 3},
        "dead_letters": {"removed_untold": [("a", 0, 1)]}, "self_exits": {"worker": 1}, "commands": {"x": 2},
        "catalogue": {"wrong": {"assigned_twice": ["s v1"]}},
    }  # fmt: skip
    for name, value in broken.items():
        assert len(failures(result(**{name: value}))) == 1, name


def test_values_of_one_run_alone_are_told_by_place_and_often_as_often_as_there_are_more() -> None:
    disturbed = {"sessions": {0: [b"a", b"b", b"b"], 1: [b"c"]}, "activity": {}}
    calm = {"sessions": {0: [b"b", b"a"], 1: [b"c"], 2: [b"d"]}, "activity": dict[int, list[bytes]]()}
    assert only_in_one(disturbed, calm) == {
        "sessions/0": {"disturbed": ["b"], "calm": []},
        "sessions/2": {"disturbed": [], "calm": ["d"]},
    }
