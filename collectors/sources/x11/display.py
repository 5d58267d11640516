"""What an X11 desktop needs before anything can be observed, or one clear line why not."""

from __future__ import annotations

import os
from typing import Any

from taskstream.errors import ServiceError


def require_x11() -> None:
    """Check that this session is X11 and nothing else.

    Raises:
        ServiceError: it is Wayland (only part of the windows could be seen, so nothing is recorded), or there is no
            display.
    """
    if os.environ.get("XDG_SESSION_TYPE", "").lower() == "wayland" or os.environ.get("WAYLAND_DISPLAY"):
        raise ServiceError(
            "this session is Wayland: a recorder would see only some of its windows, so nothing is recorded; "
            "log in to an X11 session"
        )
    if not os.environ.get("DISPLAY"):
        raise ServiceError("there is no display (DISPLAY is not set): run this in a desktop session")


def connect() -> Any:
    """A connection to the display of this session. One per thread.

    Raises:
        ServiceError: the display does not answer.
    """
    from Xlib import error
    from Xlib.display import Display

    try:
        display = Display()
    except (error.DisplayError, OSError, OverflowError, ValueError) as failure:
        raise ServiceError(f"the display {os.environ.get('DISPLAY', '')} does not answer: {failure}") from failure
    display.set_error_handler(lambda *_: None)  # else it prints an error for each window that vanishes
    return display
