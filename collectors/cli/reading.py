"""What the commands that read logs share: options on how to read, and the report on how logs were understood."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collectors.importers import Logs
    from collectors.importers.names.label_words import Labels
    from collectors.importers.read_options import ReadOptions

_OPTIONS = (
    click.option("--map", "maps", multiple=True, metavar="FIELD=COLUMN", help="read COLUMN as FIELD; again for more"),
    click.option(
        "--mapping", type=click.Path(path_type=Path), metavar="M.toml", help="a file with such lines and these options"
    ),
    click.option("--timezone", metavar="ZONE", help="of times that name none, such as Europe/Berlin  [default: UTC]"),
    click.option(
        "--date-order", type=click.Choice(["day-first", "month-first", "year-first"]), help="how to read 05/03/2024"
    ),
    click.option("--date", "day", metavar="YYYY-MM-DD", help="the first day, for logs that hold times of day alone"),
    click.option("--encoding", metavar="NAME", help="of the text, where its bytes do not tell"),
    click.option(
        "--order", type=click.Choice(["time", "file"]), help="file: keep the file's order, where times are wrong"
    ),
    click.option("--person-per-file", is_flag=True, help="each file is one person's, whatever its columns say"),
)


class Reading:
    """What the options said, until it is known how names are to be shown."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._told = told

    def options(self, labels: Labels | None = None) -> ReadOptions:
        """The options.

        Raises:
            UsageError: as :func:`collectors.importers.options_of`.
        """
        from collectors.importers import options_of

        told = dict(self._told)
        return options_of(told.pop("maps"), told.pop("mapping"), labels=labels, **told)


def with_reading(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options on how to read logs, as one argument ``reading``."""

    @wraps(command)
    def wrapped(**arguments: Any) -> Any:
        names = ("maps", "mapping", "timezone", "date_order", "day", "encoding", "order", "person_per_file")
        told = {name: arguments.pop(name) for name in names}
        return command(**arguments, reading=Reading(told))

    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def told(logs: Logs) -> dict[str, Any]:
    """What the logs were taken for, as JSON values."""
    return {
        "complete": not logs.partly,
        "logs": [report.to_json() for report in logs.reports],
        "not_read": logs.passed_over,
        "given_twice": logs.repeated,
    }


def tell(logs: Logs) -> None:
    """Print what the logs were taken for."""
    for report in logs.reports:
        for line in report.lines():
            click.echo(line)
    for text in (*logs.passed_over, *logs.repeated):
        click.echo(text)


def exit_as_read(logs: Logs) -> None:
    """End the command with the code for logs that were read in part, if they were."""
    from taskstream.errors import PARTLY_READ

    if logs.partly:
        click.get_current_context().exit(PARTLY_READ)
