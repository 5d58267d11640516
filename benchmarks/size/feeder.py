"""The process that sends the company's messages when they are due, however fast the pipeline is."""

from __future__ import annotations

import multiprocessing
import signal
import time
from typing import Any, Final

import msgspec
import psutil

from benchmarks.size.company import actor_of, days_of_events, encoded, messages, partition_of, working_days
from taskstream.events import BATCH_TYPE
from taskstream.kafka.clients import kafka_config, new_producer
from taskstream.settings import Settings
from taskstream.topics import UI_EVENTS

LOOK: Final = 200
"""Messages between two looks at the clock and at what is asked."""
START_S: Final = 120.0


class Plan(msgspec.Struct, frozen=True):
    """Who sends how much: ``backlog_s`` seconds of work come at once, as after an outage."""

    agents: int
    rate: int
    people: int
    seed: int
    backlog_s: int


class SizeFeeder:
    """Sends from the moment at which it is made until :meth:`stop`."""

    def __init__(self, settings: Settings, plan: Plan) -> None:
        context = multiprocessing.get_context("spawn")
        self._sent: Any = context.Value("q", 0)
        self._messages = context.Value("q", 0)
        self._behind_ms = context.Value("q", 0)
        self._stop = context.Event()
        self._process = context.Process(
            target=_feed,
            args=(_where(settings), plan, self._sent, self._messages, self._behind_ms, self._stop),
            daemon=True,
        )
        self._process.start()

    @property
    def sent(self) -> int:
        """Events handed to Kafka's client so far."""
        return int(self._sent.value)

    @property
    def messages(self) -> int:
        """The same in messages."""
        return int(self._messages.value)

    @property
    def behind_s(self) -> float:
        """How long ago what is sent now was due (seconds)."""
        return float(self._behind_ms.value) / 1000

    def cpu_s(self) -> float:
        """CPU seconds used so far."""
        assert self._process.pid is not None
        return float(sum(psutil.Process(self._process.pid).cpu_times()[:2]))

    def stop(self) -> None:
        """Send no more, and see what was sent into Kafka."""
        self._stop.set()
        self._process.join(START_S)

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.join()


def _where(settings: Settings) -> tuple[str, str, int]:
    """What another process must know of the settings."""
    return settings.kafka, settings.prefix, settings.partitions


def _feed(where: tuple[str, str, int], plan: Plan, sent: Any, told: Any, behind_ms: Any, stop: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    kafka, prefix, partitions = where
    days = working_days(days_of_events(plan.people, plan.seed), plan.agents, plan.rate)
    keys = [actor_of(agent).encode() for agent in range(plan.agents)]
    places = [partition_of(agent, partitions) for agent in range(plan.agents)]
    config = {"compression.type": "lz4", "linger.ms": 20, "batch.size": 200_000}
    settings = Settings(kafka=kafka, prefix=prefix, partitions=partitions)
    producer = new_producer(kafka_config(settings, "bench") | config)
    topic, headers = prefix + UI_EVENTS.name, [("ce_type", BATCH_TYPE)]
    now_ms = time.time_ns() // 1_000_000
    events = 0
    for count, (due_ms, message) in enumerate(messages(days, plan.agents, now_ms - plan.backlog_s * 1000)):
        if due_ms > now_ms or count % LOOK == 0:
            sent.value, told.value = events, count
            producer.poll(0)
            now_ms = time.time_ns() // 1_000_000
            behind_ms.value = max(0, now_ms - due_ms)
            if due_ms > now_ms:
                time.sleep((due_ms - now_ms) / 1000 + 0.005)
                now_ms = time.time_ns() // 1_000_000
            if stop.is_set():
                break
        while True:
            try:
                agent = message.agent
                producer.produce(topic, encoded(message, now_ms), keys[agent], places[agent], headers=headers)
                break
            except BufferError:
                producer.poll(0.05)
        events += len(message.piece.at_ms)
    producer.flush(60)
    sent.value = events
