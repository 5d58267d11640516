"""Faults that only time makes: a zombie worker, a transaction that runs into Kafka's timeout, a broker away.

Errors of a producer, each in turn, are in ``tests/unit/streams/runtime/test_transactions.py``.
"""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from confluent_kafka import Producer

from deploy.local.kafka import EmbeddedKafka
from streams.operator import Output
from streams.runtime.health import SESSION_S
from streams.runtime.transactions import FencedError, TransactionWriter
from taskstream.settings import load
from tests.fixtures.streams import Deployment
from tests.integration.streams.test_streams import clean_events, work

pytestmark = [pytest.mark.faults, pytest.mark.integration]


@pytest.fixture
def deployment(kafka: str, tmp_path: Path) -> Iterator[Deployment]:
    found = Deployment(kafka, tmp_path, partitions=2)
    yield found
    found.stop()


def test_a_zombie_is_fenced_and_loses_and_repeats_nothing(deployment: Deployment) -> None:
    """Paused with uncommitted events beyond its session timeout, woken after its successor has begun."""
    zombie = deployment.start_worker(TASKSTREAM_TRANSACTION_MS="3000")  # so that it is paused with events uncommitted
    deployment.wait("it owns all", lambda: deployment.log_of(zombie).count("restored") == 4)
    sent = list(work(20, 60))
    total = len({(message.agent, message.first_seq + n) for message in sent for n in range(len(message.events))})
    third = len(sent) // 3
    deployment.publish(sent[:third])
    time.sleep(1.0)
    zombie.send_signal(signal.SIGSTOP)
    successor = deployment.start_worker()
    deployment.publish(sent[third : 2 * third])
    deployment.wait(
        "its successor goes on", lambda: deployment.log_of(successor).count("restored") >= 4, SESSION_S + 40
    )
    zombie.send_signal(signal.SIGCONT)
    deployment.publish(sent[2 * third :])
    deployment.finish()
    deployment.wait("all is through", lambda: clean_events(deployment) >= total)
    deployment.wait("windows are out", lambda: bool(deployment.read("activity")))
    time.sleep(2.0)
    for worker in (zombie, successor):
        worker.send_signal(signal.SIGTERM)
    codes = [worker.wait(15) for worker in (zombie, successor)]
    assert codes == [0, 0], deployment.log_of(zombie) + deployment.log_of(successor)
    assert clean_events(deployment) == total
    deployment.check()


def writer(kafka: str, identity: str, timeout_ms: int = 60_000) -> TransactionWriter:
    config = {"bootstrap.servers": kafka, "transactional.id": identity, "transaction.timeout.ms": timeout_ms}
    return TransactionWriter(Producer(config | {"linger.ms": 0, "log_level": 0}), "")


def write(subject: TransactionWriter, output: Output) -> None:
    assert subject.put([output]) == 1
    subject.commit()


def test_an_older_writer_is_fenced(deployment: Deployment) -> None:
    identity, topic = uuid.uuid4().hex, deployment.settings.prefix + "sessions"
    older, newer = writer(deployment.kafka, identity), writer(deployment.kafka, identity)
    older.fence()
    write(older, Output(topic, 0, b"k", b"1"))
    newer.fence()
    with pytest.raises(FencedError):
        write(older, Output(topic, 0, b"k", b"2"))
    write(newer, Output(topic, 0, b"k", b"3"))
    assert [row.value for row in deployment.read("sessions")] == [b"1", b"3"]


class SlowToCommit:
    """A real producer whose commit comes too late."""

    def __init__(self, producer: Producer, delay_s: float) -> None:
        self._producer = producer
        self._delay_s = delay_s

    def __getattr__(self, name: str) -> Any:
        return getattr(self._producer, name)

    def commit_transaction(self, timeout: float) -> None:
        self._producer.flush(5)
        time.sleep(self._delay_s)
        self._producer.commit_transaction(timeout)


def test_a_transaction_that_times_out_is_void_and_its_successor_repeats_it(deployment: Deployment) -> None:
    """What a worker held open for too long is aborted by Kafka; the partition is taken up from the last position."""
    identity, topic = uuid.uuid4().hex, deployment.settings.prefix + "sessions"
    config = {"bootstrap.servers": deployment.kafka, "transactional.id": identity, "transaction.timeout.ms": 1_000}
    slow = TransactionWriter(
        cast(Any, SlowToCommit(Producer(config | {"log_level": 0}), 13.0)), ""
    )  # Kafka looks every 10 s
    slow.fence()
    with pytest.raises(FencedError):
        write(slow, Output(topic, 0, b"k", b"once"))
    assert deployment.read("sessions") == []
    successor = writer(deployment.kafka, identity)
    successor.fence()
    write(successor, Output(topic, 0, b"k", b"once"))
    assert [row.value for row in deployment.read("sessions")] == [b"once"]


def test_a_restart_of_the_broker_is_survived(tmp_path: Path) -> None:
    """Killed twice under a worker and started again on the same data (kill -9): nothing is lost, nothing twice."""
    broker = EmbeddedKafka(tmp_path / "kafka", load().cache, heap_mb=384)
    deployment = None
    try:
        deployment = Deployment(broker.start(), tmp_path, partitions=2)
        worker = deployment.start_worker()
        deployment.wait("it owns all", lambda: deployment.log_of(worker).count("restored") == 4)
        sent = list(work(20, 60))
        total = len({(message.agent, message.first_seq + n) for message in sent for n in range(len(message.events))})
        third = len(sent) // 3
        for part in (sent[:third], sent[third : 2 * third]):
            deployment.publish(part)
            time.sleep(0.3)  # so that transactions are under way
            broker.kill()
            time.sleep(1.0)
            broker.start()
        deployment.publish(sent[2 * third :])
        deployment.finish()
        deployment.wait("all is through", lambda: clean_events(deployment) >= total, 120)
        deployment.wait("windows are out", lambda: bool(deployment.read("activity")))
        time.sleep(2.0)
        assert worker.poll() is None
        assert clean_events(deployment) == total
        deployment.check()
    finally:
        if deployment is not None:
            deployment.stop()
        broker.stop()


AWAY_S = 100.0
"""Longer than every deadline of the worker (``TASKSTREAM_TEST_AWAY_S`` for longer)."""


def test_a_broker_that_is_away_for_long_ends_no_process(tmp_path: Path) -> None:
    """Neither a worker at work nor one that starts meanwhile; and nothing is lost, nothing twice."""
    broker = EmbeddedKafka(tmp_path / "kafka", load().cache, heap_mb=384)
    deployment = None
    try:
        deployment = Deployment(broker.start(), tmp_path, partitions=2)
        worker = deployment.start_worker()
        deployment.wait("it owns all", lambda: deployment.log_of(worker).count("restored") == 4)
        sent = list(work(20, 60))
        total = len({(message.agent, message.first_seq + n) for message in sent for n in range(len(message.events))})
        half = len(sent) // 2
        deployment.publish(sent[:half])
        time.sleep(0.3)  # so that transactions are under way
        broker.kill()
        starting = deployment.start_worker()
        time.sleep(float(os.environ.get("TASKSTREAM_TEST_AWAY_S", AWAY_S)))
        assert [one.poll() for one in (worker, starting)] == [None, None], deployment.log_of(worker)
        broker.start()
        deployment.publish(sent[half:])
        deployment.finish()
        deployment.wait("all is through", lambda: clean_events(deployment) >= total, 120)
        deployment.wait("windows are out", lambda: bool(deployment.read("activity")))
        time.sleep(2.0)
        assert [one.poll() for one in (worker, starting)] == [None, None]
        assert deployment.log_of(worker).count("Kafka does not answer") == 1
        assert "does not answer: waiting for it" in deployment.log_of(starting)
        assert "Traceback" not in deployment.log_of(worker) + deployment.log_of(starting)
        deployment.check()
    finally:
        if deployment is not None:
            deployment.stop()
        broker.stop()
