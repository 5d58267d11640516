"""A rolling upgrade and a way back: the previous version's workers beside this one's, under load, killed in between.

The previous version is taken from the history of the repository: the whole of it must be there (no shallow clone).
"""

from __future__ import annotations

import io
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.streams import Deployment
from tests.integration.streams.test_streams import clean_events, work

pytestmark = [pytest.mark.faults, pytest.mark.integration]

PREVIOUS = "0f854e91"
"""The last commit whose state has format 1."""
ROOT = Path(__file__).parents[2]


@pytest.fixture
def deployment(kafka: str, tmp_path: Path) -> Iterator[Deployment]:
    found = Deployment(kafka, tmp_path, partitions=2)
    yield found
    found.stop()


@pytest.fixture(scope="module")
def previous(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The previous version's sources."""
    packed = subprocess.run(
        ["git", "archive", PREVIOUS, "taskstream", "streams"], cwd=ROOT, capture_output=True, check=False
    )
    assert packed.returncode == 0, f"{packed.stderr.decode()}: fetch the whole history of the repository"
    folder: Path = tmp_path_factory.mktemp("previous")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def test_two_versions_side_by_side_up_and_down_lose_and_repeat_nothing(deployment: Deployment, previous: Path) -> None:
    sent = list(work(20, 60))
    total = len({(message.agent, message.first_seq + n) for message in sent for n in range(len(message.events))})
    part = len(sent) // 5
    parts = [sent[n * part : (n + 1) * part if n < 4 else None] for n in range(5)]
    old = {"PYTHONPATH": str(previous), "PYTHONSAFEPATH": "1"}

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
