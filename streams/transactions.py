"""Kafka transactions: all of a batch of outputs or none of it, and nobody but the newest writer of a partition."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from confluent_kafka import KafkaError, KafkaException

from streams.machine import Output
from taskstream.errors import ServiceError

TRIES_S: Final = 60.0
"""How long one transaction is tried (seconds) before the worker gives up: a restarting broker is back by then."""
PAUSE_S: Final = 0.1


class FencedError(Exception):
    """This writer's partition has a newer writer, or its transaction ran into Kafka's timeout: its state is void."""


class Producer(Protocol):
    """The part of confluent-kafka's producer that is used here; tests put errors in its place."""

    def init_transactions(self, timeout: float) -> None: ...
    def begin_transaction(self) -> None: ...
    def produce(
        self, topic: str, value: bytes | None, key: bytes | None, partition: int, headers: Any = None
    ) -> None: ...
    def poll(self, timeout: float) -> int: ...
    def commit_transaction(self, timeout: float) -> None: ...
    def abort_transaction(self, timeout: float) -> None: ...
    def purge(self) -> None: ...


class Writer:
    """Writes batches of outputs, each in one transaction. All calls block: they belong into the partition's thread."""

    def __init__(self, producer: Producer, prefix: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._producer = producer
        self._prefix = prefix
        self._sleep = sleep
        self.aborted = 0

    def fence(self) -> None:
        """Shut out whoever wrote for this partition before, and settle what it left open."""
        self._retrying(lambda: self._producer.init_transactions(TRIES_S), time.monotonic() + TRIES_S)

    def write(self, outputs: Sequence[Output]) -> None:
        """Write ``outputs`` in one transaction.

        An abortable error (such as a delivery that failed) aborts and sends the same bytes again; a retriable one tries
        the commit again, which Kafka answers with the outcome of the first.

        Raises:
            FencedError: the writer is void; nothing of ``outputs`` was written, or all of it was: restore says which.
            ServiceError: Kafka did not take it in time.
        """
        deadline = time.monotonic() + TRIES_S
        while True:
            try:
                self._producer.begin_transaction()
                self._produce(outputs, deadline)
                self._retrying(lambda: self._producer.commit_transaction(TRIES_S / 2), deadline)
                return
            except KafkaException as exception:
                error = exception.args[0]
                if not error.txn_requires_abort():
                    raise _final(error) from exception
                if time.monotonic() > deadline:
                    raise ServiceError(f"Kafka refuses a transaction: {error.str()}") from exception
                self.aborted += 1
                self._abort(deadline)
                self._sleep(PAUSE_S)

    def close(self) -> None:
        """Drop what is queued; the producer goes with its last reference."""
        try:
            self._producer.purge()
        except KafkaException:
            return  # a producer in a fatal state has nothing left to drop

    def _produce(self, outputs: Sequence[Output], deadline: float) -> None:
        produce, prefix = self._producer.produce, self._prefix
        for topic, partition, key, value, headers in outputs:
            while True:
                try:
                    produce(prefix + topic, value, key, partition, headers=headers)
                    break
                except BufferError as error:  # librdkafka's queue is full: let it send
                    if time.monotonic() > deadline:
                        raise ServiceError("Kafka does not take records in time") from error
                    self._producer.poll(PAUSE_S)

    def _abort(self, deadline: float) -> None:
        try:
            self._retrying(lambda: self._producer.abort_transaction(TRIES_S / 2), deadline)
        except KafkaException as exception:
            raise _final(exception.args[0]) from exception

    def _retrying(self, call: Callable[[], None], deadline: float) -> None:
        while True:
            try:
                call()
                return
            except KafkaException as exception:
                error = exception.args[0]
                if error.fatal():
                    raise _final(error) from exception
                if not error.retriable():
                    raise
                if time.monotonic() > deadline:
                    raise ServiceError(f"Kafka does not answer in time: {error.str()}") from exception
                self._sleep(PAUSE_S)


def _final(error: KafkaError) -> Exception:
    if error.fatal() or error.code() in (
        KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError._STATE,
    ):  # fmt: skip
        return FencedError(error.str())
    return ServiceError(f"Kafka refuses a transaction: {error.str()}")
