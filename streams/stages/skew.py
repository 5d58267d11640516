"""Corrects desktops whose clock is wrong: their events' times are moved by the error, and counted."""

from __future__ import annotations

import msgspec

from taskstream.events import MAX_TIME_MS, EventBatch


def skew_of(sent_ms: int, newest_ms: int, arrived_ms: int, max_skew_ms: int) -> int:
    """By how much the desktop's clock is ahead (negative: behind), in milliseconds; 0 when within ``max_skew_ms``.

    ``newest_ms`` is the latest time of the batch's events, ``arrived_ms`` the broker's time. The hand-over time
    ``sent_ms`` shows the error whatever the events' age; without it only times in the future do.
    """
    if arrived_ms <= 0:
        return 0
    ahead = sent_ms - arrived_ms if sent_ms else 0
    if -max_skew_ms <= ahead <= max_skew_ms:
        ahead = 0
    latest = newest_ms - arrived_ms
    return latest if latest - ahead > max_skew_ms else ahead


def certain_ms(newest_ms: int, sent_ms: int, arrived_ms: int) -> int:
    """Event time that is certainly reached, by a batch whose latest event has the time ``newest_ms``.

    A message is sent after its events and arrives after it was sent. So the least by which the desktop's clock must be
    ahead of the broker's is subtracted, and the result is never later than the broker's time of arrival. A clock whose
    error is too small to be corrected thus keeps its own events' times, and moves nobody else's watermark.
    """
    if arrived_ms <= 0:
        return newest_ms
    if sent_ms > arrived_ms:
        newest_ms -= sent_ms - arrived_ms
    return min(newest_ms, arrived_ms)


def not_beyond(reached_ms: int, arrived_ms: int, ahead_ms: int = 0) -> int:
    """``reached_ms``, the event time that a record says is reached, as far as the record can be believed.

    That is the broker's time of its arrival, and ``ahead_ms`` where somebody closes what is open on purpose: else one
    writer could make everybody's events late for years.
    """
    return reached_ms if arrived_ms <= 0 else min(reached_ms, arrived_ms + ahead_ms)


def correct(batch: EventBatch, skew_ms: int) -> EventBatch:
    """``batch`` with all times moved back by ``skew_ms``, so that its own order and gaps stay."""
    replace = msgspec.structs.replace
    events = tuple(replace(event, at_ms=_bounded(event.at_ms - skew_ms)) for event in batch.events)
    return replace(batch, events=events, sent_ms=_bounded(batch.sent_ms - skew_ms) if batch.sent_ms else 0)


def _bounded(at_ms: int) -> int:
    return min(max(at_ms, 0), MAX_TIME_MS)
