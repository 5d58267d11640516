"""A name leads to one thing: no class name twice, no two files of one name, but for those that do the same."""

from __future__ import annotations

import ast
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("taskstream", "collectors", "streams", "sinks", "deploy")

SAME_IN_SEVERAL_ROOMS = {
    "__init__.py": "what a folder holds",
    "__main__.py": "a package as a command",
    "run.py": "a part as a process",
    "running.py": "what the commands of a part share that run something",
}
"""By file name, what files of this name do in each of their rooms."""


def sources(*packages: str) -> list[Path]:
    return [path for package in packages or PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def commands() -> set[Path]:
    """The files of commands: each may have the name of the file that it is the command for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    modules = (place.partition(":")[0] for place in project["entry-points"]["taskstream.commands"].values())
    return {ROOT / f"{module.replace('.', '/')}.py" for module in modules}


@pytest.mark.parametrize("packages", [PACKAGES, ("benchmarks",)], ids=["product", "benchmarks"])
def test_no_class_name_stands_for_two_things(packages: tuple[str, ...]) -> None:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sources(*packages):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(path.relative_to(ROOT)))
    twice = {name: places for name, places in found.items() if len(places) > 1}
    assert twice == {}


def test_no_two_files_have_one_name_unless_they_do_the_same() -> None:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in set(sources()) - commands():
        if path.name not in SAME_IN_SEVERAL_ROOMS:
            found[path.name].append(str(path.relative_to(ROOT)))
    twice = {name: places for name, places in found.items() if len(places) > 1}
    assert twice == {}
