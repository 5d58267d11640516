"""Every folder's ``__init__.py`` is its map: what it is, what it may import, its files in reading order."""

from __future__ import annotations

import ast
import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("taskstream", "collectors", "streams", "sinks", "deploy")
PACKAGES = sorted(str(path.parent.relative_to(ROOT)) for part in PARTS for path in (ROOT / part).rglob("__init__.py"))


def _map(package: str) -> str:
    return ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8"))) or ""


def _rooms(package: str) -> set[str]:
    """Modules, and folders with a slash behind their names."""
    folder = ROOT / package
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    return files | {f"{path.name}/" for path in folder.iterdir() if path.is_dir() and any(path.glob("*.*[!c]"))}


def _imported(file: Path) -> set[str]:
    """First-party modules and names that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".", maxsplit=1)[0] in PARTS}


@pytest.mark.parametrize("package", PACKAGES)
def test_the_map_lists_what_is_there(package: str) -> None:
    lines = re.findall(r"^    (\S+) {2,}\S", _map(package), re.MULTILINE)
    assert sorted(lines) == sorted(set(lines)), "listed twice"
    assert set(lines) == _rooms(package)


@pytest.mark.parametrize("package", PACKAGES)
def test_the_map_says_what_may_be_imported(package: str) -> None:
    told = re.search(r"^May import: (.+)\.$", _map(package), re.MULTILINE)
    assert told, "no line `May import: ….`"
    own = package.replace("/", ".")
    allowed = [own, *(name for name in told[1].split(", ") if name != "nobody")]
    for file in sorted((ROOT / package).glob("*.py")):
        for name in _imported(file):
            assert any(name == one or name.startswith(f"{one}.") for one in allowed), f"{file.name} imports {name}"


def test_a_new_file_is_given_its_line_and_one_that_is_gone_loses_it(tmp_path: Path) -> None:
    head = '"""A room.\n\nMay import: nobody.\n\n    old   What it was\n    gone  What it was\n"""\n\nX = 1\n'
    (tmp_path / "__init__.py").write_text(head)
    (tmp_path / "old.py").write_text("")
    (tmp_path / "newer.py").write_text('"""Counts ``things``, and\nmore. The rest."""\n')
    updated = runpy.run_path(str(ROOT / "docs" / "maps.py"))["updated"]
    wanted = head.replace("    old   What", "    old    What").replace(
        "    gone  What it was", "    newer  Counts `things`, and more"
    )
    assert updated(tmp_path) == wanted
    (tmp_path / "__init__.py").write_text(wanted)
    assert updated(tmp_path) == wanted


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").rglob("__init__.py")), ids=lambda path: path.parent.name)
def test_the_maps_of_the_benchmarks_name_every_file(path: Path) -> None:
    told = set(re.findall(r"``(\w+)``", path.read_text(encoding="utf-8")))
    files = {file.stem for file in path.parent.glob("*.py")} - {"__init__"}
    folders = {file.parent.name for file in path.parent.glob("*/__init__.py")}
    assert files | folders <= told
