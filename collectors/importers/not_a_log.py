"""What a file that holds no log is refused with."""

from __future__ import annotations

from taskstream.errors import InputError


class NotALog(InputError):
    """A file of no kind known here, empty, or without what every log holds; within an archive it is passed over and
    told."""
