"""Keeps segments and samples of steps within the bounds of their topics: what is too large is split."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from taskstream.events import encode
from taskstream.records import SampledStep, Segment, Step, StepSample


def encoded(segment: Segment, bound: int) -> Iterator[bytes]:
    """``segment`` in JSON of at most ``bound`` bytes, or else its parts in order, each a segment of its own.

    Only segments of very many steps with very long names are that large. The parts share the steps, times and counts
    among them; all but the last are incomplete.
    """
    value = encode(segment)
    if len(value) <= bound or len(segment.steps) < 2:
        yield value
        return
    for part in _halves(segment):
        yield from encoded(part, bound)


def _halves(segment: Segment) -> tuple[Segment, Segment]:
    half = len(segment.steps) // 2
    before, after = segment.steps[:half], segment.steps[half:]
    moved = after[0].offset_ms
    cut_ms = segment.start_ms + moved
    after = tuple([structs.replace(step, offset_ms=max(0, step.offset_ms - moved)) for step in after])
    written = min(segment.written, sum([step.role == "write" for step in before]))
    transfers = min(segment.transfers, written)
    first = structs.replace(
        segment, last_seq=after[0].seq - 1, end_ms=cut_ms, steps=before, complete=False,
        written=written, transfers=transfers, **_times(before, segment.start_ms, cut_ms, segment.call_ms),
    )  # fmt: skip
    second = structs.replace(
        segment, id=f"{segment.agent}:{after[0].seq}", first_seq=after[0].seq, start_ms=cut_ms, steps=after,
        written=segment.written - written, transfers=segment.transfers - transfers,
        **_times(after, cut_ms, segment.end_ms, segment.call_ms - first.call_ms),
    )  # fmt: skip
    return first, second


def _times(steps: tuple[Step, ...], start_ms: int, end_ms: int, call_ms: int) -> dict[str, int]:
    length = max(0, end_ms - start_ms)
    active = min(length, sum([step.active_ms for step in steps]))
    return {"active_ms": active, "waiting_ms": length - active, "call_ms": min(call_ms, length - active)}


def encoded_sample(sample: StepSample, bound: int) -> Iterator[bytes]:
    """``sample`` in JSON of at most ``bound`` bytes, or else its parts in order, each a sample of its own."""
    value = encode(sample)
    steps = sample.steps
    if len(value) <= bound or len(steps) < 2:
        yield value
        return
    half = len(steps) // 2
    for part in (steps[:half], steps[half:]):
        yield from encoded_sample(_of_steps(sample, part), bound)


def _of_steps(sample: StepSample, steps: tuple[SampledStep, ...]) -> StepSample:
    """A sample of some of the steps, and of the names that occur in them."""
    number: dict[int, int] = {}
    first_ms = steps[0].offset_ms
    moved = [
        structs.replace(
            step, name=number.setdefault(step.name, len(number)), offset_ms=max(0, step.offset_ms - first_ms)
        )
        for step in steps
    ]
    return structs.replace(
        sample, id=f"{sample.agent}:{steps[0].seq}", start_ms=sample.start_ms + first_ms,
        names=tuple([sample.names[name] for name in number]), steps=tuple(moved),
    )  # fmt: skip
