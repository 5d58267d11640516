"""The figures, on cases small enough to reckon by hand; the oracle; cues taken away; the discipline of seeds."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.worlds import __main__ as command
from benchmarks.worlds import make
from benchmarks.worlds.knockouts import KNOCKOUTS, no_labels, no_times, order_alone
from benchmarks.worlds.logs import Log, Truth
from benchmarks.worlds.oracle import oracle
from benchmarks.worlds.scores import Score, agreeing, score
from benchmarks.worlds.seeds import DECIDE, FIRST_FRESH, GUARD, LOOK, purpose, ranges
from benchmarks.worlds.tables import Judged, by_pair, by_trait, paired, worst_tenth
from collectors.importers import ImportedEvent
from taskstream.events import UiEvent, Value


def log_of(executions: str, tasks: str, people: str = "", acts: str = "") -> Log:
    """One letter an event; a dot is of no execution or task."""
    truth = [
        Truth("" if t == "." else t, "" if e == "." else e, act)
        for e, t, act in zip(executions, tasks, acts or executions, strict=True)
    ]
    events = [
        ImportedEvent(k, person, UiEvent(1_000 * k, "click", element=f"button:{truth[k].act}"))
        for k, person in enumerate(people or " " * len(truth))
    ]
    return Log(1, {}, events, truth)


def found(text: str) -> list[str]:
    return ["" if letter == "." else letter for letter in text]


def test_the_truth_itself_scores_one() -> None:
    log = log_of("aaabbb..ccc", "xxxyyy..xxx")
    assert score(log, found("aaabbb..ccc"), found("xxxyyy..xxx")) == Score(1.0, 1.0, 1.0, 0.0, 1.0, 1.0)


def test_nothing_found_scores_nothing() -> None:
    assert score(log_of("aaabbb", "xxxyyy"), [""] * 6, [""] * 6) == Score(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def test_two_executions_in_one() -> None:
    # Overlap 3/6 both ways: recall (.5 + .5) / 2, precision .5.
    assert score(log_of("aaabbb", "xxxxxx"), found("aaaaaa"), found("xxxxxx")).executions == pytest.approx(0.5)


def test_an_execution_in_two() -> None:
    # Best overlaps: true 4/5; found 4/5 and 1/5. Harmonic mean of .8 and .5.
    got = score(log_of("aaaaa", "xxxxx"), found("aaaab"), found("xxxxx"))
    assert got.executions == pytest.approx(2 * 0.8 * 0.5 / 1.3)
    assert got.whole == pytest.approx(2 * 1 * 0.5 / 1.5)


def test_events_of_no_task_are_left_out_of_executions_but_not_of_tasks() -> None:
    log = log_of("aaa...", "xxx...")
    one = score(log, found("aaaaaa"), found("xxxxxx"))
    assert one.executions == 1.0
    assert one.tasks == pytest.approx(2 * 0.5 * 1 / 1.5)
    assert score(log, found("aaabbb"), found("xxxyyy")).executions == pytest.approx(2 * 1 * 0.5 / 1.5)


def test_a_task_split_in_two_and_two_tasks_in_one_lose() -> None:
    split = score(log_of("aabb", "xxxx"), found("aabb"), found("xxyy"))
    assert split.tasks == pytest.approx(2 * 1 * 0.5 / 1.5)
    merged = score(log_of("aabb", "xxyy"), found("aabb"), found("xxxx"))
    assert merged.tasks == pytest.approx(0.5 * (2 * 1 * 0.5 / 1.5))


def test_a_routine_is_listed_from_three_executions_on() -> None:
    log = log_of("abcdefg", "xxxyyyz")
    assert score(log, found("abcdefg"), found("xxxyyyz")).listed == pytest.approx(2 / 3)
    assert score(log, found("abcdefg"), found("xxxxxxx")).listed == pytest.approx(1 / 3)


LABELS = st.lists(st.sampled_from(["", "a", "b", "c"]), min_size=12, max_size=12)


@given(LABELS, LABELS, LABELS)
def test_figures_are_shares_and_names_do_not_matter(
    true: list[str], executions: list[str], routines: list[str]
) -> None:
    log = log_of("".join(one or "." for one in true), "".join({"": ".", "a": "x"}.get(one, "y") for one in true))
    got = score(log, executions, routines)
    assert all(0.0 <= figure <= 1.0 for figure in (got.executions, got.whole, got.tasks, got.listed, got.near))
    assert got.boundary <= got.near
    names = {"": "", "a": "p", "b": "q", "c": "r"}
    assert score(log, [names[one] for one in executions], [names[one] for one in routines]) == got


def test_phase_is_told_apart_exactly_and_nearly() -> None:
    log = log_of("aaaabbbbcccc", "xxxxxxxxxxxx")
    shifted = score(log, found("aaaaabbbbccc"), found("xxxxxxxxxxxx"))
    assert (shifted.boundary, shifted.near) == (0.0, 1.0)
    far = score(log, found("aaaaaaabbbbc"), found("xxxxxxxxxxxx"))
    assert far.boundary == 0.0
    assert far.near == pytest.approx(0.5)


def test_a_person_begins_where_the_person_begins() -> None:
    log = log_of("aacbbcaa", "xxyxxyxx", people="ppqppqpp")
    assert score(log, [truth.execution for truth in log.truth], found("xxyxxyxx")).boundary == 1.0


@given(st.lists(st.integers(0, 40), unique=True), st.lists(st.integers(0, 40), unique=True), st.integers(0, 3))
def test_pairs_within_tolerance_are_as_many_as_possible(a: list[int], b: list[int], tolerance: int) -> None:
    first, second = sorted(a), sorted(b)
    best = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, x in enumerate(first, 1):
        for j, y in enumerate(second, 1):
            best[i][j] = max(best[i - 1][j], best[i][j - 1], best[i - 1][j - 1] + (abs(x - y) <= tolerance))
    assert agreeing(first, second, tolerance) == best[-1][-1]


def test_the_oracle_knows_certain_chains_and_no_chance() -> None:
    rng = random.Random(1)
    names = [chr(0x4E00 + k) for k in range(120)]
    tasks = [rng.choice("xy") for _ in names]
    certain = {"x": "pqrs", "y": "rtuvw"}
    spans = [(name, task, certain[task]) for name, task in zip(names, tasks, strict=True)]
    log = log_of(*_strung(spans))
    assert score(log, *oracle(log)).executions == 1.0
    spans = [(name, "x", "".join(rng.choice("pqrstuvw") for _ in range(rng.randint(3, 9)))) for name in names]
    log = log_of(*_strung(spans))
    assert score(log, *oracle(log)).executions < 0.7


def _strung(spans: list[tuple[str, str, str]]) -> tuple[str, str, str, str]:
    executions = "".join(name * len(acts) for name, _, acts in spans)
    tasks = "".join(task * len(acts) for _, task, acts in spans)
    return executions, tasks, " " * len(tasks), "".join(acts for *_, acts in spans)


def _events() -> list[ImportedEvent]:
    return [
        ImportedEvent(k, "pq"[k % 2], UiEvent(k * k, "edit", "crm", "order 4711", f"field:{name}", value=Value(7)))
        for k, name in enumerate(["amount", "date", "amount", "save"] * 3)
    ]


def test_knockouts_keep_rows_and_people() -> None:
    for take in KNOCKOUTS.values():
        assert [(one.index, one.person) for one in take(_events())] == [(one.index, one.person) for one in _events()]


def test_without_labels_equal_activities_stay_equal_and_others_apart() -> None:
    elements = [one.event.element for one in no_labels(_events())]
    assert elements[:4] == [elements[0], elements[1], elements[0], elements[3]]
    assert len(set(elements)) == 3
    assert {(one.event.app, one.event.screen, one.event.kind) for one in no_labels(_events())} == {("", "", "click")}


def test_without_labels_the_session_stays() -> None:
    events = [ImportedEvent(0, "", UiEvent(0, "lock")), ImportedEvent(1, "", UiEvent(1, "click", "crm"))]
    assert [one.event.kind for one in no_labels(events)] == ["lock", "click"]
    assert no_labels(events)[0] == events[0]


def test_order_alone_is_order_alone() -> None:
    left = order_alone(_events())
    assert all(one.event.value is None and "amount" not in one.event.element for one in left)
    times = [one.event.at_ms for one in no_times(_events()) if one.person == "p"]
    assert {b - a for a, b in pairwise(times)} == {1_000}


def test_seeds_have_a_purpose() -> None:
    assert not set(LOOK) & set(DECIDE)
    assert not set(GUARD) & (set(LOOK) | set(DECIDE))
    assert ranges("1-3, 7") == [1, 2, 3, 7]
    assert [purpose(seeds) for seeds in ([1, 60], [61, 100], [FIRST_FRESH, 5_000])] == ["look", "decide", "report"]
    with pytest.raises(ValueError, match="one kind at a time"):
        purpose([5, FIRST_FRESH])
    for text in ("", "9-3", "x"):
        with pytest.raises(ValueError):
            ranges(text)


def _judged(seed: int, executions: float, **traits: str) -> Judged:
    figures = Score(executions, 0.0, 0.0, 0.0, 0.0, 0.0)
    return Judged(seed, traits, 10, 0.1, figures, figures)


def test_tables_by_trait_and_pair() -> None:
    logs = [_judged(k, k / 10, noise="0", labels="path" if k < 4 else "words") for k in range(1, 8)]
    rows = by_trait(logs)
    assert rows["labels=path"]["product"]["executions"]["mean"] == pytest.approx(0.2)
    assert rows["noise=0"]["logs"] == 7
    pairs = by_pair(logs)
    assert [(row["pair"], row["logs"]) for row in pairs] == [("noise=0 labels=path", 3), ("noise=0 labels=words", 4)]
    assert worst_tenth([0.1 * k for k in range(20)]) == pytest.approx(0.05)


def test_a_gain_is_told_with_its_error_on_the_same_seeds() -> None:
    logs = [_judged(k, 0.5 + 0.1 * (k % 2)) for k in range(4)]
    before = {k: dict.fromkeys(Score.__struct_fields__, 0.5 if k < 9 else 0.0) for k in range(12)}
    gain, error = paired(logs, before)["executions"]
    assert gain == pytest.approx(0.05)
    assert error == pytest.approx(0.0577 / 2, abs=1e-4)
    assert paired(logs[:1], before)["executions"] == (0.0, 0.0)


FIX = ["--fix", "people=1", "kinds=2", "length=short", "loops=none", "mixing=none"]


def test_the_command_judges_own_worlds_and_those_of_a_folder_alike(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    assert make.main([str(tmp_path / "made"), "1-2", *FIX]) == 0
    own, other = tmp_path / "own.json", tmp_path / "other.json"
    assert command.main(["--seeds", "1-2", *FIX, "--each", "--json", str(own)]) == 0
    assert (
        command.main(["--gym", str(tmp_path / "made"), "--knockouts", "--json", str(other), "--against", str(own)]) == 0
    )
    told = capsys.readouterr().out
    assert "order alone" in told
    assert "executions +0.0000 (0.0000)" in told
    a, b = json.loads(own.read_text()), json.loads(other.read_text())
    assert a["all"]["product"] == b["all"]["product"]
    assert [one["seed"] for one in b["logs"]] == [1, 2]
    assert b["knockouts"]["all"].keys() == {"", *KNOCKOUTS}


def test_a_report_shows_no_single_log(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SystemExit):
        command.main(["--seeds", "1000-1001", "--each"])
    assert "tunes on it" in capsys.readouterr().err
    out = tmp_path / "report.json"
    assert command.main(["--seeds", "1000", *FIX, "--json", str(out)]) == 0
    assert "logs" not in json.loads(out.read_text())
    with pytest.raises(SystemExit):
        command.main(["--seeds", "1000", *FIX, "--against", str(out)])
    assert "no single log" in capsys.readouterr().err
