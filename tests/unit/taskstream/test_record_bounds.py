"""No integer of a record that is read from a topic can leave the 64 bits that snapshots and tables hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from taskstream import records
from taskstream.events import EventBatch, Heartbeat

READ = (
    records.Session, records.Segment, records.Transfer, records.ActivityPartial, records.WindowMark,
    records.ActivityWindow, records.Assignment, records.Routine, records.Opportunity, records.DeadLetter, EventBatch,
    Heartbeat,
)  # fmt: skip


def integers(kind: Any, where: str = "") -> Iterator[tuple[str, msgspec.inspect.IntType]]:
    """Every integer in a type, with its place."""
    inspect = msgspec.inspect
    if isinstance(kind, inspect.IntType):
        yield where, kind
    elif isinstance(kind, inspect.StructType):
        for field in kind.fields:
            yield from integers(field.type, f"{where}.{field.name}")
    elif isinstance(kind, inspect.VarTupleType | inspect.ListType):
        yield from integers(kind.item_type, f"{where}[]")
    elif isinstance(kind, inspect.DictType):
        yield from integers(kind.key_type, f"{where} key")
        yield from integers(kind.value_type, f"{where}{{}}")
    elif isinstance(kind, inspect.UnionType):
        for one in kind.types:
            yield from integers(one, where)
    else:
        assert not isinstance(kind, inspect.TupleType | inspect.AnyType), where


@pytest.mark.parametrize("record", READ, ids=lambda record: record.__name__)
def test_every_integer_has_bounds(record: type[msgspec.Struct]) -> None:
    found = list(integers(msgspec.inspect.type_info(record)))
    assert found
    most = 2**63 - 1 if record is records.DeadLetter else 2**53
    assert [where for where, kind in found if kind.ge is None or kind.ge < -most - 1] == []
    assert [where for where, kind in found if kind.le is None or kind.le > most] == []


@pytest.mark.parametrize("number", [10**30, -(10**30), 2**63, 2**53 + 1])
def test_what_is_beyond_is_no_record(number: int) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"source":0,"before_ms":%d}' % number, type=records.WindowMark)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'[0,"a","b",%d,0,false,[]]' % number, type=records.PartialCell)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'[0,"a","b",0,0,false,[%d]]' % number, type=records.PartialCell)
