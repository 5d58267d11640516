"""Regression guard: accuracy on the public logs and their variants, with a margin below what was measured.

The whole benchmark is ``make bench-discovery``; this takes one or two logs of each kind.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import pytest

from benchmarks.discovery import HELD_OUT, SUITES, measure
from benchmarks.discovery_logs import Labelled, load
from benchmarks.discovery_tasks import person
from benchmarks.discovery_variants import interleaved, masked, mix, noisy


@pytest.mark.parametrize("name", ["log1", "log4", "log5", "log6", "StudentRecord", "Reimbursement"])
def test_public_logs(name: str) -> None:
    score = measure(load(name))
    # Every edge around the border of Reimbursement is certain: the cut is right, or one step beside.
    assert (score.boundary_near if name == "Reimbursement" else score.boundary_f1) >= 0.97
    assert score.routine_f is not None
    assert score.routine_f >= 0.96


def test_two_tasks_in_noise() -> None:
    score = measure(load("extended"))
    assert score.type_f1 is not None
    assert score.type_f1 >= 0.94


HARDER: dict[str, tuple[Sequence[Labelled], float]] = {
    "mix": (mix(1), 0.05),
    "another mix": (mix(4), 0.05),
    "words masked": (masked(mix(101)), 0.10),
    "10 % noise": (noisy(load("log5")[:1_500], 0.1, 1), 0.12),
    "40 % noise": (noisy(load("log6")[:1_500], 0.4, 1), 0.22),
    "unseen tasks": (person(HELD_OUT, executions=100), 0.15),
    "interleaved": (interleaved(2, 2, "set aside", per_task=40), 0.25),
}


@pytest.mark.parametrize("name", HARDER)
def test_harder_logs(name: str) -> None:
    log, bound = HARDER[name]
    assert measure(log).edit_mean <= bound


def test_people_of_the_simulated_office() -> None:
    office = next(suite for suite in SUITES if suite.name == "simulated office, unseen")
    assert statistics.mean(measure(log).edit_mean for _, log in office.logs(True)) <= 0.11
