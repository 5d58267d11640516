"""``taskstream status``: what runs, where, and how far behind it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from taskstream.cli.options import with_settings
from taskstream.settings import Settings

if TYPE_CHECKING:
    from deploy.local.inspect import InstanceStatus


@click.command()
@click.option("--json", "as_json", is_flag=True, help="machine-readable output")
@with_settings("kafka", "clickhouse", "clickhouse_user", "clickhouse_password")
@click.pass_context
def status(context: click.Context, as_json: bool, settings: Settings) -> None:
    """Show what runs: components, versions, addresses, lag. Exit code 1 when nothing runs."""
    import msgspec

    from deploy.local.inspect import status as ask

    found = ask(settings)
    if as_json:
        click.echo(msgspec.json.encode(found))
    else:
        _show(found)
    context.exit(0 if found.running or found.kafka.reachable or found.clickhouse.reachable else 1)


def _show(found: InstanceStatus) -> None:
    from rich.console import Console
    from rich.table import Table

    if not found.running:
        click.echo(f"nothing runs in {found.home}: `taskstream up` or `taskstream demo` starts it")
    else:
        table = Table("component", "state", "pid", "up", "restarts", "lag", box=None, pad_edge=False)
        for each in found.components:
            lag = "-" if each.lag is None else str(each.lag)
            table.add_row(each.name, each.state, str(each.pid), f"{each.uptime_s} s", str(each.restarts), lag)
        Console().print(table)
    for name, where, version, problem in (
        ("Kafka", found.kafka.bootstrap, found.kafka.version, found.kafka.problem),
        ("ClickHouse", found.clickhouse.url, found.clickhouse.version, found.clickhouse.problem),
    ):
        if where:
            click.echo(f"{name:<11} {where} ({problem or (f'version {version}' if version else 'version not told')})")
    if found.clickhouse.reader:
        click.echo(f"{'':<11} read it as {found.clickhouse.reader}, password {found.clickhouse.reader_password}")
    if found.dashboard:
        click.echo(f"{'page':<11} {found.dashboard}")
