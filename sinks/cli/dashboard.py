"""``taskstream dashboard``: the live page."""

from __future__ import annotations

import click

from taskstream.cli.options import with_settings
from taskstream.settings import Settings


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=None, help="loopback port; 0: any free one (default: 8750)"
)
@click.option("--json-ready", is_flag=True, help="when the page can be opened, print one line of JSON with its address")
@with_settings("kafka", "clickhouse", "clickhouse_user", "clickhouse_password", "database", "prefix", "k")
def dashboard(port: int | None, json_ready: bool, settings: Settings) -> None:
    """Show opportunities, activity and the pipeline's health on a page of this machine, updating by itself."""
    from sinks.connect import require_admission
    from taskstream.endpoints import resolve
    from taskstream.kafka.check import check

    if port is not None:
        settings = settings.model_copy(update={"dashboard_port": port})
    found = resolve(settings, kafka=False)  # says at once when there is nothing to show
    if found.kafka:
        check(settings.model_copy(update={"kafka": found.kafka}), "page", may_be_away=True)
    require_admission(found)
    from sinks.dashboard.page_server import run  # takes seconds: what is refused is said before

    run(settings, lambda: resolve(settings, kafka=False), json_ready=json_ready, announce=click.echo)
