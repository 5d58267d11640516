"""Checks that Kafka lets us in when a process or command starts, so that a wrong setting is reported at once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from confluent_kafka import KafkaError, KafkaException

from taskstream import metrics
from taskstream.errors import ServiceError
from taskstream.kafka import tokens
from taskstream.kafka.clients import kafka_config, new_admin
from taskstream.kafka.refusals import probe, reason_of
from taskstream.settings import KafkaSettings

log = logging.getLogger("taskstream.kafka")

ANSWER_S: Final = 8.0
"""How long Kafka may take to answer (seconds)."""
ASK_S: Final = 1.0
SAID_AGAIN_S: Final = 60.0
PAUSE_S: Final = 8.0
"""Longest pause between two tries while Kafka is away (seconds)."""
REFUSED_S: Final = 2.0
"""A refusal is final after this long (seconds); until then another broker of the cluster may still accept us."""


def check(settings: KafkaSettings, role: str, *, may_be_away: bool = False, answer_s: float = ANSWER_S) -> int:
    """How many brokers there are. ``may_be_away``: one that cannot be reached is no error (0), for it may come back.

    Raises:
        UsageError: a file of the settings cannot be read.
        ServiceError: TLS fails, the login is refused, or nobody answers; the message says which and what to look at.
    """
    if settings.kafka_token_command:
        tokens.fetch(settings.kafka_token_command)
    reasons: list[str] = []

    def note(error: KafkaError) -> None:
        reason = reason_of(settings, error)
        if reason:
            reasons.append(reason)

    config = kafka_config(settings, role) | {"error_cb": note, "reconnect.backoff.max.ms": 1_000}
    began = time.monotonic()
    try:
        admin = new_admin(config)
    except KafkaException as error:
        raise ServiceError(_unusable(settings, error.args[0].str())) from error
    probed = False
    while True:
        try:
            return len(admin.list_topics(timeout=ASK_S).brokers)
        except KafkaException as error:
            admin.poll(0)
            waited_s = time.monotonic() - began
            if waited_s < REFUSED_S:
                continue
            reason = "" if probed else probe(settings)
            probed = True
            reason = reason or next(iter(reasons), "")
            if reason:
                raise ServiceError(reason) from None
            if may_be_away:
                return 0
            if waited_s >= answer_s:
                said = error.args[0].str()
                raise ServiceError(f"Kafka at {settings.kafka} does not answer: {said}") from None


def wait(settings: KafkaSettings, role: str, is_stopped: Callable[[], bool] = lambda: False) -> None:
    """Wait until Kafka answers, however long that takes; log a line at the start, each minute, and at the end.

    Raises:
        UsageError, ServiceError: as :func:`check`; being away is no error.
    """
    began = said = time.monotonic()
    pause_s, waited = 0.5, False
    while not check(settings, role, may_be_away=True) and not is_stopped():
        now = time.monotonic()
        if not waited or now - said >= SAID_AGAIN_S:
            said, waited = now, True
            log.warning("Kafka at %s does not answer: waiting for it, %.0f s so far", settings.kafka, now - began)
        metrics.KAFKA_AWAY.set(now - began)
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, PAUSE_S)
    if waited:
        log.warning("Kafka at %s answers, after %.0f s", settings.kafka, time.monotonic() - began)
    metrics.KAFKA_AWAY.set(0)


def _unusable(settings: KafkaSettings, said: str) -> str:
    said = said.removeprefix("Failed to create admin client: ")
    if "ssl" in said.lower():
        return f"TLS: {said}; see kafka_ca, kafka_certificate, kafka_key and kafka_key_password"
    return f"Kafka at {settings.kafka}: {said}"
