"""``taskstream migrate``: bring ClickHouse to the schema of this version."""

from __future__ import annotations

import click

from taskstream.cli.options import with_settings
from taskstream.settings import Settings


@click.command()
@click.option("--dry-run", is_flag=True, help="show what would be applied, change nothing")
@click.option("--status", "show_status", is_flag=True, help="show every migration and whether it is applied")
@click.option("--json", "as_json", is_flag=True, help="machine-readable output")
@with_settings("clickhouse", "clickhouse_user", "clickhouse_password", "database", "k")
def migrate(dry_run: bool, show_status: bool, as_json: bool, settings: Settings) -> None:
    """Create or upgrade the tables and views, and set the k-anonymity floor; doing it again changes nothing."""
    import orjson

    from sinks.clickhouse import migrate as schema
    from sinks.connect import connect
    from taskstream.endpoints import resolve

    client = connect(resolve(settings, kafka=False))
    if show_status:
        rows = schema.status(client, settings.database)
    else:
        rows = schema.migrate(client, settings.database, k=settings.k, dry_run=dry_run)
    if as_json:
        click.echo(orjson.dumps([{"number": r.number, "name": r.name, "state": r.state} for r in rows]))
        return
    for row in rows:
        word = f"{row.state}: " if show_status else "would apply " if dry_run else "applied "
        click.echo(f"{word}{row.number:04d}_{row.name}")
    if not rows:
        click.echo(f"database {settings.database} is up to date")
