"""Checks free disk space before anything is written."""

from __future__ import annotations

import shutil
from pathlib import Path

from taskstream.errors import ServiceError

# Kafka and ClickHouse write some 100 MB of their own before the first event.
LEAST_FREE_BYTES = 256 << 20
# Below that an instance stops, as long as everything can still end cleanly.
STOP_FREE_BYTES = 48 << 20


def require_room(folder: Path, least: int) -> None:
    """Make the folder if it is not there, and see that ``least`` bytes are free.

    Raises:
        ServiceError: they are not, or the folder cannot be used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise ServiceError(f"the folder {folder} cannot be used: {error.strerror}") from error
    if free < least:
        raise ServiceError(
            f"the disk is full: {free >> 20} MB are free in {folder}, at least {least >> 20} MB are needed; "
            "free some, or choose another --home"
        )
