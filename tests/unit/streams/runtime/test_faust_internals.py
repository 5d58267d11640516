"""The private names of Faust and aiokafka exist, and stand in one file."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from streams.runtime import faust_internals

ROOT = Path(__file__).parents[4]
NAMES = {name for _, _, name in faust_internals.RELIED_ON}


def test_the_installed_versions_know_every_name() -> None:
    assert faust_internals.renamed() == [], (
        "this version of faust-streaming or aiokafka has renamed what streams/runtime/faust_internals.py relies on: "
        "look each up in its source, and change that file alone"
    )


def test_a_renamed_name_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = "faust.transport.drivers.aiokafka"
    gone = ((driver, "Consumer", "_no_such_name"), (driver, "NoSuchClass", "x"))
    monkeypatch.setattr(faust_internals, "RELIED_ON", gone)
    assert faust_internals.renamed() == [f"{driver}.Consumer._no_such_name", f"{driver}.NoSuchClass.x"]


def test_every_foreign_private_name_is_listed_and_used_in_that_file_alone() -> None:
    tree = ast.parse((ROOT / "streams/runtime/faust_internals.py").read_text())
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _private(node.attr)}
    assert used <= NAMES
    for path in (ROOT / "streams").rglob("*.py"):
        source = path.read_text()
        if path.name == "faust_internals.py" or not re.search(r"\b(faust|aiokafka)\b", source):
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Attribute) and _private(node.attr) and node.attr in NAMES:
                raise AssertionError(f"{path.name}:{node.lineno} uses {node.attr}")


def _private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")
