"""Bytes under way through Faust are bounded."""

from __future__ import annotations

import asyncio

from streams.runtime.transport import InFlight


def test_flow() -> None:
    async def main() -> None:
        flow = InFlight(10)
        flow.take(6)
        await asyncio.wait_for(flow.room(), 0.1)
        flow.take(6)
        waiting = asyncio.ensure_future(flow.room())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        flow.give(6)
        await asyncio.wait_for(waiting, 0.1)
        flow.take(100)
        flow.reset()
        await asyncio.wait_for(flow.room(), 0.1)
        flow.give(100)
        assert flow.used == 0

    asyncio.run(main())
