"""Whatever stands in its topics, the catalogue starts and takes in what is sound; what is refused is counted."""

from __future__ import annotations

import copy
import logging
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.catalogue.soundness import is_sound_segment
from streams.catalogue.state_format import FORMAT
from taskstream import metrics
from taskstream.records import MOST, Assignment, Opportunity, Routine, Segment, Transfer
from tests.unit.streams.catalogue.memory_kafka import MemoryKafka, commit, opened, take
from tests.unit.streams.discovery.routine_samples import INVOICE, TICKET, office, transfer
from tests.unit.streams.discovery.step_samples import day

WORK = [done for done, _ in office([INVOICE, TICKET], people=3, each=2)]
MORE = [done for done, _ in office([INVOICE], people=1, each=1, seed=5)]


def published() -> dict[str, dict[str, bytes]]:
    kafka = MemoryKafka()
    session = opened(kafka, k=2)
    take(session, kafka, WORK)
    kafka.input["steps"] += [msgspec.json.encode(one) for one in day(people=3, each=2)]
    session._take_steps(kafka.steps(), 0.0)
    commit(session)
    return kafka.kept


KEPT = published()
SEGMENT = msgspec.to_builtins(WORK[0])
MOVED = msgspec.to_builtins(transfer(WORK[0], 0, 2))
ASSIGNED = msgspec.json.decode(next(iter(KEPT["assignments"].values()))) | {"version": 0}

STRANGE: Any = st.one_of(
    st.sampled_from([
        None, True, -1, 0, 2**31, 2**53, 2**63 - 1, -(2**63), 2**64 - 1, 0.5, 1e308, -1e308, "", "\x1f", "\x1e",
        "a\x1fb", "|" * 9, "\ufeff\u202e", [], {}, [[]], {"": 0}, {"1": [0, 0]}, [0, 0], b"", b"abc",
    ]),
    st.integers(-(2**63), 2**64 - 1), st.text(max_size=6), st.lists(st.integers(-3, 3), max_size=4),
)  # fmt: skip


NUMBERS_AT_BOUNDS = (0, -1, 2**53, -(2**53), 2**63 - 1, -(2**63), 2**64 - 1)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a decoded record: container and key."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from places(value[key])


@st.composite
def mutated(draw: Callable[..., Any], valid: Any, pack: Callable[[Any], bytes]) -> bytes:
    """``valid`` with up to three of its parts replaced, taken away or added; or other bytes altogether."""
    if draw(st.integers(0, 9)) == 0:
        return bytes(draw(st.binary(max_size=40)))
    value = copy.deepcopy(valid)
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        found = list(places(value))
        if not found:
            break
        inside, key = found[draw(st.integers(0, len(found) - 1))]
        how = draw(st.integers(0, 5))
        if how == 0:
            del inside[key]
        elif how == 1 and isinstance(inside, dict):
            inside[draw(st.text(max_size=3))] = draw(STRANGE)
        elif isinstance(inside[key], int | float) and how > 2:
            inside[key] = draw(st.sampled_from(NUMBERS_AT_BOUNDS))
        else:
            inside[key] = draw(STRANGE)
    try:
        return pack(value)
    except (OverflowError, UnicodeEncodeError, TypeError):
        return b"{"


def as_json(value: Any) -> bytes:
    return msgspec.json.encode(value)


def as_cluster(value: Any) -> bytes:
    return zlib.compress(msgspec.msgpack.encode(value), 1)


def as_tenant(value: Any) -> bytes:
    """Of a format that this version reads: that of a newer one is refused, as it must be."""
    is_newer = isinstance(value, list) and value and isinstance(value[0], int) and value[0] > FORMAT
    return msgspec.msgpack.encode([FORMAT, *value[1:]] if is_newer else value)


KEYS = st.sampled_from([
    "", "acme", "acme\x1f", "\x1ftenant", "acme\x1fcluster/", "acme\x1fcluster/99", "other\x1fcluster/0", "\x1fother",
    "acme\x1ftenant\x1e1", "x\x1ftenant", "\x1fpositions\x1e7", "acme\x1fsteps/0", "acme\x1fsteps/07",
    "acme\x1flearning", "acme\x1ftables",
]) | st.text(max_size=5)  # fmt: skip
FUZZ = settings(
    max_examples=15,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


def refused() -> float:
    return float(metrics.REFUSED.labels(reason="malformed")._value.get())


def is_record(value: bytes, kind: Any) -> bool:
    try:
        record = msgspec.json.decode(value, type=kind)
    except (ValueError, RecursionError):
        return False
    if kind is Segment and not is_sound_segment(record):
        return False
    return kind not in (Routine, Opportunity) or bool(record.tenant.strip("\x1e\x1f"))


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


@FUZZ
@given(
    st.lists(mutated(SEGMENT, as_json), max_size=4),
    st.lists(mutated(MOVED, as_json), max_size=2),
    st.lists(mutated(ASSIGNED, as_json), max_size=2),
)
def test_input(segments: list[bytes], transfers: list[bytes], assignments: list[bytes]) -> None:
    kafka = MemoryKafka()
    session = opened(kafka, k=1)
    kafka.input |= {"transfers": list(transfers), "assignments": list(assignments)}
    before = refused()
    take(session, kafka, [*segments, *WORK])
    told = refused() - before
    kinds = [(segments, Segment), (transfers, Transfer), (assignments, Assignment)]
    assert told >= sum(not is_record(value, kind) for values, kind in kinds for value in values)
    assert told <= len(segments) + len(transfers) + len(assignments)
    commit(session)
    again = opened(kafka, k=1)
    assert sorted(again._catalogues) == sorted(session._catalogues), "what was let in can be read again"
    take(again, kafka, MORE)
    commit(again)


@pytest.mark.parametrize("changes", [
    {"tenant": ""}, {"tenant": "a\x1fb"}, {"tenant": "a\x1eb"}, {"start_ms": 2**63 - 1}, {"active_ms": 2**64 - 1},
    {"first_seq": -(2**63)}, {"start_ms": -MOST, "end_ms": MOST},
    {"start_ms": MOST, "end_ms": -1}, {"steps": [SEGMENT["steps"][0] | {"offset_ms": 2**63}]},
])  # fmt: skip
def test_segments_that_the_state_could_not_hold_are_refused(changes: dict[str, Any]) -> None:
    kafka = MemoryKafka()
    session = opened(kafka, k=1)
    before = refused()
    take(session, kafka, [as_json(SEGMENT | changes)] * 4)
    assert refused() - before == 4
    assert session._catalogues == {}
    commit(session)


AT_BOUNDS = {
    "highest": {"first_seq": MOST, "last_seq": MOST, "start_ms": MOST, "end_ms": MOST},
    "lowest": {"first_seq": -MOST, "last_seq": -MOST, "start_ms": -MOST, "end_ms": -MOST},
    "all of a long time": {
        "first_seq": -MOST, "last_seq": MOST, "start_ms": 0, "end_ms": MOST,
        "steps": [step | {"seq": MOST} for step in SEGMENT["steps"]],
    },
}  # fmt: skip


@pytest.mark.parametrize("changes", AT_BOUNDS.values(), ids=AT_BOUNDS)
def test_what_a_record_may_hold_the_state_holds_too(changes: dict[str, Any]) -> None:
    kafka = MemoryKafka()
    session = opened(kafka, k=1)
    before = refused()
    take(session, kafka, [as_json(SEGMENT | changes | {"id": f"s{n}"}) for n in range(4)])
    commit(session)
    again = opened(kafka, k=1)
    assert refused() == before
    (found,) = again._catalogues.values()
    assert found.grouping.arrivals == 4
    assert [cluster.executions for cluster in found.grouping] == [
        cluster.executions for cluster in session._catalogue(found.tenant).grouping
    ]


def broken_cluster(change: Callable[[list[Any]], None]) -> bytes:
    value = msgspec.msgpack.decode(zlib.decompress(KEPT["catalogue.state"]["acme\x1fcluster/0"]))
    change(value)
    return as_cluster(value)


def set_at(*path: Any, to: Any) -> Callable[[Any], None]:
    def change(value: Any) -> None:
        for step in path[:-1]:
            value = value[step]
        value[path[-1]] = to

    return change


@pytest.mark.parametrize("change", [
    set_at(0, to=7),  # of another key
    set_at(2, to={"a": 0}),
    set_at(4, to=2**63 - 1),
    set_at(12, 0, "seqs", to=b"abc"),
    set_at(12, 0, "pieces", to=[]),
    set_at(14, to=((), True)),
])  # fmt: skip
def test_clusters_whose_parts_do_not_belong_together_are_left_out(change: Callable[[list[Any]], None]) -> None:
    kafka = MemoryKafka()
    kafka.kept |= {name: dict(items) for name, items in KEPT.items()}
    kafka.kept["catalogue.state"]["acme\x1fcluster/0"] = broken_cluster(change)
    before = refused()
    session = opened(kafka, k=2)
    assert refused() - before == 1
    assert [cluster.number for cluster in session._catalogue("acme").grouping] == [1]
    take(session, kafka, [*WORK, *MORE])
    commit(session)


@pytest.mark.parametrize("change", [set_at(2, to=2**64 - 1), set_at(7, to=[]), set_at(11, to=((), True))])
def test_a_tenant_that_nothing_can_go_on_from_is_built_anew(change: Callable[[list[Any]], None]) -> None:
    kafka = MemoryKafka()
    kafka.kept |= {name: dict(items) for name, items in KEPT.items()}
    value = msgspec.msgpack.decode(KEPT["catalogue.state"]["acme\x1ftenant"], strict=False)
    change(value)
    kafka.kept["catalogue.state"]["acme\x1ftenant"] = msgspec.msgpack.encode(value)
    session = opened(kafka, k=2)
    assert not list(session._catalogue("acme").grouping)
    take(session, kafka, [*WORK, *MORE])
    commit(session)


@pytest.mark.parametrize("positions", [{"segments": {"-1": 0}}, {"segments": {"0": -1}}, {"segments": {"0": 2**63}}])
def test_positions_out_of_bounds_have_the_catalogue_built_anew(positions: Any) -> None:
    kafka = MemoryKafka()
    kafka.kept["catalogue.state"]["\x1fpositions"] = as_json(positions)
    assert opened(kafka)._next == {"segments": {}, "transfers": {}, "assignments": {}, "steps": {}}


@pytest.mark.parametrize("changes", [{"version": 2**63 - 1}, {"tenant": ""}, {"executions": 2**64 - 1}])
def test_what_is_public_and_out_of_bounds_is_passed_over(changes: dict[str, Any]) -> None:
    kafka = MemoryKafka()
    kafka.kept |= {name: dict(items) for name, items in KEPT.items()}
    for topic in ("routines", "opportunities"):
        key, value = next(iter(KEPT[topic].items()))
        kafka.kept[topic][key] = as_json(msgspec.json.decode(value) | changes)
    before = refused()
    session = opened(kafka, k=2)
    assert refused() - before == 2
    take(session, kafka, MORE)
    commit(session)


def replaced(topic: str, pick: int, change: Any) -> Any:
    """A value of ``topic``, mutated, with its key."""
    key = sorted(KEPT[topic])[pick % len(KEPT[topic])]
    return st.tuples(st.just(key), mutated(*change(key, KEPT[topic][key])))


def of_state(key: str, value: bytes) -> tuple[Any, Any]:
    if key.startswith("\x1f"):
        return msgspec.json.decode(value), as_json
    if key.endswith("tenant"):
        return msgspec.msgpack.decode(value, strict=False), as_tenant
    if key.endswith("learning"):
        return msgspec.msgpack.decode(value), msgspec.msgpack.encode
    return msgspec.msgpack.decode(zlib.decompress(value)), as_cluster


def of_record(_: str, value: bytes) -> tuple[Any, Any]:
    return msgspec.json.decode(value), as_json


NUMBERS = st.integers(0, 20)
STATE = NUMBERS.flatmap(lambda n: replaced("catalogue.state", n, of_state))
ROUTINES = NUMBERS.flatmap(lambda n: replaced("routines", n, of_record))
OPPORTUNITIES = NUMBERS.flatmap(lambda n: replaced("opportunities", n, of_record))


@FUZZ
@given(st.lists(STATE, max_size=3), st.dictionaries(KEYS, st.binary(max_size=20), max_size=3))
def test_state(changed: list[tuple[str, bytes]], foreign: dict[str, bytes]) -> None:
    kafka = MemoryKafka()
    kafka.kept |= {name: dict(items) for name, items in KEPT.items()}
    kafka.kept["catalogue.state"] |= foreign | dict(changed)
    session = opened(kafka, k=2)
    take(session, kafka, [*WORK, *MORE])
    commit(session)


@FUZZ
@given(st.lists(ROUTINES, max_size=2), st.lists(OPPORTUNITIES, max_size=2), KEYS, st.binary(max_size=20))
def test_what_is_public(
    routines: list[tuple[str, bytes]], opportunities: list[tuple[str, bytes]], key: str, other: bytes
) -> None:
    kafka = MemoryKafka()
    kafka.kept |= {name: dict(items) for name, items in KEPT.items()}
    kafka.kept["routines"] |= dict(routines) | {key: other}
    kafka.kept["opportunities"] |= dict(opportunities) | {key: other}
    before = refused()
    session = opened(kafka, k=2)
    told = refused() - before
    assert told >= sum(not is_record(value, Routine) for value in kafka.kept["routines"].values())
    take(session, kafka, [*WORK, *MORE])
    commit(session)
