"""``make chaos``: kill, pause and cut everything while events flow, then show that nothing was lost or doubled.

Two workers and two sinks share eight partitions under load. At random moments one of the faults strikes.
Afterwards the log that was written is given, message for message, to one worker that nobody disturbs: sessions,
segments, transfers and activity must be the same bytes, and ClickHouse must hold each event once in a plain SELECT.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import clickhouse_connect
from confluent_kafka import Consumer, TopicPartition
from rich.console import Console
from rich.table import Table

from deploy.local.clickhouse.endpoint_process import EmbeddedClickHouse
from deploy.local.kafka import EmbeddedKafka
from deploy.local.ports import free_ports
from taskstream.events import BATCH_TYPE, HEARTBEAT_TYPE, Heartbeat, encode
from taskstream.kafka.clients import kafka_config, new_consumer, new_producer, reading
from taskstream.settings import KafkaSettings
from tests.faults.load import Load
from tests.faults.proxy import Proxy

PARTITIONS = 8
DERIVED = ("sessions", "segments", "transfers", "activity.partial", "activity")
SESSION_TIMEOUT_S = 10
STILL_S, STANDSTILL_S = 15.0, 180.0
"""No change for so long: all is done, where it is not known how much is to come; or nothing more will come."""
PASSWORD = "chaos"  # noqa: S105 - of a server that lives for this run on loopback


class Process:
    """A child that is started again whenever it ends, as a supervisor would."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.name, self._command, self._environment, self._log = name, command, environment, log
        self.self_exits = 0
        self._stopping = False
        self._child = self._spawn()
        threading.Thread(target=self._watch, name=f"watch {name}", daemon=True).start()

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=log)

    def _watch(self) -> None:
        while not self._stopping:
            code = self._child.wait()
            if self._stopping:
                return
            self.self_exits += code != -signal.SIGKILL
            time.sleep(0.5)
            self._child = self._spawn()

    def send(self, number: signal.Signals) -> None:
        self._child.send_signal(number)

    def stop(self) -> None:
        self._stopping = True
        self._child.send_signal(signal.SIGCONT)
        self._child.terminate()
        try:
            self._child.wait(20)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


@dataclass
class World:
    """Everything that runs."""

    folder: Path
    seed: int
    rate: int
    kafka: EmbeddedKafka
    clickhouse: EmbeddedClickHouse
    proxy: Proxy
    kafka_proxy: Proxy
    bootstrap: str
    processes: list[Process] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    last: str = ""

    def environment(self, prefix: str, **more: str) -> dict[str, str]:
        names = {
            "HOME": self.folder,
            "KAFKA": self.bootstrap,
            "CLICKHOUSE": f"http://127.0.0.1:{self.proxy.port}",
            "CLICKHOUSE_USER": "taskstream",
            "CLICKHOUSE_PASSWORD": PASSWORD,
            "PREFIX": prefix,
            "PARTITIONS": PARTITIONS,
            "IDLE_HEARTBEAT_MS": 600_000,
            "K": 2,
        }
        return os.environ | {f"TASKSTREAM_{name}": str(value) for name, value in names.items()} | more

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "taskstream", *words]

    def run(self, prefix: str, *words: str) -> None:
        subprocess.run(self.command(*words), env=self.environment(prefix), check=True, stdout=subprocess.DEVNULL)

    def start(self, prefix: str, name: str, *words: str) -> Process:
        process = Process(name, self.command(*words), self.environment(prefix), self.folder / f"{name}.log")
        self.processes.append(process)
        return process

    def of(self, kind: str) -> list[Process]:
        return [process for process in self.processes if process.name.startswith(kind)]


def begin(folder: Path, seed: int, rate: int) -> World:
    """Start Kafka, ClickHouse, two workers and two sinks."""
    cache = Path(os.environ["TASKSTREAM_CACHE"]) if "TASKSTREAM_CACHE" in os.environ else None
    from taskstream.settings import load

    # Clients are told the proxy's address, so every connection to Kafka goes through it, the broker's own too.
    kafka_proxy = Proxy(free_ports(1)[0])
    kafka = EmbeddedKafka(
        folder / "kafka", cache or load().cache, kafka_proxy.target_port, advertised_port=kafka_proxy.port
    )
    clickhouse = EmbeddedClickHouse(folder / "clickhouse", user="taskstream", password=PASSWORD)
    kafka.start()
    url = clickhouse.start()
    clickhouse.port = int(url.rsplit(":", 1)[1])  # the same after each restart, as a cluster's addresses are
    bootstrap = f"127.0.0.1:{kafka_proxy.port}"
    world = World(folder, seed, rate, kafka, clickhouse, Proxy(clickhouse.port), kafka_proxy, bootstrap)
    for prefix in ("chaos.", "calm."):
        world.run(prefix, "topics", "apply")
    world.run("chaos.", "migrate")
    for n in (1, 2):
        world.start("chaos.", f"worker-{n}", "worker")
        world.start("chaos.", f"sink-{n}", "sink")
    return world


FAULTS = {
    "kill worker": 8,
    "kill sink": 6,
    "kill broker": 4,
    "kill clickhouse": 3,
    "pause worker (zombie)": 2,
    "refuse clickhouse": 1,
    "delay clickhouse": 1,
    "refuse kafka": 2,
    "delay kafka": 1,
}
"""Faults and how often each is in the pack from which they are dealt."""


def deal(draw: random.Random) -> Iterator[str]:
    """Faults in random order, without end: a pack is dealt out before the next, so each strikes in any long run."""
    while True:
        pack = list(Counter(FAULTS).elements())
        draw.shuffle(pack)
        yield from pack


def strike(world: World, fault: str, draw: random.Random) -> None:
    """One fault."""
    world.faults[fault] += 1
    world.last = fault
    if fault == "kill worker":
        draw.choice(world.of("worker")).send(signal.SIGKILL)
    elif fault == "kill sink":
        draw.choice(world.of("sink")).send(signal.SIGKILL)
    elif fault == "kill broker":
        world.kafka.kill()
        time.sleep(draw.random())
        world.kafka.start()
    elif fault == "kill clickhouse":
        world.clickhouse.kill()
        time.sleep(draw.random())
        world.clickhouse.start()
    elif fault == "pause worker (zombie)":
        zombie = draw.choice(world.of("worker"))
        zombie.send(signal.SIGSTOP)
        time.sleep(SESSION_TIMEOUT_S + 4)
        zombie.send(signal.SIGCONT)
    else:
        proxy = world.kafka_proxy if fault.endswith("kafka") else world.proxy
        if fault.startswith("refuse"):
            proxy.refuse = True
            proxy.cut()
            time.sleep(2)
            proxy.refuse = False
        else:
            proxy.delay_s = 0.5
            time.sleep(3)
            proxy.delay_s = 0.0


class Sender(threading.Thread):
    """Sends the load at ``rate`` events a second until told to stop; then one heartbeat to each partition."""

    def __init__(self, world: World) -> None:
        super().__init__(name="load", daemon=True)
        self.load = Load(world.seed, agents=200)
        self._world = world
        self._stop_now = threading.Event()
        self.failed = 0

    def _done(self, error: object, _message: object) -> None:
        self.failed += error is not None

    def finish(self) -> None:
        self._stop_now.set()
        self.join()

    def run(self) -> None:
        config = {
            "enable.idempotence": True, "compression.type": "zstd", "linger.ms": 20, "partitioner": "murmur2_random",
        }  # fmt: skip
        producer = new_producer(kafka_config(KafkaSettings(kafka=self._world.bootstrap), "chaos") | config)
        began = time.monotonic()
        for batch in self.load.batches():
            while True:
                try:
                    producer.produce(
                        "chaos.ui-events",
                        encode(batch),
                        batch.actor,
                        headers={"ce_type": BATCH_TYPE},
                        on_delivery=self._done,
                    )
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
            ahead = self.load.sent / self._world.rate - (time.monotonic() - began)
            if self._stop_now.wait(max(0.0, ahead)) if ahead > 0.01 else self._stop_now.is_set():
                break
        producer.flush(120)
        for partition in range(PARTITIONS):
            day = encode(Heartbeat(schema=1, advance_ms=86_400_000))
            producer.produce("chaos.ui-events", day, partition=partition, headers={"ce_type": HEARTBEAT_TYPE})
        producer.flush(60)


def _consumer(world: World) -> Consumer:
    return new_consumer(reading(KafkaSettings(kafka=world.bootstrap), "chaos") | {"enable.partition.eof": True})


def read(world: World, topic: str) -> dict[int, list[Any]]:
    """Every committed message of a topic by partition, in order."""
    consumer = _consumer(world)
    found: dict[int, list[Any]] = {p: [] for p in consumer.list_topics(topic, 20).topics[topic].partitions}
    consumer.assign([TopicPartition(topic, p, 0) for p in found])
    open_partitions = set(found)
    while open_partitions:
        message = consumer.poll(30)
        if message is None:
            raise TimeoutError(f"{topic} does not answer")
        if message.error():
            open_partitions.discard(message.partition())
        else:
            found[message.partition()].append(message)
    consumer.close()
    return found


def mirror(world: World) -> None:
    """Give the very same log to a second set of topics: same partitions, order, times."""
    producer = new_producer(kafka_config(KafkaSettings(kafka=world.bootstrap), "chaos") | {"enable.idempotence": True})
    for partition, messages in read(world, "chaos.ui-events").items():
        for message in messages:
            while True:
                try:
                    producer.produce(
                        "calm.ui-events",
                        message.value(),
                        message.key(),
                        partition=partition,
                        timestamp=message.timestamp()[1],
                        headers=message.headers(),
                    )
                    break
                except BufferError:
                    producer.poll(0.1)
    producer.flush(120)


def settle(count: Any, wanted: int | None, deadline_s: float) -> int:
    """Wait until ``count()`` reaches ``wanted``, or stands still: for long where more is to come; returns the count."""
    last, since, end = -1, time.monotonic(), time.monotonic() + deadline_s
    while time.monotonic() < end:
        now = int(count())
        if now != last:
            last, since = now, time.monotonic()
        still = time.monotonic() - since
        if still > (STILL_S if wanted is None else 3 if now >= wanted else STANDSTILL_S):
            break
        time.sleep(1)
    return last


def derived(world: World, prefix: str) -> dict[str, dict[int, list[bytes]]]:
    """The derived topics' values by partition, sorted: partitions interleave differently in each run."""
    return {
        topic: {p: sorted(m.value() for m in messages) for p, messages in read(world, prefix + topic).items()}
        for topic in DERIVED
    }


def total(found: dict[str, dict[int, list[bytes]]]) -> dict[str, int]:
    return {topic: sum(map(len, by_partition.values())) for topic, by_partition in found.items()}


def run(kills: int, seed: int, rate: int, folder: Path) -> dict[str, Any]:
    """The whole experiment; returns what was counted."""
    draw = random.Random(seed)
    faults = deal(random.Random(f"faults {seed}"))
    began = time.monotonic()
    world = begin(folder, seed, rate)
    console = Console(stderr=True)
    try:
        time.sleep(6)  # let the groups form, so that the first fault hits working processes
        sender = Sender(world)
        sender.start()
        for n in range(kills):
            time.sleep(draw.uniform(1.0, 4.0))
            strike(world, next(faults), draw)
            now = time.strftime("%H:%M:%S")
            console.print(f"{now} fault {n + 1} of {kills}: {world.last}, sent {sender.load.sent:,}")
        sender.finish()
        client = clickhouse_connect.get_client(
            host="127.0.0.1", port=world.clickhouse.port, username="taskstream", password=PASSWORD
        )
        sent = sender.load.sent
        query = "SELECT count() FROM taskstream.ui_events"
        settle(lambda: client.query(query).result_rows[0][0], sent, 600)
        stored, distinct = client.query(
            "SELECT count(), uniqExact((agent, seq)) FROM taskstream.ui_events"
        ).result_rows[0]
        settle(lambda: sum(total(derived(world, "chaos.")).values()), None, 120)
        mirror(world)
        world.start("calm.", "calm-worker", "worker")
        wanted = sum(total(derived(world, "chaos.")).values())
        settle(lambda: sum(total(derived(world, "calm.")).values()), wanted, 240)
        disturbed, calm = derived(world, "chaos."), derived(world, "calm.")
        tables = {
            table: int(client.query(f"SELECT count() FROM taskstream.{table}").result_rows[0][0])
            for table in ("sessions", "segments", "transfers", "activity_1m")
        }
        return {
            "kills": kills,
            "seed": seed,
            "minutes": round((time.monotonic() - began) / 60, 1),
            "sent": sent,
            "stored": int(stored),
            "lost": sent - int(distinct),
            "duplicated": int(stored) - int(distinct),
            "send_failures": sender.failed,
            "faults": dict(world.faults),
            "self_exits": {process.name: process.self_exits for process in world.processes},
            "derived": total(disturbed),
            "derived_calm": total(calm),
            "equal": {topic: disturbed[topic] == calm[topic] for topic in DERIVED},
            "tables": tables,
        }
    finally:
        for process in world.processes:
            process.stop()
        world.proxy.close()
        world.kafka_proxy.close()
        world.clickhouse.stop()
        world.kafka.stop()


def failures(result: dict[str, Any]) -> list[str]:
    """What went wrong, in words; empty when the promise was kept."""
    wrong = [f"{name}: {result[name]}" for name in ("lost", "duplicated", "send_failures") if result[name]]
    wrong += [f"{topic} differs from the undisturbed run" for topic, same in result["equal"].items() if not same]
    pairs = {"sessions": "sessions", "segments": "segments", "transfers": "transfers", "activity": "activity_1m"}
    wrong += [
        f"{table} holds {result['tables'][table]} rows, the topic {result['derived'][topic]}"
        for topic, table in pairs.items()
        if result["tables"][table] != result["derived"][topic]
    ]
    return wrong


def show(result: dict[str, Any]) -> None:
    """Print the tables of faults and counts."""
    table = Table("fault", "times", title=f"faults ({result['kills']}, seed {result['seed']}, {result['minutes']} min)")
    for fault in FAULTS:
        table.add_row(fault, str(result["faults"].get(fault, 0)))
    console = Console()
    console.print(table)
    table = Table("what", "count", title="events")
    for name in ("sent", "stored", "lost", "duplicated"):
        table.add_row(name, f"{result[name]:,}")
    console.print(table)
    table = Table("topic", "disturbed", "undisturbed", "equal bytes", title="derived facts")
    for topic in DERIVED:
        row = (result["derived"][topic], result["derived_calm"][topic], result["equal"][topic])
        table.add_row(topic, *map(str, row))
    console.print(table)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=40, help="how many faults")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rate", type=int, default=4_000, help="events a second")
    parser.add_argument("--json", type=Path, help="write the counts here")
    parser.add_argument("--keep", type=Path, help="use and keep this folder instead of a temporary one")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="taskstream-chaos-", ignore_cleanup_errors=True) as scratch:
        result = run(given.kills, given.seed, given.rate, given.keep or Path(scratch))
    if given.json:
        given.json.write_text(json.dumps(result, indent=2))
    show(result)
    wrong = failures(result)
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
