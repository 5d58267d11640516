"""The publisher against real Kafka: complete, in order per agent, placed by the person's pseudonym."""

import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from collectors.delivery.publisher import Publisher, input_partitions, send_closing_heartbeats
from collectors.delivery.spool import Origin, Spool
from taskstream.errors import ServiceError
from taskstream.events import UiEvent, decode_batch, decode_heartbeat
from taskstream.settings import Settings
from tests.integration.collectors.reading import read_all

pytestmark = pytest.mark.integration

PARTITIONS = 3
CLICK = UiEvent(at_ms=1_000, kind="click", app="excel")


@pytest.fixture
def topic(kafka: str) -> str:
    name = f"collectors-{uuid4().hex[:8]}.ui-events"
    admin = AdminClient({"bootstrap.servers": kafka})
    admin.create_topics([NewTopic(name, PARTITIONS, 1)])[name].result(20)
    return name


def test_everything_arrives_once_in_order_with_its_headers(kafka: str, topic: str, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db")
    origins = [Origin(tenant="t", team="x", actor=f"p{number % 5}", agent=f"a{number}") for number in range(10)]
    for _ in range(30):
        spool.append_many([(origin, [CLICK] * 20) for origin in origins], 0)
    publisher = Publisher(Settings(kafka=kafka), topic, spool, sent_ms=lambda agent: 1_000_000 + int(agent[1:]))
    publisher.start()
    assert publisher.drain(20)
    publisher.stop()
    assert (publisher.delivered_events, publisher.rebuilds, spool.pending) == (6_000, 0, 0)

    seqs: dict[str, list[int]] = {}
    partition_of: dict[str, int] = {}
    for message in read_all(kafka, topic):
        batch = decode_batch(message.value())
        seqs.setdefault(batch.agent, []).extend(range(batch.first_seq, batch.first_seq + len(batch.events)))
        assert message.key() == batch.actor.encode()
        assert partition_of.setdefault(batch.actor, message.partition()) == message.partition()
        assert batch.sent_ms == 1_000_000 + int(batch.agent[1:])
        assert dict(message.headers()) == {
            "ce_specversion": b"1.0",
            "ce_type": b"taskstream.events",
            "ce_source": batch.agent.encode(),
            "ce_id": f"{batch.agent}:{batch.first_seq}".encode(),
        }
    assert seqs == {origin.agent: list(range(600)) for origin in origins}


def test_ticks_reach_every_partition(kafka: str, topic: str) -> None:
    assert input_partitions(Settings(kafka=kafka), topic) == PARTITIONS
    send_closing_heartbeats(Settings(kafka=kafka), topic, range(PARTITIONS), 5_000)
    messages = read_all(kafka, topic)
    assert sorted(message.partition() for message in messages) == [0, 1, 2]
    assert {decode_heartbeat(message.value()).advance_ms for message in messages} == {5_000}
    assert {dict(message.headers())["ce_type"] for message in messages} == {b"taskstream.tick"}


def test_a_missing_topic_is_one_clear_line(kafka: str) -> None:
    with pytest.raises(ServiceError, match="taskstream topics apply"):
        input_partitions(Settings(kafka=kafka), "collectors-none.ui-events")


def test_a_missing_topic_while_sending_keeps_everything_in_the_spool(kafka: str, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db")
    spool.append(Origin(tenant="t", team="x", actor="p", agent="a"), [CLICK], 0)
    publisher = Publisher(
        Settings(kafka=kafka),
        f"none-{uuid4().hex}",
        spool,
        sent_ms=lambda _: 1,
        config={"topic.metadata.propagation.max.ms": 200},
    )
    publisher.start()
    deadline = time.monotonic() + 15
    while not publisher.rebuilds and time.monotonic() < deadline:
        time.sleep(0.05)
    publisher.stop()
    assert publisher.rebuilds
    assert spool.pending == 1


SENDER = """
import sys
from pathlib import Path
from collectors.delivery.publisher import Publisher
from collectors.delivery.spool import Origin, Spool
from taskstream.events import UiEvent
from taskstream.settings import Settings
kafka, topic, path = sys.argv[1:]
spool = Spool(Path(path))
publisher = Publisher(Settings(kafka=kafka), topic, spool, sent_ms=lambda _: 1)
publisher.start()
origins = [Origin(tenant="t", team="x", actor=f"p{n}", agent=f"a{n}") for n in range(4)]
print("ready", flush=True)
while True:
    for origin in origins:
        spool.append(origin, [UiEvent(at_ms=spool.next_seq(origin.agent), kind="click")] * 5, 0)
    publisher.wake()
    publisher.check()
"""


def test_kills_lose_nothing_and_repeat_only_what_has_the_same_number(kafka: str, topic: str, tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    for round_ in range(5):
        command = [sys.executable, "-c", SENDER, kafka, topic, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sender:
            assert sender.stdout is not None
            assert sender.stdout.readline().strip() == "ready"
            time.sleep(0.15 + 0.13 * round_)
            sender.kill()
    spool = Spool(path)
    publisher = Publisher(Settings(kafka=kafka), topic, spool, sent_ms=lambda _: 1)
    publisher.start()
    assert publisher.drain(20)
    publisher.stop()

    high = {f"a{number}": 0 for number in range(4)}
    for message in read_all(kafka, topic):
        batch = decode_batch(message.value())
        assert batch.first_seq <= high[batch.agent], "a number was skipped"
        assert batch.events[0].at_ms == batch.first_seq, "a number was given to another event"
        high[batch.agent] = max(high[batch.agent], batch.first_seq + len(batch.events))
    assert high == {agent: spool.next_seq(agent) for agent in high}
    assert sum(high.values()) > 100
