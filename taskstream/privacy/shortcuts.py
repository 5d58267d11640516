"""The keyboard shortcuts that may be named. Every other combination is ``other``: it may be typed text in disguise."""

from __future__ import annotations

from typing import Final

ALLOWED: Final = frozenset(
    [f"ctrl+{key}" for key in "acfhnopqrstvwxyz"]
    + [f"ctrl+shift+{key}" for key in "cnstvz"]
    + [f"alt+{key}" for key in ("tab", "f4", "left", "right", "enter")]
    + [f"ctrl+{key}" for key in ("enter", "home", "end", "tab", "pageup", "pagedown", "f4", "insert")]
    + ["ctrl+shift+tab", "shift+insert", "shift+delete", "shift+tab"]
    + [f"f{number}" for number in range(1, 13)]
    + [f"super+{key}" for key in ("d", "e", "l", "tab")]
    + [f"cmd+{key}" for key in "acfnopqstvwxz"]
    + ["cmd+tab"]
)
OTHER: Final = "other"


def allowed(name: str) -> str:
    """``name`` when it may be told, ``other`` when not, empty when empty."""
    return name if not name or name in ALLOWED else OTHER
