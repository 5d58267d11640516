"""Faults of topics: messages nobody expected, topics deleted and created again, retention that passes a reader.

Before anything is removed it is kept (:mod:`benchmarks.chaos.kept_log`), so that the accounting can name it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from confluent_kafka.admin import AdminClient

from benchmarks.chaos.delete_records import delete_records
from benchmarks.chaos.kept_log import CLEAN, events_of, positions
from benchmarks.chaos.scene import SINK_GROUP, STORED, Scene
from benchmarks.chaos.topic_log import DERIVED, FOREIGN_HEADER, begun, committed, ends, is_foreign, read
from taskstream.kafka.clients import kafka_config, new_producer

BODIES: Final = (b"\x00\xff\xfe", b"", b"{}", b"[]", b'"a string"', b'{"schema": 99}', b'{"schema": 1, "id": 5}')
NOT_INPUT: Final = ("tables", "state", "catalogue.state")
"""Topics whose foreign messages are passed over without a dead letter."""
RECREATED: Final = (CLEAN, *[topic for topic in DERIVED if topic != "steps"])
"""Whose readers say where they stood; of samples nothing is missed."""
ANSWER_S: Final = 60.0
FOLLOWED_S: Final = 15.0
"""Within so long all processes have noticed a new topic or new partitions (seconds)."""
TRIES: Final = 5
GROW_S: Final = 4.0
"""How long input gathers before a reader that has stopped (seconds)."""


def foreign(topic: str, scene: Scene) -> None:
    """A message that the readers of ``topic`` did not expect."""
    testbed, name = scene.testbed, f"chaos.{topic}"
    placed: list[int] = []
    partition = scene.draw.choice(sorted(ends(testbed, name)))
    producer = new_producer(kafka_config(testbed.kafka_settings(), "chaos"))
    producer.produce(
        name, scene.draw.choice(BODIES), scene.draw.choice((b"foreign", b"\xff\xfe")), partition,
        headers={FOREIGN_HEADER: b"foreign"},
        on_delivery=lambda error, message: placed.append(-1 if error else message.offset()),
    )  # fmt: skip
    producer.flush(ANSWER_S)
    if placed in ([], [-1]):
        raise TimeoutError(f"{name} takes no message")
    if topic not in NOT_INPUT:
        testbed.foreign.add((topic, partition, placed[0]))


def recreate(topics: Sequence[str], scene: Scene) -> None:
    """A topic is deleted and created again under running processes, after all in it was read: nothing may be lost."""
    topic = scene.draw.choice(topics)
    testbed, name = scene.testbed, f"chaos.{topic}"
    scene.workers_ready()
    with scene.sender.paused():
        scene.drained()
        if topic == "ui-events":
            scene.calm.copy()
            scene.calm.begin_anew()
            found = ends(testbed, name)
        elif topic in RECREATED:
            scene.facts.collect(topic)
            scene.facts.begin_anew(topic)
            found = committed(testbed, SINK_GROUP, name) if topic in STORED else ends(testbed, name)
        else:
            found = {}
        scene.recreated.update((topic, partition) for partition, offset in found.items() if offset)
        admin = scene.testbed.admin()
        admin.delete_topics([name], operation_timeout=ANSWER_S)[name].result(ANSWER_S)
        _await_gone(admin, name)
        testbed.apply_topics()
        time.sleep(FOLLOWED_S)  # sooner, input may be counted out of order: the old log went on there


def add_partition(scene: Scene) -> None:
    """Every topic of the input's size is widened under running processes. All that came before is worked through by the
    undisturbed worker too, so that both go on from there with the same number."""
    testbed = scene.testbed
    with scene.sender.paused():
        scene.drained()
        scene.calm.copy()
        scene.catch_up()
        testbed.partitions += 1
        testbed.apply_topics()
        scene.sender.log_in_again()
        time.sleep(FOLLOWED_S)


def retention_passes_input(scene: Scene) -> None:
    """Half of what came while no worker ran is removed; nothing that a restore runs again."""
    testbed = scene.testbed
    with _saved_workers_held(scene):
        time.sleep(GROW_S)
        with scene.sender.paused():
            begin = positions(testbed, "ui-events")
            low = _half(begin, ends(testbed, "chaos.ui-events"))
            scene.calm.copy(begin)
            scene.calm.skip(low)
            # Who has never read a partition does not miss what was there before.
            scene.losses.update(("ui-events", partition, begin[partition]) for partition in low if begin.get(partition))
            _remove(scene, "ui-events", low)


def retention_passes_derived(scene: Scene) -> None:
    """Half of what a topic was given while no sink ran is removed."""
    testbed = scene.testbed
    topic = scene.draw.choice(STORED)
    with testbed.held("sink"):
        time.sleep(GROW_S)
        with scene.sender.paused(), testbed.held("worker"):
            scene.facts.collect(topic)
            if topic == "segments":
                scene.catalogue_drained()  # it loses nothing: that is the sink's, here
            begin = committed(testbed, SINK_GROUP, f"chaos.{topic}")
            doubtful = begun(testbed, SINK_GROUP, f"chaos.{topic}")
            low = {p: n for p, n in _half(begin, ends(testbed, f"chaos.{topic}")).items() if p in begin}
            for partition, messages in read(testbed, f"chaos.{topic}", begin).items():
                for message in messages:
                    place = (topic, partition, message.offset())
                    if begin.get(partition, 0) <= message.offset() < low.get(partition, 0):
                        testbed.foreign.discard(place)
                        if topic == CLEAN and not is_foreign(message):
                            scene.unread_events += events_of(message.value())
                        elif not is_foreign(message):
                            scene.unread[topic] += 1
                            scene.doubtful[topic] += message.offset() <= doubtful.get(partition, -1)
            scene.losses.update((topic, partition, begin[partition]) for partition in low if begin[partition])
            _remove(scene, topic, low)


@contextmanager
def _saved_workers_held(scene: Scene) -> Iterator[None]:
    """While all workers have ended and everything they read is in their snapshots: on a slow machine the time to write
    them may be too short, and then the next try has less to write.

    Raises:
        TimeoutError: it is not.
    """
    testbed = scene.testbed
    for _ in range(TRIES):
        scene.workers_ready()
        with testbed.held("worker"):
            if positions(testbed, "ui-events") == positions(testbed, "ui-events", "snapshot"):
                yield
                return
    raise TimeoutError(f"the workers have not written their snapshots at {TRIES} ends")


def _half(begin: dict[int, int], end: dict[int, int]) -> dict[int, int]:
    """The middle between the two, where anything is between them."""
    middle = {p: begin.get(p, 0) + (last - begin.get(p, 0) + 1) // 2 for p, last in end.items()}
    return {p: low for p, low in middle.items() if low > begin.get(p, 0)}


def _remove(scene: Scene, topic: str, low: dict[int, int]) -> None:
    if low:
        delete_records(scene.testbed.bootstrap, f"chaos.{topic}", low)


def _await_gone(admin: AdminClient, name: str) -> None:
    deadline = time.monotonic() + ANSWER_S
    while name in admin.list_topics(timeout=ANSWER_S).topics:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{name} is still there")
        time.sleep(0.1)
    time.sleep(1)
