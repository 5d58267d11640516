"""The catalogue killed at random moments: every segment assigned once, the same routines as undisturbed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from taskstream.kafka import topic_admin
from taskstream.records import Assignment, Routine
from taskstream.settings import Settings, load
from tests.integration.streams.test_catalogue_process import latest, publish, read, wait_for
from tests.unit.streams.discovery.routine_samples import INVOICE, LOOKUP, TICKET, office

pytestmark = pytest.mark.faults

KILLS = 3


def _start(settings: Settings, log: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "TASKSTREAM_PREFIX": settings.prefix, "TASKSTREAM_K": str(settings.k), "TASKSTREAM_HOME": str(log.parent),
        "TASKSTREAM_CATALOGUE_QUIET_MS": "200", "TASKSTREAM_CATALOGUE_REFINE_MS": "500",
    }  # fmt: skip
    with log.open("ab") as handle:
        return subprocess.Popen(
            [sys.executable, "-m", "taskstream", "catalogue", "--kafka", settings.kafka], env=environment, stderr=handle
        )


def test_kills_lose_and_repeat_nothing(kafka: str, tmp_path: Path) -> None:
    settings = load(kafka=kafka, prefix=f"kills-{uuid.uuid4().hex[:8]}.", partitions=2, k=3)
    topic_admin.apply(settings, dry_run=False)
    work = [done for done, _ in office([INVOICE, TICKET, LOOKUP], people=6, each=24)]
    random.Random(4).shuffle(work)
    draw = random.Random(9)
    log = tmp_path / "catalogue.log"
    running = _start(settings, log)
    try:
        size = len(work) // (KILLS + 1)
        for kill in range(KILLS + 1):
            publish(settings, work[kill * size : (kill + 1) * size])
            if kill < KILLS:
                time.sleep(draw.uniform(0.3, 2.0))
                running.kill()
                running.wait(10)
                running = _start(settings, log)
        wait_for(lambda: len(latest(read(settings, "assignments", Assignment))) == len(work), 40)
        assignments = read(settings, "assignments", Assignment)
        assert len({(a.segment, a.version) for a in assignments}) == len(assignments)
        routines = {routine.id: routine for routine in read(settings, "routines", Routine)}
        assert sorted(routine.executions for routine in routines.values()) == [144, 144, 144]
        running.terminate()
        assert running.wait(15) == 0
    finally:
        if running.poll() is None:
            running.kill()
    assert "Traceback" not in log.read_text()
