"""The gate: from raw observations to UI events. Pure; what it lets pass is all that is ever written down.

- keys become bursts with counts by class, closed by a pause, a click, another window or a shortcut;
- repeated scrolling becomes one event, a window that only changes its title within one screen none;
- titles become screens by rule, see ``collectors.agent.screens``;
- only what the policy allows: its applications (of another only that it is in front, as ``other``), its kinds of
  events, its working hours;
- in password prompts nothing is counted: one ``keys`` event without counts says that something was typed;
- a copy is what the clipboard's new owner says, named after the shortcut just before it.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Final

from collectors.agent.screens import Screens
from collectors.sources.base import (
    Click,
    Clipboard,
    Control,
    Idle,
    Key,
    KeyClass,
    Observation,
    Scroll,
    Shortcut,
    Window,
)
from taskstream.events import KeyCounts, Kind, UiEvent
from taskstream.privacy.policy import OTHER, Policy
from taskstream.privacy.redact import redact_event

PAUSE_MS: Final = 1_500
"""A pause that closes a burst of typing or scrolling."""
BURST_MS: Final = 30_000
"""A burst is closed after this time also without a pause."""
COPY_MS: Final = 500
"""The clipboard changes within this time after the shortcut that did it."""

SECURE_APPS: Final = frozenset([
    "pinentry", "pinentry-gtk-2", "pinentry-gnome3", "pinentry-qt", "gcr-prompter", "lxpolkit", "ssh-askpass",
    "polkit-gnome-authentication-agent-1", "polkit-kde-authentication-agent-1", "ksshaskpass", "x11-ssh-askpass",
    "kwalletd5", "kwalletd6", "keepassxc", "keepass2", "bitwarden", "1password", "gnome-keyring-prompt", "seahorse",
    "xscreensaver", "i3lock", "light-locker", "gksu", "kdesu", "lightdm-gtk-greeter",
])  # fmt: skip
_SECURE_TITLES: Final = (
    "password",
    "passphrase",
    "passwort",
    "kennwort",
    "mot de passe",
    "contraseña",
    "pin entry",
    "unlock",
)
SECURE_APP: Final = "password prompt"


class Gate:
    """One desktop's gate. Feed it observations in order; call :meth:`tick` about every second."""

    def __init__(self, policy: Policy, zone: tzinfo | None = None) -> None:
        """``zone`` is that of the working hours; None: the desktop's."""
        self._policy = policy
        self._zone = zone
        self._applications = frozenset(policy.applications)
        self._kinds = frozenset(policy.kinds)
        self._screens = Screens(policy.screens)
        self._minute = (-1, False)  # the last one asked about, and whether it is a working one
        self._untold = False  # the window in front came outside the working hours
        self._allowed = False  # before a window is known, no application is
        self._app = ""
        self._screen = ""
        self._secure = False
        self._own = False
        self._paused = False
        self._idle = False
        self._counts: dict[KeyClass, int] = {}
        self._secure_keys = False
        self._burst: tuple[int, int] | None = None  # first and last key
        self._scroll: tuple[int, int] | None = None
        self._copying: Shortcut | None = None
        self._last_ms = 0
        self._out: list[UiEvent] = []

    def feed(self, seen: Observation) -> list[UiEvent]:
        """The events that ``seen`` completes."""
        if isinstance(seen, Control):
            self._control(seen)
        elif not self._paused:
            self._observe(seen)
        return self._take()

    def tick(self, now_ms: int) -> list[UiEvent]:
        """The events that the passing of time completes."""
        self._expire(now_ms)
        return self._take()

    def flush(self) -> list[UiEvent]:
        """The events of everything that is still open."""
        self._close_all()
        return self._take()

    def _take(self) -> list[UiEvent]:
        taken, self._out = self._out, []
        return taken

    def _observe(self, seen: Observation) -> None:
        self._expire(seen.at_ms)
        working = self._within(seen.at_ms)
        if isinstance(seen, Window):
            self._window(seen, working)
            return
        if not working:
            self._close_all()
            return
        if self._untold:
            self._untold = False
            self._emit(seen.at_ms, "window")
        if isinstance(seen, Idle):
            if not self._idle:
                self._idle = True
                self._close_all()
                self._emit(seen.since_ms if self._within(seen.since_ms) else seen.at_ms, "idle")
            return
        self._idle = False
        if self._own or not self._allowed:
            return
        if self._secure:
            self._secret(seen)
        elif isinstance(seen, Key):
            self._key(seen)
        elif isinstance(seen, Shortcut):
            self._shortcut(seen)
        elif isinstance(seen, Clipboard):
            self._clipboard(seen)
        elif isinstance(seen, Scroll):
            self._close_keys()
            self._scroll = (self._scroll[0] if self._scroll else seen.at_ms, seen.at_ms)
        elif isinstance(seen, Click):
            self._close_all()
            self._emit(seen.at_ms, "click")

    def _within(self, at_ms: int) -> bool:
        minute = at_ms // 60_000
        if minute != self._minute[0]:
            self._minute = (minute, self._policy.within(at_ms, self._zone))
        return self._minute[1]

    def _window(self, seen: Window, working: bool) -> None:
        secure = seen.app in SECURE_APPS or any(word in seen.title.lower() for word in _SECURE_TITLES)
        self._allowed = secure or seen.app in self._applications
        app = SECURE_APP if secure else seen.app if self._allowed else OTHER
        screen = self._screens.screen(seen.app, seen.title) if self._allowed and not secure else ""
        if (app, screen, seen.own) == (self._app, self._screen, self._own) and not (working and self._untold):
            return
        self._close_all()
        self._app, self._screen, self._secure, self._own = app, screen, secure, seen.own
        self._untold = not (working or seen.own)
        if working and not seen.own:
            self._emit(seen.at_ms, "window")

    def _secret(self, seen: Observation) -> None:
        if isinstance(seen, Key) and not self._secure_keys:
            self._secure_keys = True
            self._emit(seen.at_ms, "keys")

    def _key(self, seen: Key) -> None:
        self._close_scroll()
        first = self._burst[0] if self._burst else seen.at_ms
        self._burst = (first, seen.at_ms)
        self._counts[seen.of] = self._counts.get(seen.of, 0) + 1
        if seen.at_ms - first >= BURST_MS:
            self._close_keys()

    def _shortcut(self, seen: Shortcut) -> None:
        self._close_all()
        if seen.name in ("ctrl+c", "ctrl+x", "cmd+c", "cmd+x"):
            self._copying = seen
        elif seen.name in ("ctrl+v", "cmd+v", "shift+insert", "ctrl+shift+v"):
            self._emit(seen.at_ms, "paste", shortcut=seen.name)
        else:
            self._emit(seen.at_ms, "shortcut", shortcut=seen.name)

    def _clipboard(self, seen: Clipboard) -> None:
        self._close_keys()
        copying, self._copying = self._copying, None
        name = copying.name if copying else ""
        self._emit(seen.at_ms, "cut" if name.endswith("+x") else "copy", shortcut=name)

    def _control(self, seen: Control) -> None:
        self._close_all()
        self._paused = seen.what == "paused" or (self._paused and seen.what != "resumed")
        self._out.append(UiEvent(at_ms=self._forward(seen.at_ms), kind="health", element=f"recording:{seen.what}"))

    def _expire(self, now_ms: int) -> None:
        if self._burst and now_ms - self._burst[1] >= PAUSE_MS:
            self._close_keys()
        if self._scroll and now_ms - self._scroll[1] >= PAUSE_MS:
            self._close_scroll()
        if self._copying and now_ms - self._copying.at_ms >= COPY_MS:
            self._close_copying()

    def _close_all(self) -> None:
        self._close_keys()
        self._close_scroll()
        self._close_copying()
        self._secure_keys = False

    def _close_keys(self) -> None:
        if self._burst:
            (first, last), self._burst = self._burst, None
            counts, self._counts = KeyCounts(**self._counts), {}
            self._emit(first, "keys", active_ms=last - first, keys=counts)

    def _close_scroll(self) -> None:
        if self._scroll:
            (first, last), self._scroll = self._scroll, None
            self._emit(first, "scroll", active_ms=last - first)

    def _close_copying(self) -> None:
        if self._copying:
            pressed, self._copying = self._copying, None
            self._emit(pressed.at_ms, "shortcut", shortcut=pressed.name)

    def _emit(
        self, at_ms: int, kind: Kind, *, active_ms: int = 0, keys: KeyCounts | None = None, shortcut: str = ""
    ) -> None:
        if kind not in self._kinds:
            return
        event = UiEvent(
            at_ms=self._forward(at_ms),
            kind=kind,
            app=self._app[:64],
            screen=self._screen,
            active_ms=max(0, active_ms),
            keys=keys,
            shortcut=shortcut,
        )
        self._out.append(redact_event(event))

    def _forward(self, at_ms: int) -> int:
        """Keep an agent's times ascending, even though a burst is reported only after it has ended."""
        self._last_ms = max(self._last_ms, at_ms)
        return self._last_ms
