"""From key presses to classes and allow-listed shortcuts: the last place that sees which key it was.

What is held down is remembered while it is held, to tell auto-repeat from typing; nothing else is.
"""

from __future__ import annotations

from typing import Final

from collectors.sources.base import Key, KeyClass, Shortcut
from taskstream.privacy.shortcuts import allowed

MODIFIER_MS: Final = 5_000
"""A modifier counts as held for this long. Its release may be missed (lock screen, another console), and under a Ctrl
that was never released every letter would be named as a shortcut."""
REPEAT_MS: Final = 1_000
"""A press of a key that is held and was last heard of within this time is auto-repeat."""

_MODIFIERS: Final = {
    "ctrl": "ctrl", "ctrl_l": "ctrl", "ctrl_r": "ctrl", "shift": "shift", "shift_l": "shift", "shift_r": "shift",
    "alt": "alt", "alt_l": "alt", "alt_r": "alt", "alt_gr": "altgr", "cmd": "super", "cmd_l": "super", "cmd_r": "super",
}  # fmt: skip
_SILENT: Final = frozenset(["caps_lock", "num_lock", "scroll_lock", "dead"])
_EDIT: Final = frozenset(["backspace", "delete", "enter", "tab", "insert"])
_NAVIGATION: Final = frozenset(["left", "right", "up", "down", "home", "end", "page_up", "page_down"])
_NAMES: Final = {"page_up": "pageup", "page_down": "pagedown"}


class Keyboard:
    """Follows modifiers and held keys. One instance per listener; not thread-safe."""

    def __init__(self) -> None:
        self._modifiers: dict[str, int] = {}  # modifier → when it was last pressed
        self._held: dict[str, int] = {}

    def press(self, key: str, at_ms: int) -> Key | Shortcut | None:
        """A key went down; None for modifiers, auto-repeat and dead keys.

        Args:
            key: one character, or the name of a key longer than one character (``enter``, ``f5``, ``ctrl_l``); empty
                when unknown.
            at_ms: when.
        """
        if modifier := _MODIFIERS.get(key):
            self._modifiers[modifier] = at_ms
            return None
        self._modifiers = {name: at for name, at in self._modifiers.items() if at_ms - at < MODIFIER_MS}
        last = self._held.get(key)
        self._held[key] = at_ms
        if (last is not None and at_ms - last < REPEAT_MS) or key in _SILENT:
            return None
        if len(self._held) > 16:  # releases were missed
            self._held = {key: at_ms}
        if self._is_shortcut(key):
            return Shortcut(at_ms, allowed(self._name(key)))
        return Key(at_ms, _class(key))

    def release(self, key: str) -> None:
        """A key went up."""
        if modifier := _MODIFIERS.get(key):
            self._modifiers.pop(modifier, None)
        elif self._held.pop(key, None) is None:
            self._held.clear()  # released under another name than pressed (Shift went first): forget all

    def forget_modifiers(self) -> None:
        """Treat all modifiers as released: some releases may have been missed."""
        self._modifiers.clear()

    def _is_shortcut(self, key: str) -> bool:
        """Ctrl, Alt or Super is held, and it is not AltGr, which types characters (on Windows: Ctrl and Alt)."""
        held = self._modifiers.keys()
        if "altgr" in held or {"ctrl", "alt"} <= held:
            return False
        if held & {"ctrl", "alt", "super"}:
            return True
        return "shift" in held and key in ("insert", "delete")

    def _name(self, key: str) -> str:
        if len(key) == 1 and 1 <= ord(key) <= 26:
            key = chr(ord(key) + 96)  # Ctrl+C arrives as the control character 3
        parts = [name for name in ("ctrl", "alt", "super", "shift") if name in self._modifiers]
        return "+".join([*parts, _NAMES.get(key, key.lower())])


def _class(key: str) -> KeyClass:
    if len(key) == 1:
        return "digit" if key.isdigit() else "letter" if key.isalpha() else "punctuation"
    if key == "space" or not key:
        return "punctuation"
    return "edit" if key in _EDIT else "navigation" if key in _NAVIGATION else "function"
