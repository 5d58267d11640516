"""Which seeds are for what: look at LOOK while tuning, decide on DECIDE, and report seeds that nobody has seen."""

from __future__ import annotations

from typing import Final

LOOK: Final = range(1, 61)
"""To look at, as closely as one likes."""
DECIDE: Final = range(61, 101)
"""To decide between two ways that both look good; not to look at one by one."""
GUARD: Final = range(101, 113)
"""Small worlds of the regression guard in the normal tests."""
FIRST_FRESH: Final = 1_000
"""Seeds from here on are for reports; a range that was reported must not be reported again after tuning."""


def ranges(text: str) -> list[int]:
    """Seeds of a text such as ``1-60`` or ``5,9,1000-1099``, ascending.

    Raises:
        ValueError: not numbers, or a range that runs backwards.
    """
    found: set[int] = set()
    for part in text.replace(" ", ",").split(","):
        if not part:
            continue
        first, _, last = part.partition("-")
        low, high = int(first), int(last or first)
        if high < low:
            raise ValueError(f"the range {part} runs backwards")
        found.update(range(low, high + 1))
    if not found:
        raise ValueError("no seeds given")
    return sorted(found)


def purpose(seeds: list[int]) -> str:
    """What a result on these seeds may be used for: ``look``, ``decide``, or ``report`` where all are fresh.

    Raises:
        ValueError: fresh seeds are mixed with ones that were tuned on.
    """
    if all(seed >= FIRST_FRESH for seed in seeds):
        return "report"
    if any(seed >= FIRST_FRESH for seed in seeds):
        raise ValueError(
            f"seeds from {FIRST_FRESH} on are for reports and those below for tuning: give one kind at a time"
        )
    return "decide" if set(seeds) <= set(DECIDE) else "look"
