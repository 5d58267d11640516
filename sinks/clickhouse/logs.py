"""What a partition's offsets count: one creation of a topic of one Kafka cluster; and where to begin in it.

A topic that is created anew, or another Kafka, counts from 0 again under the same name. Kafka gives every cluster and
every creation of a topic an id; together they name the log. A log that was cut at its end (a broker lost what it had
acknowledged) gives offsets out twice under the same ids: then its name is counted on, ``+1``, ``+2``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from sinks.clickhouse.ranges import Mark
from taskstream.kafka.answers import answered
from taskstream.kafka.topic_id import read_id

if TYPE_CHECKING:
    from confluent_kafka import Uuid

TIMEOUT_S: Final = 5.0
_HALF: Final = (1 << 64) - 1

Logs = dict[str, str]
"""Topic → its log."""


class Gap(Struct, frozen=True):
    """Offsets that were not stored, as far as is known, and can no longer be read.

    ``begun``  those up to this one were in a block of which nobody said any more that it is stored; -1: none were
    ``low``    of a topic created anew: its first offset, where retention has removed what was before it; else 0
    """

    first: int
    last: int
    reason: Literal["retention", "recreated", "truncated"]
    begun: int = -1
    low: int = 0

    @property
    def lost(self) -> int:
        """Offsets lost, as far as is known: how far a former topic went nobody knows."""
        return self.last - self.first + 1 if self.reason == "retention" else self.low

    def words(self, log: str) -> str:
        """What happened, as a line for people."""
        if self.reason == "retention":
            words = f"offsets {self.first} to {self.last}: retention removed them before they were stored"
            return words if self.begun < self.first else f"{words}, but those up to {self.begun} were begun and may be"
        what = "the topic was created anew" if self.reason == "recreated" else "the end of the topic was lost"
        words = f"{what}: read again from its start as log {log}; of the former one nothing from offset {self.first} on"
        if self.low:
            words += f", of this one not offsets 0 to {self.low - 1}, which retention removed before they were stored"
        return words


class Start(Struct, frozen=True):
    """Where a partition begins.

    ``offset``  that was committed; what lies before ``position`` is there no longer
    ``mark``    what may be trusted of the commit
    ``check``   rows before ``end`` may be stored already, although no mark says so; and those of the first block: what
                is sent again into a log created anew begins there
    """

    offset: int
    position: int
    log: str
    mark: Mark | None
    end: int
    check: bool = False
    gap: Gap | None = None


def start(committed: int, mark: Mark | None, log: str, low: int, high: int) -> Start:
    """Where to begin, from what was committed (negative: nothing), the topic's log as it is now, and its bounds."""
    end = max(high, low + 1)
    if committed < 0:
        return Start(low, low, log, None, end, check=True)
    last = committed - 1 if mark is None or mark.last is None else mark.last
    if mark is not None and mark.log and base(mark.log) != log:
        return Start(
            low, low, log, None, end, check=True, gap=Gap(committed, max(committed, last), "recreated", low=low)
        )
    own = mark.log if mark is not None and mark.log else log
    if max(committed, last + 1) > high:
        gap = Gap(high, max(committed - 1, last), "truncated")
        return Start(low, low, _counted_on(own), None, end, check=True, gap=gap)
    begun = -1 if mark is None or mark.last is None else min(mark.last, low - 1)
    removed = Gap(committed, low - 1, "retention", begun) if low > committed else None
    if removed and mark is not None and mark.last is not None:
        # The block in flight cannot be repeated as it was, so its token would not be known: ask for its rows.
        mark = replace(mark, check=True)
    return Start(committed, max(committed, low), own, mark, end, check=mark is None, gap=removed)


def base(log: str) -> str:
    """The log's name without the count of its cuts."""
    return log.partition("+")[0]


def _counted_on(log: str) -> str:
    name, _, cuts = log.partition("+")
    return f"{name}+{int(cuts or 0) + 1}"


def ask_logs(admin: Any, topics: Iterable[str]) -> Logs:
    """The logs of those of ``topics`` that exist.

    Raises:
        KafkaException: the broker does not answer.
    """
    from confluent_kafka import KafkaError, KafkaException, TopicCollection

    cluster = answered(admin.describe_cluster(request_timeout=TIMEOUT_S), 2 * TIMEOUT_S).cluster_id
    found: Logs = {}
    for topic, answer in admin.describe_topics(TopicCollection(list(topics)), request_timeout=TIMEOUT_S).items():
        try:
            found[topic] = f"{cluster}:{read_id(answered(answer, 2 * TIMEOUT_S), _hex) or topic}"
        except KafkaException as error:
            if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise
    return found


def _hex(topic_id: Uuid) -> str:
    """The id in hexadecimal digits; empty where a broker is too old to give one."""
    high, low = topic_id.get_most_significant_bits() & _HALF, topic_id.get_least_significant_bits() & _HALF
    return f"{high:016x}{low:016x}" if high or low else ""


AskLogs = Callable[[Iterable[str]], Logs]
