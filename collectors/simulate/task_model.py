"""What a task is made of. Tasks are data: they can be written by hand, loaded from JSON, or drawn at random."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from taskstream.errors import InputError
from taskstream.events import Form, Kind

Probability = Annotated[float, Meta(ge=0, le=1)]


class _Data(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of all parts of a task."""


class TaskStep(_Data, frozen=True):
    """One thing a person does.

    ``slot``         the value of the execution that is read or written here; empty: none
    ``typed``        whether the value is typed (else it came by pasting or choosing)
    ``seconds``      median time since the step before; the actual time is log-normal
    ``probability``  that the step is taken at all
    ``shows``        whether the screen names the execution's business object
    """

    kind: Kind
    app: str
    screen: str
    element: str = ""
    slot: str = ""
    typed: bool = False
    seconds: Annotated[float, Meta(gt=0)] = 1.5
    probability: Probability = 1.0
    shows: bool = False


class StepBlock(_Data, frozen=True):
    """Steps that belong together.

    ``probability``  that the block is done at all
    ``times``        how often it is repeated, least and most (line items)
    ``group``        neighbouring blocks of one group are done in any order
    ``variant``      done only when the execution follows this variant of the task
    """

    steps: tuple[TaskStep, ...]
    probability: Probability = 1.0
    times: tuple[Annotated[int, Meta(ge=0)], Annotated[int, Meta(ge=0)]] = (1, 1)
    group: str = ""
    variant: str = ""


class Task(_Data, frozen=True):
    """A routine: its name is the truth against which a miner is judged.

    ``slots``     the values of one execution and their forms; every execution has new ones
    ``variants``  ways to do it, with their weights; a person has a favourite
    ``object``    kind of its business object, such as ``invoice``
    ``teams``     who does it; empty: everybody
    ``weight``    how often it is chosen among a person's tasks
    """

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    blocks: Annotated[tuple[StepBlock, ...], Meta(min_length=1)]
    slots: dict[str, Form] = {}
    variants: dict[str, float] = {}
    object: str = ""
    teams: tuple[str, ...] = ()
    weight: Annotated[float, Meta(gt=0)] = 1.0


class Behaviour(_Data, frozen=True):
    """How people work around their tasks. Probabilities are per step unless said otherwise.

    ``interrupt``  a task is interrupted; then by another task (``by_task``), by absence (``by_absence``), else by noise
    ``abandon``    an interrupted execution is not resumed
    ``twin``       a copy is done twice, or a click repeated
    ``correct``    a typed value is corrected: the field is written again
    ``scroll``     a scroll before a step
    ``noise``      between two executions there is chat, mail or browsing
    ``wrong_clock``, ``drifting_clock``, ``offline``, ``resent``  shares of desktops (of messages: ``resent``)
    """

    interrupt: Probability = 0.008
    by_task: Probability = 0.45
    by_absence: Probability = 0.1
    abandon: Probability = 0.04
    twin: Probability = 0.015
    correct: Probability = 0.04
    scroll: Probability = 0.02
    noise: Probability = 0.4
    wrong_clock: Probability = 0.04
    drifting_clock: Probability = 0.03
    offline: Probability = 0.08
    resent: Probability = 0.01


CALM = Behaviour(
    interrupt=0, twin=0, correct=0, scroll=0, noise=0, wrong_clock=0, drifting_clock=0, offline=0, resent=0
)
"""Nothing but tasks, one after another."""


def load_tasks(path: Path) -> tuple[Task, ...]:
    """Tasks from a JSON file that :func:`dump_tasks` or a person has written.

    Raises:
        InputError: there is no such file, or it does not hold tasks; the message says where.
    """
    try:
        tasks = msgspec.json.decode(path.read_bytes(), type=tuple[Task, ...])
    except OSError as error:
        raise InputError(f"the tasks {path} cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise InputError(f"{path} holds no tasks: {error}") from error
    if not tasks:
        raise InputError(f"{path} holds no tasks: the list is empty")
    for task in tasks:
        unknown = {s.slot for b in task.blocks for s in b.steps if s.slot} - set(task.slots)
        if unknown:
            raise InputError(f"{path}: task {task.name} uses slots it does not declare: {', '.join(sorted(unknown))}")
    return tasks


def dump_tasks(tasks: Sequence[Task]) -> bytes:
    """JSON of tasks, indented."""
    return msgspec.json.format(msgspec.json.encode(tuple(tasks)))
