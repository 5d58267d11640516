"""``taskstream doctor``: what is missing on this machine, and what to do about it."""

from __future__ import annotations

import click

from taskstream.cli.options import with_settings
from taskstream.settings import Settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="machine-readable output")
@with_settings(
    "kafka", "clickhouse", "java", "partitions", "agents_mb", "dashboard_port", "kafka_port", "clickhouse_port"
)
@click.pass_context
def doctor(context: click.Context, as_json: bool, settings: Settings) -> None:
    """Check this machine, and your own services where some are named. Changes nothing, asks no other network.

    Exit code 1 when something essential is missing.
    """
    import msgspec

    from deploy.local.checks import all_checks

    checks = all_checks(settings)
    if as_json:
        click.echo(msgspec.json.encode(checks))
    else:
        for check in checks:
            mark = {"ok": click.style("ok  ", "green"), "warn": click.style("note", "yellow")}
            click.echo(f"{mark.get(check.state, click.style('FAIL', 'red'))}  {check.name:<11} {check.found}")
            if check.advice:
                click.echo(f"{'':18}{check.advice}")
    context.exit(1 if any(check.state == "fail" for check in checks) else 0)
