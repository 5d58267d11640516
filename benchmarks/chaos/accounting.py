"""What was counted, and what went wrong in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from taskstream.records import DeadLetter

TABLES: Final = {"sessions": "sessions", "segments": "segments", "transfers": "transfers", "activity": "activity_1m"}
"""The table of each topic that is stored a row a message."""
LOST: Final = "lost"
"""Reason of dead letters that name a range which cannot be read."""
GAP: Final = "gap"
"""Reason of those that name events of an agent which never came: what must follow where input was removed."""

Place = tuple[str, int, int]
"""Topic without prefix, partition, offset."""


class LetterContents(msgspec.Struct):
    """What dead letters tell: where input was refused, and where a range is gone."""

    refused: set[Place]
    gone: set[Place]
    gaps: set[Place]

    @classmethod
    def of(cls, letters: Iterable[bytes], prefix: str) -> LetterContents:
        """Sort letters by what they tell."""
        found = cls(set(), set(), set())
        for value in letters:
            letter = msgspec.json.decode(value, type=DeadLetter)
            place = (letter.source_topic.removeprefix(prefix), letter.source_partition, letter.source_offset)
            {LOST: found.gone, GAP: found.gaps}.get(letter.reason, found.refused).add(place)
        return found


Values = Mapping[str, Mapping[int, list[bytes]]]
"""Values by topic and partition."""


def only_in_one(disturbed: Values, calm: Values) -> dict[str, dict[str, list[str]]]:
    """By ``topic/partition``, where they differ: values that only the ``disturbed`` or only the ``calm`` run has."""
    found: dict[str, dict[str, list[str]]] = {}
    for topic in sorted(disturbed.keys() | calm.keys()):
        left, right = disturbed.get(topic, {}), calm.get(topic, {})
        for partition in sorted(left.keys() | right.keys()):
            one, other = Counter(left.get(partition, ())), Counter(right.get(partition, ()))
            if one != other:
                found[f"{topic}/{partition}"] = {
                    name: sorted(value.decode(errors="replace") for value in more.elements())
                    for name, more in (("disturbed", one - other), ("calm", other - one))
                }
    return found


def differences(
    told: LetterContents, foreign: set[Place], removed: set[Place], recreated: set[tuple[str, int]]
) -> dict[str, list[Any]]:
    """Where the dead letters differ from what the faults did; every list is empty when they are exact.

    A range that was removed is named by its first unread offset. Of a topic created anew each reader names where it
    stood, which is its own business; where it had read nothing it may say that, too.
    """
    topics = {topic for topic, _ in recreated}
    anew = {place[:2] for place in told.gone} & recreated
    return {
        "foreign_untold": sorted(foreign - told.refused),
        "refused_wrongly": sorted(told.refused - foreign),
        "gaps_wrongly": [] if any(topic == "ui-events" for topic, _, _ in removed) else sorted(told.gaps),
        "removed_untold": sorted(removed - told.gone),
        "recreated_untold": sorted(recreated - anew),
        "gone_wrongly": sorted(place for place in told.gone - removed if place[0] not in topics),
    }


def failures(result: dict[str, Any]) -> list[str]:
    """What went wrong, in words; empty when the promise was kept."""
    wrong = [f"{name}: {result[name]}" for name in ("lost", "duplicated", "send_failures") if result[name]]
    wrong += [f"{topic} differs from the undisturbed run" for topic, same in result["equal"].items() if not same]
    wrong += [
        f"{TABLES[topic]} holds {result['tables'][topic]} rows, wanted {wanted}"
        for topic, wanted in result["rows_wanted"].items()
        if not 0 <= result["tables"][topic] - wanted <= result["rows_doubtful"].get(topic, 0)
    ]
    wrong += [f"{what}: {places[:5]}" for what, places in result["dead_letters"].items() if places]
    wrong += [f"catalogue, {what}: {names[:5]}" for what, names in result["catalogue"]["wrong"].items() if names]
    wrong += [f"{name} ended by itself {times} times" for name, times in result["self_exits"].items() if times]
    wrong += [f"taskstream {words} failed with code {code}" for words, code in result["commands"].items() if code]
    return wrong
