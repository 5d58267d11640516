"""Second-line redaction of the strings an event carries: application, screen, element.

The first line is the endpoint's own: titles are reduced to templates, values become digests. What still slips
through (an e-mail address in a title, a login in a path, a query string) is masked here, in the collector and again in
the stream.
Personal names have no pattern and are not found here: only allow-lists and templates keep them out.

Redaction is idempotent, never makes a field longer than its bound, and is memoised: desktops show few distinct
strings.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

from taskstream.events import EventBatch, ObjectRef, UiEvent
from taskstream.privacy.shortcuts import allowed
from taskstream.privacy.values import iban_valid, luhn_valid

MEMO_STRINGS: Final = 65_536
"""Distinct strings remembered at most; then the memory starts afresh. About 15 MB when full of long strings."""
MAX_APP: Final = 64
MAX_TEXT: Final = 256

_SUSPICIOUS = re.compile(
    r"[@?]|\d{3}|\d[ ()./-]{1,3}\d|[0-9a-f]{8}|://|users[\\/]|home[\\/]|~\w|documents and settings[\\/]", re.IGNORECASE
)
"""A string in which nothing of this occurs cannot match any rule below (a property test holds this)."""

_USERINFO = re.compile(r"(://)[^\s/@]*@")
_QUERY = re.compile(r"(?<=[\w/.}=-])\?(?=\S*[=&%]|\S*$)[^\s\"'<>|]*")
_URL_QUERY = re.compile(r"(\b[a-zA-Z][\w+.-]*://[^\s?#]*)\?\S*")
_EMAIL = re.compile(r"[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+")
_ACCOUNT = re.compile(r"(?<![\w}])@\w[\w.-]+")
_HOME = re.compile(
    r"(?i)((?:[a-z]:)?[\\/](?:users|home|export[\\/]home|documents and settings)[\\/])(?!\{user\})[^\\/\s\"'|]+"
)
_TILDE = re.compile(r"(?<![\w}])~\w[\w.-]*")
_UUID = re.compile(r"(?i)(?<![0-9a-f])[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}(?![0-9a-f])")
_IBAN = re.compile(r"\b[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]{4}){2,7}(?: ?[A-Za-z0-9]{1,3})?\b")
_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")
_DATE = re.compile(r"(?<!\d)(?:\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./](?:\d{4}|\d{2}))(?!\d)")
_PHONE = re.compile(r"(?<![\w{])(?:\+|\(?0)\d?(?:[ ()./-]{0,3}\d){6,14}(?!\d)")
_GROUPED = re.compile(r"(?<!\d)\d{2,}(?:[ .-]\d{2,}){2,}(?!\d)")
_HEX = re.compile(r"(?i)(?<![0-9a-z])(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}(?![0-9a-z])")
_DIGITS = re.compile(r"\d{5,}")
_KIND = re.compile(r"[a-z][a-z_-]{0,31}")


def _iban(match: re.Match[str]) -> str:
    return "{iban}" if iban_valid(match[0].replace(" ", "")) else match[0]


def _card(match: re.Match[str]) -> str:
    return "{card}" if luhn_valid(re.sub(r"\D", "", match[0])) else match[0]


_RULES: Final[tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]] = (
    (_USERINFO, r"\1"),
    (_URL_QUERY, r"\1"),
    (_QUERY, ""),
    (_EMAIL, "{email}"),
    (_ACCOUNT, "{user}"),
    (_HOME, r"\1{user}"),
    (_TILDE, "{user}"),
    (_UUID, "{uuid}"),
    (_IBAN, _iban),
    (_CARD, _card),
    (_DATE, "{date}"),
    (_PHONE, "{phone}"),
    (_GROUPED, "{n}"),
    (_HEX, "{hex}"),
    (_DIGITS, "{n}"),
)


def apply_rules(text: str) -> str:
    """``text`` with all rules applied until nothing changes (what one rule removes may join what another looks for)."""
    for _ in range(8):
        before = text
        for pattern, replacement in _RULES:
            text = pattern.sub(replacement, text)
        if text == before:
            break
    return text


class _Changes(dict[str, str | None]):
    """String → its redacted form, or None when nothing changes. A miss computes; a full memory starts afresh."""

    def __missing__(self, text: str) -> str | None:
        changed: str | None = None
        if _SUSPICIOUS.search(text):
            redacted = apply_rules(text)
            changed = redacted if redacted != text else None
        if len(self) >= MEMO_STRINGS:
            self.clear()
        self[text] = changed
        return changed


_changes = _Changes()


def redact_text(text: str) -> str:
    """``text`` with personal data of known form masked; the same object when there is none."""
    changed = _changes[text]
    return text if changed is None else changed


def redact_event(event: UiEvent) -> UiEvent:
    """``event`` with its strings redacted; the same object when nothing changes."""
    changes = _changes
    if (
        changes[event.app] is None
        and changes[event.screen] is None
        and changes[event.element] is None
        and (not event.shortcut or allowed(event.shortcut) is event.shortcut)
        and (not event.objects or all(_KIND.fullmatch(ref.kind) for ref in event.objects))
    ):
        return event
    return msgspec.structs.replace(
        event,
        app=redact_text(event.app)[:MAX_APP],
        screen=redact_text(event.screen)[:MAX_TEXT],
        element=redact_text(event.element)[:MAX_TEXT],
        shortcut=allowed(event.shortcut),
        objects=tuple(
            ref if _KIND.fullmatch(ref.kind) else ObjectRef(kind="other", digest=ref.digest) for ref in event.objects
        ),
    )


def redact_batch(batch: EventBatch) -> EventBatch:
    """``batch`` with every event redacted; the same object when nothing changes."""
    for index, event in enumerate(batch.events):
        if redact_event(event) is not event:
            rest = (redact_event(other) for other in batch.events[index:])
            return msgspec.structs.replace(batch, events=(*batch.events[:index], *rest))
    return batch
