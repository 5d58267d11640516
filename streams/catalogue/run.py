"""The catalogue as a process: one session after the other, each from the last checkpoint."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from confluent_kafka import KafkaError, KafkaException

from streams.catalogue.kafka_io import CatalogueKafka, Restart
from streams.catalogue.session import CatalogueSession
from taskstream.errors import ServiceError
from taskstream.settings import Settings

log = logging.getLogger("taskstream.catalogue")

BACKOFF_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0)


def serve(settings: Settings, stop: threading.Event, on_ready: Callable[[], None] = lambda: None) -> None:
    """Run until ``stop`` is set. Survives outages of Kafka: each time from the last checkpoint, with backoff.

    Raises:
        ServiceError: Kafka cannot be reached at the first attempt, or the topics are missing.
    """
    attempt, started = 0, False
    while not stop.is_set():
        clients = CatalogueKafka(settings)
        session = CatalogueSession(clients, settings)
        try:
            session.open()
            started, attempt = True, 0
            on_ready()
            session.run(stop)
        except (Restart, KafkaException) as error:
            if not started:
                raise ServiceError(f"Kafka at {settings.kafka}: {_words(error)}") from error
            log.warning("Kafka: %s; starting again from the last checkpoint", _words(error))
            stop.wait(BACKOFF_S[min(attempt, len(BACKOFF_S) - 1)])
            attempt += 1
        finally:
            clients.close()


def _words(error: Exception) -> str:
    cause = error.args[0] if error.args else error
    return str(cause.str()) if isinstance(cause, KafkaError) else str(cause)
