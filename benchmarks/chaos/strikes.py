"""What each fault does."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Final

from benchmarks.chaos import topic_strikes
from benchmarks.chaos.pack import FOREIGN
from benchmarks.chaos.proxy import Proxy
from benchmarks.chaos.scene import Scene
from streams.runtime.health import SESSION_S

ZOMBIE_S: Final = SESSION_S + 8.0
IDLE_S: Final = 120.0
SLEEP_S: Final = 100.0
"""Longer than every timeout: of a group's session, of a transaction, of a client's request."""
HOUR_S: Final = 3_600
JUMPS_S: Final = (-72 * HOUR_S, -HOUR_S, 180, 2 * HOUR_S, 48 * HOUR_S)
"""By how much a wall clock is set wrong."""


def _kill(kind: str, scene: Scene) -> None:
    scene.draw.choice(scene.testbed.of(kind)).send(signal.SIGKILL)


def _kill_broker(scene: Scene) -> None:
    scene.testbed.kafka.kill()
    time.sleep(scene.draw.random())
    scene.testbed.kafka.start()


def _kill_clickhouse(scene: Scene) -> None:
    scene.testbed.clickhouse.kill()
    time.sleep(scene.draw.random())
    scene.testbed.clickhouse.start()


def _zombie(scene: Scene) -> None:
    zombie = scene.draw.choice(scene.testbed.of("worker"))
    zombie.send(signal.SIGSTOP)
    time.sleep(ZOMBIE_S)
    zombie.send(signal.SIGCONT)


def _refuse(proxy: Proxy, seconds: float) -> None:
    proxy.refuse = True
    proxy.cut()
    time.sleep(seconds)
    proxy.refuse = False


def _delay(proxy: Proxy) -> None:
    proxy.delay_s = 0.5
    time.sleep(3)
    proxy.delay_s = 0.0


def _away(seconds: float, scene: Scene) -> None:
    """Kafka cannot be reached, also by processes that start meanwhile."""
    proxy = scene.testbed.kafka_proxy
    proxy.refuse = True
    proxy.cut()
    time.sleep(seconds / 3)
    for kind in ("worker", "sink", "catalogue"):
        _kill(kind, scene)
    time.sleep(seconds * 2 / 3)
    proxy.refuse = False


def _idle(scene: Scene) -> None:
    with scene.sender.paused():
        time.sleep(IDLE_S)


def _sleep(scene: Scene) -> None:
    """All processes are stopped, as on a laptop whose lid is closed."""
    testbed = scene.testbed
    with scene.sender.paused():
        pids = [child.pid for child in testbed.children] + [testbed.kafka.pid, testbed.clickhouse.pid]
        for pid in pids:
            _signal(pid, signal.SIGSTOP)
        time.sleep(SLEEP_S)
        for pid in reversed(pids):
            _signal(pid, signal.SIGCONT)


def _signal(pid: int, number: signal.Signals) -> None:
    if pid:  # 0: it is being started again just now
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _clock_jumps(scene: Scene) -> None:
    """Somebody sets a machine's clock, under a running process or before its start."""
    child = scene.draw.choice(scene.testbed.children)
    assert child.clock is not None
    child.clock.set(scene.draw.choice(JUMPS_S))
    if scene.draw.random() < 0.5:
        child.send(signal.SIGKILL)


_BY_NAME: Final[dict[str, Callable[[Scene], None]]] = {
    "kill worker": partial(_kill, "worker"),
    "kill sink": partial(_kill, "sink"),
    "kill catalogue": partial(_kill, "catalogue"),
    "kill broker": _kill_broker,
    "kill clickhouse": _kill_clickhouse,
    "pause worker (zombie)": _zombie,
    "refuse clickhouse": lambda scene: _refuse(scene.testbed.proxy, 2),
    "delay clickhouse": lambda scene: _delay(scene.testbed.proxy),
    "refuse kafka": lambda scene: _refuse(scene.testbed.kafka_proxy, 2),
    "delay kafka": lambda scene: _delay(scene.testbed.kafka_proxy),
    "clock jumps": _clock_jumps,
    "idle for 2 minutes": _idle,
    "machine sleeps": _sleep,
    "kafka away 75 s": partial(_away, 75.0),
    "kafka away 5 minutes": partial(_away, 300.0),
    "re-create input": partial(topic_strikes.recreate, ("ui-events",)),
    "re-create derived": partial(topic_strikes.recreate, topic_strikes.RECREATED),
    "re-create state": partial(topic_strikes.recreate, ("state",)),
    "partitions added": topic_strikes.add_partition,
    "retention passes input": topic_strikes.retention_passes_input,
    "retention passes derived": topic_strikes.retention_passes_derived,
}

_FOREIGN: Final[dict[str, Callable[[Scene], None]]] = {
    fault: partial(topic_strikes.foreign, fault.removeprefix("foreign message in ")) for fault in FOREIGN
}
STRIKES: Final[Mapping[str, Callable[[Scene], None]]] = _BY_NAME | _FOREIGN


def strike(scene: Scene, fault: str) -> None:
    """One fault."""
    scene.testbed.faults[fault] += 1
    scene.testbed.last = fault
    STRIKES[fault](scene)
