"""Whatever a title says, a screen is one of those that the rule lists."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from taskstream.errors import InputError
from taskstream.privacy.screen_rules import MAX_INPUT, Matcher, ScreenRule, check, outcomes

SAP = ScreenRule(
    app="sap", title="Change {what} {#}: {*}", screen="change {what} {#}",
    values={"what": ("Sales Order", "Delivery", "Straße")},
)  # fmt: skip
SHOP = ScreenRule(url="shop.example/{part}/{#}{*}", screen="shop {part}", values={"part": ("orders", "parcels")})


@pytest.mark.parametrize(
    ("rule", "text", "screen"),
    [
        (SAP, "Change Sales Order 4711: Max Mustermann", "change sales order {n}"),
        (SAP, "CHANGE DELIVERY 1: ", "change delivery {n}"),
        (SAP, "Change STRASSE 1: x", "change straße {n}"),
        (SAP, "Change Finding 4711: Max Mustermann", None),
        (SAP, "Change Sales Order x: Max", None),
        (SAP, "x Change Sales Order 1: Max", None),
        (SAP, "Change Sales Order 1: " + "x" * MAX_INPUT, None),
        (SHOP, "shop.example/orders/17/max-mustermann", "shop orders"),
        (SHOP, "shop.example/people/17", None),
        (ScreenRule(title="{*}", screen="anything"), "line\nbreak", "anything"),
        (ScreenRule(title="{#}0", screen="x"), "10", None),
        (ScreenRule(title="(a+)+", screen="x"), "(a+)+", "x"),
    ],
)
def test_what_a_rule_tells(rule: ScreenRule, text: str, screen: str | None) -> None:
    assert Matcher(rule).screen(text) == screen


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (ScreenRule(title="(?P<e>.*){*}", screen="{e}"), "does not have"),
        (ScreenRule(title="{*}", screen="{*}"), "free text"),
        (ScreenRule(title="{e}", screen="{e}"), "not the same"),
        (ScreenRule(title="x", screen="x", values={"e": ("a",)}), "not the same"),
        (ScreenRule(title="{e}", screen="x", values={"e": ("{*}",)}), "brace"),
        (ScreenRule(title="{e}", screen="{e}", values={"e": ("max@example.org",)}), "masked"),
        (ScreenRule(title="x", screen="order 4711123"), "masked"),
        (ScreenRule(title="{e}{e}", screen="x", values={"e": ("a",)}), "twice"),
        (ScreenRule(title="{e}", screen="x", values={"e": ("a", "A")}), "twice"),
        (ScreenRule(title="x", url="y", screen="z"), "one of them"),
        (ScreenRule(screen="z"), "one of them"),
        (ScreenRule(title="{*} {*} {*}", screen="z"), "at most 2"),
        (ScreenRule(title="{0}", screen="z"), "brace"),
        (ScreenRule(title="x{", screen="z"), "brace"),
        (ScreenRule(title="{e!r}", screen="z"), "brace"),
        (
            ScreenRule(
                title="{a} {b}", screen="{a}{b}", values=dict.fromkeys("ab", tuple(f"v{n}x" for n in range(40)))
            ),
            "1600",
        ),
    ],
)
def test_refused(rule: ScreenRule, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check(rule)


_PIECES = st.lists(
    st.one_of(st.sampled_from(["{a}", "{b}", "{#}", "{*}"]), st.text("xy -:.*+(?P<e>)", max_size=4)), max_size=6
)
_VALUES = st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=4).map(tuple)


@given(
    _PIECES, _PIECES, st.dictionaries(st.sampled_from(["a", "b"]), _VALUES),
    st.text(max_size=30) | st.lists(st.sampled_from(["x", "y", "7", " ", "-", "a", "A", "ſ", "İ"])).map("".join),
)  # fmt: skip
@example(["{a}"], ["{a}"], {"a": ("s",)}, "ſ")
@example(["{a}", " ", "{*}"], ["{a}"], {"a": ("S", "ss")}, "ß tumour")
def test_only_what_is_listed_is_ever_told(
    title: list[str], screen: list[str], values: dict[str, tuple[str, ...]], text: str
) -> None:
    """The property that makes free text impossible: every answer is one of a finite list known beforehand."""
    rule = ScreenRule(title="".join(title), screen="".join(screen), values=values)
    try:
        matcher = Matcher(rule)
    except InputError:
        return
    assert matcher.screen(text) in {None, *outcomes(rule)}


@pytest.mark.parametrize(
    ("title", "values", "text"),
    [
        ("{#}0" * 60, (), "0" * MAX_INPUT),
        ("{*}a{*}b", (), "a" * MAX_INPUT),
        ("{*}{#}{*}x", (), "0 " * (MAX_INPUT // 2)),
        ("{a} {*}", tuple("a" * n for n in range(1, 60)), "a" * MAX_INPUT),
        ("{*}{a}{*}x", tuple("a" * n for n in range(1, 60)), "a" * MAX_INPUT),
    ],
)
def test_no_title_takes_long(title: str, values: tuple[str, ...], text: str) -> None:
    matcher = Matcher(ScreenRule(title=title, screen="x", values={"a": values} if values else {}))
    began = time.process_time()
    assert matcher.screen(text) is None
    assert time.process_time() - began < 1.0
