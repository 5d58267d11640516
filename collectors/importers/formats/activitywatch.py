"""ActivityWatch: buckets of a server or an export, as an object or an array; its watchers joined into one log."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any, Final

from collectors.importers.formats.tables import MAX_VALUE, Record
from taskstream.errors import InputError

_WINDOW: Final = "currentwindow"
_AWAY: Final = "afkstatus"
_WEB: Final = "web.tab.current"
_TYPES: Final = frozenset([_WINDOW, _AWAY, _WEB])
_BROWSERS: Final = ("chrom", "firefox", "edge", "safari", "opera", "brave", "vivaldi", "browser")


def is_activitywatch(document: object) -> bool:
    """Whether a JSON document is an export of ActivityWatch, a bucket, or a list of either."""
    if isinstance(document, dict):
        return (
            "buckets" in document
            or _is_bucket(document)
            or (bool(document) and all(map(_is_bucket, document.values())))
        )
    return (
        isinstance(document, list)
        and bool(document)
        and isinstance(document[0], dict)
        and (
            is_activitywatch(document[0])
            or ({"timestamp", "duration", "data"} <= document[0].keys() and isinstance(document[0]["data"], dict))
        )
    )


def _is_bucket(document: object) -> bool:
    return isinstance(document, dict) and "client" in document and str(document.get("type")) in _TYPES


def read_activitywatch(document: Any, name: str) -> Iterator[Record]:
    """Windows, pages and absences in the order of time.

    Windows become ``window``; of pages only those of the browser in front become ``navigate``; absence ``idle``.

    Raises:
        InputError: the document is not laid out as ActivityWatch does.
    """
    try:
        if not any("events" in bucket for bucket in _buckets(document)):
            raise InputError(f"{name} lists the buckets of ActivityWatch without their events: export them with these")
        events = [event for bucket in _buckets(document) for event in _events(bucket)]
        events.sort(key=lambda event: event[0])
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{name} looks like ActivityWatch but is not laid out as its exports are: {error!r}"
        ) from error
    fronts = [(time, values["app"]) for time, type_, values in events if type_ == _WINDOW]
    times = [time for time, _ in fronts]
    for number, (time, type_, values) in enumerate(events, 1):
        if type_ == _WEB:
            at = bisect_right(times, time)
            app = fronts[at - 1][1] if at else ""
            if fronts and not any(part in app.lower() for part in _BROWSERS):
                continue
            values["app"] = app or "browser"
        yield number, {"timestamp": time} | values


def _buckets(document: Any) -> list[dict[str, Any]]:
    if isinstance(document, dict):
        found = document.get("buckets", document)
        if "events" in found:
            return [found]
        return list(found.values() if isinstance(found, dict) else found)
    if "data" in document[0]:
        type_ = _WINDOW if "app" in document[0]["data"] else _AWAY if "status" in document[0]["data"] else _WEB
        return [{"type": type_, "events": document}]
    return [bucket for part in document for bucket in _buckets(part)]


def _events(bucket: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Time, type of bucket and values of the events that are used."""
    type_ = str(bucket.get("type", ""))
    for event in bucket.get("events") or ():
        data, time = event["data"], str(event["timestamp"])
        values = {"hostname": str(bucket.get("hostname") or "")[:MAX_VALUE]}
        if type_ == _WINDOW:
            title = str(data.get("title", ""))[:MAX_VALUE]
            yield time, type_, values | {"action": "window", "app": str(data["app"])[:MAX_VALUE], "window": title}
        elif type_ == _AWAY and data.get("status") == "afk":
            yield time, type_, values | {"action": "idle", "app": ""}
        elif type_ == _WEB:
            yield time, type_, values | {"action": "navigate", "app": "", "url": str(data.get("url", ""))[:MAX_VALUE]}
