"""KnownRoutines routines recognised by the workers, on a real broker."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from taskstream.events import EventBatch
from taskstream.records import Assignment, Segment
from tests.fixtures.streams import Deployment
from tests.integration.streams.test_catalogue_process import Running
from tests.unit.streams.build import batch, event, value

pytestmark = pytest.mark.integration

TASKS = (
    (("copy", "excel", "cell:name"), ("paste", "sap", "field:name"), ("copy", "excel", "cell:sum"),
     ("paste", "sap", "field:sum"), ("submit", "sap", "button:save")),
    (("click", "outlook", "item:mail"), ("edit", "chrome", "field:title"), ("edit", "chrome", "field:text"),
     ("click", "chrome", "list:queue"), ("submit", "chrome", "button:create")),
)  # fmt: skip


@pytest.fixture
def deployment(kafka: str, tmp_path: Path) -> Iterator[Deployment]:
    found = Deployment(kafka, tmp_path)
    found.settings = found.settings.model_copy(update={"catalogue_quiet_ms": 200, "catalogue_refine_ms": 1_000})
    yield found
    found.stop()


def work(day: int, times: int = 16, people: str = "abcd") -> Iterator[EventBatch]:
    """Every one of ``people`` does one of the tasks after the other, ``times`` in all, on a day."""
    for person in people:
        rnd = random.Random(f"{person}{day}")
        for turn in range(times):
            start = (day * 1_440 + turn) * 60.0
            number = day * times + turn
            events = [
                event(
                    start + 4 * n, kind, app, element,
                    value=value(1 + number * 10 + n // 2) if kind in ("copy", "paste", "edit") else None,
                )
                for n, (kind, app, element) in enumerate(rnd.choice(TASKS))
            ]  # fmt: skip
            yield batch(5 * number, events, person)


def segments(deployment: Deployment) -> list[str]:
    return [msgspec.json.decode(row.value or b"", type=Segment).id for row in deployment.read("segments")]


def assignments(deployment: Deployment) -> list[Assignment]:
    return [msgspec.json.decode(row.value or b"", type=Assignment) for row in deployment.read("assignments")]


def done(deployment: Deployment) -> bool:
    """Whether all segments that the input leads to are there."""
    return len(segments(deployment)) == len(deployment.expected()["segments"])


def test_a_known_routine_is_assigned_by_the_worker_once(deployment: Deployment) -> None:
    worker = deployment.start_worker()
    with Running(deployment.settings):
        deployment.publish(work(0))
        deployment.finish()
        deployment.wait("the catalogue has a routine", lambda: bool(deployment.read("routines")))
        deployment.wait("segments of the first day", lambda: done(deployment))
    old = set(segments(deployment))

    # nobody but the worker is there now
    deployment.publish(work(1))
    deployment.finish()
    deployment.wait("segments of the second day", lambda: done(deployment))
    new = {a.segment for a in assignments(deployment)} - old
    assert len(new) > 20

    worker.send_signal(signal.SIGKILL)
    worker.wait(10)
    deployment.publish(work(2))
    deployment.start_worker()
    deployment.finish()
    deployment.wait("segments of the third day", lambda: done(deployment))
    said = assignments(deployment)
    mine = [a.segment for a in said if a.segment not in old]
    assert len(mine) == len(set(mine)), "nothing is said twice"
    assert set(mine) <= set(segments(deployment))
    assert all(a.version == 0 for a in said if a.segment not in old)

    published = len(deployment.read("routines"))
    with Running(deployment.settings):
        deployment.wait("the catalogue has caught up", lambda: len(deployment.read("routines")) > published)
    after = assignments(deployment)
    repeated = [a for a in after if a.version > 0 and a.segment in set(mine)]
    before = {a.segment: a for a in said}
    assert all(
        (a.routine, a.variant, a.execution)
        != (before[a.segment].routine, before[a.segment].variant, before[a.segment].execution)
        for a in repeated
    ), "only what differs is said again"
    assert len(repeated) < len(mine) / 2
    assert len({(a.segment, a.version) for a in after}) == len(after)
    deployment.check()
