"""When transactions are begun."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from streams.runtime.intake import BEHIND_RECORDS, CATCH_UP_S, EACH_S, Intake


class _Checkpoint:
    position = 0

    def __init__(self) -> None:
        self.asked: list[float] = []

    def due(self, now: float, *, least_s: float) -> bool:
        self.asked.append(least_s)
        return False


@pytest.mark.parametrize(("partitions", "end", "least_s"), [
    (8, 1, 8 * EACH_S),
    (192, 1, 192 * EACH_S),
    (8, BEHIND_RECORDS + 1, CATCH_UP_S),
    (1_000, BEHIND_RECORDS + 1, 1_000 * EACH_S),
])  # fmt: skip
def test_the_more_partitions_the_longer_their_transactions(partitions: int, end: int, least_s: float) -> None:
    owned = {("ui-events", number): _Checkpoint() for number in range(partitions)}
    fetcher: Any = SimpleNamespace(end_of=lambda _: end)
    ownership: Any = SimpleNamespace(owned=owned)
    in_flight: Any = None
    Intake(ownership, fetcher, in_flight).commit_due()
    assert {asked for one in owned.values() for asked in one.asked} == {least_s}
