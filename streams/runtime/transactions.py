"""Kafka transactions: all of a batch of outputs or none of it, and nobody but the newest writer of a partition."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from confluent_kafka import KafkaError, KafkaException

from streams.operator import Output
from taskstream.errors import ServiceError

TRIES_S: Final = 60.0
"""How long one transaction is tried (seconds) before the worker gives up: a restarting broker is back by then."""
PAUSE_S: Final = 0.1


class VoidError(Exception):
    """This writer's transaction is void, and so is the state that belongs to it: restore from what is committed."""


class FencedError(VoidError):
    """The partition has a newer writer, or the transaction ran into Kafka's timeout."""


class AbortedError(VoidError):
    """Kafka would not take the transaction, and it was aborted; another may go through."""


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


class TransactionWriter:
    """Writes outputs, transaction after transaction.

    :meth:`put` never blocks: outputs leave as soon as they are made, while they are still in the processor's cache; to
    keep them until the commit cost a microsecond an event. The other calls block and belong into the partition's
    thread. Nothing may be put while :meth:`commit` runs.

    ``clock``  counts only seconds in which Kafka answers, so an outage of any length is waited out
    """

    def __init__(
        self,
        producer: Producer,
        prefix: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self._producer = producer
        self._prefix = prefix
        self._sleep = sleep
        self._open = False
        self._failure: KafkaException | None = None
        self._closed = False
        self._written: defaultdict[str, int] = defaultdict(int)

    def fence(self) -> None:
        """Fence the partition's previous writer, and settle its open transaction."""
        self._retrying(lambda: self._producer.init_transactions(TRIES_S / 2), self.clock() + TRIES_S)

    def put(self, outputs: Sequence[Output]) -> int:
        """Give ``outputs`` to the producer, in the transaction that is open or a new one.

        Returns how many were taken, from the first on: fewer than all while the producer's queue is full. After an
        error all of them count as taken: none will be written, and :meth:`commit` says why.
        """
        produce, prefix, written = self._producer.produce, self._prefix, self._written
        taken = 0
        try:
            if not self._open and self._failure is None:
                self._producer.begin_transaction()
                self._open = True
            for topic, partition, key, value, headers in outputs:
                produce(prefix + topic, value, key, partition, headers=headers)
                written[topic] += 1
                taken += 1
        except BufferError:
            self._producer.poll(0)
            return taken
        except KafkaException as exception:
            self._failure = self._failure or exception
        return len(outputs)

    def commit(self) -> Mapping[str, int]:
        """Commit what was put; how many records that were, by topic. Only a retriable error is tried again, for Kafka
        answers it with the outcome of the first try.

        Raises:
            FencedError: the writer is void; nothing of the transaction was written, or all of it was.
            AbortedError: nothing of it was written.
            ServiceError: Kafka did not take it in time.
        """
        deadline = self.clock() + TRIES_S
        if self._closed:
            raise FencedError("closed")
        try:
            if self._failure is not None:
                raise self._failure
            self._retrying(lambda: self._producer.commit_transaction(TRIES_S / 2), deadline)
        except KafkaException as exception:
            error = exception.args[0]
            if not error.txn_requires_abort():
                raise _final(error) from exception
            self._abort(deadline)
            if error.code() == KafkaError.MSG_SIZE_TOO_LARGE:  # the next try would end the same way
                raise _final(error) from exception
            raise AbortedError(error.str()) from exception
        self._open = False
        written, self._written = self._written, defaultdict(int)
        return written

    def close(self) -> None:
        """Drop what is queued; the producer goes with its last reference."""
        self._closed = True
        try:
            self._producer.purge()
        except KafkaException:
            return  # a producer in a fatal state has nothing left to drop

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
                if self.clock() > deadline:
                    raise ServiceError(f"Kafka does not answer in time: {error.str()}") from exception
                self._sleep(PAUSE_S)


def _final(error: KafkaError) -> Exception:
    if error.fatal() or error.code() in (
        KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError._STATE,
    ):  # fmt: skip
        return FencedError(error.str())
    return ServiceError(f"Kafka refuses a transaction: {_words(error)}")


def _words(error: KafkaError) -> str:
    """Kafka's words, and what to do where that is known."""
    if error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
        return f"{error.str()}: a topic takes only smaller messages than declared, run `taskstream topics apply`"
    return str(error.str())
