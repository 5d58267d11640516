"""Topics that are created anew, cut or widened under a running worker."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import pytest

from taskstream.event_columns import batches, decode
from taskstream.events import EventBatch
from taskstream.records import DeadLetter
from tests.fixtures.streams import Deployment
from tests.integration.streams.test_streams import work

pytestmark = pytest.mark.integration


@pytest.fixture
def deployment(kafka: str, tmp_path: Path) -> Iterator[Deployment]:
    found = Deployment(kafka, tmp_path, partitions=2)
    yield found
    found.stop()


def seen(deployment: Deployment) -> list[tuple[str, int]]:
    """Every event that was passed on, by agent and number."""
    found = [one for row in deployment.read("ui-events.clean") for one in batches(decode(row.value or b""))]
    return [(one.agent, one.first_seq + n) for one in found for n in range(len(one.events))]


def sent(messages: Iterable[EventBatch]) -> set[tuple[str, int]]:
    return {(message.agent, message.first_seq + n) for message in messages for n in range(len(message.events))}


def lost(deployment: Deployment, topic: str = "ui-events") -> list[DeadLetter]:
    letters = [msgspec.json.decode(row.value or b"", type=DeadLetter) for row in deployment.read("dead-letter")]
    return [letter for letter in letters if letter.reason == "lost" and letter.source_topic == topic]


@pytest.mark.parametrize("running", [True, False])
def test_input_created_anew_is_read_from_its_start(deployment: Deployment, running: bool) -> None:
    """The new log grows past the old position: going on there would lose all before it, in silence."""
    worker = deployment.start_worker()
    messages = list(work(8, 60))
    first, rest = messages[:100], messages[100:]
    deployment.publish(first)
    deployment.wait("the first part", lambda: len(seen(deployment)) >= len(sent(first)))
    if not running:
        worker.terminate()
        worker.wait(20)
    deployment.recreate("ui-events")
    deployment.publish(rest)
    if not running:
        worker = deployment.start_worker()
    deployment.wait("the rest", lambda: set(seen(deployment)) >= sent(messages), 90)
    assert len(seen(deployment)) == len(set(seen(deployment)))
    deployment.wait("the dead letters", lambda: len(lost(deployment)) >= 1, 30)
    assert all("deleted and created again" in letter.detail for letter in lost(deployment))
    assert worker.poll() is None


def test_what_retention_took_away_unread_is_named_and_the_rest_is_read(deployment: Deployment) -> None:
    worker = deployment.start_worker()
    messages = list(work(8, 60))
    deployment.publish(messages[:100])
    deployment.wait("the first part", lambda: len(seen(deployment)) >= len(sent(messages[:100])))
    worker.terminate()
    worker.wait(20)
    deployment.publish(messages[100:])
    rows = [row for row in deployment.read("ui-events") if row.partition == 0]
    position, before = len([one for one in messages[:100] if deployment.partition_of(one.actor) == 0]), rows[-40].offset
    assert position < before
    deployment.cut("ui-events", 0, before)
    worker = deployment.start_worker()
    kept = [one for one in messages[100:] if deployment.partition_of(one.actor) == 1]
    kept += [msgspec.json.decode(row.value or b"", type=EventBatch) for row in rows if row.offset >= before]
    deployment.wait("the rest", lambda: set(seen(deployment)) >= sent(kept), 90)
    assert len(seen(deployment)) == len(set(seen(deployment)))
    deployment.wait("the dead letter", lambda: bool(lost(deployment)), 30)
    named = [(letter.source_partition, letter.source_offset, letter.detail) for letter in lost(deployment)]
    assert len(named) == 1
    assert named[0][0] == 0
    assert named[0][2].startswith(f"offsets {named[0][1]} to {before - 1}: left Kafka before they were read")


def test_a_state_topic_created_anew_under_a_worker_is_written_again(deployment: Deployment) -> None:
    worker = deployment.start_worker()
    messages = list(work(8, 40))
    deployment.publish(messages[:100])
    deployment.wait("the first part", lambda: len(seen(deployment)) >= len(sent(messages[:100])))
    deployment.recreate("state")
    deployment.wait("it is noticed", lambda: "writing all that was kept in it again" in deployment.log_of(worker), 30)
    deployment.wait("it is kept", lambda: any(b"/a:" in (row.key or b"") for row in deployment.read("state")), 30)
    worker.kill()
    worker.wait(10)
    deployment.publish(messages[50:])  # some of it once more: who has forgotten its numbers would repeat it
    deployment.start_worker()
    deployment.wait("the rest", lambda: set(seen(deployment)) >= sent(messages), 90)
    assert len(seen(deployment)) == len(set(seen(deployment)))


def test_added_partitions_are_followed_without_a_restart(deployment: Deployment) -> None:
    worker = deployment.start_worker()
    messages = list(work(12, 30))
    deployment.publish(messages[:100])
    deployment.wait("the first part", lambda: len(seen(deployment)) >= len(sent(messages[:100])))
    deployment.widen(5)
    widened = time.monotonic()
    agents = [f"new-{n}" for n in range(200) if deployment.partition_of(f"actor-new-{n}") >= 2][:6]
    more = [msgspec.structs.replace(one, agent=name, actor=f"actor-{name}") for name in agents for one in messages[:1]]
    deployment.publish(more)
    deployment.wait("new partitions", lambda: set(seen(deployment)) >= sent(more), 60)
    assert time.monotonic() - widened < 60
    deployment.finish()
    deployment.wait("windows of all", lambda: len({row.partition for row in deployment.read("activity")}) >= 1, 60)
    assert worker.poll() is None
    assert "Traceback" not in deployment.log_of(worker)
