"""``taskstream consent``: see one's consent, withdraw it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final

import click

from taskstream.cli.options import with_settings
from taskstream.errors import ServiceError, UsageError
from taskstream.settings import Settings

PATIENCE_S: Final = 10.0
"""How long a recording may take to end: it stops at once, but a busy machine may be slow to close its files."""


@click.group()
def consent() -> None:
    """See or withdraw your consent to the recording of this desktop."""


@consent.command()
@click.option("--json", "as_json", is_flag=True, help="machine-readable output")
@with_settings()
def show(as_json: bool, settings: Settings) -> None:
    """Show who agreed to what, and when."""
    import msgspec

    from collectors.agent import consent as consents

    kept = consents.read(settings.home)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(kept), indent=2))
    elif kept is None:
        click.echo("no consent: nothing is recorded")
    else:
        when = datetime.fromtimestamp(kept.given_ms / 1000, UTC).isoformat(" ", "seconds")
        whom = "a machine (--yes)" if kept.by_machine else f"the person with the pseudonym {kept.actor}"
        click.echo(
            f"given {when} by {whom}: version {kept.version} of the text, policy {kept.policy_sha256}, "
            f"results of {kept.k} people or more"
        )


@consent.command()
@with_settings()
def withdraw(settings: Settings) -> None:
    """Withdraw: a running recording ends within a second, and what was not yet sent is erased."""
    from collectors.agent import consent as consents
    from collectors.agent.agent import only_one
    from collectors.cli.agreement import spool_file
    from collectors.delivery.spool import erase

    had = consents.withdraw(settings.home)
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            with only_one(settings.home):
                erased = erase(spool_file(settings.home))
            break
        except UsageError:  # a recording runs; it looks for its consent five times a second
            if time.monotonic() > deadline:
                raise ServiceError(
                    f"withdrawn, but the recording has not ended within {PATIENCE_S:.0f} s: end its process"
                ) from None
            time.sleep(0.05)
    left = "; what was not yet sent is erased" if erased else ""
    click.echo(f"{'withdrawn: nothing is recorded' if had else 'there was no consent'}{left}")
