"""The maps: the docstrings of the packages' ``__init__.py``, with a line for each file and folder in them.

``python docs/generate.py`` gives what is new a line, at the end, and takes the line of what is gone. The order is that
of reading, so it is for people: lines that are there stay where they are.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("taskstream", "collectors", "streams", "sinks", "deploy")
LINE = re.compile(r" {4}(\S+) {2,}(\S.*)")


def packages() -> Iterator[Path]:
    """Every folder that has a map."""
    for part in PARTS:
        yield from sorted(path.parent for path in (ROOT / part).rglob("__init__.py"))


def rooms(folder: Path) -> set[str]:
    """Modules, and folders with a slash behind their names."""
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    return files | {f"{path.name}/" for path in folder.iterdir() if path.is_dir() and any(path.glob("*.*[!c]"))}


def updated(folder: Path) -> str:
    """The text of the folder's ``__init__.py`` with a line for each room; as it is where none is missing."""
    text = (folder / "__init__.py").read_text(encoding="utf-8")
    head, end, code = text[3:].partition('"""')
    told = {found[1]: found[2] for line in head.split("\n") if (found := LINE.fullmatch(line))}
    there = rooms(folder)
    if told.keys() == there:
        return text
    words = {name: line for name, line in told.items() if name in there}
    words |= {name: _summary(folder, name) for name in sorted(there - told.keys())}
    width = max(map(len, words), default=0)
    lines = [f"    {name:{width}}  {line}" for name, line in words.items()]
    others = "\n".join(line for line in head.split("\n") if not LINE.fullmatch(line)).rstrip("\n")
    return '"""' + "\n".join([others, "", *lines, ""]) + end + code


def _summary(folder: Path, name: str) -> str:
    """The first sentence of the room's own docstring."""
    file = folder / name / "__init__.py" if name.endswith("/") else folder / f"{name}.py"
    text = (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) if file.is_file() else "") or "?"
    return re.split(r"\.(?:\s|$)", text.replace("``", "`"), maxsplit=1)[0].replace("\n", " ")
