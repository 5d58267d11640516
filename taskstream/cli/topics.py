"""``taskstream topics``: show and create the topics."""

from __future__ import annotations

import click
import orjson
from rich.console import Console
from rich.table import Table

from taskstream.cli.options import with_settings
from taskstream.endpoints import with_kafka
from taskstream.kafka import topic_admin
from taskstream.kafka.check import check
from taskstream.settings import Settings
from taskstream.topics import ALL


@click.group()
def topics() -> None:
    """Show or create the Kafka topics."""


@topics.command("list")
@click.option("--json", "as_json", is_flag=True, help="machine-readable output")
@with_settings("prefix", "partitions")
def list_topics(as_json: bool, settings: Settings) -> None:
    """List the topics that Taskstream uses, as declared (asks no broker)."""
    if as_json:
        rows = [
            {
                "name": settings.prefix + t.name,
                "key": t.key,
                "partitions": topic_admin.partitions_of(t, settings),
                "config": t.config(),
                "writers": t.writers,
                "readers": t.readers,
                "purpose": t.purpose,
            }
            for t in ALL
        ]
        click.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
        return
    table = Table("topic", "key", "partitions", "kept", "what")
    for t in ALL:
        kept = "compacted" if t.compacted else f"{t.retention_ms // 86_400_000} d"
        table.add_row(settings.prefix + t.name, t.key, str(topic_admin.partitions_of(t, settings)), kept, t.purpose)
    Console().print(table)


@topics.command()
@click.option("--dry-run", is_flag=True, help="show the differences, change nothing")
@click.option("--json", "as_json", is_flag=True, help="machine-readable output")
@with_settings("kafka", "prefix", "partitions", "replication")
def apply(dry_run: bool, as_json: bool, settings: Settings) -> None:
    """Create missing topics and mend differing settings; doing it again changes nothing."""
    settings = with_kafka(settings)
    check(settings, "topics")
    changes = topic_admin.apply(settings, dry_run=dry_run)
    if as_json:
        click.echo(orjson.dumps([{"topic": c.topic, "change": c.what, "done": c.done} for c in changes]))
        return
    for change in changes:
        click.echo(f"{'would ' if dry_run else ''}{change.what}: {change.topic}")
    if not changes:
        click.echo(f"{len(ALL)} topics are as declared")
