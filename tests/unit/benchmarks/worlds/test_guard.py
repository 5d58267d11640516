"""Discovery on twelve small worlds does not fall below its floors."""

from __future__ import annotations

import pytest

from benchmarks.worlds import guard
from benchmarks.worlds.guard import FIGURES, MARGIN, MEAN_MARGIN, WORLDS, Figures, fallen, known, reached

REFIT = "python -m benchmarks.worlds.guard shows all; --refit where the change is meant"


@pytest.fixture(scope="module")
def now() -> dict[str, Figures]:
    return {name: reached(name) for name in WORLDS}


def test_the_floors_are_of_these_worlds() -> None:
    assert known().keys() == WORLDS.keys()
    assert all(figures.keys() == set(FIGURES) for figures in known().values())


@pytest.mark.parametrize("name", WORLDS)
def test_no_world_falls_below_its_floor(name: str, now: dict[str, Figures]) -> None:
    before = known()[name]
    missed = {figure: now[name][figure] for figure in FIGURES if now[name][figure] < before[figure] - MARGIN}
    assert not missed, f"{name}: {missed}, reached before {before}. {REFIT}"


def test_no_mean_falls_below_its_floor(now: dict[str, Figures]) -> None:
    assert not fallen(now, known()), REFIT


def test_a_worse_result_is_seen() -> None:
    before = {name: dict.fromkeys(FIGURES, 0.9) for name in ("a", "b")}
    assert fallen(before, before) == []
    one_worse = before | {"b": {**before["b"], "tasks": 0.9 - MARGIN - 0.01}}
    assert [text for text in fallen(one_worse, before) if text.startswith("b: tasks")]
    all_worse = {name: {**one, "executions": 0.9 - MEAN_MARGIN - 0.01} for name, one in before.items()}
    assert fallen(all_worse, before) == ["mean of executions 0.870 , floor 0.880".replace(" ,", ",")]


def test_floors_only_rise(tmp_path, monkeypatch, capsys) -> None:  # type: ignore[no-untyped-def]
    floors = tmp_path / "floors.json"
    monkeypatch.setattr(guard, "FLOORS", floors)
    reach = {"value": 0.8}
    monkeypatch.setattr(guard, "reached", lambda _name: dict.fromkeys(FIGURES, reach["value"]))
    assert guard.main(["--refit"]) == 0
    reach["value"] = 0.6
    assert guard.main([]) == 1
    assert guard.main(["--refit"]) == 1
    assert "not written" in capsys.readouterr().out
    assert known()["plain"]["tasks"] == 0.8
    assert guard.main(["--refit", "--lower"]) == 0
    assert guard.main([]) == 0
