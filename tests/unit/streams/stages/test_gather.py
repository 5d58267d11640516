"""Batches through columns and back."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.stages.gather import BYTES, BatchColumns
from taskstream.event_columns import CODE, COUNT, EventColumns, batches, decode, pack
from taskstream.events import MAX_EVENTS, MAX_SEQ, MAX_TIME_MS, EventBatch, UiEvent
from tests.fixtures.clean import any_event

_TEXT = st.sampled_from(["", "a", "excel", "käse", "日本"]) | st.text(max_size=8)
_EVENTS = any_event(_TEXT)
_BATCHES = st.builds(
    EventBatch,
    schema=st.just(1),
    tenant=st.sampled_from(["t", "u"]),
    team=_TEXT.filter(bool),
    actor=_TEXT.filter(bool),
    agent=_TEXT.filter(bool),
    first_seq=st.integers(0, MAX_SEQ),
    events=st.lists(_EVENTS, min_size=1, max_size=5).map(tuple),
    policy=_TEXT,
    sent_ms=st.integers(0, MAX_TIME_MS),
)


@given(st.lists(st.lists(_BATCHES, min_size=1, max_size=4), min_size=1, max_size=3))
def test_what_goes_in_comes_out(messages: list[list[EventBatch]]) -> None:
    columns = BatchColumns()
    for sent in messages:
        for batch in sent:
            columns.add(batch, 0)
        name, data = columns.take()
        assert batches(decode(data)) == sent
        assert name == f"{sent[0].agent}:{sent[0].first_seq}".encode()
        assert columns.rows == 0


def test_the_most_that_a_message_can_hold_fits() -> None:
    columns = BatchColumns()
    number = 0
    while not columns.full(0):
        events = tuple(
            UiEvent(at_ms=n, kind="click", app=f"a{n}", screen=f"s{n}", element=f"e{n}", shortcut=f"c{n}")
            for n in range(number, number + MAX_EVENTS - (number == 0))
        )
        columns.add(EventBatch(1, "t", "m", "p", "a", number, events), 0)
        number += len(events)
    assert number > 4_000
    assert sum(len(batch.events) for batch in batches(decode(columns.take()[1]))) == number


def test_a_full_message_takes_no_further_batch_in() -> None:
    columns = BatchColumns()
    batch = EventBatch(1, "t", "m", "p", "a", 0, (UiEvent(at_ms=0, kind="click"),))
    assert not columns.full(2 * BYTES), "alone it may be as large as it is"
    columns.add(batch, BYTES // 2)
    assert not columns.full(BYTES // 2)
    assert columns.full(BYTES // 2 + 1)


def test_columns_that_do_not_fit_each_other_are_no_batches() -> None:
    columns = BatchColumns()
    columns.add(EventBatch(1, "t", "m", "p", "a", 0, (UiEvent(at_ms=0, kind="click", missing=3),)), 0)
    good = decode(columns.take()[1])

    def wrong(**changes: object) -> EventColumns:
        return msgspec.structs.replace(good, **changes)

    for change in (wrong(events=[2]), wrong(tenant=[0, 0]), wrong(kind=pack(CODE, [])), wrong(active_ms=b"")):
        with pytest.raises(ValueError, match="argument"):
            batches(change)
    for change in (wrong(agent=[-1]), wrong(events=[2, -1])):
        with pytest.raises(ValueError, match="negative"):
            batches(change)
    with pytest.raises(IndexError):
        batches(wrong(app=pack(CODE, [9])))
    assert good.missing is not None
    with pytest.raises(Exception, match="argument"):
        batches(wrong(missing=msgspec.structs.replace(good.missing, missing=pack(COUNT, [1, 2]))))
