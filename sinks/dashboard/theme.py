"""Colours: one set for light, one for dark, and a colour for each application that stays the same everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct


class Theme(Struct, frozen=True):
    """Colours of the charts. Text has a contrast of at least 4.5 : 1 to the surface behind it."""

    text: str
    faint: str
    line: str
    surface: str
    palette: tuple[str, ...]


LIGHT: Final = Theme(
    text="#1f2933",
    faint="#5b6875",
    line="#e3e8ee",
    surface="#ffffff",
    palette=("#2f6fde", "#e07b39", "#1f9d7a", "#b6498f", "#c99a1c", "#5b6fb5", "#4aa3c7", "#8a6d3b"),
)
DARK: Final = Theme(
    text="#e6ebf1",
    faint="#9aa7b5",
    line="#2a3440",
    surface="#161d26",
    palette=("#6ba0f5", "#f0a06a", "#4cc9a4", "#d984bd", "#e3bd55", "#93a4de", "#7cc6e4", "#c2a36e"),
)
OTHER: Final = "#93a1af"
"""Colour of everything that is grouped as other."""


def colours(apps: Iterable[str], theme: Theme, known: Mapping[str, int]) -> dict[str, str]:
    """A colour for each application by its place in ``known``, which only grows."""
    return {
        app: OTHER if app.startswith("(") or app not in known else theme.palette[known[app] % len(theme.palette)]
        for app in apps
    }
