"""Keys become classes; only allow-listed shortcuts have a name."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.sources.base import Key, Shortcut
from collectors.sources.keys import MODIFIER_MS, Keyboard


def _tap(keyboard: Keyboard, key: str, at_ms: int = 0) -> Key | Shortcut | None:
    seen = keyboard.press(key, at_ms)
    keyboard.release(key)
    return seen


@pytest.mark.parametrize(
    ("key", "of"),
    [("a", "letter"), ("Ä", "letter"), ("ж", "letter"), ("7", "digit"), ("!", "punctuation"), ("space", "punctuation"),
     ("enter", "edit"), ("backspace", "edit"), ("left", "navigation"), ("page_down", "navigation"), ("f5", "function"),
     ("media_play", "function"), ("", "punctuation")],
)  # fmt: skip
def test_class(key: str, of: str) -> None:
    assert _tap(Keyboard(), key, 5) == Key(5, of)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("modifiers", "key", "name"),
    [
        (["ctrl_l"], "c", "ctrl+c"),
        (["ctrl_r"], "\x03", "ctrl+c"),
        (["ctrl"], "C", "ctrl+c"),
        (["ctrl", "shift"], "Z", "ctrl+shift+z"),
        (["alt_l"], "f4", "alt+f4"),
        (["ctrl"], "page_down", "ctrl+pagedown"),
        (["shift"], "insert", "shift+insert"),
        (["ctrl"], "7", "other"),
        (["alt"], "p", "other"),
        (["ctrl", "shift"], "q", "other"),
    ],
)
def test_shortcuts_pass_an_allow_list(modifiers: list[str], key: str, name: str) -> None:
    keyboard = Keyboard()
    for modifier in modifiers:
        assert keyboard.press(modifier, 0) is None
    assert keyboard.press(key, 1) == Shortcut(1, name)


@pytest.mark.parametrize("modifiers", [["alt_gr"], ["ctrl", "alt"], ["ctrl", "alt_gr"], ["alt_gr", "shift"]])
def test_altgr_types_characters(modifiers: list[str]) -> None:
    keyboard = Keyboard()
    for modifier in modifiers:
        keyboard.press(modifier, 0)
    assert keyboard.press("@", 1) == Key(1, "punctuation")
    assert keyboard.press("q", 2) == Key(2, "letter")


def test_auto_repeat_counts_once() -> None:
    keyboard = Keyboard()
    seen = [keyboard.press("a", at) for at in (0, 500, 530, 560)]
    assert seen == [Key(0, "letter"), None, None, None]
    keyboard.release("a")
    assert keyboard.press("a", 600) == Key(600, "letter")


def test_a_key_released_under_another_name_is_not_held_for_ever() -> None:
    keyboard = Keyboard()
    keyboard.press("shift", 0)
    assert keyboard.press("A", 1) == Key(1, "letter")
    keyboard.release("shift")
    keyboard.release("a")
    keyboard.press("shift", 100)
    assert keyboard.press("A", 101) == Key(101, "letter")


@given(st.lists(st.sampled_from([*string.printable, "ctrl", "shift", "alt", "alt_gr", "enter", "f1"]), max_size=60))
def test_nothing_that_was_typed_can_be_read_from_what_is_seen(keys: list[str]) -> None:
    keyboard = Keyboard()
    for at, key in enumerate(keys):
        seen = keyboard.press(key, at)
        if isinstance(seen, Shortcut):
            assert keyboard._modifiers.keys() & {"ctrl", "alt"}
        elif seen is not None:
            assert set(seen.__struct_fields__) == {"at_ms", "of"}
        if at % 3:
            keyboard.release(key)


def test_a_modifier_whose_release_was_missed_does_not_name_what_is_typed() -> None:
    keyboard = Keyboard()
    keyboard.press("ctrl", 0)
    assert keyboard.press("c", 100) == Shortcut(100, "ctrl+c")
    assert keyboard.press("v", MODIFIER_MS) == Key(MODIFIER_MS, "letter")
    keyboard.press("ctrl", 10_000)
    keyboard.forget_modifiers()
    assert keyboard.press("x", 10_001) == Key(10_001, "letter")


def test_typing_counts_every_press() -> None:
    keyboard = Keyboard()
    text = "the quick brown fox, 42 times!"
    assert sum(_tap(keyboard, char, at) is not None for at, char in enumerate(text)) == len(text)
