"""A wall clock of its own for each child process, which can be set while it runs (Linux; needs a C compiler)."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).with_name("clock_shim.c")


def build(folder: Path) -> Path:
    """Compile the shim into ``folder``.

    Raises:
        FileNotFoundError: there is no C compiler ``cc``.
        subprocess.CalledProcessError: it does not compile; the compiler's words are on the screen.
    """
    library = folder / "clock_shim.so"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"], check=True)
    return library


class WallClock:
    """One process's clock: give it ``environment`` at its start."""

    def __init__(self, library: Path, file: Path) -> None:
        self._library, self._file = library, file
        file.write_bytes(bytes(8))

    @property
    def environment(self) -> dict[str, str]:
        """The environment that makes a process use this clock."""
        return {"LD_PRELOAD": str(self._library), "CHAOS_CLOCK": str(self._file)}

    def set(self, ahead_s: int) -> None:
        """From now on it is ``ahead_s`` seconds ahead of the machine's (negative: behind)."""
        with self._file.open("r+b") as handle:  # in place: the process has mapped this very file
            handle.write(ahead_s.to_bytes(8, "little", signed=True))
