"""Samples of steps made by hand for the tests of what is learned from them."""

from __future__ import annotations

from collections.abc import Sequence

from taskstream.records import SampledStep, StepSample
from tests.unit.streams.discovery.routine_samples import INVOICE, START_MS, TICKET


def sample(
    actor: str = "p1",
    first_seq: int = 0,
    *,
    activities: Sequence[str] = INVOICE,
    agent: str = "",
    start_ms: int = START_MS,
    tenant: str = "acme",
) -> StepSample:
    """Steps of one person, four seconds apart."""
    agent = agent or f"{actor}-pc"
    names = tuple(dict.fromkeys(activities))
    return StepSample(
        id=f"{agent}:{first_seq}", tenant=tenant, actor=actor, agent=agent, start_ms=start_ms, names=names,
        steps=tuple(
            SampledStep(names.index(activity), first_seq + n, n * 4_000, n % 3) for n, activity in enumerate(activities)
        ),
    )  # fmt: skip


def day(people: int, each: int, tenant: str = "acme") -> list[StepSample]:
    """What so many people do in turn, ``each`` times an invoice or a ticket."""
    return [
        sample(
            f"p{person}", 100 * time, activities=(INVOICE, TICKET)[(person + time) % 2], tenant=tenant,
            start_ms=START_MS + 600_000 * time,
        )
        for time in range(each)
        for person in range(people)
    ]  # fmt: skip
