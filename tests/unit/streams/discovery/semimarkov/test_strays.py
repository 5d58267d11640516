"""Clicks in mail or chat before a task are no steps of it; what belongs to tasks stays."""

from __future__ import annotations

import random

import numpy as np
import pytest
from msgspec import structs

from streams.discovery.semimarkov import strays, whole
from streams.discovery.semimarkov.step_log import Steps, cuts_of
from streams.discovery.semimarkov.whole import executions
from tests.unit.streams.discovery.semimarkov.logs import log_of, steps_of

FIRST, SECOND, CHAT = range(7), range(7, 13), range(20, 26)
SIGN_IN = [13, 14]


def day(
    seed: int, rounds: int, *, stray: float = 0.0, sign_in: float = 0.0, of_first: float = 0.0
) -> tuple[Steps, list[list[int]]]:
    """Two tasks in random turn with pauses; before a share of them up to three clicks of a chat (``stray``), signing in
    (before both tasks, or ``of_first`` alone), and the places of each true execution."""
    rng = random.Random(seed)
    acts: list[int] = []
    gaps: list[int] = []
    true: list[list[int]] = []
    for _ in range(rounds):
        pause = rng.randint(30_000, 90_000)
        if rng.random() < stray:
            for _ in range(rng.randint(1, 3)):
                acts.append(rng.choice(CHAT))
                gaps.append(pause)
                pause = rng.randint(4_000, 25_000)
        task = rng.choice([FIRST, SECOND])
        opening = SIGN_IN if rng.random() < (sign_in if task is SECOND or not of_first else of_first) else []
        true.append(list(range(len(acts), len(acts) + len(opening) + len(task))))
        acts += [*opening, *task]
        gaps += [pause, *(rng.randint(700, 2_000) for _ in [*opening, *task][1:])]
    steps = steps_of(acts, gaps=gaps)
    app = np.array([2 if act in CHAT else 1 for act in acts], np.int64)
    return structs.replace(steps, app=app, screen=app), true


def found_in(steps: Steps) -> list[list[int]]:
    return [one.places for _, some in executions(steps) for one in some if one.routine >= 0]


@pytest.mark.parametrize("sampled", [False, True])
def test_clicks_between_tasks_are_of_none(sampled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    steps, true = day(1, 120, stray=0.5)
    if sampled:
        steps = structs.replace(steps, session=np.arange(len(steps)) // 100)
        monkeypatch.setattr(whole, "LEARN", 500)
    found = found_in(steps)
    chat = set(np.nonzero(steps.app == 2)[0].tolist())
    assert chat
    assert not chat & {place for places in found for place in places}
    assert sampled or sum(places in found for places in true) >= 0.97 * len(true)


def test_what_all_tasks_begin_with_is_theirs() -> None:
    steps, true = day(2, 120, sign_in=1.0)
    found = found_in(steps)
    assert sum(places in found for places in true) >= 0.97 * len(true)


def test_what_one_task_may_begin_with_is_its_own() -> None:
    steps, true = day(3, 120, of_first=0.4)
    found = found_in(steps)
    assert sum(places in found for places in true) >= 0.97 * len(true)


def test_nothing_is_said_of_a_single_task() -> None:
    log = log_of([20, *FIRST] * 30)
    cuts = cuts_of([(start, start + 8, 0) for start in range(0, log.size, 8)])
    assert strays.find(log, cuts) == strays.NONE
    assert strays.cut_off(log, cuts, strays.NONE) is cuts
