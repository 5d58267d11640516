"""Answers of Kafka's administration, which come as futures."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaError, KafkaException


def answered(future: Future[Any], timeout_s: float) -> Any:
    """The answer.

    Raises:
        KafkaException: what Kafka says instead; that it timed out, where nothing is heard within ``timeout_s``. The
            future's own TimeoutError is of no kind that those expect who ask Kafka, and ended a process.
    """
    try:
        return future.result(timeout_s)
    except TimeoutError as error:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"no answer for {timeout_s:.0f} s")) from error
