"""The catalogue as a process: one session after the other, each from the last checkpoint."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from confluent_kafka import KafkaError, KafkaException

from streams.catalogue.kafka_io import INPUTS, KEPT, CatalogueKafka, Restart
from streams.catalogue.session import CatalogueSession
from taskstream.kafka.topic_watch import TopicWatch
from taskstream.settings import Settings

log = logging.getLogger("taskstream.catalogue")

BACKOFF_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0)


def serve(settings: Settings, stop: threading.Event, on_ready: Callable[[], None] = lambda: None) -> None:
    """Run until ``stop`` is set. Survives outages of Kafka and topics that are missing: each time from the last
    checkpoint, with backoff.

    Raises:
        ServiceError: a topic is not ours to read, or a newer version has written the state.
    """
    attempt, said = 0, ""
    watch = TopicWatch.of(settings, [topic.name for topic in (*INPUTS, *KEPT)], "catalogue")
    watch.start()
    while not stop.is_set():
        clients = CatalogueKafka(settings, watch)
        session = CatalogueSession(clients, settings)
        try:
            session.open()
            attempt, said = 0, ""
            on_ready()
            session.run(stop)
        except (Restart, KafkaException) as error:
            words = _words(error)
            if words != said:
                log.warning("Kafka: %s; starting again from the last checkpoint, until it works", words)
            said = words
            stop.wait(BACKOFF_S[min(attempt, len(BACKOFF_S) - 1)])
            attempt += 1
        finally:
            session.close()
            clients.close()
    watch.stop()


def _words(error: Exception) -> str:
    cause = error.args[0] if error.args else error
    return str(cause.str()) if isinstance(cause, KafkaError) else str(cause)
