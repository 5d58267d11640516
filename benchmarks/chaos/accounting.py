"""What was counted, and what went wrong in words."""

from __future__ import annotations

from typing import Any


def total(found: dict[str, dict[int, list[bytes]]]) -> dict[str, int]:
    """How many values each topic has."""
    return {topic: sum(map(len, by_partition.values())) for topic, by_partition in found.items()}


def failures(result: dict[str, Any]) -> list[str]:
    """What went wrong, in words; empty when the promise was kept."""
    wrong = [f"{name}: {result[name]}" for name in ("lost", "duplicated", "send_failures") if result[name]]
    wrong += [f"{topic} differs from the undisturbed run" for topic, same in result["equal"].items() if not same]
    pairs = {"sessions": "sessions", "segments": "segments", "transfers": "transfers", "activity": "activity_1m"}
    wrong += [
        f"{table} holds {result['tables'][table]} rows, the topic {result['derived'][topic]}"
        for topic, table in pairs.items()
        if result["tables"][table] != result["derived"][topic]
    ]
    return wrong
