"""A session's topics may be created anew: what was in them is written once more, and what is lost is named."""

from __future__ import annotations

import logging
import threading
from typing import Any

import msgspec
import pytest

from streams.catalogue import run
from streams.catalogue.kafka_io import Restart
from streams.catalogue.session import CatalogueSession
from streams.discovery.grouping.transfer_join import GONE_MS
from taskstream import metrics
from taskstream.records import DeadLetter, Opportunity, Routine
from taskstream.settings import load
from tests.unit.streams.catalogue.memory_kafka import MemoryKafka, commit, opened, take, turn
from tests.unit.streams.discovery.routine_samples import INVOICE, LOOKUP, TICKET, office, segment, transfer

WORK = [done for done, _ in office([INVOICE, TICKET], people=4, each=6)]
KEPT = ("catalogue.state", "routines", "opportunities")


def resets(topic: str) -> float:
    return float(metrics.TOPIC_RESETS.labels(topic)._value.get())


def at_work() -> tuple[MemoryKafka, CatalogueSession]:
    """A catalogue that has published two routines."""
    kafka = MemoryKafka()
    session = opened(kafka)
    take(session, kafka, WORK)
    commit(session)
    assert [len(kafka.kept[name]) for name in KEPT[1:]] == [2, 2]
    return kafka, session


def known(kafka: MemoryKafka, topic: str, kind: Any) -> list[Any]:
    return [msgspec.json.decode(value, type=kind) for _, value in sorted(kafka.kept[topic].items())]


@pytest.mark.parametrize("topic", KEPT)
def test_what_was_in_a_topic_that_is_created_anew_is_written_once_more(
    topic: str, caplog: pytest.LogCaptureFixture
) -> None:
    kafka, session = at_work()
    before, counted = {name: set(kafka.kept[name]) for name in KEPT}, resets(topic)
    kafka.create_anew(topic)
    with caplog.at_level(logging.ERROR):
        turn(session)
    assert {name: set(kafka.kept[name]) for name in KEPT} == before
    assert [record.message for record in caplog.records] == [
        f"topic {topic} is another one than before: writing all that was kept in it again"
    ]
    assert resets(topic) == counted + 1
    written = len(kafka.written)
    turn(session)
    assert len(kafka.written) == written, "once is enough"
    again = opened(kafka)
    take(again, kafka, WORK)
    commit(again)
    assert [routine.executions for routine in known(kafka, "routines", Routine)] == [24, 24]


@pytest.mark.parametrize("topic", KEPT[1:])
@pytest.mark.parametrize("with_ids", [True, False])
def test_what_was_lost_while_nobody_looked_is_published_by_the_next_session(topic: str, with_ids: bool) -> None:
    kafka, _ = at_work()
    before = {name: set(kafka.kept[name]) for name in KEPT}
    kafka.create_anew(topic)
    if not with_ids:  # an earlier version kept those of its inputs alone
        kafka.ids = {name: found for name, found in kafka.ids.items() if name not in KEPT}
        kafka.kept["catalogue.state"]["\x1ftopics"] = b"{}"
    session = opened(kafka)
    turn(session)
    if with_ids or topic == "routines":
        assert {name: set(kafka.kept[name]) for name in KEPT} == before
    assert all(not routine.withdrawn for routine in known(kafka, "routines", Routine))
    assert all(not opportunity.withdrawn for opportunity in known(kafka, "opportunities", Opportunity))


def test_topics_that_are_the_same_cause_nothing() -> None:
    kafka, session = at_work()
    written = len(kafka.written)
    turn(session)
    turn(opened(kafka))
    assert len(kafka.written) == written


def test_versions_go_on_where_routines_were_lost() -> None:
    kafka, _ = at_work()
    version = {routine.id: routine.version for routine in known(kafka, "routines", Routine)}
    kafka.create_anew("routines")
    turn(opened(kafka))
    for routine in known(kafka, "routines", Routine):
        assert routine.version > version[routine.id]


def test_each_creation_of_an_input_has_a_letter_of_its_own() -> None:
    kafka, _ = at_work()
    for _ in range(2):
        kafka.create_anew("segments")
        session = opened(kafka)
        take(session, kafka, [done for done, _ in office([LOOKUP], people=4, each=12)])
        turn(session)
    letters = [
        msgspec.json.decode(value or b"", type=DeadLetter)
        for topic, _, value in kafka.written
        if topic == "dead-letter"
    ]
    assert [letter.id for letter in letters] == [
        "segments:0:48-?@segments-11:fetch", "segments:0:48-?@segments-111:fetch",
    ]  # fmt: skip
    assert all(letter.at_ms >= WORK[0].start_ms for letter in letters)


def test_transfers_of_who_has_gone_are_not_read_again_at_each_start() -> None:
    """Kafka has them no longer one day, and they would be called lost."""
    kafka, session = at_work()
    log = kafka.input["transfers"]
    log.append(msgspec.json.encode(transfer(segment(INVOICE, actor="gone"), 0, 2)))
    take(session, kafka, [])
    assert session._positions()["transfers"] == {"0": 0}
    kafka.now_ms += GONE_MS + 1
    log += [b"", msgspec.json.encode(transfer(segment(INVOICE, actor="here"), 0, 2))]
    take(session, kafka, [])
    assert session._positions()["transfers"] == {"0": 1}


def test_a_topic_that_is_missing_is_waited_for_with_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tries = 0

    class Missing(MemoryKafka):
        def compacted(self, *wanted: Any) -> list[dict[str, bytes]]:
            nonlocal tries
            tries += 1
            if tries < 4:
                raise Restart("topic p.routines: it is missing")
            return super().compacted(*wanted)

        def close(self) -> None: ...

    monkeypatch.setattr(run, "BACKOFF_S", (0.001,))
    monkeypatch.setattr(run, "CatalogueKafka", lambda *_: Missing())
    stop = threading.Event()
    with caplog.at_level(logging.WARNING, "taskstream.catalogue"):
        run.serve(load(kafka="127.0.0.1:1"), stop, stop.set)
    said = [record.message for record in caplog.records if record.name == "taskstream.catalogue"]
    assert said == ["Kafka: topic p.routines: it is missing; starting again from the last checkpoint, until it works"]
