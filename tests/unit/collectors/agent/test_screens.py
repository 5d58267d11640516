"""Titles pass by rule only."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.agent.screens import MAX_TITLES, UNKNOWN, Screens, load_rules
from taskstream.errors import UsageError


@pytest.mark.parametrize(
    ("title", "screen"),
    [
        ("Inbox - Max Mustermann - Outlook", UNKNOWN),
        ("Inbox - Outlook", "inbox"),
        ("Save As", "save as"),
        ("Max Mustermann - Salesforce", UNKNOWN),
        ("max@host: ~/secret", UNKNOWN),
        ("", ""),
        ("Find and Replace", "find and replace"),
        ("x" * 10_000, UNKNOWN),
    ],
)
def test_built_in_rules(title: str, screen: str) -> None:
    assert Screens().screen("app", title) == screen


def test_own_rules_come_first_and_are_redacted(tmp_path: Path) -> None:
    (tmp_path / "screens.toml").write_text(
        '[[rule]]\napp = "sap"\n'
        "title = 'Change (?P<what>[A-Z]\\w+) (?P<id>\\d+): .*'\nscreen = \"change {what} {id}\"\n"
    )
    screens = Screens(load_rules(tmp_path))
    assert screens.screen("sap", "Change Order 4711123: Max") == "change order {n}"
    assert screens.screen("excel", "Change Order 4711123: Max") == UNKNOWN


@pytest.mark.parametrize(
    "text", ["[[rule]]\n", "rule = 3", "[[rule]]\ntitle='('\nscreen='x'", "[[rule]]\ntitle='a'\nscreen='{b}'", "="]
)
def test_bad_rules_are_one_clear_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "screens.toml").write_text(text)
    with pytest.raises(UsageError, match=r"screens\.toml"):
        load_rules(tmp_path)


def test_no_file_is_no_rule(tmp_path: Path) -> None:
    assert load_rules(tmp_path) == ()


@given(st.text(max_size=60))
def test_a_screen_is_never_the_title(title: str) -> None:
    screen = Screens().screen("app", title)
    assert screen in ("", UNKNOWN) or screen in Screens().screen("app", screen)


def test_the_memory_is_bounded() -> None:
    screens = Screens()
    for number in range(2 * MAX_TITLES + 10):
        screens.screen("app", f"title {number}")
    assert len(screens._memory) <= MAX_TITLES
