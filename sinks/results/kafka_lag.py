"""Kafka's own figures: messages that came in, and how far each consumer group is behind. Cheap, and asked rarely."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from taskstream.errors import ServiceError
from taskstream.settings import Settings
from taskstream.topics import UI_EVENTS

TIMEOUT_S = 5.0


class GroupLag(Struct, frozen=True):
    """Messages that one consumer group has not yet acknowledged; ``running``: whether anybody has joined it."""

    group: str
    messages: int
    running: bool = True


class Kafka(Struct, frozen=True):
    """What Kafka says: messages in ``ui-events``, and the groups' lag. ``problem`` says why it says nothing."""

    messages_in: int = 0
    groups: tuple[GroupLag, ...] = ()
    problem: str = ""

    @property
    def waiting(self) -> int:
        """Messages that anybody still has to work through."""
        return sum(group.messages for group in self.groups)

    def runs(self, group: str) -> bool:
        """Whether a process of this group is at work; True where Kafka cannot say."""
        return bool(self.problem) or any(one.group == group and one.running for one in self.groups)

    def behind(self, group: str) -> int | None:
        """Messages before a group; None where it is not known."""
        return next((one.messages for one in self.groups if one.group == group), None)


class KafkaLag:
    """Asks the broker about the groups whose names begin with the prefix. Connects when it is first asked.

    ``find`` gives the settings with the broker's address, empty for none; asked again after a failure.
    """

    def __init__(self, find: Callable[[], Settings]) -> None:
        self._find = find
        self._admin: Any = None

    def read(self) -> Kafka:
        """The figures; where the broker does not answer, why. One read takes four requests, however many groups."""
        from confluent_kafka import KafkaException

        try:
            settings = self._find()
            return self._read(settings) if settings.kafka else Kafka(problem="no Kafka is named")
        except ServiceError as error:
            return Kafka(problem=str(error))
        except KafkaException as error:
            self._admin = None
            return Kafka(problem=f"Kafka does not answer: {error.args[0].str() if error.args else error}")

    def _read(self, settings: Settings) -> Kafka:
        from confluent_kafka import ConsumerGroupState, ConsumerGroupTopicPartitions, TopicPartition
        from confluent_kafka.admin import OffsetSpec

        from taskstream.kafka.clients import kafka_config, new_admin

        if self._admin is None:
            self._admin = new_admin(kafka_config(settings, "page"))
        admin, prefix = self._admin, settings.prefix
        admin.poll(0)  # where the client hears of refusals and renews its token
        topics = admin.list_topics(timeout=TIMEOUT_S).topics
        listed = admin.list_consumer_groups(request_timeout=TIMEOUT_S).result().valid
        running = {
            group.group_id: group.state != ConsumerGroupState.EMPTY
            for group in listed
            if group.group_id.startswith(prefix)
        }
        groups = sorted(running)
        asked = [
            admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)], request_timeout=TIMEOUT_S)[group]
            for group in groups
        ]
        committed = {
            group: [each for each in future.result().topic_partitions if each.offset >= 0]
            for group, future in zip(groups, asked, strict=True)
        }
        inputs = topics.get(prefix + UI_EVENTS.name)
        wanted = {(each.topic, each.partition) for offsets in committed.values() for each in offsets}
        wanted |= {(prefix + UI_EVENTS.name, partition) for partition in (inputs.partitions if inputs else {})}
        latest = {TopicPartition(*key): OffsetSpec.latest() for key in sorted(wanted) if key[0] in topics}
        futures = admin.list_offsets(latest, request_timeout=TIMEOUT_S) if latest else {}
        ends = {(each.topic, each.partition): future.result().offset for each, future in futures.items()}
        return Kafka(
            messages_in=sum(end for (topic, _), end in ends.items() if topic == prefix + UI_EVENTS.name),
            groups=tuple(
                GroupLag(group.removeprefix(prefix), _behind(offsets, ends), running[group])
                for group, offsets in committed.items()
                if offsets or running[group]
            ),
        )


def _behind(offsets: list[Any], ends: dict[tuple[str, int], int]) -> int:
    return sum(max(0, ends.get((each.topic, each.partition), each.offset) - each.offset) for each in offsets)
