"""Ctrl-C while the command is still being imported."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
WAYS = {
    "python -m": ["-m", "taskstream"],
    "script": ["-c", "import sys; from taskstream.__main__ import main; sys.exit(main())"],  # as installers write it
}


def run(way: str, folder: Path, **how: bool) -> subprocess.CompletedProcess[str]:
    """The command with a package that is interrupted as it is imported."""
    (folder / "click.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGINT); raise SystemExit('deaf')")
    environment = os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
    deaf = (lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) if how else None
    return subprocess.run(
        [sys.executable, *WAYS[way], "--version"], cwd=ROOT, env=environment, capture_output=True, text=True,
        timeout=60, check=False, preexec_fn=deaf,
    )  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_an_interrupt_in_an_import_is_one_line(way: str, tmp_path: Path) -> None:
    said = run(way, tmp_path)
    assert (said.returncode, said.stdout, said.stderr) == (130, "", "interrupted\n")


@pytest.mark.parametrize("way", WAYS)
def test_who_ignores_interrupts_goes_on(way: str, tmp_path: Path) -> None:
    assert run(way, tmp_path, ignored=True).stderr == "deaf\n"


def test_the_installed_command_begins_there() -> None:
    assert 'taskstream = "taskstream.__main__:main"' in (ROOT / "pyproject.toml").read_text()
