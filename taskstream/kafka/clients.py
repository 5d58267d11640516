"""How every client here reaches Kafka: the one place that knows addresses, TLS and logins.

:func:`kafka_config` is for librdkafka; Faust's way in (:mod:`taskstream.kafka.faust_broker`) is made of the same
settings. The settings must name the address: :func:`taskstream.endpoints.with_kafka` fills in the running instance's.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Final

from taskstream.errors import UsageError
from taskstream.files import readable, secret
from taskstream.kafka import tokens
from taskstream.kafka.refusals import reason_of
from taskstream.settings import KafkaSettings

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Producer
    from confluent_kafka.admin import AdminClient

log = logging.getLogger("taskstream.kafka")
_librdkafka = logging.getLogger("taskstream.librdkafka")
_librdkafka.addHandler(logging.NullHandler())
_librdkafka.propagate = False

SAID_AGAIN_S: Final = 60.0
"""A refusal is logged at most once in this time (seconds)."""


def kafka_config(settings: KafkaSettings, role: str) -> dict[str, Any]:
    """The settings of a librdkafka client: where Kafka is, how it is reached, and who asks.

    ``role`` names the client in the broker's logs and quotas, behind the prefix of the topics. librdkafka's own log
    lines are kept off stderr (it writes one for every reconnect: 72 in 9 s); they go to the logger
    ``taskstream.librdkafka``, which a process may attach to its log file. A refused login or TLS handshake is logged.

    Raises:
        UsageError: no Kafka is named, or a file of the settings cannot be read.
    """
    if not settings.kafka:
        raise UsageError("no Kafka is named")
    return {
        "bootstrap.servers": settings.kafka,
        "client.id": settings.prefix + role,
        "logger": _librdkafka,
        "log_level": 3,
        "error_cb": _Refusals(settings),
        **_tls(settings),
        **_login(settings),
    }


def reading(settings: KafkaSettings, role: str) -> dict[str, Any]:
    """Settings of a consumer whose partitions are assigned by hand: committed records, from the offsets it is given.

    No group is joined and nothing is committed, but the client wants a group's name, and asks the broker about it:
    it carries the prefix, as the rights of a secured cluster do.
    """
    return kafka_config(settings, role) | {
        "group.id": settings.prefix + role,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
    }


def new_producer(config: dict[str, Any]) -> Producer:
    """A producer with ``config``, which :func:`kafka_config` began."""
    from confluent_kafka import Producer

    return _begun(Producer(config), config)


def new_consumer(config: dict[str, Any]) -> Consumer:
    """A consumer with ``config``, which :func:`kafka_config` or :func:`reading` began."""
    from confluent_kafka import Consumer

    return _begun(Consumer(config), config)


def new_admin(config: dict[str, Any]) -> AdminClient:
    """An admin client with ``config``. Keep a reference to it while a call is pending."""
    from confluent_kafka.admin import AdminClient

    return _begun(AdminClient(config), config)


def _begun(client: Any, config: dict[str, Any]) -> Any:
    """librdkafka asks for the first access token in ``poll``, and blocking calls before it would wait in vain."""
    if "oauth_cb" in config:
        client.poll(0)
    return client


def _tls(settings: KafkaSettings) -> dict[str, Any]:
    given: dict[str, Any] = {"security.protocol": settings.kafka_security_protocol}
    if settings.kafka_ca:
        given["ssl.ca.location"] = str(readable(settings.kafka_ca, "kafka_ca"))
    if settings.kafka_certificate:
        certificate = readable(settings.kafka_certificate, "kafka_certificate")
        given["ssl.certificate.location"] = str(certificate)
        given["ssl.key.location"] = str(
            readable(settings.kafka_key, "kafka_key") if settings.kafka_key else certificate
        )
        given["ssl.key.password"] = secret(
            settings.kafka_key_password, settings.kafka_key_password_file, "kafka_key_password_file"
        )
    return given


def _login(settings: KafkaSettings) -> dict[str, Any]:
    if not settings.kafka_sasl_mechanism:
        return {}
    given: dict[str, Any] = {"sasl.mechanism": settings.kafka_sasl_mechanism}
    if settings.kafka_sasl_mechanism == "OAUTHBEARER":
        command = settings.kafka_token_command

        def token(_: str) -> tuple[str, float, str, dict[str, str]]:
            found = tokens.fetch(command)
            return found.value, found.ends_s, found.subject, {}

        return given | {"oauth_cb": token}
    password = secret(settings.kafka_password, settings.kafka_password_file, "kafka_password_file")
    return given | {"sasl.username": settings.kafka_user, "sasl.password": password}


class _Refusals:
    """Logs why Kafka no longer accepts a running client, once a minute at most. Called in its ``poll``."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._said_at = -SAID_AGAIN_S

    def __call__(self, error: KafkaError) -> None:
        reason = reason_of(self._settings, error)
        if reason and time.monotonic() - self._said_at >= SAID_AGAIN_S:
            self._said_at = time.monotonic()
            log.warning("%s", reason)
