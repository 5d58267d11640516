"""Segments made by hand for the tests of routines and the catalogue."""

from __future__ import annotations

import random
from collections.abc import Sequence

from taskstream.records import Segment, Step, Transfer

START_MS = 1_790_000_000_000
DAY_MS = 86_400_000

INVOICE = (
    "excel|copy|Invoices|cell:a", "erp|click|invoice/new|button:new invoice", "erp|paste|invoice/new|field:supplier",
    "excel|copy|Invoices|cell:b", "erp|paste|invoice/new|field:amount", "excel|copy|Invoices|cell:c",
    "erp|paste|invoice/new|field:due date", "erp|click|invoice/new|button:submit",
)  # fmt: skip
TICKET = (
    "outlook|open|Inbox|item:mail", "outlook|copy|Message|field:body", "chrome|navigate|desk.example.com/ticket|",
    "chrome|click|desk.example.com/ticket|button:new ticket", "chrome|edit|desk.example.com/ticket|field:title",
    "chrome|paste|desk.example.com/ticket|field:description", "chrome|click|desk.example.com/ticket|button:save",
)  # fmt: skip
LOOKUP = (
    "crm|navigate|customers|", "crm|edit|customers|field:search", "crm|click|customers|button:search",
    "crm|click|customers|link:customer", "crm|copy|customer|field:phone", "teams|paste|Chat|field:message",
)  # fmt: skip


def segment(
    activities: Sequence[str],
    *,
    actor: str = "p1",
    agent: str = "",
    first_seq: int = 0,
    start_ms: int = START_MS,
    step_ms: int = 4_000,
    complete: bool = True,
    transfers: int = 0,
    written: int = 0,
    tenant: str = "acme",
) -> Segment:
    """One execution with a step every ``step_ms``."""
    agent = agent or f"{actor}-pc"
    steps = tuple(
        Step(
            activity, first_seq + i, i * step_ms, step_ms,
            "read" if "|copy|" in activity else "write" if "|paste|" in activity or "|edit|" in activity else "",
        )
        for i, activity in enumerate(activities)
    )  # fmt: skip
    span = len(steps) * step_ms
    return Segment(
        id=f"{agent}:{first_seq}", tenant=tenant, team=f"team-{sum(map(ord, actor)) % 2}", actor=actor, agent=agent,
        first_seq=first_seq, last_seq=first_seq + max(0, len(steps) - 1), start_ms=start_ms, end_ms=start_ms + span,
        active_ms=span, waiting_ms=0, steps=steps, apps=tuple(sorted({a.split("|")[0] for a in activities})),
        complete=complete, transfers=transfers, written=written,
    )  # fmt: skip


def transfer(of: Segment, source: int, target: int, how: str = "paste") -> Transfer:
    """The value that step ``target`` of a segment wrote and step ``source`` had read."""
    a, b = of.steps[source], of.steps[target]
    source_parts, target_parts = a.activity.split("|"), b.activity.split("|")
    return Transfer(
        id=f"{of.agent}:{b.seq}", tenant=of.tenant, team=of.team, actor=of.actor, agent=of.agent, seq=b.seq,
        source_seq=a.seq, at_ms=of.start_ms + b.offset_ms, lag_ms=b.offset_ms - a.offset_ms,
        how="rekey" if how == "rekey" else "paste", form="text",
        source_app=source_parts[0], source_screen=source_parts[2], source_element=source_parts[3],
        target_app=target_parts[0], target_screen=target_parts[2], target_element=target_parts[3],
    )  # fmt: skip


def office(
    tasks: Sequence[Sequence[str]], *, people: int, each: int, seed: int = 1, noise: float = 0.0
) -> list[tuple[Segment, int]]:
    """Every person does every task ``each`` times, on several days, in random order: (segment, number of the task)."""
    draw = random.Random(seed)
    made: list[tuple[Segment, int]] = []
    for person in range(people):
        todo = [number for number in range(len(tasks)) for _ in range(each)]
        draw.shuffle(todo)
        seq = 0
        for turn, number in enumerate(todo):
            steps = [step for step in tasks[number] if draw.random() >= noise / 2]
            steps += [f"os|click|desktop|icon:{draw.randrange(500)}" for _ in steps if draw.random() < noise]
            start = START_MS + (turn % 5) * DAY_MS + turn * 60_000
            step_ms = draw.randrange(2_000, 6_000)
            done = segment(steps, actor=f"p{person}", first_seq=seq, start_ms=start, step_ms=step_ms)
            made.append((done, number))
            seq += len(steps) + draw.randrange(1, 4)
    return made
