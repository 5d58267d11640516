"""Transfers find the segment whose step made them."""

from __future__ import annotations

from streams.discovery.grouping.transfer_join import BEHIND, PER_AGENT, TransferJoin
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
