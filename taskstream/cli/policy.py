"""``taskstream policy``: make, sign, read and check the policy of a desktop."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import msgspec

from taskstream.cli.options import with_settings
from taskstream.errors import TaskstreamError, UsageError
from taskstream.privacy import policy as policies
from taskstream.privacy import signing
from taskstream.privacy.explanation import as_text, explain
from taskstream.privacy.personal import company_policy, personal_policy
from taskstream.settings import Settings

if TYPE_CHECKING:
    from datetime import date

DRAFT: Final = "policy.draft.json"
_FILE = click.argument("file", type=click.Path(path_type=Path), required=False)


def key_file(home: Path) -> Path:
    """Where this desktop's own signing key is."""
    return home / "keys" / "policy.pem"


def own_key(home: Path) -> str:
    """This desktop's own public key; empty when it has none."""
    path = key_file(home)
    return signing.sign(signing.read_key(path), b"")[0] if path.is_file() else ""


def make_personal(settings: Settings, today: date, applications: tuple[str, ...] = ()) -> bytes:
    """A personal policy, signed with this desktop's own key, which is made at first use."""
    path = key_file(settings.home)
    key = signing.read_key(path) if path.is_file() else signing.make_key(path)
    return policies.sign(personal_policy(today, k=settings.k, applications=applications), key)


def write(path: Path, data: bytes, *, force: bool) -> None:
    """Write a policy's file, whole or not at all.

    Raises:
        UsageError: it exists, and ``force`` was not given.
        TaskstreamError: it cannot be written.
    """
    if path.exists() and not force:
        raise UsageError(f"{path} exists: give --force to replace it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.new")
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        raise TaskstreamError(f"{path} cannot be written: {error.strerror}") from error


@click.group()
def policy() -> None:
    """Make, sign, read and check the policy: what may be recorded on a desktop."""


@policy.command()
@click.option("--personal", is_flag=True, help="for your own desktop: made and signed in one go")
@click.option("--name", default="company", help="what people call it")
@click.option("--app", "apps", multiple=True, metavar="NAME", help="an application to allow, as the desktop names it")
@click.option("--days", type=click.IntRange(1, 3650), default=365, help="days it is valid")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help=f"file (default: {DRAFT}, with --personal the policy in force)",
)
@click.option("--force", is_flag=True, help="replace a file that exists")
@with_settings("k", "policy")
def new(
    personal: bool, name: str, apps: tuple[str, ...], days: int, output: Path | None, force: bool, settings: Settings
) -> None:
    """Make a policy: a draft to edit and sign, or with --personal one that is ready."""
    apps = tuple(app.lower() for app in apps)
    today = _today()
    if personal:
        output = output or policies.place(settings.policy, settings.home)
        write(output, make_personal(settings, today, apps), force=force)
        click.echo(f"made and signed {output}; `taskstream policy explain` says what it allows", err=True)
        return
    if not apps:
        raise UsageError("name the applications that may be recorded: --app excel --app sap; or give --personal")
    draft = policies.check(company_policy(name, today, k=settings.k, days=days, applications=apps))
    output = output or Path(DRAFT)
    write(output, policies.encode_draft(draft), force=force)
    click.echo(f"made {output}; edit it, then `taskstream policy sign {output}`", err=True)


@policy.command()
@click.argument("draft", type=click.Path(path_type=Path))
@click.option("--key", type=click.Path(path_type=Path), help="Ed25519 key, PEM (default: this desktop's own)")
@click.option("--new-key", is_flag=True, help="make the key first")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="file (default: the policy in force here)")
@click.option("--force", is_flag=True, help="replace a file that exists")
@with_settings("policy")
def sign(draft: Path, key: Path | None, new_key: bool, output: Path | None, force: bool, settings: Settings) -> None:
    """Check a draft and sign it."""
    key = key or key_file(settings.home)
    try:
        made = policies.decode_draft(draft.read_bytes())
    except OSError as error:
        raise UsageError(f"{draft} cannot be read: {error.strerror}") from error
    private = signing.make_key(key) if new_key else signing.read_key(key)
    data = policies.sign(made, private)
    output = output or policies.place(settings.policy, settings.home)
    write(output, data, force=force)
    verified = policies.verify(data)
    click.echo(f"signed {output}: hash {verified.sha256}, key {verified.key}", err=True)


@policy.command()
@_FILE
@with_settings("policy")
def show(file: Path | None, settings: Settings) -> None:
    """Print the policy as it stands in the file, after checking its signature."""
    click.echo(policies.encode_draft(_read(file, settings).policy), nl=False)


@policy.command("explain")
@_FILE
@click.option("--json", "as_json", is_flag=True, help="machine-readable output")
@with_settings("policy")
def explain_command(file: Path | None, as_json: bool, settings: Settings) -> None:
    """Say in plain language what would be recorded."""
    said = explain(_read(file, settings), own_key=own_key(settings.home))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(said), indent=2))
        return
    click.echo(as_text(said), nl=False)


@policy.command()
@_FILE
@with_settings("policy", "policy_keys")
def verify(file: Path | None, settings: Settings) -> None:
    """Check signature and validity; prints the hash and the key that signed."""
    verified = _read(file, settings)
    if verified.policy.valid_until < _today():
        raise TaskstreamError(f"the policy {verified.policy.name} expired on {verified.policy.valid_until}")
    click.echo(
        f"{verified.sha256} {verified.policy.name}, valid until {verified.policy.valid_until}, key {verified.key}"
    )


def _read(file: Path | None, settings: Settings) -> policies.VerifiedPolicy:
    place = file or policies.place(settings.policy, settings.home)
    return policies.read(place, policies.keys_of(settings.policy_keys))


def _today() -> date:
    return datetime.now(UTC).date()
