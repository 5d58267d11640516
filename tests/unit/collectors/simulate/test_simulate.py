"""The simulated office is reproducible, within the contract, and true to what it says."""

import csv
import json
import time
from collections import Counter
from itertools import islice, pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from collectors.cli.simulate import simulate as command
from collectors.importers import read_log
from collectors.simulate.generator import generate_tasks
from collectors.simulate.office import Office, Simulated, simulate
from collectors.simulate.person import DAY_MS, HOUR_MS
from collectors.simulate.task_model import CALM, Behaviour, dump_tasks, load_tasks
from collectors.simulate.tasks import DEFAULT_TASKS
from taskstream.errors import InputError, UsageError
from taskstream.events import EventBatch, decode_batch, encode
from taskstream.privacy.redact import redact_event


def _by_desktop(items: list[Simulated]) -> dict[int, list[Simulated]]:
    found: dict[int, list[Simulated]] = {}
    for item in items:
        found.setdefault(item.desktop, []).append(item)
    return found


def test_the_same_seed_gives_the_same_office_and_another_another() -> None:
    first, again, other = (list(simulate(4, 1, seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_person_is_the_same_in_a_larger_office() -> None:
    small, large = (_by_desktop(list(Office(people, 1, 3)))[0] for people in (2, 7))
    assert [item.event for item in small] == [item.event for item in large]


def test_events_arrive_in_order_and_within_the_contract() -> None:
    items = list(simulate(4, 1, 5))
    assert all(a.arrival_ms <= b.arrival_ms for a, b in pairwise(items))
    for start in range(0, len(items), 500):
        events = tuple(item.event for item in items[start : start + 500])
        batch = EventBatch(schema=1, tenant="t", team="t", actor="a", agent="a", first_seq=0, events=events)
        assert decode_batch(encode(batch)) == batch
    assert all(redact_event(item.event) is item.event for item in items)


def test_every_desktops_clock_goes_forward_through_the_day() -> None:
    for items in _by_desktop(list(simulate(10, 1, 8, behaviour=Behaviour(wrong_clock=0.5, offline=0.3)))).values():
        ends = [item.event.at_ms + item.event.active_ms for item in items]
        assert all(a <= b for a, b in pairwise(ends))


def test_there_are_enough_routines_teams_and_transfers() -> None:
    assert len(DEFAULT_TASKS) >= 8
    items = list(simulate(25, 1, 7))
    executions = Counter(routine for routine, _ in {(item.routine, item.execution) for item in items} if routine)
    assert set(executions) == {task.name for task in DEFAULT_TASKS}
    assert min(executions.values()) >= 20
    pasted = [item for item in items if item.event.kind == "paste"]
    copied = {item.event.value.digest for item in items if item.event.kind == "copy" and item.event.value}
    assert sum(item.event.value is not None and item.event.value.digest in copied for item in pasted) > 0.95 * len(
        pasted
    )


def test_executions_are_interrupted_and_resumed() -> None:
    interleaved = 0
    for items in _by_desktop(list(simulate(10, 1, 7))).values():
        spans: dict[str, list[int]] = {}
        for position, item in enumerate(items):
            if item.execution:
                spans.setdefault(item.execution, []).append(position)
        interleaved += sum(at[-1] - at[0] + 1 > len(at) for at in spans.values())
    assert interleaved > 50


def test_a_calm_office_does_one_thing_after_another() -> None:
    office = Office(5, 1, 7, behaviour=CALM)
    for items in _by_desktop(list(office)).values():
        runs = [a.execution for a, b in pairwise(items) if a.execution and a.execution != b.execution]
        assert len(runs) == len(set(runs))
    assert all(desktop.clock.ahead_ms == 0 for desktop in office.desktops)


def test_wrong_clocks_and_late_laptops_are_as_declared() -> None:
    office = Office(16, 1, 3, behaviour=Behaviour(wrong_clock=0.3, drifting_clock=0.2, offline=0.3))
    for number, items in _by_desktop(list(office)).items():
        desktop = office.desktops[number]
        behind = [item.arrival_ms - item.event.at_ms - item.event.active_ms for item in items]
        if desktop.clock.ahead_ms:
            assert abs(min(behind, key=abs)) > HOUR_MS / 2
        elif not desktop.offline and not desktop.clock.drift_ms_per_hour:
            assert max(map(abs, behind)) <= 1
        elif desktop.offline and not desktop.clock.drift_ms_per_hour:
            assert max(behind) > 60_000
    assert any(desktop.offline for desktop in office.desktops)


def test_weekends_are_free() -> None:
    days = {item.arrival_ms // DAY_MS for item in simulate(1, 7, 1, behaviour=CALM)}
    assert all((day + 3) % 7 < 5 for day in days)
    assert len(days) == 7


@pytest.mark.parametrize("seed", range(8))
def test_drawn_tasks_are_plausible(seed: int) -> None:
    tasks = generate_tasks(20, seed)
    assert len({task.name for task in tasks}) == 20
    assert generate_tasks(20, seed) == tasks != generate_tasks(20, seed + 1)
    executions: dict[tuple[str, str], int] = {}
    for item in Office(4, 1, seed, tasks=tasks, behaviour=CALM):
        executions[item.routine, item.execution] = executions.get((item.routine, item.execution), 0) + 1
    lengths = [length for (routine, _), length in executions.items() if routine]
    assert 4 <= sorted(lengths)[len(lengths) // 2] <= 80


def test_tasks_survive_a_file(tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    path.write_bytes(dump_tasks(DEFAULT_TASKS))
    assert load_tasks(path) == DEFAULT_TASKS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read"),
        ("[]", "empty"),
        ("{", "holds no tasks"),
        ('[{"name":"x","blocks":[]}]', "length >= 1"),
        ('[{"name":"x","blocks":[{"steps":[{"kind":"type","app":"a","screen":"s"}]}]}]', "kind"),
        ('[{"name":"x","blocks":[{"steps":[{"kind":"edit","app":"a","screen":"s","slot":"q"}]}]}]', "declare: q"),
    ],
)  # fmt: skip
def test_a_bad_file_of_tasks_is_one_clear_line(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "tasks.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=message):
        load_tasks(path)


def test_an_impossible_office_is_refused() -> None:
    with pytest.raises(UsageError, match="people"):
        Office(0, 1, 1)
    with pytest.raises(UsageError, match="no task is meant for the team nobody"):
        Office(1, 1, 1, teams=["nobody"])


def test_log_and_truth_belong_together(tmp_path: Path) -> None:
    log, truth = tmp_path / "log.jsonl.gz", tmp_path / "truth.csv"
    args = ["--people", "3", "--days", "1", "--log", str(log), "--truth", str(truth), "--json"]
    result = CliRunner().invoke(command, [*args, "--home", str(tmp_path / "home")])
    assert result.exit_code == 0, result.output
    summary = json.loads(result.output)
    read = list(read_log(log, key=b"x" * 32))
    rows = list(csv.DictReader(truth.open()))
    assert len(read) == len(rows) == summary["events"]
    items = list(simulate(3, 1, 7))
    assert [entry.event for entry in read] == [item.event for item in items]
    assert [(row["execution"], row["routine"]) for row in rows] == [(item.execution, item.routine) for item in items]
    assert sum(routine["executions"] for routine in summary["routines"]) == len({r["execution"] for r in rows} - {""})
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["log.jsonl.gz", "truth.csv"]


def test_a_log_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    args = ["--people", "1", "--days", "1", "--log", str(tmp_path / "none" / "log"), "--truth", str(tmp_path / "truth")]
    result = CliRunner().invoke(command, [*args, "--home", str(tmp_path / "home")])
    assert isinstance(result.exception, InputError)
    assert list(tmp_path.iterdir()) == []


def test_it_is_fast_enough_for_load_tests() -> None:
    started = time.process_time()
    count = sum(1 for _ in islice(simulate(200, 1, 7), 60_000))
    assert count / (time.process_time() - started) > 50_000
