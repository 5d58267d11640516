"""The public record of an execution, from its steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from streams.discovery.segmentation.model import COPY, WRITE, Model
from streams.discovery.segmentation.steps import RawStep
from taskstream.records import Segment, Step

_ROLES: Final[dict[int, Literal["read", "write"]]] = {COPY: "read", WRITE: "write"}
"""By class of activity."""


def segment_of(
    owner: tuple[str, str, str, str],
    model: Model,
    raw: Sequence[RawStep],
    lane: int,
    complete: bool,
    confidence: float,
) -> Segment:
    """The execution that ``raw`` are the steps of; ``owner``: tenant, team, actor and agent."""
    names, classes = model.activities.names, model.classes
    first, last = raw[0], raw[-1]
    first_ms = first.head_ms + first.early
    last_ms = max(last.head_ms + last.span, first_ms)
    active = transfers = written = call = 0
    read: set[int] = set()
    wrote: set[tuple[str, int]] = set()
    steps: list[Step] = []
    ends = [*raw[1:], None]
    for step, after in zip(raw, ends, strict=True):
        own = step.active - step.early_active if step is first else step.active
        call += step.call if step is first else step.call + step.call_before
        if after is not None:
            own += after.before
        active += own
        kind = classes[step.act]
        digest = step.digest
        if digest:
            if kind == WRITE:
                place = _field(names[step.act]), digest
                if place not in wrote:  # written there again, in a loop or after a slip, it has moved once
                    wrote.add(place)
                    written += 1
                    transfers += digest in read
            else:
                read.add(digest)
        offset = step.head_ms - first_ms
        role: Literal["", "read", "write"] = _ROLES.get(kind, "")
        steps.append(Step(names[step.act], step.head + step.seq, offset if offset > 0 else 0, own, role))
    tenant, team, actor, agent = owner
    waiting = max(last_ms - first_ms - active, 0)
    return Segment(
        id=f"{agent}:{first.head}",
        tenant=tenant,
        team=team,
        actor=actor,
        agent=agent,
        first_seq=first.head,
        last_seq=last.head + last.tail,
        start_ms=first_ms,
        end_ms=last_ms,
        active_ms=active,
        waiting_ms=waiting,
        steps=tuple(steps),
        apps=tuple(dict.fromkeys([model.apps[step.act] for step in raw])),
        lane=lane,
        complete=complete,
        transfers=transfers,
        written=written,
        call_ms=min(call, waiting),
        confidence=confidence,
    )


def _field(name: str) -> str:
    """An activity's name without what was done there: pasted and then left is written once."""
    head = name.split("|", 2)
    return head[0] + "|" + head[-1]


def members_of(raw: Sequence[RawStep]) -> tuple[list[int], list[int]]:
    """The sequence numbers of all events of the steps, and the number of the step that each belongs to."""
    seqs: list[int] = []
    into: list[int] = []
    for number, step in enumerate(raw):
        seqs += range(step.head, step.head + step.tail + 1)
        into += [number] * (step.tail + 1)
    return seqs, into
