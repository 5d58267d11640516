"""``make install``: sets up ``.venv`` from the hash-pinned lock, and says what it does and for how long already.

``python install.py compile`` brings the compiled modules up to date, no more. Needs Python 3.11 and nothing else.
"""

from __future__ import annotations

import collections
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Final

ROOT: Final = Path(__file__).resolve().parent
VENV: Final = ROOT / ".venv"
PYTHON: Final = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
PIP: Final = (str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--progress-bar", "off")
REPEAT_S: Final = 5.0
"""Where there is no terminal, a step that lasts is told again after so long."""
KEPT: Final = 40
"""Lines of a step that fails which are shown."""


def locked() -> int:
    """How many requirements the lock has; those for other systems count, as pip names them too."""
    return len(re.findall(r"^[A-Za-z0-9][^ ]*==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))


def packages_told(total: int) -> Callable[[Sequence[str]], str]:
    """What pip's lines so far say of how far it is."""

    def words(lines: Sequence[str]) -> str:
        if any(line.startswith("Installing collected packages") for line in lines):
            return "all fetched, installing"
        done = sum(line.startswith(("Collecting ", "Requirement already satisfied", "Ignoring ")) for line in lines)
        return f"{done} of {total}"

    return words


class Steps:
    """Runs commands one after the other and shows each with its seconds. ``out`` may be a terminal or not."""

    def __init__(self, count: int, out: IO[str], clock_s: Callable[[], float] = time.monotonic) -> None:
        self._count, self._out, self._clock_s = count, out, clock_s
        self._number = 0

    def run(self, title: str, command: Sequence[str], told: Callable[[Sequence[str]], str] = lambda _: "") -> None:
        """Run it. ``told`` makes of the lines that it has printed how far it is.

        Raises:
            SystemExit: it failed; its last lines have been shown.
        """
        self._number += 1
        head = f"[{self._number}/{self._count}] {title}"
        began_s, shown_s, lines = self._clock_s(), self._clock_s(), list[str]()
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
        assert process.stdout is not None
        reader = threading.Thread(target=lines.extend, args=(process.stdout,), daemon=True)
        reader.start()
        self._write(head, 0.0, "", last=not self._out.isatty())
        try:
            while reader.is_alive():
                reader.join(0.2)
                now_s = self._clock_s()
                if self._out.isatty():
                    self._write(head, now_s - began_s, told(tuple(lines)), last=False)
                elif now_s - shown_s >= REPEAT_S:
                    shown_s = now_s
                    self._write(head, now_s - began_s, told(tuple(lines)), last=True)
            code = process.wait()
        except BaseException:
            process.terminate()
            raise
        self._write(head, self._clock_s() - began_s, "failed" if code else "done", last=True)
        if code:
            self._out.writelines(collections.deque(lines, KEPT))
            sys.exit(code)

    def _write(self, head: str, seconds: float, words: str, *, last: bool) -> None:
        text = f"{head} ... {words + ', ' if words else ''}{seconds:.0f} s"
        self._out.write(f"\r{text}\x1b[K" if self._out.isatty() else text)
        self._out.write("\n" if last else "")
        self._out.flush()


def install(out: IO[str]) -> None:
    """Everything."""
    steps, began_s, count = Steps(4, out), time.monotonic(), locked()
    steps.run(f".venv with Python {sys.version.split()[0]}", [sys.executable, "-m", "venv", str(VENV)])
    # The lock is complete, so pip need not work out what depends on what; the check after it shows that it was.
    wanted = [*PIP, "--no-deps", "--require-hashes", "-r", "requirements.lock"]
    steps.run(f"{count} packages of requirements.lock", wanted, packages_told(count))
    own = [*PIP, "--no-deps", "--no-build-isolation", "--editable", "."]
    steps.run("taskstream itself, its hot modules compiled", own)
    steps.run("check that all fits together", [str(PYTHON), "-m", "pip", "check"])
    out.write(f"ready after {time.monotonic() - began_s:.0f} s: .venv/bin/taskstream\n")


def main(arguments: list[str]) -> None:
    """``compile``, or nothing."""
    if arguments == ["compile"]:
        Steps(1, sys.stderr).run("compile the hot modules that have changed", [str(PYTHON), "hatch_build.py"])
    else:
        install(sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
