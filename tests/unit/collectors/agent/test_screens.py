"""Titles and addresses pass by rule only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.agent.screens import MAX_TEXTS, Screens
from taskstream.privacy.personal import SCREENS
from taskstream.privacy.policy import OTHER
from taskstream.privacy.screen_rules import ScreenRule, outcomes


@pytest.mark.parametrize(
    ("title", "screen"),
    [
        ("Inbox - Max Mustermann - Outlook", "inbox"),
        ("Inbox - Outlook", "inbox"),
        ("Save As", "save as"),
        ("Max Mustermann - Salesforce", OTHER),
        ("max@host: ~/secret", OTHER),
        ("", ""),
        ("Find and Replace", "find and replace"),
        ("x" * 10_000, OTHER),
    ],
)
def test_the_rules_of_a_personal_policy(title: str, screen: str) -> None:
    assert Screens(SCREENS).screen("app", title) == screen


def test_a_rule_is_for_its_application_and_the_first_that_matches_wins() -> None:
    rules = [
        ScreenRule(app="sap", title="Change {*}", screen="change"),
        ScreenRule(title="Change {#}", screen="change of a number"),
    ]
    screens = Screens(rules)
    assert screens.screen("sap", "Change 1") == "change"
    assert screens.screen("excel", "Change 1") == "change of a number"
    assert screens.screen("excel", "Change x") == OTHER


@pytest.mark.parametrize(
    ("url", "screen"),
    [
        ("https://erp.example/orders/4711?name=Max#Max", "order {n}"),
        ("https://max:secret@erp.example/orders/4711", "order {n}"),
        ("https://erp.example/people/max", OTHER),
        ("https://elsewhere.example/?u=erp.example/orders/1", OTHER),
    ],
)
def test_addresses_are_host_and_path(url: str, screen: str) -> None:
    screens = Screens([ScreenRule(url="erp.example/orders/{#}", screen="order {#}")])
    assert screens.screen("firefox", url, of="url") == screen
    assert screens.screen("firefox", "erp.example/orders/1") == OTHER, "a rule for addresses is none for titles"


@given(st.text(max_size=60))
def test_a_screen_is_never_the_title(title: str) -> None:
    listed = {screen for rule in SCREENS for screen in outcomes(rule)}
    assert Screens(SCREENS).screen("app", title) in {"", OTHER, *listed}


def test_the_memory_is_bounded() -> None:
    screens = Screens()
    for number in range(2 * MAX_TEXTS + 10):
        screens.screen("app", f"title {number}")
    assert len(screens._memory) <= MAX_TEXTS
