"""What checks the sources: every file, as strictly as the rest, before a commit as in ``make lint``."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MYPY = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]


def test_all_files_are_type_checked() -> None:
    """There is no list of exceptions: a file that is added is checked as strictly as the others."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout: which files belong to the sources is known to git alone")
    said = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    checked = tuple(name if name.endswith(".py") else f"{name}/" for name in MYPY["files"])
    assert [file for file in said.stdout.split() if not file.startswith(checked)] == []
    assert MYPY["strict"] is True
    assert not {"exclude", "ignore_errors", "disable_error_code"} & set(MYPY)


def test_no_module_of_ours_is_checked_less_strictly() -> None:
    ours = {name.split("/")[0].removesuffix(".py") for name in MYPY["files"]}
    for each in MYPY["overrides"]:
        assert not {module.split(".")[0] for module in each["module"]} & ours


def test_the_hooks_of_pre_commit_are_those_of_make_lint() -> None:
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe is not None
    lint = [line.strip().replace("$(BIN)", ".venv/bin").removesuffix(" .") for line in recipe[1].splitlines()]
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    assert re.findall(r"repo: (.*)", hooks) == ["local"]  # their versions are those of the lock
    assert [entry.removesuffix(" --force-exclude") for entry in re.findall(r"entry: (.*?), language", hooks)] == lint
