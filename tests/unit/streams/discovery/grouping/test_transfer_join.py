"""Transfers find the segment whose step made them."""

from __future__ import annotations

import pytest

from streams.discovery.grouping.transfer_join import BEHIND, GONE_MS, PER_AGENT, TransferJoin
from tests.unit.streams.discovery.routine_samples import INVOICE, segment, transfer


def test_a_segment_takes_the_transfers_of_its_steps() -> None:
    first, second = segment(INVOICE), segment(INVOICE, first_seq=20)
    join = TransferJoin()
    for done in (second, first):
        join.put(transfer(done, 0, 2), partition=1, offset=done.first_seq)
    assert [t.seq for t in join.take(first)] == [2]
    assert join.oldest() == {1: 20}
    assert [t.seq for t in join.take(second)] == [22]
    assert join.take(second) == []
    assert join.oldest() == {}


def test_another_agents_transfers_stay() -> None:
    join = TransferJoin()
    join.put(transfer(segment(INVOICE, actor="p2"), 0, 2))
    assert join.take(segment(INVOICE, actor="p1")) == []
    assert len(join.take(segment(INVOICE, actor="p2"))) == 1


def test_what_no_segment_claims_is_given_up() -> None:
    join = TransferJoin()
    lost = segment(INVOICE)
    for offset in range(PER_AGENT + 10):
        join.put(transfer(lost, 0, 2), offset=offset)
    assert join.oldest() == {0: 10}
    join.take(segment(INVOICE, first_seq=2 * BEHIND))
    assert join.oldest() == {}
    assert len(join) == 0


def test_agents_that_have_gone_leave_nothing_behind() -> None:
    """Each login makes another: what nobody has claimed of the former ones would be read again at each start."""
    join = TransferJoin()
    for day in range(10):
        for agent in range(3):
            done = segment(INVOICE, actor=f"p{agent}-{day}")
            join.put(transfer(done, 0, 2), offset=3 * day + agent, arrived_ms=day * 86_400_000)
    kept = GONE_MS // 86_400_000 + 1
    assert (len(join), join.oldest()) == (3 * kept, {0: 3 * (10 - kept)})
    assert len(join.take(segment(INVOICE, actor="p1-9"))) == 1
    assert len(join) == 3 * kept - 1


def test_the_agent_that_is_longest_silent_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.discovery.grouping.transfer_join.WAITING", 4)
    join = TransferJoin()
    for offset, actor in enumerate(("a", "b", "a", "c", "d", "e")):
        join.put(transfer(segment(INVOICE, actor=actor), 0, 2), offset=offset)
    assert (len(join), join.oldest()) == (3, {0: 3})
    assert join.take(segment(INVOICE, actor="a")) == []
    assert len(join.take(segment(INVOICE, actor="c"))) == 1
