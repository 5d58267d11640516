"""``taskstream down``: stop what runs."""

from __future__ import annotations

import click

from taskstream.cli.options import with_settings
from taskstream.settings import Settings


@click.command()
@click.option("--purge", is_flag=True, help="also remove all data kept in the home folder (asks first)")
@click.option("--yes", is_flag=True, help="with --purge: do not ask")
@with_settings()
def down(purge: bool, yes: bool, settings: Settings) -> None:
    """Stop what `taskstream up` or `taskstream demo` runs and wait for its end. Doing it twice is harmless."""
    from deploy.local import stopping
    from deploy.local.home import running_in

    if purge and not yes:
        kept = stopping.data_of(settings.home)
        if kept:
            names = ", ".join(path.name for path in kept)
            click.confirm(f"Remove all data in {settings.home} ({names})?", abort=True)
    click.echo("stopped" if stopping.stop(running_in(settings.home)) else "nothing runs")
    if purge:
        removed = stopping.purge(settings.home)
        click.echo(f"removed {', '.join(removed)}" if removed else "there was no data")
