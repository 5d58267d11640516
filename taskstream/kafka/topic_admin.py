"""Bring the broker's topics in line with their declaration."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)
from msgspec import Struct

from taskstream.errors import ServiceError
from taskstream.kafka.answers import answered
from taskstream.kafka.clients import kafka_config, new_admin
from taskstream.settings import Settings
from taskstream.topics import ACTIVITY_PARTIAL, ALL, UI_EVENTS, Topic

TIMEOUT_S = 20.0
EACH_S = 0.1
"""How much longer for each partition that is made (seconds): a busy machine takes some seconds for 96 of a topic."""


class Change(Struct, frozen=True):
    """One difference between declaration and broker, and whether it was mended."""

    topic: str
    what: str
    done: bool


def partitions_of(topic: Topic, settings: Settings) -> int:
    """Partitions the topic is to have."""
    return settings.partitions if topic.partitions == "input" else topic.partitions


def partitions_on(settings: Settings, topics: Sequence[Topic]) -> dict[str, int]:
    """Partitions that each of ``topics`` has on the broker, by name without prefix; 0 where it does not exist.

    Raises:
        ServiceError: the broker cannot be reached, or hides a topic: its existence is not ours to know.
    """
    names = {settings.prefix + topic.name: topic for topic in topics}
    admin = new_admin(kafka_config(settings, "topics"))
    found: dict[str, int] = {}
    try:
        asked = admin.describe_topics(TopicCollection(list(names)), request_timeout=TIMEOUT_S / 2)
        for name, topic in names.items():
            try:
                found[topic.name] = len(answered(asked[name], TIMEOUT_S).partitions)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise
                found[topic.name] = 0
    except KafkaException as error:
        raise ServiceError(f"Kafka at {settings.kafka}: {_words(error, name)}") from error
    return found


def apply(settings: Settings, *, dry_run: bool) -> list[Change]:
    """Create missing topics, add partitions, mend settings. Returns the differences found, in order.

    Raises:
        ServiceError: the broker cannot be reached, refuses a change, or has more partitions than declared.
    """
    admin = new_admin(kafka_config(settings, "topics"))
    name = ""
    try:
        existing = admin.list_topics(timeout=TIMEOUT_S).topics
        changes: list[Change] = []
        for topic in sorted(ALL, key=_widened_last):
            name = settings.prefix + topic.name
            if name not in existing:
                changes.append(_create(admin, name, topic, settings, dry_run))
                continue
            changes += _partitions(admin, name, topic, settings, len(existing[name].partitions), dry_run)
            changes += _config(admin, name, topic, dry_run)
        if any(change.done for change in changes):
            _await(admin, settings)
        return changes
    except KafkaException as error:
        raise ServiceError(f"Kafka at {settings.kafka}: {_words(error, name)}") from error


def _await(admin: AdminClient, settings: Settings) -> None:
    """Wait until the broker knows what the controller has created; before, it denies that it exists."""
    wanted = {settings.prefix + topic.name: partitions_of(topic, settings) for topic in ALL}
    patience_s = TIMEOUT_S + EACH_S * sum(wanted.values())
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        known = admin.list_topics(timeout=TIMEOUT_S).topics
        if all(name in known and len(known[name].partitions) >= count for name, count in wanted.items()):
            return
        time.sleep(0.05)
    raise ServiceError(f"Kafka at {settings.kafka} has made topics, but does not know them after {patience_s:.0f} s")


def _widened_last(topic: Topic) -> int:
    """Sort key by which outputs are widened before the input that has the same partitions, and ``ui-events`` last.

    So a worker that finds a new input partition finds its counterpart in every topic that it writes.
    """
    return {UI_EVENTS.name: 2, ACTIVITY_PARTIAL.name: 1}.get(topic.name, 0)


def _words(error: KafkaException, topic: str) -> str:
    cause = error.args[0]
    if cause.code() in (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED):
        return f"the user may not do this with topic {topic} ({cause.str()}): give it the right (docs/operate.md)"
    return str(cause.str())


def _create(admin: AdminClient, name: str, topic: Topic, settings: Settings, dry_run: bool) -> Change:
    partitions = partitions_of(topic, settings)
    if not dry_run:
        new = NewTopic(name, partitions, settings.replication, config=topic.config())
        try:
            answered(admin.create_topics([new], operation_timeout=TIMEOUT_S)[name], TIMEOUT_S)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # another `apply` at the same time
                raise
    return Change(name, f"create with {partitions} partitions", not dry_run)


def _partitions(
    admin: AdminClient, name: str, topic: Topic, settings: Settings, actual: int, dry_run: bool
) -> list[Change]:
    wanted = partitions_of(topic, settings)
    if actual == wanted:
        return []
    if actual > wanted:
        raise ServiceError(
            f"topic {name} has {actual} partitions, declared are {wanted}: Kafka cannot take partitions away; "
            f"set TASKSTREAM_PARTITIONS={actual} or choose another --prefix"
        )
    if not dry_run:
        answered(admin.create_partitions([NewPartitions(name, wanted)])[name], TIMEOUT_S)
    return [Change(name, f"add partitions: {actual} to {wanted}", not dry_run)]


def _config(admin: AdminClient, name: str, topic: Topic, dry_run: bool) -> list[Change]:
    resource = ConfigResource(ResourceType.TOPIC, name)
    actual: dict[str, Any] = answered(admin.describe_configs([resource])[resource], TIMEOUT_S)
    wrong = {key: value for key, value in topic.config().items() if key in actual and actual[key].value != value}
    if not wrong:
        return []
    if not dry_run:
        entries = [ConfigEntry(k, v, incremental_operation=AlterConfigOpType.SET) for k, v in wrong.items()]
        change = ConfigResource(ResourceType.TOPIC, name, incremental_configs=entries)
        answered(admin.incremental_alter_configs([change])[change], TIMEOUT_S)
    return [Change(name, f"set {key} from {actual[key].value} to {value}", not dry_run) for key, value in wrong.items()]
