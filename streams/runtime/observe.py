"""Metrics of the worker: taken once per chunk or transaction, never per event."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from streams.runtime.checkpoint import Checkpoint
from streams.stages.partition import PartitionState
from streams.teams.team_partition import TeamPartitionState
from taskstream import metrics
from taskstream.faults import SaidOnce
from taskstream.topics import UI_EVENTS

log = logging.getLogger("taskstream.streams")
_said = SaidOnce()


def applied(checkpoint: Checkpoint) -> None:
    """After a chunk: take the operator's counts."""
    operator = checkpoint.operator
    if isinstance(operator, TeamPartitionState) and operator.early:
        let_out_early(operator.early)
        operator.early = 0
    if not isinstance(operator, PartitionState):
        return
    counts = operator.take_counts()
    metrics.MESSAGES_IN.labels(UI_EVENTS.name).inc(counts.messages)
    metrics.EVENTS_IN.inc(counts.events_in)
    metrics.EVENTS_OUT.inc(counts.events_out)
    metrics.DUPLICATES.inc(counts.duplicates)
    metrics.GAPS.inc(counts.gaps)
    metrics.SKEWED.inc(counts.skewed)
    metrics.REDACTED.inc(counts.redacted)
    metrics.LATE.inc(counts.late)
    metrics.TABLES_TAKEN.inc(counts.tables)
    if counts.cut:
        cut(counts.cut)
    for place in counts.faults:
        fault(f"{checkpoint.topic}/{checkpoint.partition}", place)
    for reason, count in counts.refused.items():
        metrics.REFUSED.labels(reason).inc(count)
    if counts.sent_ms:
        metrics.FRESHNESS_STREAM.observe(max(0.0, time.time() - counts.sent_ms / 1000))


def fault(where: str, place: str) -> None:
    """An exception in a stage: its place is logged once, beside the dead letter that every one of them has."""
    if _said.is_new(place):
        log.error("%s: a fault in a stage; its input is in the dead letters. %s (said once)", where, place)


def cut(sessions: int) -> None:
    """Sessions were closed to make room for other agents."""
    metrics.SESSIONS_CUT.inc(sessions)
    if _said.is_new("cut"):
        log.warning(
            "sessions are closed to make room for other agents: more work at a time than fit into this worker; "
            "raise agents_mb, or start another worker (said once; counted in taskstream_sessions_cut_total)"
        )


def let_out_early(windows: int) -> None:
    """Windows of activity were let out before all partitions had passed them: too much waited."""
    metrics.WINDOWS_EARLY.inc(windows)
    if _said.is_new("early"):
        log.warning(
            "windows of activity are let out before all partitions have passed them: too much waits for the slowest; "
            "what follows is counted as late (said once; counted in taskstream_windows_early_total)"
        )


def forget(checkpoint: Checkpoint) -> None:
    """A partition is no longer ours: its figures are another worker's to tell."""
    label = str(checkpoint.partition)
    if checkpoint.topic == UI_EVENTS.name:
        for gauge in (metrics.POSITION, metrics.STATE_AGENTS, metrics.WATERMARK_DELAY):
            gauge.remove(label)
    metrics.LAG.remove(checkpoint.topic, label)


def committed(checkpoint: Checkpoint, seconds: float, written: Mapping[str, int]) -> None:
    """After a transaction; ``written`` are its records by topic."""
    for topic, count in written.items():
        metrics.RECORDS_OUT.labels(topic).inc(count)
    metrics.CHECKPOINT_SECONDS.observe(seconds)
    operator = checkpoint.operator  # None: given up meanwhile, and its figures are another worker's to tell
    if isinstance(operator, PartitionState):
        label = str(checkpoint.partition)
        metrics.POSITION.labels(label).set(checkpoint.committed)
        metrics.STATE_AGENTS.labels(label).set(len(operator.agents))
        if operator.watermark_ms >= 0:
            metrics.WATERMARK_DELAY.labels(label).set(time.time() - operator.watermark_ms / 1000)


def restored(checkpoint: Checkpoint) -> None:
    """After a restore."""
    found = checkpoint.restored
    if found is None:
        return
    metrics.RESTORE_SECONDS.observe(found.seconds)
    log.info(
        "%s/%d: restored at offset %d: %d items, %d records run again, %.2f s",
        checkpoint.topic, checkpoint.partition, found.position, found.items, found.replayed, found.seconds,
    )  # fmt: skip


def refetched() -> None:
    """An offset was skipped on the way here."""
    metrics.REFETCHES.inc()


def aborted() -> None:
    """A transaction was aborted."""
    metrics.TRANSACTIONS_ABORTED.inc()


def lost(records: int) -> None:
    """Records left Kafka before they were read."""
    metrics.LOST.inc(records)


def topic_reset(topic: str) -> None:
    """A topic was created anew."""
    metrics.TOPIC_RESETS.labels(topic).inc()


def lag(owned: Mapping[tuple[str, int], Checkpoint], ends: Mapping[tuple[str, int], int]) -> None:
    """Once a second: messages between the ends of the topics and the committed positions."""
    for tp, checkpoint in owned.items():
        if tp in ends:
            metrics.LAG.labels(checkpoint.topic, str(checkpoint.partition)).set(max(0, ends[tp] - checkpoint.committed))
