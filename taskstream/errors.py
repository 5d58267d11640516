"""The errors a user can meet; the command line prints their words without a traceback and exits with their code."""

from __future__ import annotations

from typing import Any, Final

UNDECODABLE: Final = (ValueError, RecursionError)
"""What msgspec raises for bytes that are not the record expected: ValueError (its own errors and UnicodeDecodeError),
and RecursionError where they are nested too deep."""


PARTLY_READ: Final = 6
"""Exit code of a command that did its work but could not read all of its input; it has said what and why."""


class TaskstreamError(Exception):
    """Something a user can mend. The message says what is wrong, where, and what to do."""

    exit_code = 1


class UsageError(TaskstreamError):
    """The command or a setting was given a value that cannot work."""

    exit_code = 2


class InputError(TaskstreamError):
    """A file or message is missing, foreign or damaged.

    ``told``  what its words name, each on its own, for programs: file, column, sample, option where known
    """

    exit_code = 3

    def __init__(self, message: str, **told: Any) -> None:
        super().__init__(message)
        self.told: dict[str, Any] = told


class ServiceError(TaskstreamError):
    """Kafka, ClickHouse or another process cannot be reached or does not answer as it should."""

    exit_code = 4


class DataLossError(TaskstreamError):
    """Events were lost or duplicated."""

    exit_code = 5
