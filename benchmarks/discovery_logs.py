"""The public logs with their ground truth. The miner sees the imported events alone; the truth is read here."""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter
from collections.abc import Hashable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

from msgspec import Struct

from collectors.importers import ReadOptions, read_log
from deploy.demo.players import RECORDINGS
from taskstream.events import UiEvent

FOLDER: Final = Path(__file__).parent / "ui-logs"
FILES: Final = {
    "log1": FOLDER / "log1.xes.gz",
    "log4": FOLDER / "log4.xes.gz",
    "log5": FOLDER / "log5.xes.gz",
    "log6": FOLDER / "log6.xes.gz",
    "extended": FOLDER / "experiment_extended_SR_RT_parallel.csv",
} | {path.stem: path for path in RECORDINGS}
CPN: Final = ("log1", "log4", "log5", "log6")
RECORDED: Final = ("StudentRecord", "Reimbursement")
_KEY: Final = b"benchmark key of thirty-two byte"
_CELL: Final = re.compile(r"([A-Z]+)(\d+)")


class Labelled(Struct, frozen=True):
    """An event with its truth: the activity by which traces are compared, the execution, the task; None: of no task."""

    event: UiEvent
    act: str
    case: Hashable
    type: str | None


@lru_cache(maxsize=16)
def load(name: str) -> tuple[Labelled, ...]:
    """A public log in the order in which its events happened."""
    path = FILES[name]
    # "extended" puts two recordings of different months into one another: its order is the file's
    imported = list(read_log(path, key=_KEY, options=ReadOptions(order="file" if name == "extended" else "time")))
    order = [one.index for one in imported]
    if path.suffix == ".gz":
        truth = _xes(path, name)
    elif name == "extended":
        truth = _extended(path)
    else:
        truth = _recorded(path, order, name)
    return tuple([Labelled(one.event, *truth[one.index]) for one in imported])


Truth = dict[int, tuple[str, Hashable, str | None]]


def _xes(path: Path, name: str) -> Truth:
    """Each trace is an execution."""
    out: Truth = {}
    with gzip.open(path) as handle:
        root = ElementTree.parse(handle).getroot()  # noqa: S314 - a file of this repository
    for number, trace in enumerate(node for node in root if node.tag.endswith("trace")):
        for event in trace:
            if event.tag.endswith("event"):
                data = {item.get("key"): item.get("value") or "" for item in event}
                keys = ("source", "concept:name", "Label", "Column", "Sheet")
                out[len(out)] = (name + "|" + "|".join(data.get(key, "") for key in keys), (name, number), name)
    return out


def _rows(path: Path, delimiter: str) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle, delimiter=delimiter))


def _act(row: dict[str, Any]) -> str:
    cell = _CELL.match(row["target.id"] or "") if row["targetApp"] == "Excel" else None
    element = cell.group(1) if cell else row["target.name"] or row["target.innerText"] or ""
    return "|".join((row["targetApp"], row["eventType"], row["target.sheetName"] or "", element))


def _recorded(path: Path, order: list[int], name: str) -> Truth:
    """One spreadsheet row is one execution: it starts with the row's first cell, if a cell near by confirms the row.

    Row 1 is the header; single cells of other rows are misclicks or looks back.
    """
    rows = _rows(path, ",")
    cells = []
    for place, index in enumerate(order):
        row = rows[index]
        cell = _CELL.match(row["target.id"] or "") if row["targetApp"] == "Excel" else None
        if cell:
            cells.append((place, int(cell.group(2))))
    starts, current = {}, 1
    for k, (place, number) in enumerate(cells):
        if number == current + 1 and number in [n for _, n in cells[k + 1 : k + 3]]:
            current = number
            starts[place] = number
    out: Truth = {}
    current = 2
    for place, index in enumerate(order):
        current = starts.get(place, current)
        out[index] = (name + "|" + _act(rows[index]), (name, current), name)
    return out


def _extended(path: Path) -> Truth:
    """``caseid`` names the execution; its task is the one whose form or workbook most of its rows name."""
    rows = _rows(path, ";")
    named = {"zoho": "student", "studentrecords": "student", "jotform": "reimburse", "reimbursement": "reimburse"}
    votes: dict[str, Counter[str]] = {}
    for row in rows:
        place = f"{row['url']} {row['target.workbookName']}".lower()
        votes.setdefault(row["caseid"], Counter()).update({task for word, task in named.items() if word in place})
    tasks = {case: vote.most_common(1)[0][0] if vote else "reimburse" for case, vote in votes.items()}
    return {
        index: ("extended|" + _act(row), row["caseid"] or None, tasks[row["caseid"]] if row["caseid"] else None)
        for index, row in enumerate(rows)
    }
