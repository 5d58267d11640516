"""Every private name of Faust and aiokafka that this project relies on; no other file touches one.

Both are pinned in the lock, and ``tests/unit/streams/runtime/test_faust_internals.py`` fails when a new version has
renamed one of :data:`RELIED_ON`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.protocol.group import JoinGroupRequest
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver

RELIED_ON: Final = (
    ("faust.transport.drivers.aiokafka", "Consumer", "_thread"),
    ("faust.transport.drivers.aiokafka", "Consumer", "_read_offset"),
    ("faust.transport.drivers.aiokafka", "Consumer", "RebalanceListener"),
    ("faust.transport.drivers.aiokafka", "Consumer", "getmany"),
    ("faust.transport.drivers.aiokafka", "Consumer", "verify_event_path"),
    ("faust.transport.drivers.aiokafka", "Consumer", "can_resume_flow"),
    ("faust.transport.drivers.aiokafka", "Consumer", "flow_active"),
    ("faust.transport.drivers.aiokafka", "ConsumerRebalanceListener", "_thread"),
    ("faust.transport.drivers.aiokafka", "AIOKafkaConsumerThread", "_ensure_consumer"),
    ("faust.transport.drivers.aiokafka", "AIOKafkaConsumerThread", "call_thread"),
    ("aiokafka", "AIOKafkaConsumer", "_subscription"),
    ("aiokafka", "AIOKafkaConsumer", "_coordinator"),
    ("aiokafka.consumer.subscription_state", "SubscriptionState", "fetch_context"),
    ("aiokafka.consumer.group_coordinator", "GroupCoordinator", "coordinator_id"),
    ("aiokafka.consumer.group_coordinator", "GroupCoordinator", "_coordination_task"),
    ("aiokafka.consumer.group_coordinator", "GroupCoordinator", "reset_generation"),
    ("aiokafka.consumer.group_coordinator", "GroupCoordinator", "_send_req"),
    ("aiokafka.consumer.group_coordinator", "GroupCoordinator", "_group_instance_id"),
    ("aiokafka.protocol.group", "JoinGroupRequest", "_member_id"),
)
"""Module, class, and the attribute that the code below reads, calls or replaces."""

FENCED_INSTANCE_ID: Final = 82
"""Kafka's answer to a member whose name another process has joined under since; aiokafka does not know it."""


def renamed() -> list[str]:
    """Those of :data:`RELIED_ON` that the installed versions no longer know.

    An attribute counts as known where the class, one of its bases, or the code of one of their methods names it.
    """
    return [f"{module}.{cls}.{name}" for module, cls, name in RELIED_ON if not _knows(module, cls, name)]


def _knows(module: str, cls: str, name: str) -> bool:
    found = getattr(importlib.import_module(module), cls, None)
    if found is None:
        return False
    if hasattr(found, name):
        return True
    methods = [value for base in found.__mro__ for value in vars(base).values()]
    codes = [code for code in (getattr(method, "__code__", None) for method in methods) if code is not None]
    annotated = any(name in vars(base).get("__annotations__", {}) for base in found.__mro__)
    return annotated or any(name in code.co_names for code in codes)


def client_of(owner: driver.Consumer | driver.ConsumerRebalanceListener) -> AIOKafkaConsumer:
    """aiokafka's client behind Faust's consumer or listener."""
    return owner._thread._ensure_consumer()


class _NoOffsets(dict[Any, Any]):
    """A mapping that stays empty, whatever is written to it."""

    def __missing__(self, key: Any) -> None:
        return None

    def __setitem__(self, key: Any, value: Any) -> None:
        """Remember nothing."""

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Remember nothing."""


def forget_what_was_read(consumer: driver.Consumer) -> None:
    """Switch off Faust's own note of what it has read: after a seek it may drop what was asked for again."""
    consumer._read_offset = _NoOffsets()


async def commit(consumer: driver.Consumer, offsets: Mapping[tuple[str, int], int]) -> None:
    """Commit offsets for the group. Raises what aiokafka raises; Faust's own commit would crash the application."""
    given = {TopicPartition(*tp): OffsetAndMetadata(offset, "") for tp, offset in offsets.items()}
    await consumer._thread.call_thread(client_of(consumer).commit, given)


async def bounds(consumer: driver.Consumer, tp: tuple[str, int]) -> tuple[int, int]:
    """The first offset that Kafka holds and the one after the last. Raises what aiokafka raises."""
    client, wanted = client_of(consumer), TopicPartition(*tp)
    first = await consumer._thread.call_thread(client.beginning_offsets, [wanted])
    end = await consumer._thread.call_thread(client.end_offsets, [wanted])
    return int(first[wanted]), int(end[wanted])


def in_group(consumer: driver.Consumer) -> bool:
    """Whether the group's coordinator is known, and the task that keeps the membership runs.

    To be called again and again: the client leaves the group when nobody has come for records for long
    (``max.poll.interval.ms``), and we come to it for nothing else.
    """
    client = client_of(consumer)
    with client._subscription.fetch_context():
        coordinator = client._coordinator
    return coordinator.coordinator_id is not None and not coordinator._coordination_task.done()


def heed_replacement(consumer: driver.Consumer, replaced: Callable[[], None]) -> None:
    """Have ``replaced`` called when another process has joined the group under this one's ``worker_id``.

    A member that the group no longer knows forgets its id, and aiokafka then joins as if it were the newer of the two:
    they would throw each other out for ever. Joining with the id that it had, it is told whether the name is another's
    by now; where its session had merely timed out, it is told that the id is unknown, and joins anew. Harmless when
    called again.
    """
    coordinator: Any = client_of(consumer)._coordinator
    if coordinator._group_instance_id is None or "reset_generation" in vars(coordinator):
        return
    forget, send = coordinator.reset_generation, coordinator._send_req
    kept = ""

    def reset() -> None:
        nonlocal kept
        kept = coordinator.member_id or kept
        forget()

    async def ask(request: Any) -> Any:
        nonlocal kept
        if isinstance(request, JoinGroupRequest):
            if not request._member_id:
                request._member_id = kept
            kept = ""
        answer = await send(request)
        if getattr(answer, "error_code", 0) == FENCED_INSTANCE_ID:
            replaced()
        return answer

    coordinator.reset_generation, coordinator._send_req = reset, ask
