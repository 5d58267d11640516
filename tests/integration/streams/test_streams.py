"""The worker on a real broker."""

from __future__ import annotations

import asyncio
import json
import random
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.local.kafka import EmbeddedKafka
from streams.cli.dead_letter import dead_letter
from streams.runtime.health import QUIET_S
from taskstream.errors import ServiceError
from taskstream.event_columns import batches, decode
from taskstream.events import MAX_BATCH_BYTES, MAX_EVENTS, EventBatch, ObjectRef, encode
from tests.fixtures.streams import Deployment
from tests.unit.streams.build import batch, event, value

pytestmark = pytest.mark.integration


@pytest.fixture
def deployment(kafka: str, tmp_path: Path) -> Iterator[Deployment]:
    found = Deployment(kafka, tmp_path)
    yield found
    found.stop()


def work(agents: int, rounds: int, seed: int = 1) -> Iterator[EventBatch]:
    """Batches of several agents, dealt in turn, some of them sent again."""
    rnd = random.Random(seed)
    seqs, clocks = [0] * agents, [0.0] * agents
    for _ in range(rounds):
        for agent in range(agents):
            events = []
            for _ in range(rnd.randrange(1, 20)):
                clocks[agent] += rnd.choice([0.5, 2, 20])
                kind = rnd.choice(["click", "edit", "copy", "paste", "window", "submit"])
                seen = value(rnd.randrange(1, 9)) if kind in ("edit", "copy", "paste") else None
                app = rnd.choice(["excel", "sap"])
                events.append(event(clocks[agent], kind, app, f"field:f{rnd.randrange(9)}", value=seen))
            sent = batch(seqs[agent], events, f"agent-{agent}", sent_ms=int(time.time() * 1000))
            seqs[agent] += len(events)
            yield sent
            if rnd.random() < 0.05:
                yield sent


def clean_events(deployment: Deployment) -> int:
    return sum(sum(decode(row.value or b"").events) for row in deployment.read("ui-events.clean"))


def test_a_killed_worker_loses_and_repeats_nothing(deployment: Deployment) -> None:
    first, second = deployment.start_worker(), deployment.start_worker()
    sent = list(work(30, 40))
    total = len({(message.agent, message.first_seq + n) for message in sent for n in range(len(message.events))})
    deployment.wait("both own partitions", lambda: all("restored" in deployment.log_of(w) for w in (first, second)))
    deployment.publish(sent[: len(sent) // 2])
    deployment.wait("some is through", lambda: bool(deployment.read("ui-events.clean")))
    first.kill()
    deployment.publish(sent[len(sent) // 2 :])
    deployment.finish()
    deployment.wait("all is through", lambda: clean_events(deployment) >= total)
    deployment.wait("windows are out", lambda: bool(deployment.read("activity")))
    time.sleep(1.0)
    second.send_signal(signal.SIGTERM)
    assert second.wait(15) == 0
    assert "Traceback" not in deployment.log_of(second)
    assert clean_events(deployment) == total
    deployment.check()


def test_a_worker_whose_name_another_takes_ends_and_one_that_shares_goes_on(deployment: Deployment) -> None:
    """The older of two workers of one name ends, in one clear line; one that another joins restores nothing again."""
    first = deployment.start_worker(TASKSTREAM_WORKER_ID="pod-1")
    deployment.wait("it owns all", lambda: deployment.log_of(first).count("restored") == 2 * deployment.partitions)
    sent = list(work(6, 20))
    total = len({(message.agent, message.first_seq + n) for message in sent for n in range(len(message.events))})
    deployment.publish(sent[:60])
    second = deployment.start_worker(TASKSTREAM_WORKER_ID="pod-1")
    deployment.wait("the older one has ended", lambda: first.poll() is not None)
    assert first.returncode == ServiceError.exit_code
    said = [line for line in deployment.log_of(first).splitlines() if "another worker has begun" in line]
    assert said[-1].startswith("taskstream: another worker has begun under the worker_id 'pod-1'"), said
    restored = 2 * deployment.partitions
    deployment.wait("its place is taken", lambda: deployment.log_of(second).count("restored") == restored)
    third = deployment.start_worker(TASKSTREAM_WORKER_ID="pod-2")
    deployment.publish(sent[60:90])
    deployment.wait("another has its share", lambda: "restored" in deployment.log_of(third))
    deployment.publish(sent[90:])
    deployment.finish()
    deployment.wait("all is through", lambda: clean_events(deployment) >= total)
    assert (second.poll(), third.poll()) == (None, None)
    assert deployment.log_of(second).count("restored") == restored
    deployment.check()


def test_poison_and_dead_letters(deployment: Deployment) -> None:
    worker = deployment.start_worker()
    good = [batch(0, [event(0)], "a"), batch(1, [event(1)], "a")]
    deployment.publish([b"{", good[0], b'{"schema":9}', good[1]])
    deployment.wait("clean", lambda: clean_events(deployment) == 2)
    deployment.wait("dead letters", lambda: len(deployment.read("dead-letter")) == 2)
    deployment.publish([b"\xff"], topic="dead-letter")
    options = ["--kafka", deployment.kafka, "--prefix", deployment.settings.prefix]
    listed = CliRunner().invoke(dead_letter, ["list", "--json", *options])
    assert "dead-letter/0@" in listed.stderr, "what is no dead letter is named and passed over"
    letters = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [letter["reason"] for letter in letters] == ["json", "schema"]
    shown = CliRunner().invoke(dead_letter, ["show", letters[1]["id"], *options])
    assert '{"schema":9}' in shown.output
    again = CliRunner().invoke(dead_letter, ["replay", "--reason", "schema", "--json", *options])
    assert json.loads(again.stdout) == {"replayed": 1, "skipped": 0, "refused": 0}
    deployment.wait("refused again", lambda: len(deployment.read("dead-letter")) == 4)
    assert CliRunner().invoke(dead_letter, ["show", "none", *options]).exit_code != 0
    assert worker.poll() is None


def test_the_largest_batches_pass(deployment: Deployment) -> None:
    """As many bytes as a batch may have, in strings that do not compress, and as many events."""
    draw = random.Random(5)

    def text() -> str:
        return "".join(chr(draw.randrange(0x4E00, 0x9FA5)) for _ in range(256))

    wide = batch(0, [event(n, screen=text(), element=text(), app=text()[:64]) for n in range(550)], "wide")
    many = batch(0, [event(n / 10, objects=(ObjectRef("order", n),) * 8) for n in range(MAX_EVENTS)], "many")
    assert 0.9 * MAX_BATCH_BYTES < len(encode(wide)) < MAX_BATCH_BYTES
    worker = deployment.start_worker()
    deployment.publish([wide, many, wide, many])
    deployment.wait("clean", lambda: clean_events(deployment) == 550 + MAX_EVENTS)
    found = [one for row in deployment.read("ui-events.clean") for one in batches(decode(row.value or b""))]
    assert {one.agent: one for one in found} == {"wide": wide, "many": many}
    assert worker.poll() is None


def test_an_idle_worker_asks_for_nothing_again(deployment: Deployment) -> None:
    """The last offsets of an idle partition are markers of transactions, and no input that does not come."""
    worker = deployment.start_worker(TASKSTREAM_IDLE_HEARTBEAT_MS="60000")
    deployment.publish(work(20, 20))
    deployment.wait("windows", lambda: bool(deployment.read("activity.partial")))
    time.sleep(QUIET_S + 3)
    address = re.search(r"http://\S+/metrics", deployment.log_of(worker))
    assert address
    with urllib.request.urlopen(address[0]) as answer:
        told = answer.read().decode()
    assert re.findall(r"^taskstream_refetches_total (\S+)$", told, re.MULTILINE) == ["0.0"]


def test_idle_partitions_close_through_the_log(deployment: Deployment) -> None:
    """Only one partition holds events, and nobody sends a flush: heartbeats alone close and release its windows."""
    deployment.start_worker(TASKSTREAM_LATENESS_MS="0", TASKSTREAM_DISORDER_MS="0")
    agents = [name for name in map(str, range(100)) if deployment.partition_of(f"actor-{name}") == 1][:2]
    deployment.publish(batch(0, [event(0), event(59)], agent) for agent in agents)
    deployment.publish(batch(2, [event(61)], agent) for agent in agents)
    deployment.wait("released", lambda: bool(deployment.read("activity")), 30)
    rows = [json.loads(row.value or b"") for row in deployment.read("activity")]
    assert [(row["events"], row["people"]) for row in rows[:1]] == [(4, 2)]


def test_consumers_of_other_makes_read_the_clean_topic(deployment: Deployment, embedded_kafka: EmbeddedKafka) -> None:
    deployment.start_worker()
    sent = list(work(6, 4))
    total = len({(message.agent, message.first_seq + n) for message in sent for n in range(len(message.events))})
    deployment.publish(sent)
    deployment.wait("all is through", lambda: clean_events(deployment) == total)
    expected = sorted(row.value or b"" for row in deployment.read("ui-events.clean"))
    assert sorted(_aiokafka(deployment, len(expected))) == expected
    assert sorted(_quixstreams(deployment, len(expected))) == expected
    assert sorted(_console(deployment, embedded_kafka, len(expected))) == expected


def _aiokafka(deployment: Deployment, count: int) -> list[bytes]:
    from aiokafka import AIOKafkaConsumer

    async def read() -> list[bytes]:
        consumer = AIOKafkaConsumer(
            deployment.settings.prefix + "ui-events.clean",
            bootstrap_servers=deployment.kafka,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        await consumer.start()
        try:
            return [(await asyncio.wait_for(consumer.getone(), 20)).value or b"" for _ in range(count)]
        finally:
            await consumer.stop()

    return asyncio.run(read())


def _quixstreams(deployment: Deployment, count: int) -> list[bytes]:
    from quixstreams import Application

    app = Application(
        broker_address=deployment.kafka,
        consumer_group=f"{deployment.settings.prefix}quix",
        auto_offset_reset="earliest",
        state_dir=str(deployment.folder / "quix"),
        auto_create_topics=False,
    )
    found: list[bytes] = []
    app.dataframe(app.topic(deployment.settings.prefix + "ui-events.clean", value_deserializer="bytes")).update(
        found.append
    )
    app.run(count=count, timeout=20)
    return found


def _console(deployment: Deployment, broker: EmbeddedKafka, count: int) -> list[bytes]:
    """Kafka's own console consumer."""
    done = broker.tool(
        "org.apache.kafka.tools.consumer.ConsoleConsumer",
        "--bootstrap-server", deployment.kafka, "--topic", deployment.settings.prefix + "ui-events.clean",
        "--from-beginning", "--isolation-level", "read_committed", "--max-messages", str(count),
        "--timeout-ms", "20000",
    )  # fmt: skip
    return [line.encode() for line in done.stdout.splitlines()]


@pytest.mark.parametrize("part", ["worker", "catalogue"])
def test_a_process_waits_for_a_kafka_that_is_away_when_it_starts_and_says_so(part: str, tmp_path: Path) -> None:
    with (tmp_path / "err").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "taskstream", part, "--kafka", "127.0.0.1:1"], stderr=log)
    try:
        deadline = time.monotonic() + 60
        while b"127.0.0.1:1" not in (tmp_path / "err").read_bytes():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)
        time.sleep(3)
        said = (tmp_path / "err").read_text()
        assert process.poll() is None
        assert len([line for line in said.splitlines() if "127.0.0.1:1 does not answer: waiting for it" in line]) == 1
        assert "Traceback" not in said
    finally:
        process.kill()
        process.wait(10)
