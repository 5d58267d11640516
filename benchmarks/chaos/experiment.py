"""The whole experiment in order: start, load and faults, wait, the same log undisturbed, compare."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from benchmarks.chaos.accounting import total
from benchmarks.chaos.pack import deal
from benchmarks.chaos.sender import Sender
from benchmarks.chaos.strikes import strike
from benchmarks.chaos.topic_log import DERIVED, derived, mirror
from benchmarks.chaos.world import PASSWORD, USER, begin
from sinks.connect import connect
from taskstream.endpoints import Endpoints

STILL_S: Final = 15.0
STANDSTILL_S: Final = 180.0
"""No change for so long: all is done, where it is not known how much is to come; or nothing more will come."""


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
        address = f"http://127.0.0.1:{world.clickhouse.port}"
        client = connect(Endpoints(kafka="", clickhouse=address, clickhouse_user=USER, clickhouse_password=PASSWORD))
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
            "self_exits": {child.name: child.self_exits for child in world.children},
            "derived": total(disturbed),
            "derived_calm": total(calm),
            "equal": {topic: disturbed[topic] == calm[topic] for topic in DERIVED},
            "tables": tables,
        }
    finally:
        for child in world.children:
            child.stop()
        world.proxy.close()
        world.kafka_proxy.close()
        world.clickhouse.stop()
        world.kafka.stop()
