"""Logs written for the tests: two people doing two tasks, in the columns of RPA UI Logger, and rows into any shape."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from collectors.importers import ReadOptions, ReadReport, read_logs
from taskstream.events import UiEvent

KEY = b"a key for tests of thirty-two by"
START = datetime(2024, 3, 5, 8, 0, 2, 680_000, tzinfo=UTC)
COLUMNS = (
    "timeStamp", "userID", "targetApp", "eventType", "url", "content", "target.sheetName", "target.id",
    "target.tagName", "target.type", "target.name", "target.value", "target.innerText",
)  # fmt: skip
CRM, BILLING = "https://crm.example.com/customers/new", "https://billing.example.com/invoices/search"

Rows = list[dict[str, str]]


def at(moment: datetime) -> str:
    """A time as RPA UI Logger writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def task(case: int, person: str) -> Rows:
    """One execution: a value copied from a workbook into a form, then saved; or an invoice confirmed."""
    if case % 2:
        return [
            {"targetApp": "Excel", "eventType": "getCell", "target.sheetName": "Customers", "target.id": f"A{case}",
             "target.value": f"{person}'s customer {case}"},
            {"targetApp": "OS-Clipboard", "eventType": "copy", "content": f"{person}'s customer {case}"},
            {"targetApp": "Chrome", "eventType": "paste", "url": CRM, "target.tagName": "INPUT", "target.type": "text",
             "target.name": "lastName", "content": f"{person}'s customer {case}"},
            {"targetApp": "Chrome", "eventType": "editField", "url": CRM, "target.tagName": "INPUT",
             "target.type": "text", "target.name": "lastName", "target.value": f"{person}'s customer {case}"},
            {"targetApp": "Chrome", "eventType": "clickButton", "url": CRM, "target.tagName": "BUTTON",
             "target.type": "submit", "target.name": "save", "target.innerText": "Save customer"},
        ]  # fmt: skip
    return [
        {"targetApp": "Chrome", "eventType": "editField", "url": BILLING, "target.tagName": "INPUT",
         "target.name": "invoiceNo", "target.value": f"INV-{case:05}"},
        {"targetApp": "Chrome", "eventType": "clickCheckbox", "url": BILLING, "target.name": "paid"},
        {"targetApp": "Chrome", "eventType": "clickButton", "url": BILLING, "target.name": "confirm",
         "target.innerText": "Confirm"},
    ]  # fmt: skip


def office(people: Sequence[str] = ("ann", "bob"), cases: int = 6) -> Rows:
    """Rows of several people by time, with ``timeStamp`` in ISO and ``userID``; clipboard rows name nobody."""
    made: list[tuple[datetime, dict[str, str]]] = []
    for number, person in enumerate(people):
        moment = START + timedelta(milliseconds=337 * number)
        for case in range(cases):
            for row in task(case, person):
                named = "" if row["targetApp"] == "OS-Clipboard" else person
                made.append((moment, {"timeStamp": at(moment), "userID": named} | row))
                moment += timedelta(milliseconds=3_101)
            moment += timedelta(seconds=50)
    made.sort(key=lambda item: item[0])
    return [row for _, row in made]


def table(rows: Iterable[dict[str, str]], separator: str = ",", columns: Sequence[str] = COLUMNS) -> str:
    """Rows as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, delimiter=separator, restval="", extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def retimed(rows: Rows, write: Callable[[datetime], str]) -> Rows:
    """Rows with their times written in another way."""
    return [row | {"timeStamp": write(datetime.fromisoformat(row["timeStamp"]))} for row in rows]


def write(folder: Path, name: str, content: str | bytes) -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path: Path, options: ReadOptions | None = None) -> tuple[list[tuple[str, UiEvent]], ReadReport]:
    """Person and event of each row by time, and the report."""
    with read_logs([path], key=KEY, options=options or ReadOptions()) as logs:
        events = [(one.person, one.event) for one in logs]
        return events, logs.reports[0]


def events(path: Path, options: ReadOptions | None = None) -> list[UiEvent]:
    """The events by time."""
    return [event for _, event in read(path, options)[0]]
