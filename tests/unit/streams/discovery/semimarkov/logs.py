"""Small logs of numbered activities for tests of the model."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from streams.discovery.semimarkov.step_log import Log, Steps


def steps_of(acts: Sequence[int], *, gaps: Sequence[int] | None = None, sessions: Sequence[int] | None = None) -> Steps:
    """Steps a second apart, or after ``gaps`` (milliseconds), of one person."""
    n = len(acts)
    size = max(acts, default=-1) + 1
    act = np.array(acts, np.int64)
    at_ms = np.cumsum(np.array(gaps if gaps is not None else [1_000] * n, np.int64))
    none = np.full(n, -1, np.int64)
    zero = np.zeros(n, np.int64)
    session = np.array(sessions if sessions is not None else [0] * n, np.int64)
    return Steps(
        act, zero, session, at_ms, none, none, zero, zero, np.zeros(size, np.int64), np.ones(size, np.bool_),
        np.zeros(size, np.bool_),
    )  # fmt: skip


def log_of(acts: Sequence[int], **more: Sequence[int]) -> Log:
    """A log of such steps."""
    return Log(steps_of(acts, **more))


def two_tasks(seed: int, executions: int = 60) -> tuple[list[int], list[int], list[int]]:
    """Two tasks of five and six activities in random turn with pauses between: activities, cases, gaps."""
    rng = random.Random(seed)
    acts: list[int] = []
    cases: list[int] = []
    gaps: list[int] = []
    for case in range(executions):
        task = rng.choice([range(5), range(5, 11)])
        acts += task
        cases += [case] * len(task)
        gaps += [rng.randint(8_000, 30_000), *(rng.randint(700, 2_000) for _ in task[1:])]
    return acts, cases, gaps
