"""The data of one INSERT, collected in a private file that the engine then reads.

chDB's own streaming insert reports rows as written and raises nothing when they could not be stored (a violated
constraint, too many partitions, no memory), so that lost data would be acknowledged. ``INSERT … FROM INFILE`` goes the
way of any statement and reports every error. A file, not memory: a body has no bound.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from deploy.local.clickhouse.failures import CANNOT_WRITE, failure


class Incoming:
    """A file that nobody else can name; on Linux it vanishes with the process, elsewhere when closed."""

    def __init__(self, directory: Path) -> None:
        try:
            if sys.platform == "linux":
                # Nameless, and the path below has no characters that the engine would take for a pattern.
                self._file = tempfile.TemporaryFile(dir=directory, buffering=0)  # noqa: SIM115
                self.path = f"/proc/self/fd/{self._file.fileno()}"
            else:
                named = tempfile.NamedTemporaryFile(buffering=0)  # noqa: SIM115
                self._file, self.path = named, named.name
        except OSError as error:
            raise failure(CANNOT_WRITE, f"Cannot keep the data of the INSERT: {error.strerror}") from error

    def append(self, data: bytes) -> None:
        """Add a piece."""
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise failure(CANNOT_WRITE, f"Cannot keep the data of the INSERT: {error.strerror}") from error

    def close(self) -> None:
        """Remove the file. May be called twice."""
        self._file.close()
