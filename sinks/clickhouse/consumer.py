"""The sink: from Kafka to ClickHouse, each row exactly once.

One loop takes messages in and closes blocks, a few threads insert the blocks of one cycle while the next is taken in.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as KafkaPartition

from sinks.clickhouse.beginnings import Beginnings
from sinks.clickhouse.feeds import Feed
from sinks.clickhouse.joint import Block
from sinks.clickhouse.ledger import Ledger, is_past
from sinks.clickhouse.logs import Logs, Start, base
from sinks.clickhouse.ranges import Commit, TopicPartition
from sinks.clickhouse.silence import Silence
from sinks.clickhouse.writer import Abandoned, Writer
from taskstream import metrics
from taskstream.errors import ServiceError
from taskstream.kafka.clients import kafka_config
from taskstream.settings import Settings

log = logging.getLogger("taskstream.sink")

GROUP: Final = "sink"
CONSUME: Final = 10
"""Messages taken from the client library at once: so few that they are taken apart while in the processor's cache."""
STEP_MESSAGES: Final = 300
STEP_BYTES: Final = 1_000_000
"""What one step takes in (messages, bytes): a step looks at every partition, which small messages must share; those of
UI events hold thousands of rows."""
POLL_S: Final = 0.05
SETTLE_MS: Final = 1_000
"""How long the commit of a finished block may wait for the next block, which says it in the same request."""
PATIENCE_MS: Final = 2_000
"""How long the inserts may hold everything up before the partitions are paused."""
RELEASE_S: Final = 5.0
"""How long a partition that is taken away waits for its block in flight; after that the successor repeats it."""

Callback = Callable[[Consumer, list[KafkaPartition]], None]


def consumer_config(settings: Settings) -> dict[str, Any]:
    """The consumer's settings. Blocks are formed from committed messages only, and nothing is committed unasked.

    ``enable.partition.eof`` must stay off: librdkafka 2.12 takes the end-of-partition event in a batch for a message
    and begins one offset too late when it next fetches again (a rebalance, a pause): it skips a message.
    """
    return kafka_config(settings, "sink") | {
        "group.id": settings.prefix + GROUP,
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",  # a place that is gone is looked into, not passed over
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": 6_000,
        "heartbeat.interval.ms": 1_500,
        "max.poll.interval.ms": 120_000,
        "topic.metadata.refresh.interval.ms": 10_000,
        "fetch.wait.max.ms": 100,
        "fetch.message.max.bytes": 1 << 19,
        "queued.max.messages.kbytes": 4 << 10,  # of each partition
        "fetch.queue.backoff.ms": 10,  # its default of 1 s stands still whenever the queue was full for a moment
    }


class Sink:
    """Owns some partitions of the topics in ``feeds`` (name with prefix → feed) and stores them."""

    def __init__(
        self,
        new_client: Callable[[], Consumer],
        ledger: Ledger,
        writer: Writer,
        feeds: dict[str, Feed],
        beginnings: Beginnings,
        *,
        is_empty: Callable[[str], bool],
        now_ms: Callable[[], int],
        stop: threading.Event,
        max_rows: int,
        pool: Executor,
        poll_s: float = POLL_S,
        release_s: float = RELEASE_S,
    ) -> None:
        self._new_client = new_client
        self._consumer = new_client()
        self._ledger = ledger
        self._writer = writer
        self._feeds = feeds
        self._beginnings = beginnings
        beginnings.ask_with(self._consumer)
        self._is_empty = is_empty
        self._now_ms = now_ms
        self._stop = stop
        self._max_rows = max_rows
        self._pool = pool
        self._poll_s = poll_s
        self._release_s = release_s
        self._starting: list[Block] = []
        self._flight: dict[Future[dict[TopicPartition, int]], Block] = {}
        self._settled_ms = 0
        self._noted_ms = 0
        self._paused = False
        self._full_ms = 0
        self._sources: dict[tuple[str | None, int | None], TopicPartition] = {}
        self._doubted: set[TopicPartition] = set()
        self._displaced: set[TopicPartition] = set()
        self._absent: dict[tuple[str, int], KafkaPartition] = {}
        self._logs: Logs = {}
        self._compared = self._logs
        self._ends: Mapping[TopicPartition, int] = {}
        self._drained = False
        self._outdated = False
        self._known: dict[str, str] = {}
        self._silence = Silence()
        self._failure: Exception | None = None

    def run(self, on_cycle: Callable[[], None]) -> None:
        """Store until ``stop`` is set, then finish what is in flight and leave. ``on_cycle``: called after each step.

        Raises:
            ServiceError: the Kafka client cannot go on.
        """
        self.join_group()
        try:
            while not self._stop.is_set():
                self.step()
                on_cycle()
        finally:
            self._consumer.close()  # revokes what is owned: finishes or abandons it, commits what is stored
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._raise_failure()  # of the callbacks of the close

    def join_group(self) -> None:
        """Ask for a share of the partitions; they come with the steps that follow."""
        self._consumer.subscribe(
            list(self._feeds),
            on_assign=self._kept(self._on_assign),
            on_revoke=self._kept(self._on_revoke),
            on_lost=self._kept(self._on_lost),
        )

    def _renew_client(self) -> None:
        """Leave the group and join it with a new client: what is stored is committed, the rest comes again.

        A client that knew a topic takes what it hears of one created anew for older news while that has a lower leader
        epoch, as after each restart of a broker, and fetches nothing of it, however often it is assigned (librdkafka
        2.12).
        """
        log.info("a topic was created anew: joining the group again with a client that has not known the former one")
        self._outdated = False
        self._known = dict(self._logs)  # it may hear of them before it is given a partition
        self._consumer.close()
        self._raise_failure()
        self._consumer = self._new_client()
        self._beginnings.ask_with(self._consumer)
        self._paused, self._full_ms = False, 0
        self.join_group()

    def _kept(self, callback: Callback) -> Callback:
        """``callback``, with what it raises kept for :meth:`_raise_failure`.

        The client library loses it where a further callback is called in the same go, and then raises a SystemError.
        """

        def call(consumer: Consumer, partitions: list[KafkaPartition]) -> None:
            try:
                callback(consumer, partitions)
            except Exception as error:  # the loop raises it
                self._failure = error

        return call

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def step(self) -> None:
        """Take in what has come, then bring the blocks forward."""
        if self._may_consume():
            now_ms = self._consume()
            self._move_displaced()
            self._seek_doubted()
            if self._paused or not self._drained:
                self._silence.clear()
            if is_past(now_ms, self._noted_ms, SETTLE_MS):  # it looks at every partition: not with each step
                self._noted_ms = now_ms
                self._note_positions(now_ms)
                self._wake_silent(now_ms)
            if self._outdated and not self._displaced:
                self._renew_client()
        self.advance()

    def _consume(self) -> int:
        """Take in what has come, up to the bounds of one step; when that was."""
        wait_s, messages, size = self._poll_s, 0, 0
        while True:
            found = self._consumer.consume(CONSUME, wait_s)
            self._raise_failure()
            now_ms = self._now_ms()
            for message in found:
                size += self._take_in(message, now_ms)
            messages += len(found)
            self._drained = len(found) < CONSUME
            if self._drained or messages >= STEP_MESSAGES or size >= STEP_BYTES:
                return now_ms
            wait_s = 0.0

    def advance(self) -> None:
        """The order of effects that keeps the promise. A crash between any two lines is survived as each line says."""
        now_ms = self._now_ms()
        # 1. Blocks in flight have been stored. A crash here: the successor repeats them; their tokens are known.
        self._collect()
        # 2. The next blocks are closed. A crash here loses nothing: their messages are in Kafka, their range nowhere.
        if not self._starting and self._ledger.due(now_ms):
            self._starting = self._ledger.take(now_ms)
        self._starting = [block for block in self._starting if not block.abandoned]
        if not self._starting and not is_past(now_ms, self._settled_ms, SETTLE_MS):
            return
        # 3. One write says that the old blocks are done and what the new ones hold. Refused (the group has moved on) or
        #    unanswered: nothing is inserted; the same blocks are offered again unless their partitions are taken away.
        #    A crash after it: the successor repeats exactly these ranges.
        if not self._commit(self._ledger.begin(self._starting, now_ms)):
            return
        self._settled_ms = now_ms
        # 4. The inserts run. Any of them may happen twice, late, or by a process that lost the partition meanwhile: the
        #    range is the same, so the token is the same, and ClickHouse takes it once.
        starting, self._starting = self._starting, []
        for block in starting:
            self._flight[self._pool.submit(self._writer.store, block)] = block

    def _collect(self) -> None:
        """Note which blocks are stored."""
        for future in [future for future in self._flight if future.done()]:
            block = self._flight.pop(future)
            try:
                rows = future.result()
            except Abandoned:
                continue
            self._ledger.done(block, rows)

    def _commit(self, commits: Sequence[Commit]) -> bool:
        if not commits:
            return True
        offsets = [KafkaPartition(c.source.topic, c.source.partition, c.offset, c.metadata) for c in commits]
        try:
            answers = self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            log.info("commit refused: %s", error.args[0])
            return False
        refused = [answer.error for answer in answers or [] if answer.error]
        if refused:
            log.info("commit refused: %s", refused[0])
            return False
        self._ledger.committed(commits)
        return True

    def _may_consume(self) -> bool:
        """Take nothing in while a cycle's worth waits already, or waits and is in flight twice: Kafka is the buffer.

        A short wait leaves what was fetched where it is. A longer one (ClickHouse is slow or away) pauses the
        partitions, which throws the fetched away, so that the consumer can be polled: else the group puts it out.
        """
        if self._ledger.rows_waiting() < self._max_rows and self._ledger.rows_held() < 2 * self._max_rows:
            if self._paused:
                self._paused = False
                self._consumer.resume(self._consumer.assignment())
            self._full_ms = 0
            return True
        now_ms = self._now_ms()
        self._full_ms = self._full_ms or now_ms
        if self._paused or is_past(now_ms, self._full_ms, PATIENCE_MS):
            if not self._paused:
                self._paused = True
                self._consumer.pause(self._consumer.assignment())
            return True
        wait(self._flight, self._poll_s, FIRST_COMPLETED)
        return False

    def _take_in(self, message: Message, now_ms: int) -> int:
        """Give a message to the ledger; returns its bytes."""
        error = message.error()
        source = self._sources.get((message.topic(), message.partition()))
        if error is None:
            value = message.value()
            if source is not None and source not in self._doubted and source not in self._displaced:
                self._ledger.accept(source, message.offset() or 0, value, now_ms=now_ms)
            return len(value or b"")
        if error.fatal():
            raise ServiceError(f"Kafka: {error.str()}")
        log.debug("Kafka: %s", error)
        if source is not None:
            (self._displaced if error.code() == KafkaError._AUTO_OFFSET_RESET else self._doubted).add(source)
        return 0

    def _seek_doubted(self) -> None:
        """After an error the client's position is one behind the message that it did not get (librdkafka 2.12), and
        from there it would go on after a pause. What comes until it is set right is left to come again."""
        for source in sorted(self._doubted):
            self._doubted.discard(source)
            self._seek(KafkaPartition(source.topic, source.partition, self._ledger.position(source)))

    def _seek(self, place: KafkaPartition) -> None:
        """Read from ``place`` on, now or, where the client cannot yet, with the next step.

        The client no longer fetches a partition whose topic was gone for a moment; assigned again it does.
        """
        try:
            self._consumer.seek(place)
        except KafkaException as error:
            log.debug("%s/%d: seek: %s", place.topic, place.partition, error)
            self._assign_again(place)

    def _assign_again(self, place: KafkaPartition) -> None:
        try:
            self._consumer.incremental_unassign([place])
            self._consumer.incremental_assign([place])
        except KafkaException as error:
            log.debug("%s/%d: assign: %s", place.topic, place.partition, error)
            self._doubted.add(self._sources[place.topic, place.partition])

    def _wake_silent(self, now_ms: int) -> None:
        """Assign again of what nothing comes, though there is more and the client holds nothing back."""
        if self._paused or not self._drained:
            return
        positions = {source: self._ledger.position(source) for source in self._ledger.owned()}
        for source in self._silence.over(positions, self._ends, now_ms):
            if source in self._doubted or source in self._displaced:
                continue
            log.warning(
                "%s/%d: nothing comes from offset %d on, though it ends at %d: asking anew",
                source.topic, source.partition, positions[source], self._ends[source],
            )  # fmt: skip
            metrics.REFETCHES.inc()
            self._assign_again(KafkaPartition(source.topic, source.partition, positions[source]))

    def _note_positions(self, now_ms: int) -> None:
        """Tell the ledger how far the client has come: transaction markers move it, too."""
        owned = (source for source in self._ledger.owned() if source not in self._doubted | self._displaced)
        asked = [KafkaPartition(source.topic, source.partition) for source in owned]
        for place in self._consumer.position(asked):
            source = self._sources.get((place.topic, place.partition))
            if source is not None and place.offset >= 0:
                self._ledger.passed(source, place.offset, now_ms)

    def _on_assign(self, consumer: Consumer, partitions: list[KafkaPartition]) -> None:
        """Begin each partition where its commit says, with the block that a predecessor left open.

        Those of a topic that is gone begin when it is there again: the group may never have noticed that it was gone.
        """
        begun = self._beginnings.committed(partitions)
        self._absent |= {(place.topic, place.partition): place for place in partitions}
        for source, _ in begun:
            del self._absent[source.topic, source.partition]
        consumer.incremental_assign([self._begin(source, start) for source, start in begun])
        if self._paused:
            consumer.pause([KafkaPartition(source.topic, source.partition) for source, _ in begun])

    def _begin(self, source: TopicPartition, start: Start) -> KafkaPartition:
        """Own ``source`` from where it starts; returns what to read next."""
        end = start.end if start.check and not self._is_empty(self._feeds[source.topic].table) else 0
        self._sources[source.topic, source.partition] = source
        current = base(start.log)
        # Also where the group took the partitions away while the topic was gone, and gives them back as new ones.
        self._outdated = self._outdated or self._known.setdefault(source.topic, current) != current
        now_ms = self._now_ms()
        self._ledger.assign(source, start.offset, start.mark, log=start.log, now_ms=now_ms, check_until=end)
        self._ledger.passed(source, start.position, now_ms)
        return KafkaPartition(source.topic, source.partition, self._ledger.position(source))

    def note_ends(self, ends: Mapping[TopicPartition, int]) -> None:
        """Where the partitions end, from any thread."""
        self._ends = ends

    def note_logs(self, logs: Logs) -> None:
        """What the topics' logs are, from any thread: partitions of another log begin anew with the next step."""
        self._logs = logs

    def _is_of_another_log(self, source: TopicPartition) -> bool:
        current = self._logs.get(source.topic)
        return current is not None and base(self._ledger.log(source)) != current

    def _move_displaced(self) -> None:
        """Partitions whose place is gone, or whose topic is another than it was, go on where that is right.

        What was taken in of a former log is stored first: it can be read no more.
        """
        if self._compared is not self._logs:
            self._compared = self._logs
            returned = [place for place in self._absent.values() if place.topic in self._logs]
            if returned:
                self._on_assign(self._consumer, returned)
            self._displaced.update(source for source in self._ledger.owned() if self._is_of_another_log(source))
        for source in sorted(self._displaced):
            if not self._ledger.leave(source, self._now_ms()):
                continue
            position, mark = self._ledger.position(source), self._ledger.mark(source)
            start = self._beginnings.anew(source, position, mark)
            if start is None:
                continue
            self._ledger.revoke([source])
            self._seek(self._begin(source, start))
            self._displaced.discard(source)

    def _on_revoke(self, consumer: Consumer, partitions: list[KafkaPartition]) -> None:
        """Finish what is in flight if that is soon done, say so, and let go. The successor repeats what is not."""
        leaving = {TopicPartition(place.topic, place.partition) for place in partitions}
        flying = [
            future for future, block in self._flight.items() if not leaving.isdisjoint(p.source for p in block.parts)
        ]
        if flying and not self._writer.failing():
            wait(flying, self._release_s)
        self._collect()
        self._commit([commit for commit in self._ledger.settle(self._now_ms()) if commit.source in leaving])
        self._forget(partitions)

    def _on_lost(self, consumer: Consumer, partitions: list[KafkaPartition]) -> None:
        """The group has given the partitions to others already: only let go."""
        self._forget(partitions)

    def _forget(self, partitions: list[KafkaPartition]) -> None:
        """Let go of ``partitions``; those that shared a block in flight with them are read again from its beginning."""
        self._doubted.update(self._ledger.revoke(TopicPartition(place.topic, place.partition) for place in partitions))
        for place in partitions:
            self._sources.pop((place.topic, place.partition), None)
            self._absent.pop((place.topic, place.partition), None)
        self._doubted.intersection_update(self._sources.values())
        self._displaced.intersection_update(self._sources.values())
