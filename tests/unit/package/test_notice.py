"""NOTICE: the same on every platform, complete, and no licence in it that nobody has read."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest

from deploy.local.jars import locked

ROOT = Path(__file__).parents[3]


@pytest.fixture
def script() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "docs" / "notice.py"))


def _without(*names: str) -> Callable[[str], Distribution]:
    def lookup(name: str) -> Distribution:
        if name in names:
            raise PackageNotFoundError(name)
        return distribution(name)

    return lookup


def _text(script: dict[str, Any]) -> str:
    text = script["notice"]()
    assert isinstance(text, str)
    return text


def test_every_locked_package_is_listed_once(script: dict[str, Any]) -> None:
    listed = [line.split()[0] for line in _text(script).splitlines() if line.startswith("    ") and "*" not in line]
    for name in script["locked"]():
        assert listed.count(name) == 1, name


def test_other_platforms_give_the_same(script: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    here = _text(script)
    for lacking in (("evdev", "python-xlib"), ("uvloop", "evdev", "python-xlib")):  # as on macOS, as on Windows
        monkeypatch.setitem(script["notice"].__globals__, "distribution", _without(*lacking))
        assert _text(script) == here


def test_a_licence_that_nobody_has_read_is_refused(
    script: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for declared in (
        "License-Expression: AGPL-3.0-only",
        "License: GPLv3",
        "Name-Only: 1",
        "License-Expression: MIT AND GPL-2.0-only",
    ):
        package = tmp_path / "strange-1.dist-info"
        package.mkdir(exist_ok=True)
        (package / "METADATA").write_text(f"Metadata-Version: 2.4\nName: strange\nVersion: 1\n{declared}\n")
        monkeypatch.setitem(
            script["notice"].__globals__, "distribution", lambda _: Distribution.at(tmp_path / "strange-1.dist-info")
        )
        with pytest.raises(SystemExit, match="strange"):
            script["licence_of"]("strange")


def test_a_package_unknown_here_is_asked_for(script: dict[str, Any]) -> None:
    with pytest.raises(SystemExit, match="ELSEWHERE"):
        script["licence_of"]("no-such-package-anywhere")


def test_the_jars_are_listed_with_licences_that_are_accepted(script: dict[str, Any]) -> None:
    assert len(list(script["jars"]())) == len(locked())
    for licence in ("GPL-3.0-only", "Apache-2.0 AND AGPL-3.0-only", ""):
        with pytest.raises(SystemExit, match="some:jar"):
            script["accepted"]("some:jar", licence)
