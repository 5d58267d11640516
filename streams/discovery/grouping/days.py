"""Work by day: how many executions, and the active time they took. Days begin where the least work is cut in two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

QUARTER_MS: Final = 21_600_000
"""A quarter of a day. A working day leaves at least one of four quarter's edges in its night, wherever it is."""
DAYS: Final = 400
"""Days remembered."""


class Worked(NamedTuple):
    """Executions, and their active time in milliseconds."""

    executions: int
    active_ms: int


class Days:
    """Executions and active time by quarter of a UTC day, of the latest ``DAYS`` days."""

    __slots__ = ("quarters",)

    def __init__(self, quarters: Mapping[int, tuple[int, int]] | None = None) -> None:
        self.quarters: dict[int, tuple[int, int]] = dict(quarters or {})

    def add(self, at_ms: int, executions: int, active_ms: int) -> None:
        """Count work that began at ``at_ms``."""
        self._count(at_ms // QUARTER_MS, executions, active_ms)

    def merge(self, other: Days) -> None:
        """Count everything of ``other`` too."""
        for quarter, (executions, active_ms) in other.quarters.items():
            self._count(quarter, executions, active_ms)

    def scaled(self, scale: float) -> Days:
        """The same, each execution counted ``scale`` times."""
        return Days({q: (max(int(n > 0), round(n * scale)), round(ms * scale)) for q, (n, ms) in self.quarters.items()})

    def of_time(self, share: float) -> Days:
        """The same executions with a share of the time."""
        return Days({quarter: (n, round(active_ms * share)) for quarter, (n, active_ms) in self.quarters.items()})

    def without_executions(self) -> Days:
        """The active time alone."""
        return Days({quarter: (0, active_ms) for quarter, (_, active_ms) in self.quarters.items()})

    def _count(self, quarter: int, executions: int, active_ms: int) -> None:
        before = self.quarters.get(quarter, (0, 0))
        self.quarters[quarter] = (before[0] + executions, before[1] + active_ms)
        if len(self.quarters) > 4 * DAYS:
            del self.quarters[min(self.quarters)]

    def begin(self) -> int:
        """The quarter (0 to 3, UTC) with which a day begins, so that the least work goes on past midnight."""
        cut = [0, 0, 0, 0]
        for quarter, (executions, _) in self.quarters.items():
            cut[quarter % 4] += min(executions, self.quarters.get(quarter - 1, (0, 0))[0])
        return min(range(4), key=lambda q: (cut[q], q))

    def by_day(self, begin: int) -> dict[int, Worked]:
        """What was done on each day on which anything was, if days begin with that quarter."""
        found: dict[int, Worked] = {}
        for quarter, (executions, active_ms) in sorted(self.quarters.items()):
            day = (quarter - begin) // 4
            before = found.get(day, Worked(0, 0))
            found[day] = Worked(before.executions + executions, before.active_ms + active_ms)
        return found
