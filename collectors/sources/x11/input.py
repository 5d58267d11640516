"""Keyboard and mouse of an X11 desktop, through pynput. Its callbacks classify and hand over, nothing more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from collectors.clock import now_ms
from collectors.sources.base import Click, Control, Scroll, Sink
from collectors.sources.keys import Keyboard
from taskstream.errors import ServiceError

STARTUP_S = 5.0
_ALTGR_KEYSYMS = frozenset([0xFE03, 0xFF7E])  # ISO_Level3_Shift, Mode_switch
_KEYPAD_DIGITS = range(0xFFB0, 0xFFBA)


class X11Input:
    """Presses and releases, clicks, scrolling. ``excluded`` says whether a position is the recorder's own window."""

    def __init__(self, sink: Sink, excluded: Callable[[int, int], bool]) -> None:
        self._sink = sink
        self._excluded = excluded
        self._keyboard = Keyboard()
        self._listeners: list[Any] = []
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to listen.

        Raises:
            ServiceError: the X server has no RECORD extension, or does not let it be used.
        """
        try:
            from pynput import keyboard, mouse
        except ImportError as error:
            raise ServiceError(f"keyboard and mouse cannot be observed: {str(error).splitlines()[0]}") from error
        with self._lock:
            self._keyboard.forget_modifiers()
            # No on_move: positions are not wanted, and it costs.
            self._listeners = [
                keyboard.Listener(on_press=self._guarded(self._press), on_release=self._guarded(self._release)),
                mouse.Listener(on_click=self._guarded(self._click), on_scroll=self._guarded(self._scrolled)),
            ]
            for listener in self._listeners:
                listener.daemon = True
                listener.start()
        for listener in self._listeners:
            ready = threading.Thread(target=listener.wait, daemon=True)
            ready.start()
            ready.join(STARTUP_S)
            if ready.is_alive() or not listener.running:
                self.stop()
                raise ServiceError("keyboard and mouse cannot be observed: the X server does not allow RECORD")

    def healthy(self) -> bool:
        """Whether both listeners are alive: an error ends a listener silently."""
        return bool(self._listeners) and all(listener.is_alive() for listener in self._listeners)

    def restart(self, why: str) -> None:
        """Listen anew, such as after the layout changed: a running listener keeps the old one."""
        self.stop()
        self.start()
        self._sink(Control(now_ms(), "layout changed" if why == "layout" else "restarted"))

    def stop(self) -> None:
        """End both listeners."""
        with self._lock:
            for listener in self._listeners:
                listener.stop()
            self._listeners = []

    def _guarded(self, handle: Callable[..., None]) -> Callable[..., None]:
        """``handle`` with its exceptions caught: one that escapes a callback ends the listener."""

        def guarded(*args: Any) -> None:
            try:
                handle(*args)
            except Exception:  # its message might hold what was typed
                self._keyboard = Keyboard()

        return guarded

    def _press(self, key: Any, *_: Any) -> None:
        seen = self._keyboard.press(_name(key), now_ms())
        if seen is not None:
            self._sink(seen)

    def _release(self, key: Any, *_: Any) -> None:
        self._keyboard.release(_name(key))

    def _click(self, x: int, y: int, button: Any, pressed: bool, *_: Any) -> None:
        del button
        if pressed and not self._excluded(x, y):
            self._sink(Click(now_ms()))

    def _scrolled(self, *_: Any) -> None:
        self._sink(Scroll(now_ms()))


def _name(key: Any) -> str:
    """What :meth:`Keyboard.press` wants to know: a character, or the name of a key that is none."""
    char = getattr(key, "char", None)
    if char:
        return "dead" if getattr(key, "is_dead", False) else str(char)
    if name := getattr(key, "name", None):
        return str(name)
    code = int(getattr(key, "vk", None) or 0)
    if code in _ALTGR_KEYSYMS:
        return "alt_gr"
    if code in _KEYPAD_DIGITS:
        return str(code - 0xFFB0)
    return ""
