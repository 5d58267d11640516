"""Measures at intervals how far the sink is behind, and in which logs; also while nothing can be stored."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from sinks.clickhouse.logs import Logs, ask_logs
from sinks.clickhouse.ranges import TopicPartition
from sinks.clickhouse.store import Store, Unavailable
from taskstream import metrics
from taskstream.kafka.answers import answered

log = logging.getLogger("taskstream.sink")

INTERVAL_S: Final = 3.0
_TIMEOUT_S: Final = 5.0

Ends = Mapping[TopicPartition, int]
"""Partition → the offset behind its last committed message."""


class Progress:
    """A thread that sets the lag metric, writes ``sink_progress``, and tells ``on_logs`` what the topics' logs are,
    ``on_ends`` where their partitions end."""

    def __init__(
        self,
        admin: Any,
        store: Store,
        stop: threading.Event,
        topics: list[str],
        on_logs: Callable[[Logs], None],
        on_ends: Callable[[Ends], None],
    ) -> None:
        self._admin = admin
        self._store = store
        self._stop = stop
        self._topics = topics
        self._on_logs = on_logs
        self._on_ends = on_ends
        self._stored: Mapping[TopicPartition, tuple[int, int]] = {}
        self._shown: set[TopicPartition] = set()
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def note(self, stored: Mapping[TopicPartition, tuple[int, int]]) -> None:
        """Where each owned partition stands: the offset up to which everything is stored, and its rows so far."""
        self._stored = stored

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL_S):
            try:
                self._look()
            except Exception:  # it must not end in silence, and the next look may be better
                log.exception("progress was not found out; trying again")

    def _look(self) -> None:
        from confluent_kafka import KafkaException

        try:
            self._on_logs(ask_logs(self._admin, self._topics))
        except KafkaException as error:
            log.debug("logs not known: %s", error)
        stored = self._stored
        ends = self._ends(list(stored))
        self._on_ends(ends)
        lags = {source: max(0, ends[source] - offset) for source, (offset, _) in stored.items() if source in ends}
        for source, lag in lags.items():
            metrics.LAG.labels(source.topic, str(source.partition)).set(lag)
        for source in self._shown - set(lags):
            metrics.LAG.remove(source.topic, str(source.partition))
        self._shown = set(lags)
        rows = [(s.topic, s.partition, stored[s][0], lag, stored[s][1]) for s, lag in sorted(lags.items())]
        try:
            if rows:
                self._store.note_progress(rows)
        except Unavailable as error:
            log.debug("progress not written: %s", error)

    def _ends(self, sources: list[TopicPartition]) -> dict[TopicPartition, int]:
        """The end of each partition, as a reader of committed messages sees it; fewer when Kafka does not answer."""
        from confluent_kafka import IsolationLevel, KafkaException
        from confluent_kafka import TopicPartition as KafkaPartition
        from confluent_kafka.admin import OffsetSpec

        if not sources:
            return {}
        self._admin.poll(0)  # where the client hears of refusals and renews its token
        asked = {KafkaPartition(source.topic, source.partition): OffsetSpec.latest() for source in sources}
        answers = self._admin.list_offsets(
            asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=_TIMEOUT_S
        )
        ends = {}
        for place, answer in answers.items():
            try:
                ends[TopicPartition(place.topic, place.partition)] = answered(answer, _TIMEOUT_S).offset
            except KafkaException as error:
                log.debug("end of %s not known: %s", place.topic, error)
        return ends
