"""From samples of steps to what is public of them: once each, whatever ends in between, and beside other work."""

from __future__ import annotations

import copy
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from streams.catalogue import lesson, public_tables, tenant_learning
from streams.catalogue.session import STEPS_S, CatalogueSession
from streams.catalogue.soundness import is_sound_sample
from streams.discovery import reservoir
from streams.discovery.reservoir import Reservoir
from streams.discovery.semimarkov.served import MAX_TABLES_BYTES
from taskstream import metrics
from taskstream.records import MOST, DeadLetter, StepSample
from tests.unit.streams.catalogue.memory_kafka import Inline, MemoryKafka, commit, opened, take, turn
from tests.unit.streams.catalogue.test_foreign import FUZZ, WORK, as_json, mutated
from tests.unit.streams.discovery.step_samples import day

SAMPLES = day(people=5, each=4)
MORE = [structs.replace(one, id=f"{one.id}x") for one in SAMPLES]
SAMPLE = msgspec.to_builtins(SAMPLES[0])


def encoded(tenant: str, version: int, people: Any, _: bytes = b"") -> bytes:
    """As long as what is learned from is large, and as it is."""
    return msgspec.msgpack.encode((tenant, version, sorted({name for steps in people for name, _, _ in steps})))


def of_version(data: bytes, version: int) -> bytes:
    tenant, _, names = msgspec.msgpack.decode(data)
    return msgspec.msgpack.encode((tenant, version, names))


def loaded(data: bytes) -> Any:
    if len(data) > MAX_TABLES_BYTES:
        raise msgspec.ValidationError("too large")
    tenant, version, _ = msgspec.msgpack.decode(data, type=tuple[str, int, list[str]])
    return type("Tables", (), {"tenant": tenant, "version": version})


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterator[None]:
    with (
        patch.object(reservoir, "FIRST", 100),
        patch.object(reservoir, "first_version", lambda _: 1),
        patch.object(lesson, "teach", encoded),
        patch.object(lesson, "of_version", of_version),
        patch.object(public_tables, "load_tables", loaded),
    ):
        yield


def send(kafka: MemoryKafka, samples: list[StepSample]) -> None:
    kafka.input["steps"] += [as_json(one) for one in samples]


def versions(kafka: MemoryKafka) -> list[tuple[str, int]]:
    return [(key, loaded(value or b"").version) for topic, key, value in kafka.written if topic == "tables"]


def turns(session: CatalogueSession, times: int = 3) -> None:
    """In the first it is read and begun to learn, in the second taken over."""
    for _ in range(times):
        turn(session)


def held(session: CatalogueSession, tenant: str = "acme") -> Reservoir:
    return session._learning._reservoirs[tenant]


def at_work(teacher: Any = None) -> tuple[MemoryKafka, CatalogueSession]:
    """A catalogue that has learned once."""
    kafka = MemoryKafka()
    session = opened(kafka, teacher)
    send(kafka, SAMPLES)
    turns(session)
    assert versions(kafka) == [("acme", 1)]
    return kafka, session


def test_what_was_learned_is_public_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "taskstream.catalogue"):
        kafka, session = at_work()
    assert [record.message for record in caplog.records] == [
        f"learned of acme: version 1 from 150 steps of 5 people, {len(kafka.kept['tables']['acme'])} bytes, 0.5 s"
    ]
    written = len(kafka.written)
    turns(session)
    assert len(kafka.written) == written
    send(kafka, [structs.replace(one, names=(*one.names[:-1], "new thing to do")) for one in MORE])
    turns(session)
    assert versions(kafka) == [("acme", 1), ("acme", 2)]
    assert metrics.STEPS_HELD._value.get() == 300


def test_what_is_as_it_was_is_not_published_again() -> None:
    kafka, session = at_work()
    send(kafka, MORE)
    turns(session)
    assert versions(kafka) == [("acme", 1)]
    assert held(session).learned_from == 300, "it was learned"


def test_positions_and_steps_are_committed_together_and_a_restart_goes_on() -> None:
    kafka, _ = at_work()
    teacher = Inline()
    again = opened(kafka, teacher)
    assert again._next["steps"] == {0: len(SAMPLES)}
    assert (len(held(again)), held(again).came, held(again).version) == (150, 0, 1)
    written = len(kafka.written)
    turns(again)
    assert (len(kafka.written), teacher.jobs) == (written, [])


def test_a_restart_between_learning_and_commit_learns_again_with_the_same_version() -> None:
    kafka, teacher = MemoryKafka(), Inline()
    send(kafka, SAMPLES)
    teacher.later = True
    session = opened(kafka, teacher)
    turns(session)  # all is committed but what was learned
    assert versions(kafka) == []
    again = opened(kafka)
    turns(again)
    assert versions(kafka) == [("acme", 1)]
    assert again._next["steps"] == {0: len(SAMPLES)}


def test_a_commit_that_fails_publishes_nothing_and_the_next_session_does() -> None:
    kafka = MemoryKafka()
    send(kafka, SAMPLES)
    session, before = opened(kafka), copy.deepcopy(kafka.kept)
    with patch.object(kafka, "commit", side_effect=RuntimeError("gone")), pytest.raises(RuntimeError):
        turns(session)
    assert kafka.kept == before
    turns(opened(kafka))
    assert versions(kafka) == [("acme", 1)]


@given(st.lists(st.sampled_from(["send", "turn", "hold", "restart", "anew"]), max_size=30))
def test_versions_go_up_and_the_latest_is_there_whatever_happens(doings: list[str]) -> None:
    kafka, teacher, sent = MemoryKafka(), Inline(), 0
    session = opened(kafka, teacher)
    for doing in doings:
        if doing == "send":
            sent += 1
            send(kafka, [structs.replace(one, id=f"{one.id}-{sent}", names=(*one.names[:-1], f"new {sent}" * 9))
                         for one in SAMPLES])  # fmt: skip
        elif doing == "hold":
            teacher.later = not teacher.later
        elif doing == "restart":
            teacher = Inline()
            session = opened(kafka, teacher)
        elif doing == "anew":
            kafka.create_anew("tables")
        else:
            turn(session)
    teacher.later = False
    turns(session, 9)
    published = [version for _, version in versions(kafka)]
    assert published == sorted(published)
    assert bool(sent) == bool(published) == ("acme" in kafka.kept["tables"])
    if published:
        assert loaded(kafka.kept["tables"]["acme"]).version == published[-1] == held(session).version
        assert not held(session).due()
    again = opened(kafka)
    assert not again._learning.unpublished()
    if sent:
        assert held(again).people() == held(session).people()
        assert len(held(session)) == 150 * sent, "every sample once"


def test_work_goes_on_while_it_is_learned_and_what_comes_counts_for_the_next_lesson() -> None:
    kafka, teacher = MemoryKafka(), Inline()
    session = opened(kafka, teacher)
    teacher.later = True
    send(kafka, SAMPLES)
    turns(session)
    send(kafka, MORE)
    take(session, kafka, WORK)
    commit(session)
    turns(session)
    assert len(teacher.jobs) == 1
    assert len(kafka.kept["routines"]) == 2
    teacher.later = False
    turns(session)
    assert len(teacher.jobs) == 2
    assert sum(map(len, teacher.jobs[1].people)) == 300


def test_a_lesson_waits_for_segments_to_be_read_but_not_for_ever() -> None:
    now = [0.0]
    teacher: Any = Inline()
    found = tenant_learning.Learning(teacher, clock=lambda: now[0])
    for one in SAMPLES:
        found.take(one)
    for at, begun in ((0.0, 0), (59.0, 0), (60.0, 1)):
        now[0] = at
        found.advance(is_idle=False)
        assert len(teacher.jobs) == begun


def test_tenants_take_turns() -> None:
    kafka, teacher = MemoryKafka(), Inline()
    send(kafka, [*day(people=5, each=4, tenant="beta"), *day(people=5, each=5)])
    turns(opened(kafka, teacher), 5)
    assert [job.tenant for job in teacher.jobs] == ["acme", "beta"]
    assert set(kafka.kept["tables"]) == {"acme", "beta"}


def test_steps_alone_are_committed_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = MemoryKafka()
    session = opened(kafka)
    send(kafka, SAMPLES[:3])
    session._take_steps(kafka.steps(), 0.0)
    assert session._steps_since == 0.0
    monkeypatch.setattr("streams.catalogue.session.time.monotonic", lambda: STEPS_S)
    with patch.object(kafka, "commit", side_effect=RuntimeError("due")), pytest.raises(RuntimeError):
        turn(session)
    turn(opened(kafka))
    assert kafka.kept["catalogue.state"].keys() >= {"acme\x1ftenant", "acme\x1flearning", "acme\x1fsteps/0"}


def test_commits_of_segments_store_no_steps_before_their_time_and_a_restart_reads_them_again() -> None:
    kafka = MemoryKafka()
    session = opened(kafka)
    send(kafka, SAMPLES[:3])
    session._take_steps(kafka.steps(), 0.0)
    take(session, kafka, WORK)
    session._commit(threading.Event(), with_steps=False)
    assert "acme\x1fsteps/0" not in kafka.kept["catalogue.state"]
    again = opened(kafka)
    assert again._next["steps"] == {}
    turn(again)
    assert len(held(again)) == len(held(session)) == 23
    last = opened(kafka)
    assert last._next["steps"] == {0: 3}
    last._commit(threading.Event(), with_steps=False)
    assert opened(kafka)._next["steps"] == {0: 3}


def test_what_fails_is_counted_each_time_said_once_and_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def fail(*_: object) -> bytes:
        raise ZeroDivisionError("of steps")

    kafka, before = MemoryKafka(), metrics.LEARNING_FAILURES._value.get()
    session = opened(kafka)
    with patch.object(lesson, "teach", fail), caplog.at_level(logging.ERROR):
        send(kafka, SAMPLES)
        turns(session)
        send(kafka, MORE)
        turns(session)
    assert metrics.LEARNING_FAILURES._value.get() == before + 2
    (said,) = [record.message for record in caplog.records]
    assert said.startswith("learning from 150 steps of acme failed: ZeroDivisionError at streams/")
    assert "of steps" not in said.partition(":")[2], "its words may hold values"
    assert versions(kafka) == []
    send(kafka, day(people=9, each=9))
    turns(session)
    assert versions(kafka) == [("acme", 1)]


@pytest.mark.parametrize(
    "data", [b"\xff", msgspec.msgpack.encode(("beta", 1, [])), msgspec.msgpack.encode(("acme", 7, [])), bytes(300_000)]
)
def test_what_is_no_table_is_not_published(data: bytes) -> None:
    kafka, before = MemoryKafka(), metrics.LEARNING_FAILURES._value.get()
    send(kafka, SAMPLES)
    with patch.object(lesson, "teach", lambda *_: data):
        turns(opened(kafka))
    assert versions(kafka) == []
    assert metrics.LEARNING_FAILURES._value.get() == before + 1


def test_nothing_learned_is_nothing_published() -> None:
    kafka = MemoryKafka()
    send(kafka, SAMPLES)
    with patch.object(lesson, "teach", lambda *_: b""):
        turns(opened(kafka))
    assert versions(kafka) == []


def test_tables_created_anew_are_written_once_more() -> None:
    kafka, session = at_work()
    before = dict(kafka.kept["tables"])
    kafka.create_anew("tables")
    turns(session)
    assert kafka.kept["tables"] == before
    assert versions(kafka) == [("acme", 1)] * 2
    kafka.create_anew("tables")  # while nobody looks
    turns(opened(kafka))
    assert kafka.kept["tables"] == before
    assert versions(kafka) == [("acme", 1)] * 3


def test_a_state_created_anew_holds_the_steps_again() -> None:
    kafka, session = at_work()
    before = set(kafka.kept["catalogue.state"])
    kafka.create_anew("catalogue.state")
    turns(session)
    assert set(kafka.kept["catalogue.state"]) == before
    assert held(opened(kafka)).people() == held(session).people()


def test_a_state_created_anew_holds_the_steps_again_also_where_nothing_was_learned_yet() -> None:
    kafka = MemoryKafka()
    send(kafka, SAMPLES[:3])
    session = opened(kafka, catalogue_quiet_ms=50)
    turns(session)
    before = set(kafka.kept["catalogue.state"])
    kafka.create_anew("catalogue.state")
    stop = threading.Event()

    def nothing(_: float) -> list[Any]:
        time.sleep(0.06)  # longer than the quiet time: the loop commits, not the end
        stop.set()
        return []

    kafka.segments = nothing  # type: ignore[attr-defined]
    session.run(stop)
    assert set(kafka.kept["catalogue.state"]) == before >= {"acme\x1fsteps/0"}


def test_without_a_state_versions_go_on_from_what_is_public() -> None:
    kafka, _ = at_work()
    kafka.kept["catalogue.state"].clear()
    send(kafka, [structs.replace(one, names=(*one.names[:-1], "new" * 30)) for one in MORE])
    turns(opened(kafka))
    assert versions(kafka) == [("acme", 1), ("acme", 2)]


def test_what_is_public_alone_is_kept_with_the_state_again(caplog: pytest.LogCaptureFixture) -> None:
    kafka, _ = at_work()
    public = dict(kafka.kept["tables"])
    kafka.kept["catalogue.state"].clear()
    kafka.input["steps"].clear()  # by retention, so that nothing tells of the tenant
    turns(opened(kafka))
    assert versions(kafka) == [("acme", 1)], "it is public already"
    kafka.create_anew("tables")
    caplog.clear()
    turns(opened(kafka))
    assert kafka.kept["tables"] == public
    assert not [record for record in caplog.records if "passed over" in record.message]


def test_steps_created_anew_are_read_from_their_start_with_the_loss_named() -> None:
    kafka, _ = at_work()
    kafka.create_anew("steps")
    session = opened(kafka)
    assert session._next["steps"] == {}
    send(kafka, MORE)
    turns(session)
    assert len(held(session)) == 300
    (letter,) = [value for topic, _, value in kafka.written if topic == "dead-letter"]
    assert msgspec.json.decode(letter or b"", type=DeadLetter).id == "steps:0:20-?@steps-11:fetch"


def test_what_an_earlier_version_did_not_keep_begins_empty_and_what_it_did_not_know_stays() -> None:
    kafka, _ = at_work()
    state = kafka.kept["catalogue.state"]
    for name in [name for name in state if name.startswith(("acme\x1fsteps", "acme\x1flearning", "acme\x1ftables"))]:
        del state[name]
    session = opened(kafka)
    assert (len(held(session)), held(session).version) == (0, 1)


def test_without_the_topic_of_tables_they_are_kept_until_it_is_there() -> None:
    """A previous version's workers do not create it."""
    kafka = MemoryKafka()
    kafka.missing = {"tables", "steps"}
    session = opened(kafka)
    kafka.missing = {"tables"}
    send(kafka, SAMPLES)
    turns(session)
    assert held(session).version == 1
    again = opened(kafka)
    turns(again)
    assert versions(kafka) == []
    kafka.missing = set()
    turns(again)
    assert versions(kafka) == [("acme", 1)]


@FUZZ
@given(st.lists(mutated(SAMPLE, as_json), max_size=6))
def test_foreign_samples_are_passed_over(foreign: list[bytes]) -> None:
    kafka, before = MemoryKafka(), metrics.REFUSED.labels(reason="malformed")._value.get()
    session = opened(kafka, k=1)
    kafka.input["steps"] += [*foreign, *[as_json(one) for one in SAMPLES]]
    turns(session)
    sound = []
    for value in foreign:
        try:
            one = msgspec.json.decode(value, type=StepSample)
        except (ValueError, RecursionError):
            continue
        if is_sound_sample(one):
            sound.append(one)
    assert metrics.REFUSED.labels(reason="malformed")._value.get() - before == len(foreign) - len(sound)
    assert len(held(session)) >= 140
    before = metrics.REFUSED.labels(reason="malformed")._value.get()
    again = opened(kafka, k=1)
    assert metrics.REFUSED.labels(reason="malformed")._value.get() == before, "what was let in can be read again"
    for tenant in session._learning.tenants():
        assert held(again, tenant).people() == held(session, tenant).people()


@pytest.mark.parametrize("changes", [
    {"tenant": ""}, {"tenant": "a\x1fb"}, {"steps": []}, {"steps": [[99, 0, 0, 0]]}, {"steps": [[-1, 0, 0, 0]]},
    {"start_ms": MOST}, {"steps": [[0, 0, 0, 0]] * 5_000},
])  # fmt: skip
def test_samples_that_nothing_can_be_learned_from_are_refused(changes: dict[str, Any]) -> None:
    kafka, before = MemoryKafka(), metrics.REFUSED.labels(reason="malformed")._value.get()
    session = opened(kafka)
    kafka.input["steps"].append(as_json(SAMPLE | changes))
    turns(session)
    assert metrics.REFUSED.labels(reason="malformed")._value.get() == before + 1
    assert session._learning.tenants() == []
    assert session._next["steps"] == {0: 1}


@given(st.dictionaries(st.sampled_from(["acme", "beta", "", "a\x1fb"]) | st.text(max_size=3), st.binary(max_size=30)))
def test_foreign_tables_are_passed_over(foreign: dict[str, bytes]) -> None:
    kafka = MemoryKafka()
    kafka.kept["tables"] |= foreign | {"gamma": msgspec.msgpack.encode(("gamma", 2**53, []))}
    session = opened(kafka)
    send(kafka, SAMPLES)
    turns(session)
    assert versions(kafka) == [("acme", 1)]
