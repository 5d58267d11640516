"""An X11 desktop as a platform: its check, its notice and its two sources."""

from __future__ import annotations

from collections.abc import Callable

from collectors.sources.base import Input, Notice, Sink, Source
from collectors.sources.x11.display import require_x11


class X11:
    """Implements :class:`collectors.sources.base.Platform`."""

    def require(self) -> None:
        """Raises ServiceError where this session is not X11, or has no display."""
        require_x11()

    def notice(self, on_click: Callable[[], None]) -> Notice:
        """The window that says that a recording runs."""
        from collectors.sources.x11.notice import X11Notice

        return X11Notice(on_click)

    def desktop(self, sink: Sink, on_layout: Callable[[], None]) -> Source:
        """Windows, clipboard, idle time; ``on_layout`` is called when the keyboard's layout changes."""
        from collectors.sources.x11.desktop import X11Desktop

        return X11Desktop(sink, on_layout)

    def input(self, sink: Sink, excluded: Callable[[int, int], bool]) -> Input:
        """Keyboard and mouse, without clicks at positions that are ``excluded``."""
        from collectors.sources.x11.input import X11Input

        return X11Input(sink, excluded)
