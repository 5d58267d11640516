"""A worker whose machine has a wrong clock, or whose clock is set while it runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.chaos.wall_clock import WallClock, build
from tests.fixtures.streams import Deployment
from tests.integration.streams.test_streams import clean_events, work

pytestmark = [
    pytest.mark.faults,
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform != "linux", reason="clocks are set by preloading, which is Linux's"),
]


@pytest.fixture
def deployment(kafka: str, tmp_path: Path) -> Iterator[Deployment]:
    found = Deployment(kafka, tmp_path, partitions=2)
    yield found
    found.stop()


def test_results_do_not_depend_on_the_clock_of_a_workers_machine(deployment: Deployment, tmp_path: Path) -> None:
    """Two days ahead at the start (Kafka refuses such times of writers, but for topics that carry its own), then set
    back by a month (retention would remove what bears such a time)."""
    clock = WallClock(build(tmp_path), tmp_path / "clock")
    clock.set(2 * 86_400)
    worker = deployment.start_worker(**clock.environment)
    sent = list(work(20, 40))
    total = len({(message.agent, message.first_seq + n) for message in sent for n in range(len(message.events))})
    deployment.publish(sent[: len(sent) // 2])
    deployment.wait("results while it is ahead", lambda: clean_events(deployment) > 0)
    clock.set(-32 * 86_400)
    deployment.publish(sent[len(sent) // 2 :])
    deployment.finish()
    deployment.wait("all is through", lambda: clean_events(deployment) >= total)
    deployment.wait("windows are out", lambda: bool(deployment.read("activity")))
    assert worker.poll() is None
    assert "begun again" not in deployment.log_of(worker)
    deployment.check()
