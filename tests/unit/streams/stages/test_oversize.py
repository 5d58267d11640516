"""A segment keeps the bound of its topic, in the worst case too, and nothing of it is lost."""

from __future__ import annotations

from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streams.stages.oversize import encoded, encoded_sample
from taskstream.events import encode
from taskstream.records import SampledStep, Segment, StepSample
from taskstream.topics import SEGMENTS, STEPS
from tests.unit.streams.discovery.routine_samples import segment

decode = msgspec.json.Decoder(Segment).decode


@given(st.integers(1, 60), st.integers(800, 20_000), st.integers(0, 9))
def test_parts_hold_every_step_once_and_add_up(steps: int, bound: int, transfers: int) -> None:
    whole = segment(
        [f"crm|paste|{'x' * 90}|field:{number}" for number in range(steps)], transfers=min(transfers, steps),
        written=steps,
    )  # fmt: skip
    parts = [decode(value) for value in encoded(whole, bound)]
    assert all(len(encode(part)) <= bound or len(part.steps) == 1 for part in parts)
    assert [step.seq for part in parts for step in part.steps] == [step.seq for step in whole.steps]
    for name in ("active_ms", "waiting_ms", "written", "transfers", "call_ms"):
        assert sum(getattr(part, name) for part in parts) == getattr(whole, name), name
    assert all(part.transfers <= part.written for part in parts)
    assert [part.complete for part in parts] == [False] * (len(parts) - 1) + [whole.complete]
    assert len({part.id for part in parts}) == len(parts)
    assert (parts[0].start_ms, parts[-1].end_ms) == (whole.start_ms, whole.end_ms)
    assert all(one.end_ms == other.start_ms and one.last_seq < other.first_seq
               for one, other in pairwise(parts))  # fmt: skip
    at = [part.start_ms + step.offset_ms for part in parts for step in part.steps]
    assert at == [whole.start_ms + step.offset_ms for step in whole.steps]


def test_what_fits_leaves_as_it_is() -> None:
    small = segment(["crm|edit|a|field:b"])
    assert list(encoded(small, SEGMENTS.value_bytes)) == [encode(small)]


def test_the_worst_case_fits_its_topic() -> None:
    longest = "|".join(["公" * 64, "navigate", "公" * 256, "公" * 256])
    values = list(encoded(segment([longest] * 1_024), SEGMENTS.value_bytes))
    assert len(values) > 1
    assert all(len(value) <= SEGMENTS.value_bytes for value in values)


def sample(names: list[str]) -> StepSample:
    """A sample in which each name occurs twice."""
    steps = [SampledStep(place % len(names), 10 + place, place * 700, place % 3) for place in range(2 * len(names))]
    return StepSample("a:10", "t", "actor", "a", 5_000, tuple(names), tuple(steps))


@given(st.integers(1, 60), st.integers(300, 20_000))
def test_parts_of_a_sample_hold_every_step_once(names: int, bound: int) -> None:
    whole = sample([f"crm|paste|{'x' * 90}|field:{number}" for number in range(names)])
    parts = [msgspec.json.decode(value, type=StepSample) for value in encoded_sample(whole, bound)]
    assert all(len(encode(part)) <= bound or len(part.steps) == 1 for part in parts)

    def facts(samples: list[StepSample]) -> list[tuple[str, int, int, int]]:
        return [
            (one.names[step.name], step.seq, one.start_ms + step.offset_ms, step.value)
            for one in samples
            for step in one.steps
        ]

    assert facts(parts) == facts([whole])
    assert [part.id for part in parts] == [f"a:{part.steps[0].seq}" for part in parts]
    assert all(len(part.names) == len({step.name for step in part.steps}) for part in parts)


def test_the_worst_case_of_a_sample_fits_its_topic() -> None:
    longest = ["|".join(["\x01" * 64, "navigate", "\x01" * 256, f"{number}"]) for number in range(1_000)]
    values = list(encoded_sample(sample(longest), STEPS.value_bytes))
    assert len(values) > 1
    assert all(len(value) <= STEPS.value_bytes for value in values)
