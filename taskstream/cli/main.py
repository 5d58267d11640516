"""The command ``taskstream``: finds the commands that the installed parts register, and prints errors as one line."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

import click

from taskstream import __version__
from taskstream.errors import TaskstreamError
from taskstream.extras import advice


def _registered() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group="taskstream.commands")}


class _Commands(click.Group):
    """Loads a command's module only when that command (or the list of all) is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_registered())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = _registered().get(cmd_name)
        if entry is None:
            return None
        command = entry.load()
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="taskstream")
def cli() -> None:
    """Find repetitive desktop work, with evidence of the time it takes and without watching anybody."""


def _wants_json(arguments: Sequence[str]) -> bool:
    """Whether the command was asked for JSON on stdout."""
    entry = _registered().get(next((text for text in arguments if not text.startswith("-")), ""))
    if entry is None or "--json" not in arguments:
        return False
    command = entry.load()
    held = [command, *getattr(command, "commands", {}).values()]
    return any(getattr(one, "is_flag", False) and "--json" in one.opts for each in held for one in each.params)


_OPTION: Final = re.compile(r"--[a-z][a-z-]*(?: [a-z]+=(?:'[^']*'|[^\s:,;)]+)| \d{4}-\d\d-\d\d)?")


def _tell_programs(message: str, code: int, told: dict[str, Any]) -> None:
    """Where JSON was asked for, say on stdout too why nothing was done."""
    if _wants_json(sys.argv[1:]):
        body: dict[str, Any] = {"error": message, "file": None, "column": None, "sample": None}
        options = ", ".join(dict.fromkeys(_OPTION.findall(message))) or None
        click.echo(json.dumps(body | {"option": options} | told | {"exit_code": code}, ensure_ascii=False, indent=2))


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 to 6 as in ``taskstream.errors``, 130 interrupted."""
    try:
        code = cli.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        sys.exit(130)
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        _tell_programs(error.format_message(), error.exit_code, {})
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        words = advice(error.name or "")
        if not words:
            raise
        click.echo(f"taskstream: {words}", err=True)
        sys.exit(TaskstreamError.exit_code)
    except TaskstreamError as error:
        click.echo(f"taskstream: {error}", err=True)
        _tell_programs(str(error), error.exit_code, getattr(error, "told", {}))
        sys.exit(error.exit_code)
