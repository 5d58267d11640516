"""Every Kafka topic, declared once: `taskstream topics apply` and docs/reference/topics.md are made from here."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
KAFKAS_OWN: Final = 1_048_588
"""How large a message a topic takes where nobody says otherwise (bytes; Kafka's ``message.max.bytes``)."""
FRAME_BYTES: Final = 65_536
"""Room in a message beside its value."""


class Topic(Struct, frozen=True):
    """One topic, without the deployment's prefix.

    ``partitions``   "input": as many as ui-events has (co-partitioned); else the number
    ``writers``, ``readers``   which parts may write and read it
    ``message_bytes``  how large a message may be; every writer keeps ``value_bytes``, so that key, headers and framing
                       have room
    ``tombstones_ms``  how long a compacted topic keeps what deletes a key (:mod:`taskstream.kafka.tombstones`)
    """

    name: str
    key: str
    purpose: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    partitions: int | Literal["input"] = "input"
    retention_ms: int = 30 * DAY_MS
    compacted: bool = False
    record: str = ""
    message_bytes: int = KAFKAS_OWN
    tombstones_ms: int = DAY_MS

    @property
    def value_bytes(self) -> int:
        """How large a value may be that a writer sends."""
        return self.message_bytes - FRAME_BYTES

    def config(self) -> dict[str, str]:
        """Kafka's own topic settings.

        Records carry the broker's time of arrival: a writer's clock that is ahead would have them refused, and one that
        is behind would have retention remove them at once. Compacted topics are cleaned eagerly: restoring state reads
        them to the end.
        """
        own = {"max.message.bytes": str(self.message_bytes), "message.timestamp.type": "LogAppendTime"}
        if self.compacted:
            return own | {
                "cleanup.policy": "compact",
                "min.cleanable.dirty.ratio": "0.1",
                "segment.ms": "600000",
                "segment.bytes": str(64 << 20),
                "max.compaction.lag.ms": "600000",
                "delete.retention.ms": str(self.tombstones_ms),
            }
        return own | {"cleanup.policy": "delete", "retention.ms": str(self.retention_ms)}


UI_EVENTS: Final = Topic(
    "ui-events", "actor", "batches as the agents sent them, redacted at the endpoint; idle heartbeats and tables",
    ("collectors", "streams", "steward"), ("streams",), retention_ms=7 * DAY_MS, record="EventBatch",
)  # fmt: skip
CLEAN: Final = Topic(
    "ui-events.clean", "none", "checked, de-duplicated, redacted batches, many in a message, as columns",
    ("streams",), ("sinks",), record="EventColumns", message_bytes=4 << 20,
)  # fmt: skip
SESSIONS: Final = Topic("sessions", "actor", "closed sessions", ("streams",), ("sinks",), record="Session")
SEGMENTS: Final = Topic(
    "segments", "actor", "recognised executions", ("streams",), ("sinks", "catalogue"), record="Segment"
)
STEPS: Final = Topic(
    "steps", "actor", "steps of a few people at a time, to learn from", ("streams",), ("catalogue",),
    retention_ms=DAY_MS, record="StepSample",
)  # fmt: skip
TRANSFERS: Final = Topic(
    "transfers", "actor", "values moved from field to field", ("streams",), ("sinks", "catalogue"), record="Transfer"
)
ACTIVITY_PARTIAL: Final = Topic(
    "activity.partial", "team", "1-minute windows before the k-anonymity floor", ("streams",), ("streams",),
    retention_ms=7 * DAY_MS, record="ActivityPartial",
)  # fmt: skip
ACTIVITY: Final = Topic(
    "activity", "team", "1-minute windows of at least k people", ("streams",), ("sinks",),
    retention_ms=90 * DAY_MS, record="ActivityWindow",
)  # fmt: skip
ASSIGNMENTS: Final = Topic(
    "assignments", "segment", "which routine a segment is an execution of",
    ("catalogue", "streams"), ("sinks", "catalogue"), record="Assignment",
)  # fmt: skip
ROUTINES: Final = Topic(
    "routines", "routine id", "routine models with their evidence", ("catalogue",), ("streams", "sinks", "catalogue"),
    partitions=1, compacted=True, record="Routine",
)  # fmt: skip
OPPORTUNITIES: Final = Topic(
    "opportunities", "routine id", "ranked opportunities", ("catalogue",), ("sinks", "catalogue"),
    partitions=1, compacted=True, record="Opportunity",
)  # fmt: skip
TABLES: Final = Topic(
    "tables", "tenant", "what was learned of a tenant's work, to recognise executions by",
    ("catalogue",), ("streams", "catalogue"), partitions=1, compacted=True,
)  # fmt: skip
# Only restores read state, from beginning to end and within minutes; each login leaves tombstones of its agent.
STATE: Final = Topic(
    "state", "partition/key", "checkpoints of the streams", ("streams",), ("streams",), compacted=True,
    tombstones_ms=HOUR_MS,
)  # fmt: skip
CATALOGUE_STATE: Final = Topic(
    "catalogue.state", "tenant/cluster", "checkpoints of the catalogue", ("catalogue",), ("catalogue",),
    partitions=1, compacted=True, tombstones_ms=HOUR_MS,
)  # fmt: skip
DEAD_LETTER: Final = Topic(
    "dead-letter", "none", "refused input with its reason; restricted",
    ("streams", "catalogue", "sinks"), ("sinks", "steward"),
    partitions=1, retention_ms=3 * DAY_MS, record="DeadLetter",
)  # fmt: skip

ALL: Final[tuple[Topic, ...]] = (
    UI_EVENTS, CLEAN, SESSIONS, SEGMENTS, STEPS, TRANSFERS, ACTIVITY_PARTIAL, ACTIVITY, ASSIGNMENTS, ROUTINES,
    OPPORTUNITIES, TABLES, STATE, CATALOGUE_STATE, DEAD_LETTER,
)  # fmt: skip
