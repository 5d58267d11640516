"""The visible notice: a small window above all others that says that a recording runs, and pauses it on a click."""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from collectors.sources.x11.display import connect
from taskstream.errors import ServiceError

WIDTH: Final = 210
HEIGHT: Final = 26
MARGIN: Final = 8
LOOK_S: Final = 0.2
"""How often the notice looks whether it can be seen."""
COVERED_S: Final = 1.0
"""It is hidden when another window covers it for this long, though it comes to the front at each look."""
OPAQUE: Final = 0xE0000000
"""Least opacity (of 2^32 - 1) that a compositor may be asked to give it."""
_RECORDING: Final = ("Taskstream records (click: pause)", 0xB00020)
_PAUSED: Final = ("Taskstream paused (click: resume)", 0x606060)


class X11Notice:
    """Shows the notice in its own thread until it is closed, and sees that it stays where it can be seen."""

    def __init__(self, on_click: Callable[[], None]) -> None:
        self._on_click = on_click
        self._paused = False
        self._stop = threading.Event()
        self._dirty = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notice", daemon=True)
        self._display: Any = None
        self._window: Any = None
        self._place = (0, 0)
        self._screen_size = (0, 0)
        self._next_look_s = 0.0
        self._covered_s: float | None = None  # since when
        self._hidden = ""

    def show(self) -> None:
        """Show the window.

        Raises:
            ServiceError: it cannot be shown; then nothing may be recorded.
        """
        from Xlib import X

        display = self._display = connect()
        screen = display.screen()
        self._opacity = display.intern_atom("_NET_WM_WINDOW_OPACITY")
        self._measure()
        self._window = screen.root.create_window(
            *self._place, WIDTH, HEIGHT, 1, screen.root_depth,
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

    def hidden(self) -> str:
        """Why the window cannot be seen any more; empty while it can."""
        return self._hidden or ("" if self._thread.is_alive() else "has gone")

    def close(self) -> None:
        """Take the window away."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(3)

    def _run(self) -> None:
        from Xlib import X, error

        try:
            while not self._stop.is_set() and not self._hidden:
                if not self._display.pending_events():
                    select.select([self._display.fileno()], [], [], LOOK_S)
                self._look()
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
        except (error.BadWindow, error.BadDrawable):
            self._hidden = "was destroyed"
        except (error.ConnectionClosedError, OSError, ValueError):
            return  # the server is gone; `hidden` says so

    def _look(self) -> None:
        """See whether the window can be seen as it was shown."""
        from Xlib import X

        now_s = time.monotonic()
        if now_s < self._next_look_s:
            return
        self._next_look_s = now_s + LOOK_S
        if self._measure():
            self._window.configure(x=self._place[0], y=self._place[1])
            self._display.sync()
            return
        if why := self._displaced():
            self._hidden = why
        elif self._is_covered():
            self._covered_s = now_s if self._covered_s is None else self._covered_s
            if now_s - self._covered_s >= COVERED_S:
                self._hidden = "is covered by another window"
            self._window.configure(stack_mode=X.Above)
            self._display.flush()
        else:
            self._covered_s = None

    def _measure(self) -> bool:
        """Find the place in the upper right corner; whether the screen has another size than before."""
        found = self._display.screen().root.get_geometry()
        size = (found.width, found.height)
        if size == self._screen_size:
            return False
        self._screen_size = size
        self._place = (max(0, found.width - WIDTH - MARGIN), MARGIN)
        return True

    def _displaced(self) -> str:
        from Xlib import X, Xatom

        window = self._window
        if window.get_attributes().map_state != X.IsViewable:
            return "was taken off the screen"
        found = window.get_geometry()
        if (found.x, found.y, found.width, found.height) != (*self._place, WIDTH, HEIGHT):
            return "was moved or shrunk"
        if window.query_tree().parent != self._display.screen().root:
            return "was put into another window"
        opacity = window.get_full_property(self._opacity, Xatom.CARDINAL)
        if opacity is not None and opacity.value[0] < OPAQUE:
            return "was made transparent"
        if self._display.has_extension("SHAPE") and not self._is_whole():
            return "was cut out of the screen"
        return ""

    def _is_whole(self) -> bool:
        """Whether no shape takes a part of the window away."""
        shape = self._window.shape_query_extents()
        return not (shape.bounding_shaped or shape.clip_shaped)

    def _is_covered(self) -> bool:
        """Whether a window above this one takes any part of its place."""
        from Xlib import X, error

        left, top = self._place
        children = self._display.screen().root.query_tree().children
        own = next((index for index, one in enumerate(children) if one.id == self._window.id), len(children))
        for other in children[own + 1 :]:
            try:
                attributes, found = other.get_attributes(), other.get_geometry()
            except (error.BadWindow, error.BadDrawable):
                continue  # it has just gone
            if attributes.map_state != X.IsViewable or attributes.win_class != X.InputOutput:
                continue
            right = found.x + found.width + 2 * found.border_width
            bottom = found.y + found.height + 2 * found.border_width
            if found.x < left + WIDTH + 2 and right > left and found.y < top + HEIGHT + 2 and bottom > top:
                return True
        return False

    def _draw(self) -> None:
        text, colour = _PAUSED if self._paused else _RECORDING
        self._window.change_attributes(background_pixel=colour)
        self._window.clear_area()
        pen = self._window.create_gc(foreground=0xFFFFFF, background=colour)
        self._window.draw_text(pen, 8, 17, text)
        pen.free()
        self._display.flush()
