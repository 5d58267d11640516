"""What counts as a refusal, and how often a running client tells of it."""

from __future__ import annotations

import logging

import pytest
from confluent_kafka import KafkaError

from taskstream.kafka.clients import kafka_config
from taskstream.kafka.refusals import probe, reason_of
from taskstream.settings import KafkaSettings

SETTINGS = KafkaSettings(kafka="one:1")


@pytest.mark.parametrize(
    ("code", "said", "words"),
    [
        (KafkaError._AUTHENTICATION, "sasl_ssl://one:1/bootstrap: SASL authentication error: no (after 3ms in state X)",
         "refuses the login"),
        (KafkaError._SSL, "ssl://one:1/1: error:0A000086:SSL routines::certificate verify failed", "see kafka_ca"),
        (KafkaError._TRANSPORT, "ssl://one:1/1: error:0A00045C:SSL routines::tlsv13 alert certificate required",
         "does not take our certificate"),
        (KafkaError._TRANSPORT, "ssl://one:1/1: SSL handshake failed: connecting to a PLAINTEXT broker listener?",
         "is that port one for TLS"),
    ],
)  # fmt: skip
def test_tls_and_the_login_are_named(code: int, said: str, words: str) -> None:
    reason = reason_of(SETTINGS, KafkaError(code, said))
    assert words in reason
    assert not any(noise in reason for noise in ("error:0A", "(after", "ssl://"))


def test_a_broker_that_is_away_is_no_refusal() -> None:
    assert reason_of(SETTINGS, KafkaError(KafkaError._TRANSPORT, "one:1/1: Connect failed: Connection refused")) == ""
    assert reason_of(SETTINGS, KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down")) == ""
    assert probe(KafkaSettings(kafka="127.0.0.1:9")) == ""


def test_a_running_client_tells_of_it_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    told = kafka_config(SETTINGS, "sink")["error_cb"]
    with caplog.at_level(logging.WARNING, "taskstream.kafka"):
        for _ in range(100):
            told(KafkaError(KafkaError._AUTHENTICATION, "no"))
        told(KafkaError(KafkaError._TRANSPORT, "away"))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
