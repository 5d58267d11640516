"""Every folder's ``__init__.py`` is its map: what it is, what it may import, its files in reading order."""

from __future__ import annotations

import ast
import re
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
