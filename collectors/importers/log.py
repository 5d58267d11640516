"""Log files → UI events by time, with a report on each of what it was taken for."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

from msgspec import Struct

from collectors.importers.files.container import Member, members
from collectors.importers.formats.sniff import OwnEvents, opened
from collectors.importers.meaning.unknown_header import UnknownHeader
from collectors.importers.not_a_log import NotALog
from collectors.importers.own_log import OwnLog
from collectors.importers.read_options import ReadOptions
from collectors.importers.read_report import Progress, ReadReport
from collectors.importers.row_log import RowLog
from taskstream.errors import InputError
from taskstream.events import UiEvent

_OPTIONS: Final = ReadOptions()
_CHUNK: Final = 1 << 20
ONE_MORE: Final = (
    "nobody is named here, though in other logs: its rows count as those of one more person "
    "(to say whose they are: --map person=COLUMN)"
)
_FINE_MS: Final = 1_000
"""Rows of two files that are equal in everything are one row exported twice if their times are finer than this."""


class ImportedEvent(Struct, frozen=True):
    """An event of a log with its 0-based position among the file's rows, the person the log names ("" if none) and
    the number of its log."""

    index: int
    person: str
    event: UiEvent
    log: int = 0


class Logs:
    """Several logs as one stream of events by time; what a later file repeats is left out. A context; iterate once.

    ``reports`` is complete when the iteration has ended.
    """

    def __init__(self, logs: list[RowLog | OwnLog], passed_over: list[str], repeated: list[str]) -> None:
        self._logs = logs
        self.passed_over = passed_over
        """Files of archives that are no logs, each with the reason."""
        self.repeated = repeated
        """Files that hold what another holds."""

    @property
    def reports(self) -> list[ReadReport]:
        """What each log was taken for, in the order of the files."""
        return [log.report for log in self._logs]

    @property
    def partly(self) -> bool:
        """Whether something was not read."""
        return bool(self.passed_over) or any(report.partly for report in self.reports)

    @property
    def resolution_ms(self) -> int:
        """The coarsest resolution of the logs' times."""
        return max(report.times.resolution_ms for report in self.reports)

    def __iter__(self) -> Iterator[ImportedEvent]:
        if len(self._logs) == 1:
            for _, position, person, event in self._logs[0].events():
                yield ImportedEvent(position, person, event)
            return
        fine = [report.times.resolution_ms < _FINE_MS for report in self.reports]
        now, same = -1, list[tuple[str, UiEvent, int]]()
        streams = (_numbered(number, log) for number, log in enumerate(self._logs))
        for at_ms, number, position, person, event in heapq.merge(*streams, key=lambda item: item[:3]):
            if at_ms != now:
                now = at_ms
                same.clear()
            if fine[number] and any(other != number and (who, one) == (person, event) for who, one, other in same):
                report = self.reports[number]
                report.rows, report.repeated = report.rows - 1, report.repeated + 1
                continue
            same.append((person, event, number))
            yield ImportedEvent(position, person, event, number)

    def __enter__(self) -> Logs:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for log in self._logs:
            log.close()


def _numbered(number: int, log: RowLog | OwnLog) -> Iterator[tuple[int, int, int, str, UiEvent]]:
    for at_ms, position, person, event in log.events():
        yield at_ms, number, position, person, event


def read_logs(
    paths: Sequence[Path], *, key: bytes, options: ReadOptions = _OPTIONS, on_progress: Progress = lambda _: None
) -> Logs:
    """Read log files, or archives of them, whole. Of files with the same bytes the first is read.

    Values are reduced to digest (by ``key``), length and form while reading. Nothing that marks executions is read:
    no trace borders, no case column. Memory is bounded; larger logs wait in temporary files, as numbers and digests.

    Raises:
        InputError: a file is missing, empty, damaged, of no format known here, or lacks something essential.
    """
    logs: list[RowLog | OwnLog] = []
    passed_over: list[str] = []
    repeated: list[str] = []
    seen: dict[bytes, str] = {}
    done = 0
    try:
        held = [members(path) for path in paths]
        for found in held:
            for member in found:
                mark = _mark(member) if len(held) > 1 or len(found) > 1 else b""
                if mark in seen:
                    repeated.append(f"{member.name} holds the same as {seen[mark]}: read once")
                    continue
                seen[mark] = member.name
                try:
                    log = _read(member, key, options, lambda rows, before=done: on_progress(before + rows))  # type: ignore[misc]
                except (NotALog, UnknownHeader) as error:
                    if len(found) == 1:
                        raise
                    passed_over.append(str(error))
                    continue
                logs.append(log)
                done += log.rows
    except BaseException:
        for log in logs:
            log.close()
        raise
    if not logs:
        raise InputError(f"nothing in {paths[0]} is a log: {'; '.join(passed_over)}")
    if any(log.people.named for log in logs):
        for log in logs:
            if not log.people.named:
                log.report.note(ONE_MORE)
    return Logs(logs, passed_over, repeated)


def _read(member: Member, key: bytes, options: ReadOptions, on_progress: Progress) -> RowLog | OwnLog:
    report = ReadReport(member.name, options.asked(), container=member.container)
    with opened(member, options, report) as content:
        log = (
            OwnLog(member, content, options, report)
            if isinstance(content, OwnEvents)
            else RowLog(member, content, options, key, report)
        )
        try:
            log.fill(on_progress)
        except BaseException:
            log.close()
            raise
    return log


def _mark(member: Member) -> bytes:
    """A digest of the file's content."""
    digest = hashlib.blake2b(digest_size=16)
    with member.open() as stream:
        while data := stream.read(_CHUNK):
            digest.update(data)
    return digest.digest()


def read_log(path: Path, *, key: bytes, options: ReadOptions = _OPTIONS) -> Iterator[ImportedEvent]:
    """The events of one log, by time.

    Raises:
        InputError: as :func:`read_logs`; raised while iterating.
    """
    with read_logs([path], key=key, options=options) as logs:
        yield from logs
