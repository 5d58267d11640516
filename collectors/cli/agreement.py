"""What a recording needs before it begins: a policy, and the person's consent to it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from collectors.agent import consent
from collectors.agent.agent import actor_of, only_one
from collectors.agent.terms import Terms
from collectors.clock import now_ms
from collectors.delivery.spool import erase
from taskstream.cli import policy as own
from taskstream.errors import TaskstreamError, UsageError
from taskstream.privacy import policy as policies
from taskstream.privacy.explanation import as_text, explain
from taskstream.settings import Settings

SHOWN: Final = 24
"""Names of applications and screens shown before the question; `taskstream policy explain` shows all."""


def spool_file(home: Path) -> Path:
    """Where the recording of this desktop waits to be sent."""
    return home / "spool" / "spool.db"


def agreed(settings: Settings, *, by_machine: bool) -> Terms:
    """The terms of the recording: the policy in force and the consent to it, asked for where it is lacking.

    Raises:
        UsageError: there is no policy, or consent is lacking and nobody is there to ask.
        InputError: the policy's file is damaged or not signed.
        TaskstreamError: not agreed, or the policy has expired.
    """
    _erase_after_withdrawal(settings.home)
    path = policies.place(settings.policy, settings.home)
    if not path.exists():
        _offer(settings, path)
    terms = Terms(settings.home, path, settings.k, policies.keys_of(settings.policy_keys))
    terms.require(now_ms())
    if why := terms.lacking():
        _ask(settings, terms, why, by_machine=by_machine)
    return terms


def _erase_after_withdrawal(home: Path) -> None:
    """Removing the consent's file while nothing records is a withdrawal: erase what waits to be sent."""
    spool = spool_file(home)
    if spool.exists() and not consent.file_of(home).exists():
        with only_one(home):
            erase(spool)
        click.echo(f"the consent was withdrawn: the spool {spool} is erased", err=True)


def _offer(settings: Settings, path: Path) -> None:
    if settings.policy:
        raise UsageError(f"no policy: there is no file {path} (setting policy); nothing is recorded")
    how = "`taskstream policy new --personal` makes one for your own desktop"
    if not sys.stdin.isatty():
        raise UsageError(f"no policy says what may be recorded here, so nothing is: {how}")
    click.echo(f"No policy says what may be recorded here ({path}).", err=True)
    if not click.confirm("Make a personal one, signed with a key of this desktop?", default=True, err=True):
        raise TaskstreamError(f"no policy: nothing is recorded; {how}")
    own.write(path, own.make_personal(settings, datetime.now(UTC).date()), force=False)


def _ask(settings: Settings, terms: Terms, why: str, *, by_machine: bool) -> None:
    said = explain(terms.verified, own_key=own.own_key(settings.home))
    click.echo(as_text(said, most=SHOWN), err=True)
    click.echo(consent.TEXT, err=True)
    if terms.k < terms.policy.k:
        click.echo(f"This desktop's setting k lowers the floor to {terms.k}.", err=True)
    click.echo(f"You are asked because {why}. Your answer is kept in {consent.file_of(settings.home)}.", err=True)
    if not by_machine:
        if not sys.stdin.isatty():
            raise UsageError(f"{why}: start `taskstream collect` in a terminal once, where it can ask")
        if not click.confirm("Do you agree to this recording?", default=False, err=True):
            raise TaskstreamError("not agreed: nothing is recorded")
    consent.give(
        settings.home, terms.verified.sha256, terms.k,
        actor=actor_of(settings), now_ms=now_ms(), by_machine=by_machine,
    )  # fmt: skip
