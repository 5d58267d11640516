"""Opens the sources of this system."""

from __future__ import annotations

from collectors.sources.base import Platform
from taskstream.errors import ServiceError


def open_sources(platform: str) -> Platform:
    """The sources of a platform, named as in :data:`sys.platform`.

    Raises:
        ServiceError: there are none for it.
    """
    if platform.startswith("linux"):
        from collectors.sources.x11.platform import X11

        return X11()
    raise ServiceError(
        f"this desktop cannot be recorded: there is no source for the platform {platform!r}, only for X11"
    )
