"""The stages together, as a table of inputs and outputs."""

from __future__ import annotations

import zlib
from unittest.mock import Mock

import msgspec
import pytest

from streams.operator import Output
from streams.stages.deduplicate import Numbering
from streams.stages.partition import PartitionState
from streams.stages.snapshot_format import (
    AgentSnapshot,
    PersonModel,
    SilentAgentSnapshot,
    decode_agent,
    encode_agent,
    model_key,
)
from streams.stages.stage_settings import StageSettings
from taskstream.event_columns import decode
from taskstream.events import MAX_ADVANCE_MS, EventBatch, Heartbeat
from tests.unit.streams.build import T0, batch, clean, event, of, pick, record, run, state, value

DAY = Heartbeat(schema=1, advance_ms=86_400_000)


def test_clean_is_the_input_when_nothing_is_to_be_changed() -> None:
    sent = [batch(7, [event(0), event(1)]), batch(0, [event(2)], "b")]
    outputs = run(state(), sent)
    assert clean(outputs) == sent
    (message,) = [output for output in outputs if output.topic == "ui-events.clean"]
    assert (message.key, message.partition) == (None, 0)
    assert dict(message.headers or []) == {
        "ce_specversion": b"1.0", "ce_type": b"taskstream.event-columns", "ce_source": b"ui-events/0", "ce_id": b"a:7",
    }  # fmt: skip


def test_clean_batches_are_gathered_until_there_are_enough() -> None:
    operator = state()
    assert operator.flush() == []
    many = [event(n / 100) for n in range(1_000)]
    sent = [batch(n * 1_000, many) for n in range(9)]
    outputs = run(operator, sent)
    assert clean(outputs) == sent
    messages = [decode(output.value or b"") for output in outputs if output.topic == "ui-events.clean"]
    assert [len(message.events) for message in messages] == [4, 4, 1]
    assert operator.flush() == []
    large = [batch(n, [event(20 + n, screen="s" * (n % 200), element="e" * 256)]) for n in range(9_000, 11_500)]
    outputs = run(operator, large)
    assert clean(outputs) == large
    assert len([output for output in outputs if output.topic == "ui-events.clean"]) > 1


def test_sent_again_is_cut_and_a_hole_is_reported() -> None:
    operator = state()
    three = [event(0), event(1), event(2)]
    outputs = run(operator, [batch(0, three), batch(1, [*three[1:], event(3)]), batch(0, three), batch(9, [event(9)])])
    assert [part.first_seq for part in clean(outputs)] == [0, 3, 9]
    letters = of(outputs, "dead-letter")
    assert pick(letters, "reason", "stage", "source_offset", "payload") == [("gap", "deduplicate", 3, "")]
    assert "events 4 to 8" in letters[0]["detail"]
    counts = operator.take_counts()
    assert (counts.events_in, counts.events_out, counts.duplicates, counts.gaps) == (10, 5, 5, 5)


def test_second_line_of_redaction() -> None:
    outputs = run(state(), [batch(0, [event(0, screen="mail to jane.doe@example.com")])])
    assert [one.screen for one in clean(outputs)[0].events] == ["mail to {email}"]
    assert b"jane" not in b"".join(output.value or b"" for output in outputs)


def test_poison_goes_to_the_dead_letters_and_the_rest_goes_on() -> None:
    outputs = run(state(), [b"{", batch(0, [event(0)]), b"", batch(1, [event(1)])])
    assert pick(of(outputs, "dead-letter"), "reason", "source_offset", "source_topic", "id") == [
        ("json", 0, "ui-events", "ui-events:0:0@1700952400000:validate"),
        ("empty", 2, "ui-events", "ui-events:0:2@1700952400000:validate"),
    ]
    assert len(clean(outputs)) == 2


def test_a_silent_agent_is_closed_by_the_others_event_time() -> None:
    outputs = run(state(), [batch(0, [event(0), event(4)]), batch(0, [event(963)], "b")])
    assert pick(of(outputs, "sessions"), "id", "start_ms", "end_ms", "active_ms", "events", "reason", "late") == []
    outputs = run(state(), [batch(0, [event(0), event(4)]), batch(0, [event(964)], "b")])
    assert pick(of(outputs, "sessions"), "id", "end_ms", "active_ms", "events", "reason", "late") == [
        ("a:0", T0 + 4000, 4000, 2, "gap", False)
    ]


def test_an_offline_laptop_keeps_its_sessions_and_is_late() -> None:
    old = [event(-7200 + second) for second in (0, 60, 2000)]
    outputs = run(state(), [batch(0, [event(0)]), batch(0, old, "b"), DAY])
    rows = pick(of(outputs, "sessions"), "id", "events", "late")
    assert rows == [("b:0", 2, True), ("a:0", 1, False), ("b:2", 1, True)]
    (late,) = [row for row in of(outputs, "activity.partial") if row.get("cells") and row["cells"][0][5]]
    assert late["release_ms"] == T0 + 86_400_000 - 180_000
    assert [(cell[0], cell[3], cell[6]) for cell in late["cells"]] == [
        (T0 - 7200_000, 1, [0]), (T0 - 7140_000, 1, [0]), (T0 - 5220_000, 1, [0]),
    ]  # fmt: skip


def test_windows_close_behind_the_watermark_and_say_so_to_every_partition() -> None:
    operator = state()
    assert not of(run(operator, [batch(0, [event(0), event(59), event(61)])]), "activity.partial")[:-2]
    outputs = operator.apply(record(1, batch(3, [event(126)])))
    rows = of(outputs, "activity.partial")
    assert pick(rows[:1], "id", "team", "actors", "release_ms", "cells") == [
        (f"0:{T0}:0", "red", ["actor-a"], T0, [[T0, "excel", "click", 2, 30_000, False, [0]]])
    ]
    assert rows[1:] == [{"source": 0, "before_ms": T0 + 60_000}] * 2
    assert [output.partition for output in outputs if not output.key] == [0, 1]


def test_transfer() -> None:
    events = [
        event(0, "copy", "excel", "cell:a", value=value(7)),
        event(3, "paste", "chrome", "field:x", value=value(7)),
    ]
    (row,) = of(run(state(), [batch(4, events)]), "transfers")
    assert (row["id"], row["source_seq"], row["lag_ms"], row["how"], row["form"]) == ("a:5", 4, 3000, "paste", "id")
    assert (row["source_app"], row["target_app"], row["target_element"]) == ("excel", "chrome", "field:x")


def test_another_team_is_another_session() -> None:
    outputs = run(state(), [batch(0, [event(0)]), batch(1, [event(1)], team="blue"), DAY])
    assert pick(of(outputs, "sessions"), "id", "team", "reason") == [("a:0", "red", "bound"), ("a:1", "blue", "gap")]


def test_a_wrong_clock_is_corrected() -> None:
    operator = state(max_skew_ms=600_000)
    ahead = batch(0, [event(7200)], sent_ms=T0 + 7200_000)
    operator.apply(record(0, ahead, timestamp=T0))
    assert [one.at_ms for one in clean(operator.flush())[0].events] == [T0]
    assert operator.take_counts().skewed == 1


def test_an_early_event_in_the_future_counts_too() -> None:
    operator = state()
    operator.apply(record(0, batch(0, [event(7200), event(0)]), timestamp=T0))
    assert [one.at_ms for one in clean(operator.flush())[0].events] == [T0, T0 - 7200_000]


def test_ticks() -> None:
    operator = state()
    assert operator.apply(record(0, DAY)) == []
    assert operator.watermark_ms == -1, "nothing to advance from"
    operator.apply(record(1, Heartbeat(schema=1, advance_ms=5, at_ms=T0)))
    assert operator.watermark_ms == T0
    operator.apply(record(2, Heartbeat(schema=1, advance_ms=5, at_ms=T0 + 10**6)))
    assert operator.watermark_ms == T0 + 5, "a partition with its own time is only moved by the advance"


YEAR_MS = 365 * 86_400_000


def test_no_heartbeat_takes_event_time_further_than_the_broker_allows() -> None:
    """One collector could have made a partition's events late for a year, alone or with many heartbeats."""
    far = Heartbeat(schema=1, advance_ms=5, at_ms=T0 + YEAR_MS)
    fresh = state()
    fresh.apply(record(0, far, timestamp=T0))
    assert fresh.watermark_ms == T0
    operator = state()
    operator.apply(record(0, batch(0, [event(0)]), timestamp=T0))
    follow = record(1, far, timestamp=T0 + 7_000)
    operator.apply(follow._replace(headers=(*follow.headers, ("taskstream.follow", b"1"))))
    assert operator.watermark_ms == T0 + 7_000
    for n in range(2, 60):
        operator.apply(record(n, Heartbeat(schema=1, advance_ms=MAX_ADVANCE_MS), timestamp=T0 + 8_000))
    assert operator.watermark_ms == T0 + 8_000 + MAX_ADVANCE_MS
    operator.apply(record(60, DAY, timestamp=T0 + 7_500))
    assert operator.watermark_ms == T0 + 8_000 + MAX_ADVANCE_MS, "nor back"


def test_what_is_open_can_be_closed_on_purpose_some_times_in_a_row() -> None:
    """A replay ends with a heartbeat of a day, whatever was replayed before it."""
    operator = state()
    for n in range(6):
        run_ = [record(2 * n, batch(n, [event(n)]), timestamp=T0 + n), record(2 * n + 1, DAY, timestamp=T0 + n)]
        outputs = [output for one in run_ for output in operator.apply(one)]
        assert len(of(outputs, "sessions")) == 1


def test_agents_are_bounded_and_their_numbers_remembered() -> None:
    operator = state(max_agents=2)
    outputs = run(operator, [batch(0, [event(n)], agent) for n, agent in enumerate("abc")])
    assert pick(of(outputs, "sessions"), "agent", "reason") == [("a", "bound")]
    assert set(operator.agents) == {"b", "c"}
    assert not operator.apply(record(9, batch(0, [event(0)], "a")))
    assert set(operator.agents) == {"b", "c"}, "a batch sent again makes nobody leave"


def test_numbers_of_the_long_gone_are_forgotten() -> None:
    operator = state()
    week = Heartbeat(schema=1, advance_ms=7 * 86_400_000)
    run(operator, [batch(0, [event(0)]), week])
    assert set(operator.closed) == {"a"}
    for n in range(1, 5):
        operator.apply(record(n, week, timestamp=T0 + n * 7 * 86_400_000))
    assert not operator.closed
    assert ("a:a", None) in operator.snapshot()


def test_a_fault_of_the_model_costs_one_agents_open_executions_only(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = state()
    run(operator, [batch(0, [event(0)])])

    monkeypatch.setattr("streams.stages.segment.AgentSegmenter.push", Mock(side_effect=KeyError("a value")))
    outputs = operator.apply(record(1, batch(1, [event(1)])))
    faults = operator.take_counts().faults
    assert len(faults) == 1
    assert faults[0].startswith("KeyError at ")
    assert "a value" not in faults[0] + of(outputs, "dead-letter")[0]["detail"]
    assert pick(of(outputs, "dead-letter"), "reason", "stage", "payload") == [("fault", "segment", "")]
    assert len(clean(operator.flush())) == 1


def routine(agent: str, day: int, times: int = 12) -> list[EventBatch]:
    """An hour's worth of one short task by ``agent``, one batch a time, on a day of its own."""
    fields = ("edit:name", "edit:street", "edit:town", "button:save")
    done = []
    for time in range(times):
        start = day * 86_400 + time * 60
        events = [event(start + 4 * n, "click", "sap", field) for n, field in enumerate(fields)]
        done.append(batch((day * times + time) * len(fields), events, agent))
    return done


def learned_by(operator: PartitionState, agent: str) -> int:
    """Bytes of what an open agent's segmenter has learned."""
    return len(zlib.decompress(operator.agents[agent].learned()))


@pytest.mark.parametrize("returns_as", ["a", "another login"])
def test_a_person_who_returns_goes_on_with_what_was_learned(returns_as: str) -> None:
    """The agent's id is new at each login; the person is the same."""
    operator = state()
    run(operator, [*routine("a", 0), Heartbeat(schema=1, advance_ms=3_600_000)])
    assert list(operator.models.kept) == [("t", "actor-a")]
    again = [msgspec.structs.replace(one, agent=returns_as) for one in routine("a", 1)[:1]]
    for output in run(operator, again):
        assert output.topic != "dead-letter"
    assert not operator.models.kept
    fresh = state()
    run(fresh, again)
    assert learned_by(operator, returns_as) > learned_by(fresh, returns_as)


def test_a_second_desktop_of_a_person_begins_with_what_the_first_has_learned_and_none_of_what_it_has_open() -> None:
    operator = state()
    run(operator, routine("a", 0))
    second = [msgspec.structs.replace(one, agent="second") for one in routine("a", 0)[:1]]
    run(operator, second)
    fresh = state()
    run(fresh, second)
    assert learned_by(operator, "second") > learned_by(fresh, "second")
    segments = of(run(operator, [Heartbeat(schema=1, advance_ms=3_600_000)]), "segments")
    assert segments
    assert len({(row["agent"], step["seq"]) for row in segments for step in row["steps"]}) == sum(
        len(row["steps"]) for row in segments
    )
    assert all(step["seq"] < 4 for row in segments if row["agent"] == "second" for step in row["steps"])


def test_models_that_an_older_version_kept_by_agent_are_kept_by_person() -> None:
    operator = state()
    run(operator, [*routine("a", 0), Heartbeat(schema=1, advance_ms=3_600_000)])
    items = {name: data for name, data in operator.snapshot() if data is not None}
    model = next(msgspec.msgpack.decode(data)[2] for name, data in items.items() if name.startswith("m:"))
    old = {name: data for name, data in items.items() if not name.startswith("m:")}
    old["a:a"] = msgspec.msgpack.encode([*msgspec.msgpack.decode(old["a:a"])[:4], model])
    old["p"] = msgspec.msgpack.encode(msgspec.msgpack.decode(old["p"])[:5])
    restored = state()
    restored.load(old)
    assert list(restored.models.kept) == [("t", "actor-a")]
    assert restored.models.kept["t", "actor-a"].model == operator.models.kept["t", "actor-a"].model
    moved = {name: data for name, data in restored.snapshot() if data is not None}
    assert moved == items


def test_settings_are_part_of_the_state_until_they_are_changed() -> None:
    """What a restore runs again is run with the settings of then."""
    operator = state(max_agents=2)
    run(operator, [batch(0, [event(0)], "a"), batch(0, [event(1)], "b")])
    restored = state(max_agents=10)
    restored.load({name: data for name, data in operator.snapshot() if data is not None})
    for one in (operator, restored):
        outputs = one.apply(record(2, batch(0, [event(2)], "c")))
        assert pick(of(outputs, "sessions"), "agent", "reason") == [("a", "bound")]
        assert one.take_counts().cut == 1
    assert restored.configure(StageSettings(partitions=2, max_agents=10))
    assert not restored.configure(StageSettings(partitions=2, max_agents=10))
    restored.apply(record(3, batch(0, [event(3)], "d")))
    assert list(restored.agents) == ["b", "c", "d"]


def test_all_of_the_state_can_be_saved_once_more() -> None:
    operator = state()
    run(operator, [*routine("a", 0), Heartbeat(schema=1, advance_ms=3_600_000), *routine("b", 1)])
    operator.snapshot()
    operator.save_all()
    restored = state()
    restored.load({name: data for name, data in operator.snapshot() if data is not None})
    day = Heartbeat(schema=1, advance_ms=86_400_000)
    assert restored.apply(record(99, day)) == operator.apply(record(99, day))
    assert restored.models.kept.keys() == operator.models.kept.keys()


def test_a_model_does_not_pass_to_another_person() -> None:
    operator = state()
    run(operator, [*routine("a", 0), Heartbeat(schema=1, advance_ms=3_600_000)])
    other = msgspec.structs.replace(routine("a", 1)[0], actor="someone-else")
    run(operator, [other])
    fresh = state()
    run(fresh, [other])
    assert operator.agents["a"].segmenter().dump() == fresh.agents["a"].segmenter().dump()


def test_models_of_open_and_silent_agents_are_bounded_together() -> None:
    operator = state(max_agents=3)
    for number, agent in enumerate("abc"):
        run(operator, [*routine(agent, number), Heartbeat(schema=1, advance_ms=3_600_000)])
    assert [actor for _, actor in operator.models.kept] == ["actor-a", "actor-b", "actor-c"]
    operator.snapshot()
    run(operator, routine("d", 4)[:1])
    assert [actor for _, actor in operator.models.kept] == ["actor-b", "actor-c"]
    changed = dict(operator.snapshot())
    assert {name: data is None for name, data in changed.items() if name[0] in "am"} == {
        "a:d": False,
        "m:t\x1factor-a": True,
    }


def test_items_of_silent_agents_from_before_models_were_kept_still_load() -> None:
    operator = state()
    run(operator, [*routine("a", 0), Heartbeat(schema=1, advance_ms=3_600_000)])
    items = dict(operator.snapshot())
    parts = msgspec.msgpack.decode(items["a:a"] or b"")
    restored = state()
    restored.load({"a:a": msgspec.msgpack.encode(parts[:4]), "p": items["p"] or b""})
    assert restored.closed["a"].numbering == operator.closed["a"].numbering


def test_agents_held_in_stored_form_say_the_same() -> None:
    """Whatever is held ready for the next event."""
    days = [zip(*(routine(agent, day) for agent in "abc"), strict=True) for day in range(3)]
    messages = [message for day in days for trio in day for message in trio]
    outputs = [run(state(max_hot=hot), messages) for hot in (1, 2, 2_000)]
    assert of(outputs[0], "segments")
    assert outputs[0] == outputs[1] == outputs[2]


def tasks(agent: str, times: int, first_seq: int = 0, start: int = 0) -> list[EventBatch]:
    """Two short tasks of ``agent`` in no regular turn, one batch a time, without any break."""
    ways = (
        ("edit:name", "edit:street", "edit:town", "button:save"),
        ("edit:date", "edit:sum", "edit:tax", "button:send"),
    )
    sent = []
    for time in range(times):
        events = [
            event(start + time * 20 + 4 * n, "click", "sap", field)
            for n, field in enumerate(ways[time * time // 3 % 2])
        ]
        sent.append(batch(first_seq + 4 * time, events, agent))
    return sent


def seqs(outputs: list[Output]) -> list[int]:
    """Events that stand for the steps of the segments."""
    return [step["seq"] for row in of(outputs, "segments") for step in row["steps"]]


def test_the_last_executions_are_decided_a_while_after_the_end_of_work() -> None:
    operator = state()
    worked = run(operator, tasks("a", 100))
    five = Heartbeat(schema=1, advance_ms=5_000, at_ms=T0)
    rested = [run(operator, [five]) for _ in range(10)]
    assert [bool(of(outputs, "segments")) for outputs in rested] == [False] * 8 + [True, False]
    assert not of([output for outputs in rested for output in outputs], "sessions"), "the session is still open"
    decided = seqs(worked) + seqs(rested[8])
    assert sorted(decided) == list(range(400))
    again = seqs(run(operator, [*tasks("a", 20, 400, 2_100), Heartbeat(schema=1, advance_ms=3_600_000)]))
    assert sorted(again) == list(range(400, 480)), "nothing is said twice"


def test_work_that_was_only_begun_waits_for_its_end() -> None:
    operator = state()
    begun = [event(2_000 + 4 * n, "click", "sap", field) for n, field in enumerate(("edit:name", "edit:street"))]
    rest = [event(2_090 + 4 * n, "click", "sap", field) for n, field in enumerate(("edit:town", "button:save"))]
    a_while = Heartbeat(schema=1, advance_ms=46_000, at_ms=T0)
    before = run(operator, [*tasks("a", 100), batch(400, begun, "a"), a_while])
    assert 390 <= max(seqs(before)) < 400
    after = of(run(operator, [batch(402, rest, "a"), a_while]), "segments")
    assert [step["seq"] for step in after[-1]["steps"]] == [400, 401, 402, 403]


def test_who_is_late_anyway_is_not_taken_to_have_stopped() -> None:
    operator = state()
    late = [batch(0, [event(9_000)], "b"), *tasks("a", 100), batch(1, [event(9_050)], "b")]
    assert max(seqs(run(operator, late))) < 300
    assert max(seqs(run(state(), [*tasks("a", 100), batch(0, [event(2_060)], "b")]))) == 399


def test_models_and_segmenters_that_cannot_be_read_are_begun_afresh() -> None:
    """They are unpacked only when they are needed; a foreign one ended the worker then."""
    saved = state()
    run(saved, routine("a", 0))
    items = {name: data for name, data in saved.snapshot() if data is not None}
    model = msgspec.msgpack.encode(PersonModel(1, T0, b"no model"))
    found = decode_agent(items["a:a"])
    assert isinstance(found, AgentSnapshot)
    found = msgspec.structs.replace(found, segmenter=b"no segmenter", times=msgspec.Raw(b"\x80"))
    silent = SilentAgentSnapshot(Numbering(), 0, 0, b"no model")
    operator = state()
    foreign = {"a:a": encode_agent(found), "a:c": encode_agent(silent), model_key(("t", "actor-b")): model}
    assert not operator.load(items | foreign)
    assert operator.agents["a"].learned() == b""
    outputs = run(operator, [*routine("b", 1), *routine("a", 2), Heartbeat(schema=1, advance_ms=3_600_000)])
    assert of(outputs, "segments")
    operator.snapshot()
