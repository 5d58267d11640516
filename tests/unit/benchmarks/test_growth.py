"""The load of many agents, and the curves over it."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks import growth
from benchmarks.streams_load import multiplied


def test_each_copy_is_an_agent_with_numbers_of_its_own() -> None:
    seqs: dict[str, int] = {}
    for batch in multiplied(7, 20, 7 * 2_000, people=2):
        assert batch.first_seq == seqs.get(batch.agent, 0)
        seqs[batch.agent] = batch.first_seq + len(batch.events)
    assert len(seqs) == 14


def test_a_point_counts_all_events_and_agents() -> None:
    found = growth.cost(multiplied(5, 20, 5_000, people=2), partitions=3)
    assert (found["events"], found["agents"]) == (5_000, 10)
    assert found["us_per_event"] > 0
    assert found["state_bytes_per_agent"] > 100


def test_distinct_strings_are_as_many_as_asked() -> None:
    load = growth.with_strings(multiplied(1, 20, 2_000, people=2), 30)
    assert len({event.element for batch in load for event in batch.events}) == 30


def test_figures_are_read_again_alone_and_from_the_whole(tmp_path: Path) -> None:
    file, table = tmp_path / "found.json", {"agents": {100: {"us_per_event": 4.0}}}
    file.write_text(json.dumps(table))
    assert growth.load(file) == table
    file.write_text(json.dumps({"parts": {"growth": table}}))
    assert growth.load(file) == table
