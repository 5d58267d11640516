"""The active window, the clipboard's owner and idle time of X11: events of the server; only idle is polled."""

from __future__ import annotations

import os
import select
import threading
from typing import Any, Final

from collectors.clock import now_ms
from collectors.sources.base import Clipboard, Idle, Sink, Window
from collectors.sources.x11.display import connect
from taskstream.errors import ServiceError

POLL_S: Final = 1.0
IDLE_MS: Final = 60_000
"""Absence of input from which on the person counts as away."""
_OWNER_CHANGED: Final = 1  # XFixesSetSelectionOwnerNotifyMask


class X11Desktop:
    """Watches the desktop in its own thread, on its own connection."""

    def __init__(self, sink: Sink, on_layout: Any = lambda: None) -> None:
        self._sink = sink
        self._on_layout = on_layout
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="x11-desktop", daemon=True)
        self._display: Any = None
        self._watched: Any = None
        self._own_pid = os.getpid()
        self._last: tuple[str, str, bool] | None = None

    def start(self) -> None:
        """Begin to watch.

        Raises:
            ServiceError: the display does not answer or lacks the XFIXES extension.
        """
        from Xlib import X

        display = self._display = connect()
        root = display.screen().root
        if not display.has_extension("XFIXES"):
            raise ServiceError("the X server has no XFIXES extension: copying cannot be observed")
        display.xfixes_query_version()
        self._active = display.intern_atom("_NET_ACTIVE_WINDOW")
        self._name = display.intern_atom("_NET_WM_NAME")
        self._pid = display.intern_atom("_NET_WM_PID")
        self._utf8 = display.intern_atom("UTF8_STRING")
        display.xfixes_select_selection_input(root, display.intern_atom("CLIPBOARD"), _OWNER_CHANGED)
        root.change_attributes(event_mask=X.PropertyChangeMask)
        self._can_idle = display.has_extension("MIT-SCREEN-SAVER")
        display.sync()
        self._thread.start()

    def healthy(self) -> bool:
        """Whether the thread lives."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """End the thread and the connection."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(3)

    def _run(self) -> None:
        from Xlib import error

        try:
            self._look()
            while not self._stop.is_set():
                if not self._display.pending_events():
                    select.select([self._display.fileno()], [], [], POLL_S)
                    self._idle()
                while self._display.pending_events():
                    self._handle(self._display.next_event())
            self._display.close()
        except (error.ConnectionClosedError, OSError, ValueError):
            return  # the server is gone; `healthy` says so

    def _handle(self, event: Any) -> None:
        from Xlib import X

        if event.type == X.PropertyNotify and event.atom in (self._active, self._name):
            self._look()
        elif event.type == X.MappingNotify:
            self._on_layout()
        elif type(event).__name__ == "SetSelectionOwnerNotify" and event.owner:
            self._sink(Clipboard(now_ms()))

    def _look(self) -> None:
        """Which window is in front, and what its title says."""
        from Xlib import X, error

        root = self._display.screen().root
        try:
            found = root.get_full_property(self._active, X.AnyPropertyType)
            window = (
                self._display.create_resource_object("window", found.value[0]) if found and found.value[0] else None
            )
            if window is None:
                return
            if self._watched is None or window.id != self._watched.id:
                self._watch(window)
            seen = (self._app(window), self._title(window), self._pid_of(window) == self._own_pid)
        except (error.BadWindow, error.BadDrawable, error.BadMatch):
            return  # it has vanished; another one will come to the front
        if seen != self._last:
            self._last = seen
            self._sink(Window(now_ms(), *seen))

    def _watch(self, window: Any) -> None:
        from Xlib import X

        if self._watched is not None:
            self._watched.change_attributes(event_mask=0)
        window.change_attributes(event_mask=X.PropertyChangeMask)
        self._watched = window

    def _app(self, window: Any) -> str:
        names = window.get_wm_class()
        return (names[1] or names[0]).lower()[:64] if names else "unknown"

    def _title(self, window: Any) -> str:
        found = window.get_full_property(self._name, self._utf8)
        if found is not None:
            raw = found.value
            return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
        return str(window.get_wm_name() or "")

    def _pid_of(self, window: Any) -> int:
        from Xlib import X

        found = window.get_full_property(self._pid, X.AnyPropertyType)
        return int(found.value[0]) if found and len(found.value) else 0

    def _idle(self) -> None:
        if not self._can_idle:
            return
        idle_ms = int(self._display.screen().root.screensaver_query_info().idle)
        if idle_ms >= IDLE_MS:
            now = now_ms()
            self._sink(Idle(now, now - idle_ms))
