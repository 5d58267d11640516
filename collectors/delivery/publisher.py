"""From the spool to Kafka: an idempotent producer, a bounded number of messages in flight, removal after the report.

Order is kept per agent, because the streams cut by the highest number seen: messages of one partition are acknowledged
in the order they were sent or not at all (idempotence with the gapless guarantee), and after an error that the client
library calls fatal a new producer starts again from the oldest row that is still in the spool. What was sent twice that
way carries the same (agent, seq) and is cut by the streams.

An agent's batches stay in one partition, also where the topic is widened: the streams know there what they have seen of
it. So the number of partitions is kept with the agent; a new one, as each login makes, takes the number of then.

A message says when it was handed over, and the streams take the time from then to its arrival for an error of the
desktop's clock. So nothing waits with the client library for long: where the oldest message is not acknowledged within
:data:`HANDED_OVER_S`, however the machine slept meanwhile, all are taken back and sent anew with the time of then. The
library's own limit is not used: it drops single messages, and those behind them would be sent out of order.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import KafkaError, KafkaException, Producer

from collectors.clock import Stopwatch
from collectors.delivery.spool import Spool, Spooled
from taskstream import metrics
from taskstream.errors import ServiceError, TaskstreamError
from taskstream.events import BATCH_TYPE, HEARTBEAT_TYPE, MAX_TIME_MS, Heartbeat, encode
from taskstream.kafka.clients import kafka_config, new_admin, new_producer
from taskstream.kafka.partitioning import partition_of
from taskstream.settings import Settings

if TYPE_CHECKING:
    from confluent_kafka import Message

log = logging.getLogger("taskstream.publisher")

MAX_IN_FLIGHT: Final = 1_000
"""Messages handed to the client library and not yet acknowledged."""
MAX_IN_FLIGHT_BYTES: Final = 8_000_000
HANDED_OVER_S: Final = 30.0
"""A message not acknowledged for so long is taken back (seconds). Well below ``max_skew_ms``, so that an outage is not
taken for a wrong clock; long enough for the choice of a new leader."""
FIRST_TRY: Final = 20
"""Messages handed over while it is not known whether Kafka answers again."""
ASK_S: Final = 5.0
"""How long Kafka may take to say how many partitions there are (seconds)."""
ASK_AGAIN_S: Final = 60.0
"""For so long the answer holds for agents that begin (seconds)."""
RECENT: Final = 20
"""A repeated message is one sent this many messages before."""
RECENT_AGENTS: Final = 10_000
"""Agents whose partition is remembered at most; of the others the spool knows among how many it was chosen."""
_HOPELESS: Final = frozenset([KafkaError.MSG_SIZE_TOO_LARGE, KafkaError._INVALID_ARG])
"""Errors that another try cannot mend."""


def producer_config(settings: Settings) -> dict[str, Any]:
    """Settings of the producer."""
    return kafka_config(settings, "collector") | {
        "enable.idempotence": True,
        "enable.gapless.guarantee": True,
        "acks": "all",
        "compression.type": "zstd",
        "linger.ms": 20,
        "message.timeout.ms": 0,  # what waits for too long is taken back as a whole, in order
        "topic.metadata.propagation.max.ms": 15_000,  # say that the topic is missing before what waits is taken back
        "message.max.bytes": 1_200_000,
        "queue.buffering.max.messages": 4 * MAX_IN_FLIGHT,
        "queue.buffering.max.kbytes": 16_384,
        "reconnect.backoff.max.ms": 5_000,
    }  # fmt: skip


def input_partitions(settings: Settings, topic: str, timeout_s: float = 5.0) -> int:
    """How many partitions the topic has.

    Raises:
        ServiceError: Kafka does not answer, or the topic does not exist.
    """
    try:
        topics = new_admin(kafka_config(settings, "collector")).list_topics(timeout=timeout_s).topics
    except KafkaException as error:
        raise ServiceError(f"Kafka at {settings.kafka} does not answer: {error.args[0].str()}") from error
    if topic not in topics:
        raise ServiceError(f"Kafka at {settings.kafka} has no topic {topic}: run `taskstream topics apply`")
    return len(topics[topic].partitions)


def send_closing_heartbeats(
    settings: Settings, topic: str, partitions: Iterable[int], advance_ms: int, timeout_s: float = 30.0
) -> None:
    """Advance the event time of each partition, so that everything still open closes.

    Raises:
        ServiceError: Kafka did not take them in time.
    """
    producer = new_producer(producer_config(settings))
    for partition in partitions:
        producer.produce(
            topic,
            encode(Heartbeat(schema=1, advance_ms=advance_ms)),
            partition=partition,
            headers=[("ce_specversion", b"1.0"), ("ce_type", HEARTBEAT_TYPE)],
        )
    if producer.flush(timeout_s):
        producer.purge()
        raise ServiceError(f"Kafka at {settings.kafka} did not take the closing heartbeats within {timeout_s:.0f} s")


class Publisher:
    """Sends a spool's batches in its own thread.

    ``sent_ms``  the desktop's clock at hand-over (milliseconds since the epoch), given the agent's id
    ``ripe_ms``  batches stored after this time are held back for now (milliseconds since the epoch)
    ``repeat``   asked after each message whether to send an earlier one again, as a crash would (for simulations)
    """

    def __init__(
        self,
        settings: Settings,
        topic: str,
        spool: Spool,
        *,
        sent_ms: Callable[[str], int],
        config: dict[str, Any] | None = None,
        max_in_flight: int = MAX_IN_FLIGHT,
        jitter: random.Random | None = None,
        repeat: Callable[[], bool] = lambda: False,
        ripe_ms: Callable[[], int] = lambda: MAX_TIME_MS,
    ) -> None:
        self._ripe_ms = ripe_ms
        self._kafka = settings.kafka
        self._topic = topic
        self._spool = spool
        self._sent_ms = sent_ms
        self._config = producer_config(settings) | (config or {})
        self._max_in_flight = max_in_flight
        self._jitter = jitter or random.Random()
        self._repeat = repeat
        self._recent: deque[Spooled] = deque(maxlen=RECENT)
        self._producer: Producer = None
        self._partitions: dict[str, int] = {}  # of each agent
        self._current = 0  # of the topic, when it was last asked
        self._asked = Stopwatch()
        self._doubtful = False  # whether agents' partitions are still there
        self._waiting: list[Spooled] = []  # taken from the spool, not yet handed to the client library
        self._in_flight: dict[int, tuple[int, int, Stopwatch]] = {}  # row → (events, bytes, since its hand-over)
        self._in_flight_bytes = 0
        self._acknowledged: list[int] = []
        self._failed: KafkaError | None = None
        self._rebuilds_in_a_row = 0
        self._stop = threading.Event()
        self._at_once = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._progress_s = time.monotonic()
        self.delivered_events = 0
        """Events Kafka has acknowledged."""
        self.delivered_messages = 0
        self.repeated_messages = 0
        """Messages sent again because ``repeat`` said so."""
        self.rebuilds = 0
        """Times the producer had to be made anew."""
        self.error: TaskstreamError | None = None
        """What ended the thread, when it ended by itself."""

    # -- from other threads --------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def wake(self) -> None:
        """There is something new in the spool."""
        self._wake.set()

    @property
    def stalled_s(self) -> float:
        """Seconds since Kafka last acknowledged anything, while something waits for it; else 0."""
        return time.monotonic() - self._progress_s if self._spool.pending else 0.0

    def check(self) -> None:
        """Raise what ended the thread, if it did.

        Raises:
            TaskstreamError: the spool cannot be used, or Kafka refuses a message for good.
        """
        if self.error is not None:
            raise self.error

    def drain(self, timeout_s: float, on_wait: Callable[[], None] = lambda: None) -> bool:
        """Wait until nothing is left that is not held back, or nothing was acknowledged for ``timeout_s``.

        Whether nothing is left.
        """
        while self._spool.owes(self._ripe_ms()):
            self.check()
            if self.stalled_s > timeout_s:
                return False
            self._wake.set()
            on_wait()
            time.sleep(0.02)
        return True

    def stop(self, timeout_s: float = 10.0, *, at_once: bool = False) -> None:
        """End the thread; what is not acknowledged stays in the spool. ``at_once`` gives up what is under way."""
        self._at_once = self._at_once or at_once
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    # -- in the thread -------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._step()
            if self._producer is not None and not self._at_once:
                self._producer.flush(2.0)  # what is acknowledged now need not be sent again at the next start
            self._leave()
        except TaskstreamError as error:
            self.error = error
        except Exception as error:  # nobody else would see an exception of this thread
            log.exception("publisher")
            self.error = TaskstreamError(f"the publisher failed: {error}")

    def _step(self) -> None:
        if self._producer is None:
            self._producer = new_producer(self._config)
        if self._overdue():  # first of all: after sleep, before the client library is given any time
            self._failed = KafkaError(KafkaError._MSG_TIMED_OUT, f"no acknowledgement for {HANDED_OVER_S:.0f} s")
            self._rebuild()
            return
        busy = self._hand_over()
        self._producer.poll(0 if busy else 0.02 if self._in_flight else 0)
        self._settle()
        if self._failed is not None:
            self._rebuild()
        elif not busy and not self._in_flight:
            self._wake.wait(0.2)
            self._wake.clear()

    def _overdue(self) -> bool:
        """Whether the oldest message in flight has waited for too long."""
        oldest = next(iter(self._in_flight.values()), None)
        return oldest is not None and oldest[2].passed_s > HANDED_OVER_S

    def _hand_over(self) -> bool:
        """Give the client library what fits in flight; whether anything was given."""
        limit = min(FIRST_TRY, self._max_in_flight) if self._rebuilds_in_a_row else self._max_in_flight
        room = limit - len(self._in_flight) - len(self._waiting)
        if room > 0 and len(self._waiting) < 50:
            if not self._in_flight and not self._waiting and not self._rebuilds_in_a_row:
                self._progress_s = time.monotonic()  # nothing was owed until now
            self._waiting += self._spool.take(min(room, 500), self._ripe_ms())
        given = 0
        for row in self._waiting:
            if self._in_flight and self._in_flight_bytes + len(row.body) > MAX_IN_FLIGHT_BYTES:
                break
            if not self._produce(row):
                break
            given += 1
            self._recent.append(row)
            if self._repeat() and self._produce(self._recent[0], again=True):
                self.repeated_messages += 1
        del self._waiting[:given]
        return given > 0

    def _produce(self, row: Spooled, *, again: bool = False) -> bool:
        partition = self._partition_of(row)
        if partition is None:
            return False
        since = Stopwatch()  # before the time of the hand-over is read, so that no sleep falls in between
        value = b'%s,"sent_ms":%d}' % (row.body[:-1], self._sent_ms(row.agent))
        try:
            self._producer.produce(
                self._topic,
                value,
                key=row.actor.encode(),
                partition=partition,
                headers=[
                    ("ce_specversion", b"1.0"),
                    ("ce_type", BATCH_TYPE),
                    ("ce_source", row.agent.encode()),
                    ("ce_id", f"{row.agent}:{row.first_seq}".encode()),
                ],
                on_delivery=None if again else partial(self._delivered, row.id),
            )
        except BufferError:
            return False
        except KafkaException as error:
            self._failed = error.args[0]
            return False
        if not again:
            self._in_flight[row.id] = (row.events, len(row.body), since)
            self._in_flight_bytes += len(row.body)
        return True

    def _partition_of(self, row: Spooled) -> int | None:
        """The partition of the batch's agent; None where Kafka has to be asked and does not say."""
        known = self._partitions.get(row.agent)
        if known is not None:
            return known
        count = kept = self._spool.partitions(row.agent)
        if not kept or self._doubtful:
            if (not self._current or self._asked.passed_s > ASK_AGAIN_S) and not self._ask():
                return None
            count = min(kept or self._current, self._current)
            self._spool.write_partitions(row.agent, count)
        if len(self._partitions) >= RECENT_AGENTS:
            self._partitions.clear()
        found = self._partitions[row.agent] = partition_of(row.actor.encode(), count)
        return found

    def _ask(self) -> bool:
        """Ask how many partitions there are; whether Kafka said so."""
        try:
            found = self._producer.list_topics(self._topic, timeout=ASK_S).topics.get(self._topic)
        except KafkaException as error:
            # As if messages were not acknowledged: it has waited, and is told of once.
            self._failed = KafkaError(KafkaError._MSG_TIMED_OUT, f"no answer: {error.args[0].str()}")
            return False
        if found is None or found.error is not None or not found.partitions:
            self._failed = KafkaError(KafkaError._UNKNOWN_TOPIC) if found is None or not found.error else found.error
            return False
        self._current, self._asked = len(found.partitions), Stopwatch()
        return True

    def _delivered(self, row: int, error: KafkaError | None, message: Message) -> None:
        events, size, _ = self._in_flight.pop(row)
        self._in_flight_bytes -= size
        if error is not None:
            self._failed = self._failed or error
            return
        self._acknowledged.append(row)
        self.delivered_events += events
        self.delivered_messages += 1
        metrics.EVENTS_PUBLISHED.inc(events)

    def _settle(self) -> None:
        if self._acknowledged:
            self._spool.remove(self._acknowledged)
            self._acknowledged.clear()
            self._progress_s = time.monotonic()
            self._rebuilds_in_a_row = 0

    def _rebuild(self) -> None:
        """Begin again with a new producer from the oldest row that Kafka has not acknowledged."""
        error, self._failed = self._failed, None
        assert error is not None
        if error.code() in _HOPELESS:
            raise ServiceError(f"Kafka at {self._kafka} refuses a message for good: {error.str()}")
        delay_s = min(30.0, 0.25 * 2**self._rebuilds_in_a_row) * self._jitter.uniform(0.5, 1.0)
        known = False
        if error.code() == KafkaError._MSG_TIMED_OUT:
            delay_s, known = 0.0, self._rebuilds_in_a_row > 0  # enough was waited; an outage is told of once
        log.log(logging.INFO if known else logging.WARNING, "producer made anew in %.1f s: %s", delay_s, error.str())
        self._leave()
        self._producer = None
        self._failed = None
        self._doubtful = error.code() == KafkaError._UNKNOWN_PARTITION  # created anew with fewer
        self._current = 0
        self._partitions.clear()
        self._waiting.clear()
        self._spool.rewind()
        self.rebuilds += 1
        self._rebuilds_in_a_row = min(self._rebuilds_in_a_row + 1, 10)
        self._stop.wait(delay_s)

    def _leave(self) -> None:
        """Learn what has been acknowledged, and give up the rest (it stays in the spool)."""
        if self._producer is None:
            return
        self._producer.purge()
        self._producer.flush(2.0)
        self._settle()
        self._in_flight.clear()
        self._in_flight_bytes = 0
