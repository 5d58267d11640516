"""``taskstream opportunities``: what is worth automating."""

from __future__ import annotations

import click

from taskstream.cli.options import with_settings
from taskstream.settings import Settings


@click.command()
@click.option("--top", type=click.IntRange(1, 100_000), default=20, show_default=True, help="how many to list")
@click.option("--json", "as_json", is_flag=True, help="machine-readable output")
@click.option("--csv", "as_csv", is_flag=True, help="comma-separated output")
@with_settings("clickhouse", "clickhouse_user", "clickhouse_password", "database")
def opportunities(top: int, as_json: bool, as_csv: bool, settings: Settings) -> None:
    """List what is worth automating, best first, with its evidence and why it ranks where it does.

    Times are active time per execution. Nothing that fewer than k people do is listed (`taskstream migrate --k`).
    """
    import msgspec

    from sinks.connect import connect
    from sinks.results import opportunities as results
    from taskstream.endpoints import resolve
    from taskstream.errors import UsageError

    if as_json and as_csv:
        raise UsageError("choose one of --json and --csv")
    client = connect(resolve(settings, kafka=False), settings.database)
    rows = results.read(client, top)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2))
    elif as_csv:
        click.echo(results.as_csv(rows), nl=False)
    elif not rows:
        click.echo(results.advice(results.standing(client)))
    else:
        from rich.console import Console

        from sinks.cli.opportunity_table import show

        show(Console(), rows)
