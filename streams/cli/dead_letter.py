"""``taskstream dead-letter``: what was refused, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from taskstream.cli.options import with_settings
from taskstream.settings import Settings

if TYPE_CHECKING:
    from taskstream.records import DeadLetter


@click.group()
def dead_letter() -> None:
    """List, show and replay refused input. It may hold what the contract forbids: the topic is restricted."""


@dead_letter.command("list")
@with_settings("kafka", "prefix")
@click.option("--reason", help="only those refused for this reason")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="the newest N")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line, without the payload")
def list_(settings: Settings, reason: str | None, limit: int, as_json: bool) -> None:
    """List the newest refused messages."""
    from collections import Counter, deque

    import msgspec

    counts: Counter[str] = Counter()
    newest: deque[DeadLetter] = deque(maxlen=limit)
    for letter in _read(settings):
        if reason is None or letter.reason == reason:
            counts[letter.reason] += 1
            newest.append(letter)
    if as_json:
        for letter in newest:
            click.echo(msgspec.json.encode(msgspec.structs.replace(letter, payload="")))
        return
    for letter in newest:
        click.echo(f"{letter.id}  {letter.reason}  {letter.size} bytes  {letter.detail}")
    total = ", ".join(f"{name} {count}" for name, count in counts.most_common())
    click.echo(f"{counts.total()} dead letters{': ' + total if total else ''}", err=True)


@dead_letter.command()
@with_settings("kafka", "prefix")
@click.argument("identity", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="as one JSON object, the payload in base64")
def show(settings: Settings, identity: str, as_json: bool) -> None:
    """Show one refused message with its payload."""
    import base64

    import msgspec

    letter = _find(settings, identity)
    if as_json:
        click.echo(msgspec.json.encode(letter))
        return
    for name in letter.__struct_fields__:
        if name != "payload":
            click.echo(f"{name + ':':<18}{getattr(letter, name)}")
    click.echo(base64.b64decode(letter.payload).decode("utf-8", "backslashreplace"))


@dead_letter.command()
@with_settings("kafka", "prefix")
@click.argument("identity", metavar="[ID]", required=False)
@click.option("--reason", help="all that were refused for this reason")
@click.option("--json", "as_json", is_flag=True, help="print the counts as JSON")
def replay(settings: Settings, identity: str | None, reason: str | None, as_json: bool) -> None:
    """Send refused messages once more to where they came from, such as after an upgrade that understands them.

    Events that have been taken in meanwhile are cut by their numbers: replaying twice does no harm.
    """
    import json

    from streams.runtime import dead_letter_topic
    from taskstream.endpoints import with_kafka
    from taskstream.errors import UsageError

    if (identity is None) == (reason is None):
        raise UsageError("name one dead letter by its ID, or many by --reason")
    if identity is not None:
        letters = [_find(settings, identity)]
    else:
        letters = list({letter.id: letter for letter in _read(settings) if letter.reason == reason}.values())
    ready = [letter for letter in letters if dead_letter_topic.replayable(letter)]
    sent = dead_letter_topic.replay(with_kafka(settings), ready, lambda line: click.echo(line, err=True))
    skipped, refused = len(letters) - len(ready), len(ready) - sent
    if as_json:
        click.echo(json.dumps({"replayed": sent, "skipped": skipped, "refused": refused}))
        return
    click.echo(f"{sent} sent again, {skipped} skipped (their input is not held in full, or is not from outside)")
    if refused:
        click.echo(f"{refused} not sent: see above")


def _read(settings: Settings) -> list[DeadLetter]:
    from streams.runtime import dead_letter_topic
    from taskstream.endpoints import with_kafka
    from taskstream.kafka.check import check

    settings = with_kafka(settings)
    check(settings, "dead-letter")
    return list(dead_letter_topic.read(settings, lambda line: click.echo(line, err=True)))


def _find(settings: Settings, identity: str) -> DeadLetter:
    from taskstream.errors import InputError

    for letter in _read(settings):
        if letter.id == identity:
            return letter
    raise InputError(f"no dead letter {identity}: `taskstream dead-letter list` shows them")
