"""The load of a large company is what its desktops would send, and yesterday's models are what the streams keep."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise, takewhile

import msgspec

from benchmarks.size.company import PAUSE_MS, TENANT, days_of_events, encoded, messages, working_days
from benchmarks.size.yesterday import learned
from collectors.agent.agent import BATCH_MS
from streams.operator import InputRecord
from streams.stages.partition import PartitionState
from streams.stages.snapshot_format import PersonModel, model_key
from streams.stages.stage_settings import StageSettings
from taskstream.events import BATCH_TYPE, EventBatch, decode_batch, encode

BEGIN_MS = 1_800_000_000_000
MINUTES = 3
DAYS = days_of_events(3, 7)


def sent() -> list[tuple[int, EventBatch]]:
    days = working_days(DAYS, 50, 25.0)
    due = takewhile(lambda item: item[0] < BEGIN_MS + MINUTES * 60_000, messages(days, 50, BEGIN_MS))
    found = []
    for due_ms, message in due:
        data = encoded(message, due_ms)
        batch = decode_batch(data)
        assert encode(batch) == data
        found.append((due_ms, batch))
    return found


def test_everybody_works_at_the_rate_that_was_asked_for_and_numbers_have_no_gaps() -> None:
    by_agent: defaultdict[str, list[EventBatch]] = defaultdict(list)
    for due_ms, batch in sent():
        assert due_ms - BATCH_MS <= batch.events[-1].at_ms <= due_ms, "sent when it was full, and not before it was"
        by_agent[batch.agent].append(batch)
    assert len(by_agent) == 50
    events = 0
    for batches in by_agent.values():
        assert batches[0].first_seq == 0
        for before, after in pairwise(batches):
            assert after.first_seq == before.first_seq + len(before.events)
            assert after.events[0].at_ms >= before.events[-1].at_ms
        events += sum(len(batch.events) for batch in batches)
    assert 0.8 < events / (MINUTES * 60) / 25 < 1.25


def test_nobody_is_at_lunch() -> None:
    assert max(b.at_ms - a.at_ms for day in DAYS for a, b in pairwise(day)) <= PAUSE_MS


def test_models_of_yesterday_are_taken_up() -> None:
    _, batch = sent()[0]
    state = PartitionState(0, StageSettings(partitions=1))
    kept = PersonModel(0, BEGIN_MS - 1, learned(DAYS[:1])[0])
    state.load({model_key((TENANT, batch.actor)): msgspec.msgpack.encode(kept)})
    assert len(state.models) == 1
    state.apply(InputRecord(0, 0, batch.actor.encode(), encode(batch), (("ce_type", BATCH_TYPE),)))
    assert (len(state.models), len(state.agents)) == (0, 1)
    (agent,) = state.agents.values()
    assert len(agent.learned()) > 500
