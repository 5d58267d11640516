"""Blocking calls run one after the other, and nothing of them stays behind."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from streams.runtime.thread import PartitionThread


class Producer:
    """Something that must go when it is no longer used."""

    def close(self) -> str:
        return "closed"


def test_in_order_with_results_and_errors() -> None:
    async def main() -> None:
        thread, seen = PartitionThread("test"), list[int]()
        first, second = thread.run(lambda: seen.append(1)), thread.run(lambda: seen.append(2))
        await asyncio.gather(first, second)
        assert seen == [1, 2]
        with pytest.raises(ValueError):
            await thread.run(lambda: int("x"))

    asyncio.run(main())


def test_a_closed_producer_does_not_stay_open_until_the_next_call() -> None:
    """After a rebalance there may never be one."""

    async def main() -> weakref.ref[Producer]:
        thread, producer = PartitionThread("test"), Producer()
        assert await thread.run(producer.close) == "closed"
        await thread.run(producer.close)
        reference = weakref.ref(producer)
        del producer
        for _ in range(50):
            gc.collect()
            if reference() is None:
                break
            await asyncio.sleep(0.01)
        assert reference() is None
        return reference

    asyncio.run(main())
