"""A policy in plain language: what would be recorded, for people who must agree to it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from taskstream.events import Kind
from taskstream.privacy import screen_rules
from taskstream.privacy.policy import DAYS, OTHER, Policy, VerifiedPolicy

_KINDS: Final[dict[Kind, str]] = {
    "window": "which window is in front: its application and its kind of screen",
    "click": "that you clicked, never where the pointer was",
    "keys": "that you typed: how many letters, digits and other keys, never which",
    "shortcut": "common shortcuts by name, such as ctrl+s",
    "copy": "that you copied, never what",
    "cut": "that you cut something out, never what",
    "paste": "that you pasted, never what",
    "edit": "that a field was changed; its value only as a keyed number that allows to see equal values",
    "navigate": "that another page or folder was opened, by its template",
    "submit": "that a form was sent",
    "open": "that a document was opened, never its name",
    "save": "that a document was saved, never its name",
    "scroll": "that you scrolled",
    "idle": "when nobody was at the desktop",
    "lock": "when the desktop was locked",
    "unlock": "when it was unlocked",
}
NEVER: Final = (
    "which characters you type", "what you copy", "titles of windows and addresses as they are",
    "pictures of the screen", "where the pointer is", "the rhythm of your keys", "anything typed into password prompts",
)  # fmt: skip


class Explanation(Struct, frozen=True):
    """What a policy means. ``screens`` are all names a screen can have; nothing else can be recorded of a title."""

    policy: str
    sha256: str
    signed_by: str
    valid: str
    recorded: tuple[str, ...]
    never: tuple[str, ...]
    applications: tuple[str, ...]
    screens: tuple[str, ...]
    hours: tuple[str, ...]
    k: int
    retention_days: int
    hold_back_s: int


def explain(verified: VerifiedPolicy, *, own_key: str = "") -> Explanation:
    """What would be recorded. ``own_key`` is the public key of this desktop, where it has one."""
    policy = verified.policy
    return Explanation(
        policy=policy.name,
        sha256=verified.sha256,
        signed_by="this desktop's own key" if verified.key == own_key else f"the key {verified.key}",
        valid=f"from {policy.issued} to {policy.valid_until}",
        recorded=tuple(_KINDS[kind] for kind in policy.kinds),
        never=NEVER,
        applications=policy.applications,
        screens=screens_of(policy),
        hours=tuple(_hours(policy)),
        k=policy.k,
        retention_days=policy.retention_days,
        hold_back_s=policy.hold_back_s,
    )


def screens_of(policy: Policy) -> tuple[str, ...]:
    """All names that the policy's rules can give to a screen, and ``other``."""
    told: set[str] = {OTHER}
    for rule in policy.screens:
        told.update(screen_rules.outcomes(rule))
    return tuple(sorted(told))


def as_text(said: Explanation, *, most: int = 0) -> str:
    """The explanation for a terminal; of long lists only the first ``most`` names (0: all)."""
    people = "one person" if said.k == 1 else f"at least {said.k} people together"
    leaves = f"after {said.hold_back_s} seconds" if said.hold_back_s else "at once"
    lines = [
        f"Policy {said.policy}, {said.valid}, signed by {said.signed_by}",
        f"Hash {said.sha256}",
        "",
        "Recorded:",
        *(f"  - {line}" for line in said.recorded),
        "Never recorded:",
        *(f"  - {line}" for line in said.never),
        f"In these applications; of any other only that it was in front, as `{OTHER}`:",
        _list(said.applications, most),
        f"A window or page is told as one of these, whatever its title says; `{OTHER}` where no rule knows it:",
        _list(said.screens, most),
        f"When: {'; '.join(said.hours)} (this desktop's time)",
        f"Seen by others: only results of {people}",
        f"Kept: {said.retention_days} days. Leaves this desktop {leaves}.",
    ]
    return "\n".join(lines) + "\n"


def _list(names: tuple[str, ...], most: int) -> str:
    shown = names[:most] if most else names
    more = f" and {len(names) - len(shown)} more" if len(shown) < len(names) else ""
    return textwrap.fill(", ".join(shown) + more, 110, initial_indent="  ", subsequent_indent="  ")


def _hours(policy: Policy) -> list[str]:
    said = []
    for hours in policy.hours:
        days = [day for day in DAYS if day in hours.days]
        named = "every day" if len(days) == 7 else "-".join((days[0], days[-1])) if _run(days) else ", ".join(days)
        whole = (hours.start, hours.end) == ("00:00", "24:00")
        said.append(f"{named} {'at any time' if whole else f'{hours.start}-{hours.end}'}")
    return said


def _run(days: Sequence[str]) -> bool:
    first = DAYS.index(days[0])
    return len(days) > 2 and tuple(days) == DAYS[first : first + len(days)]
