"""``taskstream opportunities``: what is worth automating."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from taskstream.cli.options import with_settings
from taskstream.settings import Settings

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from sinks.results import standing


@click.command()
@click.option("--top", type=click.IntRange(1, 100_000), default=20, show_default=True, help="how many to list")
@click.option("--json", "as_json", is_flag=True, help="machine-readable output")
@click.option("--csv", "as_csv", is_flag=True, help="comma-separated output")
@click.option("--why-empty", is_flag=True, help="tell how far the data have come, and why nothing is listed")
@with_settings("kafka", "prefix", "clickhouse", "clickhouse_user", "clickhouse_password", "database")
def opportunities(top: int, as_json: bool, as_csv: bool, why_empty: bool, settings: Settings) -> None:
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
    found = resolve(settings, kafka=False)
    client = connect(found, settings.database)
    rows = results.read(client, top)
    settings = settings.model_copy(update={"kafka": found.kafka})
    if why_empty:
        _tell_why(client, settings, len(rows), as_json)
        return
    if not rows:
        click.echo(
            f"nothing listed: {_reason(client, settings)[1].said}", err=as_json or as_csv
        )  # the list keeps its form
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2))
    elif as_csv:
        click.echo(results.as_csv(rows), nl=False)
    elif rows:
        from rich.console import Console

        from sinks.cli.opportunity_table import show

        show(Console(), rows)


def _reason(client: Client, settings: Settings) -> tuple[standing.Standing, standing.Reason]:
    """What there is, and why nothing of it is listed."""
    from sinks.results import standing
    from sinks.results.kafka_lag import KafkaLag

    there = standing.read(client)
    return there, standing.reason(there, KafkaLag(lambda: settings).read())


def _tell_why(client: Client, settings: Settings, listed: int, as_json: bool) -> None:
    """How far the data have come; why nothing is listed, where that is so."""
    import msgspec

    there, why = _reason(client, settings)
    shown = None if listed else why
    if as_json:
        body = {"listed": listed, "standing": msgspec.to_builtins(there), "reason": msgspec.to_builtins(shown)}
        click.echo(msgspec.json.format(msgspec.json.encode(body), indent=2))
    elif shown is None:
        click.echo(f"{listed:,} are listed: {there.events:,} events, {there.segments:,} executions are stored")
    else:
        click.echo(f"nothing listed: {shown.said}")
