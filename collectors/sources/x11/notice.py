"""The visible notice: a small window above all others that says that a recording runs, and pauses it on a click."""

from __future__ import annotations

import select
import threading
from collections.abc import Callable
from typing import Any, Final

from collectors.sources.x11.display import connect
from taskstream.errors import ServiceError

WIDTH: Final = 210
HEIGHT: Final = 26
MARGIN: Final = 8
_RECORDING: Final = ("Taskstream records (click: pause)", 0xB00020)
_PAUSED: Final = ("Taskstream paused (click: resume)", 0x606060)


class Notice:
    """Shows the notice in its own thread until it is closed."""

    def __init__(self, on_click: Callable[[], None]) -> None:
        self._on_click = on_click
        self._paused = False
        self._stop = threading.Event()
        self._dirty = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notice", daemon=True)
        self._display: Any = None
        self._window: Any = None
        self._place = (0, 0)

    def show(self) -> None:
        """Show the window.

        Raises:
            ServiceError: it cannot be shown; then nothing may be recorded.
        """
        from Xlib import X

        display = self._display = connect()
        screen = display.screen()
        x = max(0, screen.width_in_pixels - WIDTH - MARGIN)
        self._place = (x, MARGIN)
        self._window = screen.root.create_window(
            x, MARGIN, WIDTH, HEIGHT, 1, screen.root_depth,
            background_pixel=_RECORDING[1], border_pixel=0xFFFFFF, override_redirect=True,
            event_mask=X.ExposureMask | X.ButtonPressMask | X.VisibilityChangeMask,
        )  # fmt: skip
        self._window.set_wm_name("Taskstream")
        self._window.set_wm_class("taskstream", "taskstream")
        self._window.map()
        display.sync()
        if self._window.get_attributes().map_state != X.IsViewable:
            raise ServiceError("the notice that a recording runs cannot be shown, so nothing is recorded")
        self._draw()
        self._thread.start()

    def covers(self, x: int, y: int) -> bool:
        """Whether a position of the screen is the notice's."""
        left, top = self._place
        return left <= x <= left + WIDTH + 2 and top <= y <= top + HEIGHT + 2

    def set_paused(self, paused: bool) -> None:
        """Say whether the recording pauses."""
        self._paused = paused
        self._dirty.set()

    def visible(self) -> bool:
        """Whether the window is still kept on the screen."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Take the window away."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(3)

    def _run(self) -> None:
        from Xlib import X, error

        try:
            while not self._stop.is_set():
                if not self._display.pending_events():
                    select.select([self._display.fileno()], [], [], 0.2)
                if self._dirty.is_set():
                    self._dirty.clear()
                    self._draw()
                while self._display.pending_events():
                    event = self._display.next_event()
                    if event.type == X.Expose:
                        self._draw()
                    elif event.type == X.ButtonPress:
                        self._on_click()
                    elif event.type == X.VisibilityNotify and event.state != X.VisibilityUnobscured:
                        self._window.configure(stack_mode=X.Above)
                        self._display.flush()
            self._window.destroy()
            self._display.close()
        except (error.ConnectionClosedError, OSError, ValueError):
            return  # the server is gone; `visible` says so

    def _draw(self) -> None:
        text, colour = _PAUSED if self._paused else _RECORDING
        self._window.change_attributes(background_pixel=colour)
        self._window.clear_area()
        pen = self._window.create_gc(foreground=0xFFFFFF, background=colour)
        self._window.draw_text(pen, 8, 17, text)
        pen.free()
        self._display.flush()
