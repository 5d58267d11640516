"""Settings that the stages depend on."""

from __future__ import annotations

from msgspec import Struct


class Rules(Struct, frozen=True):
    """Settings that the stages depend on. ``max_agents`` is this partition's share."""

    partitions: int
    session_gap_ms: int = 900_000
    idle_ms: int = 30_000
    disorder_ms: int = 5_000
    lateness_ms: int = 60_000
    max_skew_ms: int = 600_000
    max_agents: int = 50_000
