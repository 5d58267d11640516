"""Routines that are one task come as one; tasks that merely share a form do not."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from streams.discovery.semimarkov.learning import Solution, rate
from streams.discovery.semimarkov.merges import merge
from streams.discovery.semimarkov.step_log import Cuts, cuts_of, renumbered
from tests.unit.streams.discovery.semimarkov.logs import log_of


def merged(executions: Sequence[Sequence[int]], routines: Sequence[int], signing: Sequence[int] = ()) -> Cuts:
    acts = [act for execution in executions for act in execution]
    ends = np.cumsum([len(execution) for execution in executions]).tolist()
    cuts = renumbered(cuts_of(list(zip([0, *ends[:-1]], ends, routines, strict=True))))
    log = log_of(acts)
    log.signing[list(signing)] = True
    return merge(log, Solution(cuts, rate(log, cuts, cuts.routines))).cuts


def test_branches_of_one_task_are_one_routine() -> None:
    rng = random.Random(1)
    branch = [rng.randrange(2) for _ in range(40)]
    executions = [[0, 1, 2, 3, *([4, 5, 6] if one else [7, 8]), 9, 10, 11] for one in branch]
    assert merged(executions, branch).routines == 1


def test_tasks_that_share_a_form_stay_two() -> None:
    rng = random.Random(2)
    task = [rng.randrange(2) for _ in range(80)]
    form = [20, 21, 22, 23, 24]
    executions = [[0, 1, 2, *form, 3, 4] if one else [10, 11, 12, *form, 13, 14] for one in task]
    assert merged(executions, task).routines == 2


def test_tasks_that_share_nothing_are_never_tried() -> None:
    executions = [[0, 1, 2, 3], [4, 5, 6, 7]] * 20
    assert merged(executions, [0, 1] * 20).routines == 2


def test_tasks_that_begin_with_the_same_sign_in_stay_two() -> None:
    rng = random.Random(3)
    task = [rng.randrange(2) for _ in range(80)]
    executions = [[0, 1, 2, 3, *([4, 5, 6] if one else [7, 8, 9])] for one in task]
    assert merged(executions, task).routines == 1, "as any other beginning, that of one task with branches"
    assert merged(executions, task, signing=[0, 1, 2, 3]).routines == 2
