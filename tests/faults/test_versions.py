"""A rolling upgrade and a way back: a previous version's processes beside this one's, under load, killed in between.

Previous versions are built from the history of the repository: the whole of it must be there (no shallow clone). Their
wheels have no compiled modules, which compute the same: so it takes a second, and no network.
"""

from __future__ import annotations

import io
import os
import random
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from taskstream.records import Assignment, Routine
from tests.fixtures.clickhouse import ClickHouse
from tests.fixtures.streams import Deployment
from tests.integration.sinks.stage import Stage, batches, until
from tests.integration.streams.test_catalogue_process import latest, publish, read, values
from tests.integration.streams.test_streams import clean_events, work
from tests.unit.streams.discovery.routine_samples import INVOICE, LOOKUP, TICKET, office

T = TypeVar("T")

pytestmark = [pytest.mark.faults, pytest.mark.integration]

OLD_STATE = "0f854e91"
"""The last commit whose state of workers has format 1. Its sink and catalogue end at a field that they do not know, so
they cannot come back once a newer version has written."""
OLD_BLOCKS = "fb90f4a6"
"""The last commit whose sink knows no blocks that span partitions."""
ROOT = Path(__file__).parents[2]


@pytest.fixture
def deployment(kafka: str, tmp_path: Path) -> Iterator[Deployment]:
    found = Deployment(kafka, tmp_path, partitions=2)
    yield found
    found.stop()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, str]]:
    """Builds the wheel of a commit and unpacks it; gives the environment in which processes are of that version."""

    @cache
    def build(commit: str) -> dict[str, str]:
        packed = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=False)
        assert packed.returncode == 0, f"{packed.stderr.decode()}: fetch the whole history of the repository"
        sources, wheels, folder = (tmp_path_factory.mktemp(name) for name in ("sources", "wheels", "unpacked"))
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
            archive.extractall(sources, filter="data")
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", wheels],
            cwd=sources, env=os.environ | {"TASKSTREAM_COMPILE": "0"}, check=True, capture_output=True,
        )  # fmt: skip
        with zipfile.ZipFile(next(wheels.glob("taskstream-*-py3-none-any.whl"))) as wheel:
            wheel.extractall(folder)
        return {"PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"}

    return build


def in_parts(everything: Sequence[T], times: int) -> list[Sequence[T]]:
    size = len(everything) // times
    return [everything[n * size : (n + 1) * size if n < times - 1 else None] for n in range(times)]


def test_two_versions_side_by_side_up_and_down_lose_and_repeat_nothing(
    deployment: Deployment, built: Callable[[str], dict[str, str]]
) -> None:
    sent = list(work(20, 60))
    total = len({(message.agent, message.first_seq + n) for message in sent for n in range(len(message.events))})
    parts = in_parts(sent, 5)
    old = built(OLD_STATE)

    def is_on(worker: subprocess.Popen[bytes]) -> None:
        deployment.wait("it has partitions", lambda: "restored" in deployment.log_of(worker), 60)

    first = deployment.start_worker(**old)
    is_on(first)
    deployment.publish(parts[0])
    deployment.wait("some is through", lambda: clean_events(deployment) > 0)
    newer = deployment.start_worker()
    is_on(newer)
    deployment.publish(parts[1])
    time.sleep(1.0)
    first.kill()  # up: the newer one takes over what the older one kept
    deployment.publish(parts[2])
    deployment.wait("the newer one has all", lambda: deployment.log_of(newer).count("restored") >= 4, 60)
    again = deployment.start_worker(**old)
    is_on(again)
    deployment.publish(parts[3])
    time.sleep(1.0)
    newer.kill()  # down: and the other way round
    deployment.publish(parts[4])
    deployment.finish()
    deployment.wait("all is through", lambda: clean_events(deployment) >= total, 120)
    deployment.wait("windows are out", lambda: bool(deployment.read("activity")))
    time.sleep(1.0)
    again.send_signal(signal.SIGTERM)
    assert again.wait(20) == 0
    assert clean_events(deployment) == total
    assert [letter for letter in deployment.read("dead-letter") if b'"reason":"gap"' not in (letter.value or b"")] == []
    logs = "".join(deployment.log_of(worker) for worker in (first, newer, again))
    assert "Traceback" not in logs
    assert "open and silent ones with a model" in deployment.log_of(again), "it was not the previous version"


def test_sinks_side_by_side_and_catalogues_in_turn_up_and_down_lose_and_repeat_nothing(
    tmp_path: Path, kafka: str, clickhouse: ClickHouse, built: Callable[[str], dict[str, str]]
) -> None:
    stage = Stage(tmp_path, kafka, clickhouse, k=3)
    old = built(OLD_BLOCKS)
    executions = [segment for segment, _ in office([INVOICE, TICKET, LOOKUP], people=6, each=24)]
    random.Random(4).shuffle(executions)
    executed = iter(in_parts(executions, 5))
    events = iter(in_parts(batches(10, 50, 10), 5))

    def send() -> None:
        publish(stage.settings, next(executed))
        stage.send("ui-events.clean", next(events))

    def catalogue(**environment: str) -> subprocess.Popen[bytes]:
        return stage.start("catalogue", TASKSTREAM_K="3", TASKSTREAM_CATALOGUE_QUIET_MS="200", **environment)

    def has_read() -> int:
        """The catalogue's positions in the segments, over all partitions."""
        kept = [value for value in values(stage.settings, "catalogue.state") if value.startswith(b'{"segments":{')]
        return sum(msgspec.json.decode(kept[-1])["segments"].values()) if kept else 0

    def stored(what: str, table: str) -> int:
        return int(stage.query(f"SELECT {what} FROM {table}")[0][0])

    def living() -> list[Routine]:
        last = {routine.id: routine for routine in read(stage.settings, "routines", Routine)}
        return [routine for routine in last.values() if not routine.withdrawn]

    def end(process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0

    try:
        sink, first = stage.start_sink(**old), catalogue(**old)
        send()
        until(lambda: stored("count()", "ui_events") > 0 and has_read() > 0)
        newer = stage.start_sink()
        send()
        time.sleep(2.0)
        sink.kill()  # up: the newer ones take over what was in flight
        first.kill()
        second, before = catalogue(), has_read()
        send()
        until(lambda: stored("count()", "ui_events") >= 3_000, 90)  # the group waits for the one that was killed
        until(lambda: has_read() > before)
        again = stage.start_sink(**old)
        send()
        time.sleep(2.0)
        end(newer)  # down, as operate.md says
        second.kill()
        third = catalogue(**old)
        send()
        until(lambda: stored("count()", "ui_events") >= 5_000, 90)
        until(lambda: stored("count()", "segments") >= len(executions))
        until(lambda: stored("sum(rows) - sum(lag)", "v_pipeline WHERE topic LIKE '%.routines'") >= 3)
        until(lambda: [routine.executions for routine in living()] == [144] * 3)
        assert stored("count()", "ui_events") == stored("uniqExact(agent, seq)", "ui_events") == 5_000
        assert stored("count()", "segments") == stored("uniqExact(id)", "segments") == len(executions)
        assignments = read(stage.settings, "assignments", Assignment)
        assert len({(one.segment, one.version) for one in assignments}) == len(assignments)
        assert len(latest(assignments)) == len(executions)
        assert set(latest(assignments).values()) == {routine.id for routine in living()}
        assert values(stage.settings, "dead-letter") == []
        assert all(process.poll() is None for process in (again, third))
        end(again)
        end(third)
        assert not any("Traceback" in log.read_text(errors="replace") for log in tmp_path.glob("*.log"))
    finally:
        stage.close()
