"""Whether the catalogue can go on from what was decoded of its state: types are right, but numbers may be out of all
bounds, and parts may not belong together. No catalogue writes that; a foreign writer may, or a damaged record hold it.
Records have their bounds in their types (:mod:`taskstream.records`). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import Final

from msgspec import Struct, structs

from streams.catalogue.state_format import ClusterState, TenantState
from streams.discovery.grouping.execution import Execution
from streams.discovery.reservoir import MAX_SAMPLE
from taskstream.kafka import pieces
from taskstream.records import MOST, Segment, StepSample

KEY_BETWEEN: Final = "\x1f"
"""Stands between a tenant and its item in a key of the state."""
_HASH: Final = 1 << 64


def is_tenant(name: str) -> bool:
    """Whether the state's keys can hold ``name``."""
    return bool(name) and pieces.BETWEEN not in name and KEY_BETWEEN not in name


def is_sound_segment(segment: Segment) -> bool:
    """Whether a catalogue can take in ``segment``, and a routine can tell how long it took."""
    return is_tenant(segment.tenant) and is_bounded(segment.end_ms - segment.start_ms)


def is_sound_sample(sample: StepSample) -> bool:
    """Whether a catalogue can learn from ``sample``: every step has a name and a time."""
    return (
        is_tenant(sample.tenant)
        and 0 < len(sample.steps) <= MAX_SAMPLE
        and all(
            0 <= step.name < len(sample.names) and is_bounded(sample.start_ms + step.offset_ms) for step in sample.steps
        )
    )


def is_bounded(value: object) -> bool:
    """Whether every number in ``value`` (a record, or a part of one) is."""
    if isinstance(value, int):
        return -MOST <= value <= MOST
    if isinstance(value, float):
        return isfinite(value)
    if isinstance(value, Struct):
        return all(is_bounded(part) for part in structs.astuple(value))
    if isinstance(value, tuple | list):
        return all(is_bounded(part) for part in value)
    return not isinstance(value, dict) or all(is_bounded(part) for pair in value.items() for part in pair)


def is_sound_tenant(state: TenantState) -> bool:
    """Whether a catalogue can go on from ``state``."""
    numbers = (
        state.revision, state.arrivals, state.next_cluster, state.next_shape, state.first_ms, state.last_ms,
    )  # fmt: skip
    return (
        is_tenant(state.tenant)
        and are_bounded(numbers)
        and is_bounded(state.joints)
        and is_bounded(state.days)
        and len(state.pauses) == 2
        and is_bounded(state.pauses)
        and _is_sketch(state.people)
    )


def is_sound_cluster(state: ClusterState) -> bool:
    """Whether a catalogue can go on with the cluster of ``state``."""
    numbers = (
        state.number, state.executions, state.partial, state.complete, state.transfers, state.written, state.active_ms,
        state.partial_ms, state.first_ms, state.last_ms, state.touched, *state.people_counts,
    )  # fmt: skip
    return (
        are_bounded(numbers)
        and min(state.executions, state.partial, *state.people_counts) >= 0
        and isfinite(state.own)
        and is_bounded(state.days)
        and all(0 < n <= MOST for n in state.counts.values())
        and _is_sketch(state.people)
        and _is_sketch(state.teams)
        and is_bounded([n for _, n in state.flows])
        and len({shape.number for shape in state.shapes}) == len(state.shapes)
        and all(
            are_bounded((shape.number, shape.times, shape.complete, shape.touched))
            and all(0 < n <= MOST for n in shape.counts.values())
            and all(len(followed) == 2 and is_bounded(followed) for followed in shape.followers.values())
            for shape in state.shapes
        )
        and all(_is_sound_execution(execution) for execution in (*state.sample, *state.members))
    )


def _is_sound_execution(execution: Execution) -> bool:
    numbers = (
        execution.first_seq, execution.last_seq, execution.start_ms, execution.end_ms, execution.active_ms,
        execution.waiting_ms, execution.transfers, execution.written, execution.shape, execution.last_shape,
        execution.before, execution.call_ms,
    )  # fmt: skip
    packed = 4 * len(execution.steps)
    return (
        are_bounded(numbers)
        and all(0 <= value < _HASH for value in (execution.agent, execution.actor, execution.priority))
        and len(execution.seqs) == len(execution.offsets) == len(execution.actives) == packed
        and len(execution.roles) == len(execution.steps) > 0
        and bool(execution.pieces)
        and is_bounded(execution.pieces)
        and execution.joined is None
    )


def _is_sketch(saved: tuple[tuple[int, ...], bool]) -> bool:
    hashes, has_overflowed = saved
    return all(0 <= value < _HASH for value in hashes) and (any(hashes) or not has_overflowed)


def are_bounded(numbers: Iterable[int]) -> bool:
    """Whether each of ``numbers`` is a time, count or number of ours."""
    return all(-MOST <= number <= MOST for number in numbers)
