"""What each fault does to the world."""

from __future__ import annotations

import random
import signal
import time

from benchmarks.chaos.world import World
from streams.runtime.health import SESSION_S


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
        time.sleep(SESSION_S + 8)
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
