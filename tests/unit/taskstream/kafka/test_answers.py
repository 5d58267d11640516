"""Kafka's silence is an error of Kafka's kind."""

from __future__ import annotations

import re
from concurrent.futures import Future
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, KafkaException

from taskstream.kafka.answers import answered

SOURCE = Path(__file__).parents[4]


def test_an_answer_is_given() -> None:
    future: Future[int] = Future()
    future.set_result(3)
    assert answered(future, 1.0) == 3


def test_no_answer_is_an_error_of_kafka() -> None:
    with pytest.raises(KafkaException) as raised:
        answered(Future(), 0.01)
    assert raised.value.args[0].code() == KafkaError._TIMED_OUT


def test_nobody_waits_for_an_answer_of_kafka_in_another_way() -> None:
    files = [
        file
        for part in ("taskstream", "streams", "sinks", "collectors", "deploy")
        for file in (SOURCE / part).rglob("*.py")
    ]
    waiting = [file.name for file in files if re.search(r"\.result\([^)]", file.read_text())]
    assert waiting == ["answers.py"]
