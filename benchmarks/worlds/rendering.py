"""A recording as three recorders would write it: cells and web elements, plain columns, and our own agent's events."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec.structs import replace

from benchmarks.worlds.names import coined, hidden
from benchmarks.worlds.recording import Row, World
from benchmarks.worlds.screens import SHEETS, Element
from taskstream.activity import mask, page_path
from taskstream.events import Kind, ObjectRef, UiEvent
from taskstream.privacy.values import describe

_KEY: Final = b"key of the generator, thirty-two"
CELLS: Final = [
    "timeStamp", "userID", "targetApp", "eventType", "url", "content", "target.workbookName", "target.sheetName",
    "target.id", "target.class", "target.tagName", "target.type", "target.name", "target.value", "target.innerText",
    "target.checked", "target.href", "target.option", "target.title", "target.xpath",
]  # fmt: skip
"""Columns of the RPA UI Logger."""
PLAIN: Final = ["time", "user", "application", "action", "window", "label", "id", "value"]
_CELL_ACTIONS: Final = {
    ("button", "click"): "clickButton", ("link", "click"): "clickLink", ("field", "look"): "clickTextField",
    ("field", "edit"): "editField", ("field", "copy"): "copy", ("field", "paste"): "paste",
    ("select", "select"): "selectOptions", ("checkbox", "click"): "clickCheckbox", ("cell", "read"): "getCell",
    ("cell", "copy"): "copyCell", ("window", "window"): "selectTab",
}  # fmt: skip
_PLAIN_ACTIONS: Final = {"edit": "type", "look": "click", "read": "click", "window": "selectTab"}
_KINDS: Final[dict[str, Kind]] = {
    "click": "click", "look": "click", "read": "click", "edit": "edit", "select": "edit", "copy": "copy",
    "paste": "paste", "lock": "lock", "unlock": "unlock", "window": "window", "scroll": "scroll",
}  # fmt: skip
_TAGS: Final = {
    "button": "BUTTON",
    "link": "A",
    "field": "INPUT",
    "select": "SELECT",
    "checkbox": "INPUT",
    "cell": "",
    "window": "",
}
_TYPES: Final = {"checkbox": "checkbox", "select": "select-one"}
_PLACES: Final = 23
"""Places in a list of results that an element may stand at."""


class _Seen:
    """What a recorder sees of an element in one execution, by the kind of labels of the world."""

    def __init__(self, world: World, row: Row, element: Element) -> None:
        style = world.traits.labels
        screen, label = element.screen, element.label
        moved = element.later if row.released else ""
        label = moved or label
        if element.volatile and label and row.execution:
            label = f"{label} ({row.row % 7 + 1})"
        own = element.number >= 0
        """False for mail, chat and news: they look as everywhere, whatever the company's own applications show."""
        key = row.key if world.traits.keys != "no" and own and row.key else 0
        self.key = key
        self.app = screen.app
        self.title = screen.title
        self.label = label
        self.path = element.path.replace("/html/body/", "/html/body/main[1]/") if moved else element.path
        self.automation = ""
        if element.listed and row.execution:
            self.path = self.path.replace("/html/body/", f"/html/body/div[{1 + row.row % _PLACES}]/")
        if style == "masked" and own:
            self.title, self.label = hidden(screen.title, world.seed), hidden(label, world.seed)
        elif style == "path" and own:
            self.title = self.label = ""
        elif style == "automation" and own:
            self.title, self.label, self.path = "", "", ""
            self.automation = element.automation + ("New" if moved else "")
            if element.volatile and row.execution:
                self.automation += f"_{row.row}"
        elif style == "titles" and own:
            self.label = self.path = ""
        self.shown = f"{self.title} {key}" if key and self.title else self.title
        host = screen.app.split()[0].lower() if screen.app else ""
        words = "/".join([*self.title.split(), *([str(key)] if key else [])])
        self.url = f"https://{host}.example/{words}" if screen.web and self.title else ""


def code_of(world: World, element: Element, action: str) -> str:
    """The one word by which a recorder of the kind of process logs names an action."""
    return f"{coined(world.seed, 63)}{element.number if element.number >= 0 else element.label}{action[:2]}"


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clocked(world: World, rows: Sequence[Row]) -> list[Row]:
    """The rows with their times as this world's clocks tell them; the order stays that in which they happened."""
    clock = world.traits.clock
    if clock == "exact":
        return list(rows)
    out: list[Row] = []
    flushed: dict[str, tuple[int, int]] = {}
    for row in rows:
        at_ms = row.at_ms
        if clock == "seconds":
            at_ms -= at_ms % 1_000
        elif clock == "minutes":
            at_ms -= at_ms % 60_000
        elif clock == "equal":
            # A recorder that writes what it has gathered, a few rows at a time.
            left, since = flushed.get(row.person, (0, 0))
            if not left or at_ms - since > 10_000:
                left, since = 2 + at_ms % 4, at_ms
            flushed[row.person] = (left - 1, since)
            at_ms = since
        elif row.element is not None and row.element.screen.web:
            at_ms += 350
        out.append(replace(row, at_ms=at_ms))
    return out


def rendered(world: World, rows: Sequence[Row]) -> bytes:
    """The log file of the recording: UTF-8, a CSV with a header or JSON lines. Row n of ``rows`` is event n of it."""
    if world.traits.recorder == "agent":
        lines = [{"person": row.person, "event": agent_event(world, row)} for row in rows]
        return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    columns, write = (CELLS, _cells) if world.traits.recorder == "cells" else (PLAIN, _plain)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(write(world, row) for row in rows)
    return text.getvalue().encode()


def _person(world: World, row: Row) -> str:
    return row.person if int(world.traits.people) > 1 else ""


def _cells(world: World, row: Row) -> dict[str, str]:
    out = {"timeStamp": _time(row.at_ms), "userID": _person(world, row), "eventType": row.action}
    element = row.element
    if element is None:
        if row.action == "copy":
            out["targetApp"] = "OS-Clipboard"
            _put_value(world, row, out, "content")
        return out
    if world.traits.labels == "code" and element.number >= 0:
        return out | {"eventType": code_of(world, element, row.action)}
    seen = _Seen(world, row, element)
    out["eventType"] = _CELL_ACTIONS.get((element.role, row.action), row.action)
    out["targetApp"] = seen.app
    _put_value(world, row, out, "content" if row.action in {"copy", "paste"} else "target.value")
    if element.screen.app == SHEETS:
        out["target.workbookName"], out["target.sheetName"] = "data.xlsx", element.screen.title
        return out | {"target.id": f"{element.label}{row.row}"}
    out["target.tagName"], out["target.type"] = _TAGS[element.role], _TYPES.get(element.role, "")
    out["url" if element.screen.web else "target.title"] = seen.url if element.screen.web else seen.shown
    where = "target.id" if seen.automation or world.id_is_path else "target.xpath"
    out[where] = seen.automation or seen.path
    out["target.innerText" if element.role in {"button", "link"} else "target.name"] = seen.label
    return out


def _plain(world: World, row: Row) -> dict[str, str]:
    out = {"time": str(row.at_ms), "user": _person(world, row), "action": _PLAIN_ACTIONS.get(row.action, row.action)}
    element = row.element
    if element is None:
        out["application"] = "clipboard" if row.action == "copy" else ""
    elif world.traits.labels == "code" and element.number >= 0:
        out["action"] = code_of(world, element, row.action)
    else:
        seen = _Seen(world, row, element)
        out |= {"application": seen.app, "window": seen.shown, "label": seen.label, "id": seen.automation or seen.path}
    _put_value(world, row, out, "value")
    return out


def _put_value(world: World, row: Row, out: dict[str, str], column: str) -> None:
    if row.value and world.traits.values != "none":
        out[column] = row.value


def agent_event(world: World, row: Row) -> UiEvent:
    """The event that our own desktop agent would send: labels masked, values and keys as digests."""
    element = row.element
    value = describe(row.value, _KEY) if row.value and world.traits.values != "none" else None
    kind = _KINDS[row.action]
    if element is None:
        return UiEvent(row.at_ms, kind, "clipboard" if kind == "copy" else "", value=value)
    if world.traits.labels == "code" and element.number >= 0:
        code = code_of(world, element, row.action)
        return UiEvent(row.at_ms, kind, element=f"action:{code}", value=value)
    seen = _Seen(world, row, element)
    label = mask(seen.label) or seen.automation or seen.path
    return UiEvent(
        at_ms=row.at_ms, kind=kind, app=mask(seen.app), screen=page_path(seen.url) if seen.url else mask(seen.shown),
        element=f"{element.role}:{label}"[:256] if label else element.role, value=value,
        objects=(ObjectRef("record", _digest(seen.key)),) if seen.key else (),
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _digest(key: int) -> int:
    return int.from_bytes(blake2b(str(key).encode(), key=_KEY, digest_size=8).digest()) % 2**53
