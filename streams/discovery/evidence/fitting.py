"""Fits a routine's record into its topic's bound: what says least about it is dropped first."""

from __future__ import annotations

from msgspec import structs

from taskstream.events import encode
from taskstream.records import Routine


def within(routine: Routine, bound: int) -> Routine:
    """``routine`` in at most ``bound`` bytes of JSON; one that fits is returned as it is.

    Rare variants go first, then rare edges, then the models of its parts, then the activities that the fewest
    executions hold. What is left recognises executions as well as its activities allow.
    """
    while len(encode(routine)) > bound:
        smaller = _smaller(routine)
        if smaller == routine:
            break  # names and counts alone, whose lengths the contract bounds
        routine = smaller
    return routine


def _smaller(routine: Routine) -> Routine:
    if len(routine.variants) > 1:
        return structs.replace(routine, variants=routine.variants[: len(routine.variants) // 2])
    if len(routine.edges) > len(routine.steps):
        often = frozenset(sorted(routine.edges, key=lambda edge: -edge.share)[: len(routine.edges) // 2])
        return structs.replace(routine, edges=tuple([edge for edge in routine.edges if edge in often]))
    if routine.parts:
        return structs.replace(routine, parts=())
    by_presence = sorted(routine.presence, key=lambda name: (-routine.presence[name], name))
    held = frozenset(by_presence[: len(by_presence) // 2])
    return structs.replace(
        routine,
        variants=(),
        presence={name: share for name, share in routine.presence.items() if name in held},
        skeleton=tuple([name for name in routine.skeleton if name in held]),
        optional=tuple([name for name in routine.optional if name in held]),
        steps=tuple([step for step in routine.steps if step.activity in held]),
        edges=(),  # they count by places in ``steps``
        flows=(),
    )
