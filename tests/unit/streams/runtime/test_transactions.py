"""Errors of Kafka's transactions, put in the producer's place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from confluent_kafka import KafkaError, KafkaException

from streams.operator import Output
from streams.runtime import transactions
from streams.runtime.transactions import AbortedError, FencedError, TransactionWriter
from taskstream.errors import ServiceError

OUTPUTS = [Output("one", 0, b"k", b"1"), Output("two", 3, None, None, [("h", b"v")])]


def error(code: int = KafkaError._FAIL, **flags: bool) -> KafkaException:
    return KafkaException(KafkaError(code, "said Kafka", **flags))


class FakeProducer:
    """Does as told: ``failures`` maps a call to the errors that its next calls raise."""

    def __init__(self, **failures: list[Exception]) -> None:
        self.failures = failures
        self.calls: list[str] = []
        self.open: list[Any] = []
        self.committed: list[list[Any]] = []

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.failures.get(name):
            raise self.failures[name].pop(0)

    def init_transactions(self, timeout: float) -> None:
        self._call("init")

    def begin_transaction(self) -> None:
        self._call("begin")
        self.open = []

    def produce(self, topic: str, value: Any, key: Any, partition: int, headers: Any = None) -> None:
        self._call("produce")
        self.open.append((topic, partition, key, value))

    def poll(self, timeout: float) -> int:
        self._call("poll")
        return 0

    def commit_transaction(self, timeout: float) -> None:
        self._call("commit")
        self.committed.append(self.open)

    def abort_transaction(self, timeout: float) -> None:
        self._call("abort")
        self.open = []

    def purge(self) -> None:
        self._call("purge")


def writer(producer: FakeProducer) -> TransactionWriter:
    return TransactionWriter(producer, "p.", sleep=Mock())


def write(producer: FakeProducer) -> None:
    subject = writer(producer)
    assert subject.put(OUTPUTS) == len(OUTPUTS)
    subject.commit()


ALL = [[("p.one", 0, b"k", b"1"), ("p.two", 3, None, None)]]


def test_one_transaction_after_the_other() -> None:
    producer = FakeProducer()
    subject = writer(producer)
    subject.put(OUTPUTS[:1])
    subject.put(OUTPUTS[1:])
    assert subject.commit() == {"one": 1, "two": 1}
    assert producer.calls == ["begin", "produce", "produce", "commit"]
    subject.put(OUTPUTS)
    assert subject.commit() == {"one": 1, "two": 1}
    assert producer.committed == ALL * 2


@pytest.mark.parametrize("call", ["produce", "commit", "begin"])
def test_abortable_aborts_and_says_so(call: str) -> None:
    producer = FakeProducer(**{call: [error(txn_requires_abort=True)]})
    with pytest.raises(AbortedError, match="said Kafka"):
        write(producer)
    assert (producer.committed, producer.calls.count("abort")) == ([], 1)


def test_what_is_too_large_for_a_topic_ends_with_what_to_do() -> None:
    producer = FakeProducer(commit=[error(KafkaError.MSG_SIZE_TOO_LARGE, txn_requires_abort=True)])
    with pytest.raises(ServiceError, match="run `taskstream topics apply`"):
        write(producer)
    assert producer.calls[-1] == "abort"


def test_retriable_commits_again_without_sending_again() -> None:
    producer = FakeProducer(commit=[error(KafkaError._TIMED_OUT, retriable=True)] * 3)
    write(producer)
    assert producer.calls == ["begin", "produce", "produce", "commit", "commit", "commit", "commit"]
    assert producer.committed == ALL


def test_retriable_abort() -> None:
    producer = FakeProducer(commit=[error(txn_requires_abort=True)], abort=[error(retriable=True)])
    with pytest.raises(AbortedError):
        write(producer)
    assert producer.calls.count("abort") == 2


def test_a_full_queue_takes_what_it_can_and_never_blocks() -> None:
    producer = FakeProducer()
    subject = writer(producer)
    subject.put(OUTPUTS[:1])
    producer.failures = {"produce": [BufferError("full")]}
    assert subject.put(OUTPUTS[1:]) == 0
    assert subject.put(OUTPUTS[1:]) == 1
    subject.commit()
    assert producer.committed == ALL


@pytest.mark.parametrize("call", ["begin", "produce", "commit"])
@pytest.mark.parametrize(
    "make",
    [
        lambda: error(KafkaError._FENCED, fatal=True),
        lambda: error(KafkaError.INVALID_PRODUCER_EPOCH, fatal=True),
        lambda: error(KafkaError.INVALID_TXN_STATE, fatal=True),
        lambda: error(KafkaError._STATE),
    ],
)
def test_fatal_is_fenced_and_never_repeated(call: str, make: Callable[[], KafkaException]) -> None:
    producer = FakeProducer(**{call: [make()]})
    with pytest.raises(FencedError):
        write(producer)
    assert producer.committed == []
    assert producer.calls.count(call) == 1


def test_after_an_error_nothing_is_committed_whatever_else_is_put() -> None:
    producer = FakeProducer(produce=[error(KafkaError._FENCED, fatal=True)])
    subject = writer(producer)
    assert subject.put(OUTPUTS) == len(OUTPUTS)
    assert subject.put(OUTPUTS) == len(OUTPUTS)
    with pytest.raises(FencedError):
        subject.commit()
    assert "commit" not in producer.calls


def test_fatal_while_aborting() -> None:
    producer = FakeProducer(commit=[error(txn_requires_abort=True)], abort=[error(fatal=True)])
    with pytest.raises(FencedError):
        write(producer)


def test_what_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "TRIES_S", 0.0)
    producer = FakeProducer(commit=[error(retriable=True) for _ in range(10)])
    with pytest.raises(ServiceError, match="said Kafka"):
        write(producer)
    assert producer.committed == []


def test_another_error_is_a_clear_one() -> None:
    with pytest.raises(ServiceError, match="said Kafka"):
        write(FakeProducer(produce=[error(KafkaError.TOPIC_AUTHORIZATION_FAILED)]))


def test_fencing_is_retried_and_may_fail() -> None:
    producer = FakeProducer(init=[error(retriable=True), error(retriable=True)])
    writer(producer).fence()
    assert producer.calls == ["init"] * 3
    with pytest.raises(FencedError):
        writer(FakeProducer(init=[error(fatal=True)])).fence()


def test_a_closed_writer_commits_nothing() -> None:
    producer = FakeProducer()
    subject = writer(producer)
    subject.put(OUTPUTS)
    subject.close()
    with pytest.raises(FencedError):
        subject.commit()
    assert producer.committed == []


def test_close_never_raises() -> None:
    writer(FakeProducer(purge=[error(fatal=True)])).close()
