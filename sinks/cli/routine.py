"""``taskstream routine``: everything known of one routine."""

from __future__ import annotations

import click

from taskstream.cli.options import with_settings
from taskstream.settings import Settings


@click.command()
@click.argument("which", metavar="RANK|ID")
@click.option("--json", "as_json", is_flag=True, help="machine-readable output")
@with_settings("clickhouse", "clickhouse_user", "clickhouse_password", "database")
def routine(which: str, as_json: bool, settings: Settings) -> None:
    """Show the evidence for one routine: times, steps, values moved, variants, what precedes it, the process map.

    RANK is its place in `taskstream opportunities`, ID what `--json` gives there. Nothing of fewer than k people is
    shown.
    """
    import msgspec

    from sinks.connect import connect
    from sinks.results import routine as results
    from taskstream.endpoints import resolve

    found = results.read(connect(resolve(settings, kafka=False), settings.database), which)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
        return
    from rich.console import Console

    from sinks.cli.routine_evidence import show

    show(Console(), found)
