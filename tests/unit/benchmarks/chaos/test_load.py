"""The load of fault runs."""

from __future__ import annotations

from itertools import islice

import msgspec

from benchmarks.chaos.load import TASKS, Load
from streams.discovery.catalogue import Catalogue
from streams.operator import InputRecord
from streams.stages.partition import PartitionState
from streams.stages.stage_settings import StageSettings
from taskstream.events import BATCH_TYPE, encode
from taskstream.records import Segment
from taskstream.settings import Settings

COUNT = 2_500


def test_the_same_seed_gives_the_same_batches() -> None:
    assert list(islice(Load(3, 20).batches(), 50)) == list(islice(Load(3, 20).batches(), 50))


def test_there_are_routines_to_find_so_that_the_catalogue_has_something_to_say() -> None:
    state, catalogue = PartitionState(0, StageSettings.of(Settings(k=2))), Catalogue("t", k=2)
    for offset, batch in enumerate(islice(Load(3, 200).batches(), COUNT)):
        record = InputRecord(
            offset, batch.events[-1].at_ms, batch.actor.encode(), encode(batch), (("ce_type", BATCH_TYPE),)
        )
        for output in state.apply(record) + state.flush():
            if output.topic == "segments":
                catalogue.add(msgspec.json.decode(output.value or b"", type=Segment))
    assert catalogue.refine().assignments
    assert len(catalogue.routines()) >= len(TASKS)
