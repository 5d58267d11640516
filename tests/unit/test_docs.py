"""What the documents point at exists: links, files, tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("docs", "deploy", "benchmarks", "collectors")
PAGES = sorted(
    path.relative_to(ROOT)
    for path in [*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in (ROOT / folder).rglob("*.md"))]
)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
FILE = re.compile(r"`((?:taskstream|collectors|streams|sinks|deploy|tests|benchmarks|docs)/[\w./-]+)(?:::(\w+)…?)?`")
OWN_TEST = re.compile(r"`((?:unit|integration|faults|desktop|browser)/[\w/]+\.py)(?:::(\w+)…?)?`")


def _text(page: Path) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(_text(page)):
        if "://" not in target and not target.startswith("mailto:"):
            assert ((ROOT / page).parent / target).exists(), target


@pytest.mark.parametrize("page", [page for page in PAGES if page.parts[:2] != ("docs", "decisions")], ids=str)
def test_files_and_tests_exist(page: Path) -> None:
    """Decisions tell of their time; all other pages of today."""
    text = _text(page)
    named = [(path, test) for path, test in FILE.findall(text)]
    named += [(f"tests/{path}", test) for path, test in OWN_TEST.findall(text)]
    for path, test in named:
        assert (ROOT / path).exists(), path
        if test:
            assert f"def {test}" in (ROOT / path).read_text(encoding="utf-8"), f"{path}::{test}"


def test_each_decision_has_a_number_of_its_own() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert len({path.name[:4] for path in decisions}) == len(decisions)
    for path in decisions:
        assert path.read_text(encoding="utf-8").startswith(f"# {int(path.name[:4])}. "), path.name
