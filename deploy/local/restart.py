"""When a process that has ended is restarted, and when to give up."""

from __future__ import annotations

from msgspec import Struct

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0


class RestartPolicy(Struct):
    """Doubling delays; a run of ``steady_s`` seconds clears the record; ``limit`` short runs in a row are the end."""

    limit: int = 5
    steady_s: float = 60.0
    failures: int = 0

    def ended(self, ran_s: float) -> float | None:
        """The process has ended after ``ran_s`` seconds: how long to wait before it is started again, None: give up."""
        self.failures = 1 if ran_s >= self.steady_s else self.failures + 1
        if self.failures >= self.limit:
            return None
        return float(min(FIRST_DELAY_S * 2 ** (self.failures - 1), LONGEST_DELAY_S))
