"""What the recogniser keeps of routines, in bytes."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from streams.discovery.grouping.recognise import HOT, Recogniser
from taskstream.records import Routine
from tests.unit.streams.discovery.routine_samples import segment

ACTIVITIES = 16


def activities(number: int) -> list[str]:
    return [f"crm|edit|customer/form {number}|field:value {number} {place}" for place in range(ACTIVITIES)]


def blank() -> dict[str, Any]:
    """A routine of which nothing is known."""
    empty: dict[type, Any] = {
        inspect.IntType: 0, inspect.FloatType: 0.0, inspect.StrType: "", inspect.DictType: {}, inspect.VarTupleType: []
    }  # fmt: skip
    info = inspect.type_info(Routine)
    assert isinstance(info, inspect.StructType)
    return {field.name: empty[type(field.type)] for field in info.fields if field.required}


BLANK = blank()


def record(number: int, name: int | None = None) -> bytes:
    """A routine that shares no activity with any other, in eight variants, as it comes from Kafka."""
    steps = activities(number)
    variants = [
        {"id": f"v{number:08d}{place}", "steps": steps[place:] + steps[:place], "executions": 9, "share": 0.1}
        for place in range(8)
    ]
    known = {"id": f"r{number if name is None else name:08d}", "tenant": "acme", "variants": variants}
    return msgspec.json.encode(BLANK | known | {"presence": dict.fromkeys(steps, 0.9)})


decode = msgspec.json.Decoder(Routine).decode


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def _bytes() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


@pytest.mark.usefixtures("traced")
def test_a_routine_takes_at_most_4_kb() -> None:
    recogniser = Recogniser()
    before = _bytes()
    for number in range(300):
        recogniser.update(decode(record(number)))
    half = _bytes() - before
    for number in range(300, 600):
        recogniser.update(decode(record(number)))
    whole = _bytes() - before
    assert half / 300 <= 4_096
    assert whole / 600 <= 4_096, "memory is linear in the routines"


@pytest.mark.usefixtures("traced")
def test_renewed_routines_leave_no_growth() -> None:
    recogniser, sizes = Recogniser(), []
    for again in range(12):
        for number in range(100):  # each time with other activities, as after a change of the application
            recogniser.update(decode(record(number + 1_000 * again, name=number)))
        sizes.append(_bytes())
    assert len(recogniser) == 100
    assert sizes[-1] - sizes[3] < 16 * 1024, "tables have found their size after a few rounds"


def test_variants_are_told_apart_also_of_routines_that_were_not_met_for_long() -> None:
    recogniser = Recogniser([decode(record(number)) for number in range(2 * HOT)])
    for _ in range(2):
        for number in range(2 * HOT):
            found = recogniser.assign(segment(activities(number)))
            assert found is not None
            assert (found.routine, found.variant) == (f"r{number:08d}", f"v{number:08d}0")
