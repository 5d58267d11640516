"""Parts of one task are joined; mixtures are split; fragments absorbed; what is one routine becomes one."""

from __future__ import annotations

import random

from streams.discovery.catalogue import Catalogue
from taskstream.records import Segment
from tests.unit.streams.discovery.routine_samples import INVOICE, LOOKUP, TICKET, segment

REPORT = tuple(f"bi|click|report|tab:{name}" for name in ("north", "south", "east", "west", "total"))


def worked(segments: list[Segment]) -> Catalogue:
    catalogue = Catalogue("acme", k=1)
    for done in segments:
        catalogue.add(done)
    catalogue.refine()
    return catalogue


def day(pieces: list[tuple[tuple[str, ...], int]], *, actor: str = "p1") -> list[Segment]:
    """Segments one after another; each with the pause before it in milliseconds."""
    made, seq, now = [], 0, 1_790_000_000_000
    for steps, pause in pieces:
        now += pause
        done = segment(steps, actor=actor, first_seq=seq, start_ms=now)
        made.append(done)
        seq, now = seq + len(steps), done.end_ms
    return made


def mixed(parts: list[tuple[tuple[str, ...], ...]], rounds: int, seed: int = 1) -> list[Segment]:
    """Tasks, each given as its parts, in random order: long pauses between tasks, short ones between parts."""
    draw = random.Random(seed)
    pieces = []
    for _ in range(rounds):
        task = draw.choice(parts)
        pieces += [(part, 60_000 if i == 0 else 3_000) for i, part in enumerate(task)]
    return day(pieces)


def test_a_task_that_is_always_cut_becomes_one_routine_with_whole_executions() -> None:
    segments = mixed([(INVOICE[:4], INVOICE[4:]), (TICKET,), (LOOKUP,)], 90)
    catalogue = worked(segments)
    routines = catalogue.routines()
    assert len(routines) == 3
    invoice = next(routine for routine in routines if INVOICE[0] in routine.presence)
    begun = sum(1 for done in segments if done.steps[0].activity == INVOICE[0])
    assert invoice.executions == begun
    assert set(invoice.skeleton) == set(INVOICE)
    assert len(invoice.parts) == 2


def test_segments_of_one_execution_say_so_and_later_ones_are_joined_at_once() -> None:
    segments = mixed([(INVOICE[:4], INVOICE[4:]), (TICKET,), (LOOKUP,)], 90)
    catalogue = worked(segments[:-2])
    begin, end = day([(INVOICE[:4], 0), (INVOICE[4:], 3_000)], actor="new")
    [first], [second] = catalogue.add(begin), catalogue.add(end)
    assert first.routine == second.routine
    assert first.execution == second.execution == begin.id


def test_two_tasks_in_turn_stay_two() -> None:
    pieces = [(INVOICE, 20_000), (REPORT, 20_000)] * 30
    assert len(worked(day(pieces)).routines()) == 2


def test_a_common_begin_does_not_tie_two_tasks_together() -> None:
    mail = ("outlook|open|inbox|", "outlook|click|inbox|message:new", "outlook|click|inbox|button:open")
    segments = mixed([(mail, TICKET[2:]), (mail, REPORT), (LOOKUP,)], 120)
    names = {frozenset(routine.presence) for routine in worked(segments).routines()}
    assert not any({TICKET[2], REPORT[0]} <= presence for presence in names)


def test_a_routine_of_two_kinds_of_work_is_split() -> None:
    """A few long segments that hold both tie them together at first."""
    both = INVOICE + REPORT
    segments = [segment(both, first_seq=0)]
    segments += [segment(INVOICE if i % 2 else REPORT, first_seq=1_000 * (i + 1)) for i in range(60)]
    kinds = {tuple(sorted(routine.skeleton)) for routine in worked(segments).routines()}
    assert kinds == {tuple(sorted(INVOICE)), tuple(sorted(REPORT))}


def test_rare_parts_of_a_routine_are_no_routines() -> None:
    whole = [segment(INVOICE, first_seq=100 * i) for i in range(30)]
    parts = [segment(INVOICE[2:4], first_seq=100 * i) for i in range(100, 104)]
    [routine] = worked(whole + parts).routines()
    assert routine.executions == 30
    assert routine.partial == 4


def test_what_happened_to_share_some_clicks_is_no_routine() -> None:
    draw = random.Random(5)
    clicks = [f"app|click|s|button:{n}" for n in range(14)]
    segments = [segment(draw.sample(clicks, 6), first_seq=100 * i) for i in range(60)]
    assert worked(segments).routines() == []


def test_two_executions_are_no_routine() -> None:
    assert worked([segment(INVOICE, first_seq=100 * i) for i in range(2)]).routines() == []
