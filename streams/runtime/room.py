"""How many agents each owned partition may keep, so that all of them together fit into the worker's memory."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Final, TypeVar

from taskstream.settings import StreamSettings

REST_BYTES: Final = 16_384
BUSY_BYTES: Final = 65_536
"""What an agent takes in memory while it is quiet, and while its events come (13 and 51 KB measured)."""
BUSY_PERCENT: Final = 10
"""Most agents that are held ready for their next event, in percent of those a worker can keep."""
MIN_BUSY: Final = 50
"""Agents of a partition that may always be held ready."""
TIGHT_PERCENT: Final = 90
"""A partition that uses more of its share than this (percent) is given more where others leave room."""

T = TypeVar("T", bound=Hashable)


def most_agents(settings: StreamSettings) -> int:
    """Agents that a worker keeps at most, over all the partitions that it owns."""
    if settings.max_agents:
        return settings.max_agents
    each = REST_BYTES + (BUSY_BYTES - REST_BYTES) * BUSY_PERCENT // 100
    return (settings.agents_mb << 20) // each


def busy_share(total: int, owned: int) -> int:
    """Agents of one of ``owned`` partitions that are held ready for their next event at most."""
    return max(MIN_BUSY, total * BUSY_PERCENT // 100 // max(1, owned))


def shares(agents: Mapping[T, int], total: int) -> dict[T, int]:
    """How many agents each partition may keep: those it has now, and an equal part of the free room.

    Where all together have more than ``total``, as after taking over many partitions, each gives up the same part.
    """
    held = sum(agents.values())
    if held > total:
        return {key: max(1, count * total // held) for key, count in agents.items()}
    part = (total - held) // max(1, len(agents))
    return {key: max(1, count + part) for key, count in agents.items()}


def is_tight(agents: Mapping[T, int], bounds: Mapping[T, int]) -> bool:
    """Whether a partition is close to its bound, so that shares should be dealt anew."""
    return any(count * 100 > bounds.get(key, 0) * TIGHT_PERCENT for key, count in agents.items())
