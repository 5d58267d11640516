"""The whole experiment in order: start, load and faults, wait, the same log undisturbed, compare."""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from benchmarks.chaos import catalogue_facts
from benchmarks.chaos.accounting import TABLES, LetterContents, differences, only_in_one
from benchmarks.chaos.kept_log import CalmInput, Derived
from benchmarks.chaos.pack import FAULTS, deal
from benchmarks.chaos.scene import Scene, settle
from benchmarks.chaos.sender import Sender
from benchmarks.chaos.strikes import strike
from benchmarks.chaos.testbed import PASSWORD, USER, Testbed, begin
from benchmarks.chaos.topic_log import DERIVED, is_foreign, read
from sinks.connect import connect
from taskstream.endpoints import Endpoints

DIFFERENCES: Final = "differences.json"
"""File in the experiment's folder (``--keep``): the values that only one of the two runs has."""
GATHER_S: Final = 6.0
"""Let the groups form, so that the first fault hits working processes (seconds)."""


def run(kills: int, seed: int, rate: int, folder: Path, pack: Mapping[str, int] = FAULTS) -> dict[str, Any]:
    """The whole experiment; returns what was counted."""
    began = time.monotonic()
    testbed = begin(folder, seed, rate)
    try:
        time.sleep(GATHER_S)
        sender = Sender(testbed)
        scene = Scene(
            testbed,
            sender,
            CalmInput(testbed),
            Derived(testbed, "chaos."),
            Derived(testbed, "calm."),
            random.Random(seed),
        )
        sender.start()
        _disturb(scene, kills, deal(random.Random(f"faults {seed}"), pack))
        sender.finish()
        counted = _compare(scene)
        return {"kills": kills, "seed": seed, "minutes": round((time.monotonic() - began) / 60, 1)} | counted
    finally:
        for child in testbed.children:
            child.stop()
        testbed.proxy.close()
        testbed.kafka_proxy.close()
        testbed.clickhouse.stop()
        testbed.kafka.stop()


def _disturb(scene: Scene, kills: int, faults: Any) -> None:
    console = Console(stderr=True)
    for n in range(kills):
        time.sleep(scene.draw.uniform(1.0, 4.0))
        strike(scene, next(faults))
        now = time.strftime("%H:%M:%S")
        console.print(f"{now} fault {n + 1} of {kills}: {scene.testbed.last}, sent {scene.sender.load.sent:,}")


def _compare(scene: Scene) -> dict[str, Any]:
    """Wait for the end, give the same log to an undisturbed worker, and count both."""
    testbed, facts, calm = scene.testbed, scene.facts, scene.calm_facts
    settle(facts.count, None)
    client = connect(Endpoints("", f"http://127.0.0.1:{testbed.clickhouse.port}", USER, PASSWORD))

    def ask(query: str) -> int:
        return int(client.query(f"SELECT {query}").result_rows[0][0])

    settle(lambda: ask("count() FROM taskstream.ui_events"), len(facts.events) - len(scene.unread_events))
    scene.calm.copy()
    scene.catch_up()
    wanted = {topic: facts.total()[topic] - scene.unread[topic] for topic in TABLES}
    for topic, table in TABLES.items():
        settle(lambda table=table: ask(f"count() FROM taskstream.{table}"), wanted[topic])  # type: ignore[misc]
    stored, distinct = (ask(f"{what} FROM taskstream.ui_events") for what in ("count()", "uniqExact((agent, seq))"))
    letters = [m.value() for _, found in read(testbed, "chaos.dead-letter").items() for m in found if not is_foreign(m)]
    told = LetterContents.of(letters, "chaos.")
    differing = only_in_one(facts.values, calm.values)
    (testbed.folder / DIFFERENCES).write_text(json.dumps(differing, indent=1))
    return {
        "sent": scene.sender.load.sent,
        "removed": len(scene.calm.skipped),
        "removed_before_sink": len(scene.unread_events),
        "stored": stored,
        "lost": len(scene.sender.events - set(calm.events) - scene.calm.skipped)
        + max(0, len(calm.events) - len(scene.unread_events) - distinct),
        "duplicated": stored - distinct + len(facts.events) - len(set(facts.events)),
        "send_failures": scene.sender.failed,
        "faults": dict(testbed.faults),
        "self_exits": {child.name: child.self_exits for child in testbed.children},
        "derived": facts.total(),
        "derived_calm": calm.total(),
        "equal": {topic: facts.by_partition(topic) == calm.by_partition(topic) for topic in DERIVED}
        | {"ui-events.clean": sorted(facts.events) == sorted(calm.events)},
        "catalogue": _catalogue(scene, client.query),
        "tables": {topic: ask(f"count() FROM taskstream.{table}") for topic, table in TABLES.items()},
        "rows_wanted": wanted,
        "rows_doubtful": dict(scene.doubtful),
        "dead_letters": differences(told, testbed.foreign, scene.losses, scene.recreated),
        "letters": len(letters),
        "commands": {words: _code(testbed, words) for words in ("dead-letter list",)},
    }


def _catalogue(scene: Scene, query: Callable[[str], Any]) -> dict[str, Any]:
    """What the catalogue made, against the segments of the undisturbed run, and its tables against its topics."""
    testbed = scene.testbed
    segments = [value for values in scene.calm_facts.values["segments"].values() for value in values]
    wanted = catalogue_facts.counted_once(segments)
    settle(lambda: _segments_of(catalogue_facts.counted(testbed)), _segments_of(wanted))
    counted = catalogue_facts.counted(testbed)
    messages = {topic: read(testbed, f"chaos.{topic}") for topic in catalogue_facts.TABLES}
    assignments = [m.value() for found in messages["assignments"].values() for m in found if not is_foreign(m)]
    routines, opportunities = (catalogue_facts.last_values(messages[topic]) for topic in ("routines", "opportunities"))
    wrong = catalogue_facts.contradictions(segments, assignments, routines, opportunities)
    wrong["counted_otherwise"] = sorted(t for t in counted.keys() | wanted if counted.get(t) != wanted.get(t))
    values = {"assignments": assignments, "routines": routines.values(), "opportunities": opportunities.values()}
    for topic, (table, key) in catalogue_facts.TABLES.items():
        told, stored = catalogue_facts.versions(values[topic], key), dict[str, int]()

        def as_told(table: str = table, key: str = key, told: Any = told, stored: Any = stored) -> int:
            stored |= query(f"SELECT {key}, max(version) FROM taskstream.{table} GROUP BY {key}").result_rows
            return len(stored.items() & told.items())

        settle(as_told, len(told))
        wrong[f"{topic}_stored_otherwise"] = sorted({name for name, _ in told.items() ^ stored.items()})
    counts = {"segments": _segments_of(counted), "segments_wanted": _segments_of(wanted)}
    return {"wrong": wrong} | counts | {topic: len(found) for topic, found in values.items()}


def _segments_of(counted: Mapping[str, catalogue_facts.Counted]) -> int:
    return sum(found.segments for found in counted.values())


def _code(testbed: Testbed, words: str) -> int:
    command = testbed.command(*words.split())
    return subprocess.run(
        command, env=testbed.environment("chaos."), check=False, stdout=subprocess.DEVNULL, timeout=120
    ).returncode
