"""A routine's record keeps the bound of its topic, in the worst case too."""

from __future__ import annotations

from typing import Any

import msgspec

from streams.discovery.evidence.fitting import within
from streams.discovery.grouping.recognise import Recogniser
from taskstream.events import encode
from taskstream.records import Routine
from tests.unit.streams.discovery.grouping.test_recognise import BLANK
from tests.unit.streams.discovery.routine_samples import segment

BOUND = 1_000_000
WIDE = [f"{'x' * 120}|edit|{'y' * 250}|field:{'z' * 120}{number}" for number in range(3_000)]
"""Activities as long as the contract lets them be."""


def routine(activities: list[str], variants: int, edges: int) -> Routine:
    presence = {name: round(1 - place / len(activities) / 2, 4) for place, name in enumerate(activities)}
    ways = [{"id": f"v{n}", "steps": activities[:300], "executions": 9, "share": 0.1} for n in range(variants)]
    more: dict[str, Any] = {
        "id": "r1", "tenant": "acme", "presence": presence, "variants": ways, "skeleton": activities,
        "optional": activities, "parts": [presence, presence],
        "steps": [
            {"activity": a, "label": a, "presence": presence[a], "repeats": 1.0, "determinism": 1.0, "active_ms": 1}
            for a in activities[:60]
        ],
        "edges": [{"source": n % 60, "target": n // 60, "share": n / edges} for n in range(edges)],
    }  # fmt: skip
    return msgspec.convert(BLANK | more, Routine, strict=False)


def test_what_fits_stays_as_it_is() -> None:
    small = routine(["crm|edit|a|field:b", "crm|click|a|button:save"], 2, 3)
    assert within(small, BOUND) is small


def test_the_worst_case_fits_and_is_still_recognised() -> None:
    worst = routine(WIDE, 12, 3_600)
    assert len(encode(worst)) > 9 * BOUND
    kept = within(worst, BOUND)
    assert len(encode(kept)) <= BOUND
    assert kept.id == worst.id
    assert kept.presence
    assert list(kept.presence) == WIDE[: len(kept.presence)], "what most executions hold stays"
    recogniser = Recogniser([kept])
    assert recogniser.assign(segment(WIDE[: len(kept.presence)])) is not None


def test_rare_variants_go_before_anything_else() -> None:
    wide = routine(WIDE[:300], 12, 600)
    kept = within(wide, len(encode(wide)) - 1)
    assert [variant.id for variant in kept.variants] == ["v0", "v1", "v2", "v3", "v4", "v5"]
    assert (kept.edges, kept.parts, kept.presence) == (wide.edges, wide.parts, wide.presence)
