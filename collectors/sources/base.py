"""Raw observations, as small as the gate needs them, with the time at which the source saw them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from msgspec import Struct

KeyClass = Literal["letter", "digit", "punctuation", "edit", "navigation", "function"]


class Key(Struct, frozen=True):
    """A key was pressed: its class alone."""

    at_ms: int
    of: KeyClass


class Shortcut(Struct, frozen=True):
    """A key was pressed together with Ctrl, Alt or the Super key. ``name`` is allow-listed or ``other``."""

    at_ms: int
    name: str


class Click(Struct, frozen=True):
    """A mouse button was pressed, somewhere."""

    at_ms: int


class Scroll(Struct, frozen=True):
    """The wheel was turned."""

    at_ms: int


class Window(Struct, frozen=True):
    """Another window came to the front, or its title changed. ``title`` is reduced by the gate and goes no further."""

    at_ms: int
    app: str
    title: str
    own: bool = False


class Clipboard(Struct, frozen=True):
    """The clipboard has a new owner. What is in it is not asked for."""

    at_ms: int


class Idle(Struct, frozen=True):
    """Nobody has touched anything since ``since_ms``."""

    at_ms: int
    since_ms: int


class Control(Struct, frozen=True):
    """The recording itself changed: paused, resumed, a source was restarted."""

    at_ms: int
    what: Literal["paused", "resumed", "restarted", "layout changed"]


Observation = Key | Shortcut | Click | Scroll | Window | Clipboard | Idle | Control
Sink = Callable[[Observation], None]


class Source(Protocol):
    """Something that observes the desktop and hands observations to a sink, quickly and in order."""

    def start(self) -> None:
        """Begin; raises ServiceError when it cannot."""

    def healthy(self) -> bool:
        """Whether it still observes."""

    def stop(self) -> None:
        """End and release everything."""
