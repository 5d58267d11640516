"""Which part is restarted when: in every third week a process each night and a server at the weekend.

In between they run on: what a restart would hide has time to show.
"""

from __future__ import annotations

from typing import Final

DAY_MS: Final = 86_400_000
AT_MS: Final = 22 * 3_600_000
"""Time of day at which it happens."""
PROCESSES: Final = ("worker", "sink", "catalogue")
EVERY_WEEKS: Final = 3
SERVERS: Final = ("kafka", "clickhouse")


def restart_of(day: int) -> str | None:
    """What is restarted in the night after ``day`` (0: a Monday); None: nothing."""
    week, weekday = divmod(day, 7)
    if week % EVERY_WEEKS:
        return None
    if weekday == 5:
        return SERVERS[week // EVERY_WEEKS % len(SERVERS)]
    return PROCESSES[weekday % len(PROCESSES)]


def due(before_ms: float, now_ms: float) -> list[str]:
    """What is to be restarted between two moments since the first midnight (milliseconds)."""
    first, last = (int((moment - AT_MS) // DAY_MS) for moment in (before_ms, now_ms))
    return [name for day in range(max(first + 1, 0), last + 1) if (name := restart_of(day)) is not None]


def times_of(name: str, until_ms: float) -> list[float]:
    """When a part was restarted, in milliseconds since the first midnight."""
    days = range(int(until_ms // DAY_MS) + 1)
    return [at for day in days if restart_of(day) == name and (at := float(day * DAY_MS + AT_MS)) <= until_ms]
