"""Every metric, declared once; docs/reference/metrics.md is generated from here. Each process serves its own.

``serve`` answers ``/metrics`` (Prometheus text), ``/health`` (the process is alive) and ``/ready`` (503 until it is).
No metric has a label that names a person, an agent or a value.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from taskstream.errors import ServiceError

REGISTRY: Final = CollectorRegistry()

_FRESHNESS: Final = (0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 10, 30, 60, 300, 3600, float("inf"))
_LESSON: Final = (0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, float("inf"))
_SHORT: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, float("inf"))


def _counter(name: str, text: str, *labels: str) -> Counter:
    return Counter(f"taskstream_{name}", text, labels, registry=REGISTRY)


def _gauge(name: str, text: str, *labels: str) -> Gauge:
    return Gauge(f"taskstream_{name}", text, labels, registry=REGISTRY)


def _histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
    return Histogram(f"taskstream_{name}", text, labels, buckets=buckets, registry=REGISTRY)


# collectors
EVENTS_SPOOLED: Final = _counter("events_spooled", "Events given a sequence number and put into the spool")
EVENTS_PUBLISHED: Final = _counter("events_published", "Events that Kafka has acknowledged")
EVENTS_DROPPED: Final = _counter("events_dropped", "Events dropped on purpose before Kafka, by reason", "reason")
SPOOL_BYTES: Final = _gauge("spool_bytes", "Size of the spool in bytes")

# streams
MESSAGES_IN: Final = _counter("messages_in", "Kafka messages taken in", "topic")
EVENTS_IN: Final = _counter("events_in", "UI events taken in, before de-duplication")
EVENTS_OUT: Final = _counter("events_out", "UI events passed on to ui-events.clean")
RECORDS_OUT: Final = _counter("records_out", "Records emitted, by topic", "topic")
DUPLICATES: Final = _counter("duplicate_events", "Events seen before, by (agent, seq), and cut")
GAPS: Final = _counter("gap_events", "Sequence numbers that never came")
REFUSED: Final = _counter("refused", "Input sent to the dead-letter topic, by reason", "reason")
LATE: Final = _counter("late_events", "Events behind the watermark and the allowed lateness; added downstream")
SESSIONS_CUT: Final = _counter("sessions_cut", "Sessions closed because the worker had no room for so many agents")
WINDOWS_EARLY: Final = _counter("windows_early", "Windows of activity let out before all partitions had passed them")
SKEWED: Final = _counter("skewed_events", "Events of agents whose clock is wrong; their times were corrected")
REDACTED: Final = _counter("redacted_strings", "Events in which the second line of redaction changed a string")
WATERMARK_DELAY: Final = _gauge("watermark_delay_seconds", "Wall clock minus watermark", "partition")
POSITION: Final = _gauge(
    "position", "Offset up to which a partition's input is committed with its outputs", "partition"
)
LAG: Final = _gauge(
    "lag_messages",
    "Messages between the end of the topic and the committed position (one of ui-events.clean holds many batches)",
    "topic",
    "partition",
)
CHECKPOINT_SECONDS: Final = _histogram("checkpoint_seconds", "Duration of a transaction's commit", _SHORT)
TRANSACTIONS_ABORTED: Final = _counter("transactions_aborted", "Transactions aborted; their partitions began again")
RESTORE_SECONDS: Final = _histogram("restore_seconds", "Time to restore a partition's state", _SHORT)
KAFKA_AWAY: Final = _gauge("kafka_away_seconds", "How long Kafka has not answered; 0 while it does")
TOPIC_RESETS: Final = _counter(
    "topic_resets", "Times a topic was found deleted and created again, cut, or without what was kept in it", "topic"
)
LOST: Final = _counter("lost_records", "Input records that retention took away before they were read")
REFETCHES: Final = _counter("refetches", "Times input was fetched again because an offset was skipped")
STATE_AGENTS: Final = _gauge("state_agents", "Agents whose state is kept", "partition")
FRESHNESS_STREAM: Final = _histogram(
    "freshness_stream_seconds", "From hand-over by the agent to the worker", _FRESHNESS
)
SEGMENTS_RECOGNISED: Final = _counter(
    "segments_recognised", "Segments compared with the known routines: known, unknown or failed", "result"
)
TABLES_TAKEN: Final = _counter(
    "tables_taken", "Times a partition began to use newer tables of what was learned of a tenant's work"
)

# catalogue
SEGMENTS_IN: Final = _counter("segments_in", "Segments the catalogue has taken in")
ROUTINES: Final = _gauge("routines", "Routines in the published catalogue")
STEPS_IN: Final = _counter("steps_in", "Steps that the catalogue has taken in to learn from")
STEPS_HELD: Final = _gauge("steps_held", "Steps that the catalogue keeps to learn from, of all tenants")
LEARNING_SECONDS: Final = _histogram("learning_seconds", "Duration of a lesson, in a process of its own", _LESSON)
LEARNING_FAILURES: Final = _counter("learning_failures", "Lessons that failed; what was learned before goes on")

# sink
ROWS_STORED: Final = _counter("rows_stored", "Rows that ClickHouse has acknowledged, by table", "table")
BLOCKS_STORED: Final = _counter("blocks_stored", "Blocks that ClickHouse has acknowledged, by table", "table")
BLOCKS_REPEATED: Final = _counter(
    "blocks_repeated", "Blocks inserted again with the same token after a restart", "table"
)
INSERT_SECONDS: Final = _histogram("insert_seconds", "Duration of an insert", _SHORT, "table")
INSERT_FAILURES: Final = _counter("insert_failures", "Inserts that failed and are tried again", "table")
FRESHNESS: Final = _histogram("freshness_seconds", "From hand-over by the agent to queryable in ClickHouse", _FRESHNESS)
FRESHNESS_EVENT: Final = _histogram("freshness_event_seconds", "From the event itself to queryable", _FRESHNESS)


class Health:
    """What ``/ready`` answers: ready when every named condition holds."""

    def __init__(self) -> None:
        self._conditions: dict[str, Callable[[], bool]] = {}

    def require(self, name: str, holds: Callable[[], bool]) -> None:
        """Be ready only while ``holds()`` is true."""
        self._conditions[name] = holds

    def missing(self) -> list[str]:
        """Names of the conditions that do not hold."""
        return [name for name, holds in self._conditions.items() if not holds()]


HEALTH: Final = Health()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/metrics":
            self._answer(200, generate_latest(REGISTRY), CONTENT_TYPE_LATEST)
        elif self.path == "/health":
            self._answer(200, b'{"status":"alive"}', "application/json")
        elif self.path == "/ready":
            missing = HEALTH.missing()
            body = json.dumps({"status": "waiting" if missing else "ready", "missing": missing}).encode()
            self._answer(503 if missing else 200, body, "application/json")
        else:
            self._answer(404, b"/metrics, /health and /ready are here\n", "text/plain")

    def _answer(self, code: int, body: bytes, kind: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a scrape every few seconds is not news."""


def serve(port: int = 0, host: str = "127.0.0.1") -> int:
    """Serve the metrics in a background thread; returns the port (a free one for 0).

    Raises:
        ServiceError: the port is taken.
    """
    try:
        server = ThreadingHTTPServer((host, port), _Handler)
    except OSError as error:
        raise ServiceError(f"metrics port {host}:{port} cannot be used: {error.strerror}; choose another") from error
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return int(server.server_address[1])
