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


class Notice(Protocol):
    """Says on the screen that a recording runs."""

    def show(self) -> None:
        """Show it; raises ServiceError when it cannot be, and then nothing may be recorded."""

    def covers(self, x: int, y: int) -> bool:
        """Whether a position of the screen is the notice's."""

    def set_paused(self, paused: bool) -> None:
        """Say whether the recording pauses."""

    def hidden(self) -> str:
        """Why it cannot be seen any more; empty while it can."""

    def close(self) -> None:
        """Take it away."""


class Source(Protocol):
    """Something that observes the desktop and hands observations to a sink, quickly and in order."""

    def start(self) -> None:
        """Begin; raises ServiceError when it cannot."""

    def healthy(self) -> bool:
        """Whether it still observes."""

    def stop(self) -> None:
        """End and release everything."""


class Input(Source, Protocol):
    """Keyboard and mouse."""

    def restart(self, why: str) -> None:
        """Listen anew."""


class Platform(Protocol):
    """What a recording needs of one kind of desktop."""

    def require(self) -> None:
        """Raises ServiceError, with one clear line, where this session cannot be recorded."""

    def notice(self, on_click: Callable[[], None]) -> Notice:
        """The notice; ``on_click`` pauses or resumes."""

    def desktop(self, sink: Sink, on_layout: Callable[[], None]) -> Source:
        """Windows, clipboard, idle time."""

    def input(self, sink: Sink, excluded: Callable[[int, int], bool]) -> Input:
        """Keyboard and mouse, without clicks where ``excluded`` says so."""
