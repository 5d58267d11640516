"""Nothing that anybody can write into the input of the streams ends a worker, then or at its next start.

Arbitrary bytes, and valid records of which something was changed: types, sizes, missing and unknown fields, keys,
headers and times. After each of them the state can be stored and read back, and goes on alike.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.operator import InputRecord, Operator, Output
from streams.stages.partition import PartitionState
from streams.stages.stage_settings import StageSettings
from streams.stages.validate import Refusal, decode
from streams.teams.team_partition import TeamPartitionState
from taskstream.events import (
    BATCH_TYPE,
    FOLLOW_HEADER,
    HEARTBEAT_TYPE,
    MAX_SEQ,
    MAX_TIME_MS,
    Heartbeat,
    KeyCounts,
    ObjectRef,
    encode,
)
from taskstream.records import ActivityPartial, PartialCell, WindowMark
from taskstream.topics import ALL, STATE
from tests.unit.streams.build import T0, batch, event, marker, of, tables, value

MARK = b"taskstream.mark"
BOUNDS = {topic.name: topic for topic in ALL}
LONG = "\x01\U0001f600" * 64
SAMPLES: dict[bytes, Any] = {
    kind: msgspec.json.decode(encode(message))
    for kind, message in {
        BATCH_TYPE: batch(
            3,
            [
                event(0, "copy", value=value(7), screen="Invoices"),
                event(2, "paste", "sap", "field:amount", value=value(7), objects=(ObjectRef("invoice", 9),)),
                event(5, "keys", "sap", "field:note", keys=KeyCounts(letter=3), active_ms=900),
                event(6, "gap", missing=4),
                event(8, "lock", screen=LONG, element=LONG[:120]),
            ],
            sent_ms=T0 + 9_000,
        ),
        HEARTBEAT_TYPE: Heartbeat(schema=1, advance_ms=86_400_000, at_ms=T0),
        b"": ActivityPartial(
            "0:1:2", "t", "red", T0, ("a", LONG),
            (PartialCell(T0, "sap", "click", 3, 900, False, (0, 1)), PartialCell(0, LONG, "keys", 1, 5, True, (1,))),
        ),
        MARK: WindowMark(0, T0 + 600_000),
    }.items()
}  # fmt: skip
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        10**30, -(10**30), 2**63, 2**64, 2**53, 2**53 - 1, 2**40, MAX_SEQ - 5, MAX_TIME_MS, MAX_TIME_MS + 1, 1, 0, -1,
        1.5, 1e300, True, None, "", "x", LONG, "\x00" * 70_000, "x" * 1_100_000, [], {}, [0] * 2_000, [[]] * 3, "gap",
    ]
) | st.text(max_size=5)  # fmt: skip
KEYS = st.sampled_from([b"actor-a", None, b"", b"\xff", b"\x00" * 600_000]) | st.binary(max_size=4)
KINDS = st.sampled_from([BATCH_TYPE, HEARTBEAT_TYPE, MARK, b"", b"\xff" * 9])
TIMES = st.sampled_from([T0 + 10_000, T0 + 10**10, 0, -1, 2**63 - 1])


def places(found: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value within ``found``, itself included."""
    yield path
    items = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    for name, inner in items:
        yield from places(inner, (*path, name))


def changed(found: Any, path: Sequence[Any], how: str, odd: Any) -> Any:
    """``found`` with what is at ``path`` replaced or taken away, or with something unknown beside it."""
    if not path:
        return odd
    whole = inner = copy.deepcopy(found)
    for name in path[:-1]:
        inner = inner[name]
    if how == "replace":
        inner[path[-1]] = odd
    elif how == "remove":
        del inner[path[-1]]
    elif isinstance(inner, dict):
        inner["unknown"] = odd
    else:
        inner.append(odd)
    return whole


@st.composite
def records(draw: st.DrawFn, kinds: Sequence[bytes]) -> InputRecord:
    """A record that may be foreign in its value, key, headers or time, or in none of them."""
    kind = draw(st.sampled_from(kinds))
    content = SAMPLES[kind]
    if kind == BATCH_TYPE:
        content = content | {"first_seq": draw(st.sampled_from([3, 8, 20, 0]))}
    what = draw(st.sampled_from(["value", "value", "value", "bytes", "key", "kind", "time", "nothing"]))
    if what == "value":
        for _ in range(draw(st.integers(1, 2))):
            path = draw(st.sampled_from(list(places(content))))
            content = changed(content, path, draw(st.sampled_from(["replace", "remove", "add"])), draw(ODD))
    data: bytes | None = msgspec.json.encode(content)
    if what == "bytes":
        at = draw(st.integers(0, len(data or b"")))
        data = draw(st.none() | st.binary(max_size=40) | st.just((data or b"")[:at] + draw(st.binary(max_size=3))))
    headers = [("ce_type", draw(KINDS) if what == "kind" else kind)]
    if draw(st.booleans()):
        headers.append((FOLLOW_HEADER, b"1"))
    key = draw(KEYS) if what == "key" else b"actor-a" if kind == BATCH_TYPE else None
    return InputRecord(0, draw(TIMES) if what == "time" else T0 + 10_000, key, data, headers)


def check(outputs: Sequence[Output]) -> None:
    """Each output fits its topic."""
    for output in outputs:
        size = len(output.value or b"") + sum(len(name) + len(content) for name, content in output.headers or ())
        assert len(output.value or b"") <= BOUNDS[output.topic].value_bytes
        assert size + len(output.key or b"") <= BOUNDS[output.topic].message_bytes - 1_024


def stored(operator: Operator, items: dict[str, bytes]) -> None:
    """Have a snapshot among ``items``; each of them fits the topic ``state``."""
    for name, data in operator.snapshot():
        assert len(data or b"") <= STATE.value_bytes
        assert len(name.encode()) <= 4_096
        if data is None:
            items.pop(name, None)
        else:
            items[name] = data


def run(
    make: Callable[[], Operator], given_: Sequence[InputRecord], refused: Callable[[InputRecord], bool],
    end: Sequence[InputRecord],
) -> None:  # fmt: skip
    operator, items = make(), dict[str, bytes]()
    for offset, record in enumerate(given_):
        record = record._replace(offset=offset)
        outputs = [*operator.apply(record), *operator.flush()]
        check(outputs)
        if refused(record):
            letters = of(outputs, "dead-letter")
            assert [letter["source_offset"] for letter in letters] == [offset]
            assert len(outputs) == 1
        stored(operator, items)
        alike = on([operator, copy_of(make, items)], end)
        assert alike[0] == alike[1]
        operator = copy_of(make, items)


def on(operators: Sequence[Operator], end: Sequence[InputRecord]) -> list[list[Output]]:
    """What each of the operators makes of ``end``."""
    return [[output for one in end for output in [*operator.apply(one), *operator.flush()]] for operator in operators]


def copy_of(make: Callable[[], Operator], items: dict[str, bytes]) -> Operator:
    """An operator in the state that is stored, all of which is read."""
    made = make()
    assert made.load(items) == {}
    return made


END = [
    InputRecord(90, T0 + 20_000, b"actor-a", encode(batch(30, [event(15), event(16)])), [("ce_type", BATCH_TYPE)]),
    InputRecord(91, T0 + 30_000, None, msgspec.json.encode(SAMPLES[HEARTBEAT_TYPE]), [("ce_type", HEARTBEAT_TYPE)]),
]


@settings(max_examples=40)
@given(st.lists(records([BATCH_TYPE, BATCH_TYPE, HEARTBEAT_TYPE]), min_size=1, max_size=3))
def test_phase_1_takes_whatever_is_in_its_topic(given_: list[InputRecord]) -> None:
    def refused(record: InputRecord) -> bool:
        return isinstance(decode(record), Refusal)

    run(lambda: PartitionState(0, StageSettings(partitions=2)), given_, refused, END)


@st.composite
def markers(draw: st.DrawFn) -> InputRecord:
    """Tables, or what is left of them when some bytes are others."""
    raw = bytearray(draw(st.sampled_from([tables("t", 2), tables("t", 2**63), tables("x" * 128, 1)])))
    for _ in range(draw(st.integers(0, 3))):
        raw[draw(st.integers(0, len(raw) - 1))] = draw(st.integers(0, 255))
    value = draw(st.just(bytes(raw)) | st.just(bytes(raw[: draw(st.integers(0, len(raw)))])) | st.binary(max_size=40))
    return marker(0, value)._replace(key=draw(KEYS), timestamp=draw(TIMES))


@settings(max_examples=40)
@given(st.lists(markers() | records([BATCH_TYPE, HEARTBEAT_TYPE]), min_size=1, max_size=4))
def test_phase_1_takes_whatever_claims_to_be_tables(given_: list[InputRecord]) -> None:
    def refused(record: InputRecord) -> bool:
        return isinstance(decode(record), Refusal)

    run(lambda: PartitionState(0, StageSettings(partitions=2)), given_, refused, END)


@settings(max_examples=40)
@given(st.lists(records([b"", b"", MARK]), min_size=1, max_size=3))
def test_phase_2_takes_whatever_is_in_its_topic(given_: list[InputRecord]) -> None:
    readers: dict[bool, msgspec.json.Decoder[Any]] = {
        False: msgspec.json.Decoder(ActivityPartial),
        True: msgspec.json.Decoder(WindowMark),
    }

    def refused(record: InputRecord) -> bool:
        try:
            found = readers[("ce_type", MARK) in record.headers].decode(record.value or b"")
        except ValueError:
            return True
        people = len(found.actors) if isinstance(found, ActivityPartial) else 0
        cells = found.cells if isinstance(found, ActivityPartial) else ()
        return any(not 0 <= place < people for cell in cells for place in cell.who)

    end = [InputRecord(90, T0 + 20_000, None, encode(WindowMark(0, T0 + 10**9)), [("ce_type", MARK)])]
    run(lambda: TeamPartitionState(0, 1, 1), given_, refused, end)


LEAF: st.SearchStrategy[Any] = st.integers(-9, 9) | st.sampled_from(
    ["", "open", "closed", 2**64 - 1, None, b"\xff", {}, 1.5]
)
PACKED = st.lists(LEAF | st.lists(LEAF, max_size=4), max_size=11).map(msgspec.msgpack.encode)
NAMES = st.sampled_from(
    ["p", "p:", "l", "l:0", "w:3:0", "w:x:0", "w:9", "a:x", "a:", "m:t\x1fx", "m:", "t:", "t:t", "t:x", "", "what"]
)


@settings(max_examples=40)
@given(st.dictionaries(NAMES, st.binary(max_size=30) | PACKED, max_size=4))
def test_what_is_in_the_topic_state_is_loaded_or_named(items: dict[str, bytes]) -> None:
    for operator in (PartitionState(0, StageSettings(partitions=1)), TeamPartitionState(0, 1, 1)):
        assert operator.load(items).keys() <= items.keys()
        operator.snapshot()
