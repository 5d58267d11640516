"""Templates that name a screen: what they can say is a finite list, so that no free text gets through.

A template is no regular expression. It is literal text with holes of three kinds:

- ``{name}``  one of the values that the rule lists for it, the longest that fits; a screen tells it as listed
- ``{#}``     a whole number of 1 to 20 digits; a screen tells it as ``{n}``
- ``{*}``     anything, perhaps nothing; it is never told, so a screen cannot hold it

Whatever text is matched, the screen is built from the rule alone: :func:`outcomes` lists all screens it can ever give.
Letter case does not matter.
"""

from __future__ import annotations

import itertools
import re
from typing import Annotated, Final

from msgspec import Meta, Struct

from taskstream.errors import InputError
from taskstream.privacy.redact import MAX_APP, MAX_TEXT, redact_text

MAX_INPUT: Final = 512
"""Characters of a title or URL that is looked at; a longer one matches nothing."""
MAX_OUTCOMES: Final = 1_000
"""Screens that one rule can give at most."""
_MAX_DROPPED: Final = 2
"""Holes ``{*}`` of one template: with more of them, matching a hostile title would take long."""

NUMBER: Final = "#"
DROPPED: Final = "*"
_HOLE: Final = re.compile(r"\{(#|\*|[a-z][a-z0-9_]{0,31})\}")
_PATTERNS: Final = {NUMBER: "(?<![0-9])[0-9]{1,20}(?![0-9])", DROPPED: ".*"}

Words = Annotated[str, Meta(min_length=1, max_length=256)]
SlotName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
SlotValue = Annotated[str, Meta(min_length=1, max_length=64)]


class ScreenRule(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Titles or URLs that match as a whole become ``screen``.

    ``app``     the application, exactly; empty: any that is allowed
    ``title``   template of a window title; empty where ``url`` is given
    ``url``     template of host and path, without scheme and query, such as ``erp.example/orders/{#}``
    ``screen``  what it is called: literal text, listed holes and ``{#}``
    ``values``  the values of each named hole
    """

    screen: Words
    title: Annotated[str, Meta(max_length=256)] = ""
    url: Annotated[str, Meta(max_length=256)] = ""
    app: Annotated[str, Meta(max_length=MAX_APP)] = ""
    values: dict[SlotName, Annotated[tuple[SlotValue, ...], Meta(min_length=1, max_length=500)]] = {}


class Matcher:
    """A rule ready for use."""

    def __init__(self, rule: ScreenRule) -> None:
        """Prepare a rule.

        Raises:
            InputError: the rule is wrong, or could say something that is always masked.
        """
        self.app = rule.app
        self.of_url = bool(rule.url)
        self._screen = _parts(rule.screen)
        self._told = {name: {_same(value): value.lower() for value in rule.values[name]} for name in rule.values}
        self._pattern = re.compile(_pattern(rule), re.DOTALL)

    def screen(self, text: str) -> str | None:
        """The screen that ``text`` is, or None."""
        if len(text) > MAX_INPUT:
            return None
        match = self._pattern.fullmatch(_same(text))
        if match is None:
            return None
        return _fill(self._screen, {name: told[match[name]] for name, told in self._told.items()})


def check(rule: ScreenRule) -> None:
    """See that a rule is sound.

    Raises:
        InputError: it is not; the message says why.
    """
    if bool(rule.title) == bool(rule.url):
        raise InputError("a rule has a title or a url: one of them")
    asked = _holes(rule.url or rule.title)
    named = [hole for hole in asked if hole not in (NUMBER, DROPPED)]
    if len(set(named)) < len(named):
        raise InputError("a hole stands twice in the template")
    if asked.count(DROPPED) > _MAX_DROPPED:
        raise InputError(f"a template has at most {_MAX_DROPPED} {{*}}")
    if set(named) != set(rule.values):
        raise InputError("the named holes of the template and the names in values are not the same")
    told = _holes(rule.screen)
    if DROPPED in told:
        raise InputError("a screen cannot tell {*}: it is free text")
    if unknown := set(told) - set(asked):
        raise InputError(f"the screen tells {{{min(unknown)}}}, which the template does not have")
    for name, values in rule.values.items():
        if len({_same(value) for value in values}) < len(values):
            raise InputError(f"a value of {{{name}}} is listed twice")
        if any(char in value for value in values for char in "{}"):
            raise InputError(f"a value of {{{name}}} has a brace")
    for screen in outcomes(rule):
        if len(screen) > MAX_TEXT or redact_text(screen) != screen:
            raise InputError(f"the screen {screen!r} is too long or holds what is always masked")


def outcomes(rule: ScreenRule) -> list[str]:
    """All screens that the rule can give.

    Raises:
        InputError: they are more than :data:`MAX_OUTCOMES`.
    """
    told = [name for name in dict.fromkeys(_holes(rule.screen)) if name != NUMBER]
    choices = [rule.values[name] for name in told]
    count = 1
    for choice in choices:
        count *= len(choice)
    if count > MAX_OUTCOMES:
        raise InputError(f"a rule can give {count} screens; {MAX_OUTCOMES} are allowed")
    parts = _parts(rule.screen)
    return [
        _fill(parts, dict(zip(told, map(str.lower, values), strict=True))) for values in itertools.product(*choices)
    ]


def _same(text: str) -> str:
    """The form in which texts are compared: letter case makes no difference."""
    return text.casefold()


def _parts(template: str) -> list[str]:
    """Literal text and holes in turn, beginning with text.

    Raises:
        InputError: a brace belongs to no hole.
    """
    parts = _HOLE.split(template)
    if any(char in part for part in parts[::2] for char in "{}"):
        raise InputError(f"{template!r}: a brace that is no {{name}}, {{#}} or {{*}} (regular expressions are refused)")
    return parts


def _holes(template: str) -> list[str]:
    return _parts(template)[1::2]


def _pattern(rule: ScreenRule) -> str:
    check(rule)
    parts = _parts(rule.url or rule.title)
    pattern = re.escape(_same(parts[0]))
    for hole, text in zip(parts[1::2], parts[2::2], strict=True):
        listed = sorted(map(_same, rule.values.get(hole, ())), key=len, reverse=True)
        # Atomic, the longest value first: numbers and listed values are never tried a second way, so only {*} costs.
        pattern += f"(?>(?P<{hole}>{'|'.join(map(re.escape, listed))}))" if listed else _PATTERNS[hole]
        pattern += re.escape(_same(text))
    return pattern


def _fill(parts: list[str], told: dict[str, str]) -> str:
    filled = [
        part.lower() if index % 2 == 0 else "{n}" if part == NUMBER else told[part] for index, part in enumerate(parts)
    ]
    return "".join(filled)
