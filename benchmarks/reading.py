"""How fast a large log is read, and in how much memory: ``make bench-reading`` (``python -m benchmarks.reading``).

A table of the asked size is written first, in the columns of RPA UI Logger: several people at once, two tasks, values
that do not repeat. Then it is read as ``taskstream mine`` reads it, into events by time. Beside it stands what a
loop over ``csv.DictReader`` with ``datetime.fromisoformat`` takes on this machine for a part of the same rows: it does
nothing with them but read their times.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final

from collectors.importers import read_logs

ORDERS: Final = ("time", "newest-first", "shuffled")
_KEY: Final = b"benchmark key of thirty-two byte"
_HEADER: Final = (
    "timeStamp,userID,targetApp,eventType,url,content,target.workbookName,target.sheetName,target.id,target.className,"
    "target.tagName,target.type,target.name,target.value,target.innerText,target.checked,target.href,target.option,"
    "target.title,target.innerHTML\n"
)
_CRM: Final = "https://crm.example.com/customers/new"
_BILLING: Final = "https://billing.example.com/invoices/search"
_CHUNK: Final = 200_000
PEER_ROWS: Final = 500_000
"""Rows that the plain loop reads."""


def rows(draw: random.Random) -> Iterator[str]:
    """Rows by time without end; 20 people work by turns, one execution at a time."""
    moment = datetime(2024, 3, 5, 8, tzinfo=UTC)
    number = 0
    while True:
        person = f"user{number % 20:02}"
        for what in _copying(number) if number % 2 else _checking(number):
            moment += timedelta(milliseconds=draw.randrange(200, 3_000))
            stamp = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
            yield f"{stamp},{'' if what.startswith('OS-') else person},{what}\n"
        number += 1


def _copying(number: int) -> Iterator[str]:
    for column, field in ("A", "lastName"), ("B", "email"), ("C", "city"):
        value = f"{field} of {number}"
        yield f"Excel,getCell,,,customers.xlsx,Customers,{column}{number % 1_000_000},,,,,{value},,,,,,"
        yield f"OS-Clipboard,copy,,{value},,,,,,,,,,,,,,"
        yield f"Chrome,clickTextField,{_CRM},,,,,,INPUT,text,{field},,,,,,,"
        yield f"Chrome,paste,{_CRM},{value},,,,,INPUT,text,{field},,,,,,,"
        yield f"Chrome,editField,{_CRM},,,,,,INPUT,text,{field},{value},,,,,,"
    yield f"Chrome,clickButton,{_CRM},,,,,,BUTTON,submit,save,,Save customer,,,,,"


def _checking(number: int) -> Iterator[str]:
    yield f"Chrome,clickTextField,{_BILLING},,,,,,INPUT,text,invoiceNo,,,,,,,"
    yield f"Chrome,editField,{_BILLING},,,,,,INPUT,text,invoiceNo,INV-{number:07},,,,,,"
    yield f"Chrome,clickButton,{_BILLING},,,,,,BUTTON,button,search,,Search,,,,,"
    yield f"Chrome,clickCheckbox,{_BILLING},,,,,,INPUT,checkbox,paid,,,,,,,"
    yield f"Chrome,clickButton,{_BILLING},,,,,,BUTTON,submit,confirm,,Confirm,,,,,"


def write(path: Path, size: int, order: str) -> None:
    """A table of about ``size`` bytes. Other orders than time are made of as much as fits in memory."""
    draw = random.Random(1)
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write(_HEADER)
        held: list[str] = []
        written = 0
        for row in rows(draw):
            held.append(row)
            written += len(row)
            if written >= size:
                break
            if order == "time" and len(held) >= _CHUNK:
                out.writelines(held)
                held.clear()
        if order == "newest-first":
            held.reverse()
        elif order == "shuffled":
            draw.shuffle(held)
        out.writelines(held)


def measure(path: Path) -> dict[str, float]:
    """Read the table; rows, seconds, rows a second (also of processor time) and the most memory held (MB)."""
    last = 0

    def progress(rows: int) -> None:
        nonlocal last
        if sys.stderr.isatty() and rows - last >= _CHUNK:
            last = rows
            print(f"\r{rows:,} rows", end="", file=sys.stderr)

    before = _memory_mb()
    started, cpu = time.perf_counter(), time.process_time()
    with read_logs([path], key=_KEY, on_progress=progress) as logs:
        placed = time.perf_counter()
        events = sum(1 for _ in logs)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    return {
        "bytes": path.stat().st_size,
        "rows": events,
        "seconds": round(seconds, 1),
        "seconds_until_ordered": round(placed - started, 1),
        "rows_per_s": round(events / seconds),
        "rows_per_cpu_s": round(events / cpu),
        "memory_before_mb": before,
        "memory_mb": _memory_mb(),
    }


def peer(path: Path, rows: int) -> float:
    """Rows that the plain loop reads in a second of processor time."""
    started, read = time.process_time(), 0
    with path.open(encoding="utf-8", newline="") as text:
        for row in islice(csv.DictReader(text), rows):
            datetime.fromisoformat(row["timeStamp"])
            read += 1
    return read / (time.process_time() - started)


def _memory_mb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def main() -> None:
    """Write, read, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1_000)
    parser.add_argument("--order", choices=ORDERS, default="time")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.csv"
        write(path, given.megabytes * 1_000_000, given.order)
        result: dict[str, str | float] = {"order": given.order, **measure(path)}
        plain = peer(path, PEER_ROWS)
    result |= {"peer_rows_per_cpu_s": round(plain), "ratio": round(float(result["rows_per_cpu_s"]) / plain, 2)}
    print(json.dumps(result, indent=2))
    if given.json:
        given.json.write_text(json.dumps(result))


if __name__ == "__main__":
    main()
