"""The policy: what may be recorded on a desktop, and for how long. No valid policy: nothing is recorded.

The file is JSON: the policy, the public key of who signed it, the signature. Its hash is the SHA-256 of the file's
bytes (``sha256sum policy.json``); every batch carries it. There is one spelling of each policy: a file that is not,
byte for byte, what :func:`encode_signed` writes is refused, so no byte can change unseen.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, tzinfo
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeVar, get_args

import msgspec
from msgspec import Meta, Struct

from taskstream.errors import UNDECODABLE, InputError, UsageError
from taskstream.events import Kind
from taskstream.privacy import screen_rules, signing
from taskstream.privacy.redact import MAX_APP, redact_text
from taskstream.privacy.screen_rules import ScreenRule

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

OTHER: Final = "other"
"""What an application that is not allowed, or a screen that no rule knows, is called."""
ALWAYS: Final = frozenset({"gap", "health"})
"""Kinds that tell of the recording itself, never of the person; a policy does not list them."""
RECORDABLE: Final[tuple[Kind, ...]] = tuple(kind for kind in get_args(Kind) if kind not in ALWAYS)
MAX_FILE_BYTES: Final = 1_000_000
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CONTEXT: Final = b"taskstream policy 1\n"
"""Precedes what is signed, so that a signature made for something else never counts here."""

_T = TypeVar("_T", bound=Struct)
Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
AppName = Annotated[str, Meta(min_length=1, max_length=MAX_APP)]


class _Closed(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of what is in the file: what is not declared is refused."""


class Hours(_Closed, frozen=True):
    """On ``days``, from ``start`` to before ``end``, by the desktop's own clock and zone."""

    days: Annotated[tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...], Meta(min_length=1)]
    start: Clock
    end: Clock


class Policy(_Closed, frozen=True):
    """What may be recorded.

    ``name``            what people call it
    ``issued``          day it was made
    ``valid_until``     last day on which it allows anything (UTC)
    ``applications``    names of applications as the desktop tells them, in small letters; all others are ``other``,
                        and nothing done in them is recorded
    ``kinds``           kinds of events
    ``screens``         rules; the first that matches names the screen, without one it is ``other``
    ``hours``           working hours; outside them nothing is recorded
    ``k``               people a result covers at least before anybody sees it
    ``retention_days``  days after which the events are gone everywhere
    ``hold_back_s``     seconds that events stay on the desktop before they are sent
    """

    version: Literal[1]
    name: Annotated[str, Meta(min_length=1, max_length=64)]
    issued: date
    valid_until: date
    applications: Annotated[tuple[AppName, ...], Meta(min_length=1, max_length=1_000)]
    kinds: Annotated[tuple[Kind, ...], Meta(min_length=1)]
    screens: Annotated[tuple[ScreenRule, ...], Meta(max_length=500)]
    hours: Annotated[tuple[Hours, ...], Meta(min_length=1, max_length=50)]
    k: Annotated[int, Meta(ge=1, le=1_000)]
    retention_days: Annotated[int, Meta(ge=1, le=3_650)]
    hold_back_s: Annotated[int, Meta(ge=0, le=86_400)]

    def within(self, at_ms: int, zone: tzinfo | None = None) -> bool:
        """Whether a time lies in the working hours; ``zone`` None is the desktop's."""
        local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)
        day, time = DAYS[local.weekday()], f"{local.hour:02}:{local.minute:02}"
        return any(day in hours.days and hours.start <= time < hours.end for hours in self.hours)

    def expired(self, at_ms: int) -> bool:
        """Whether its last day has passed."""
        return datetime.fromtimestamp(at_ms / 1000, UTC).date() > self.valid_until


class SignedPolicy(_Closed, frozen=True):
    """What the file holds: the policy, and who signed it (public key and signature in hexadecimal digits)."""

    policy: Policy
    key: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    signature: Annotated[str, Meta(pattern=r"^[0-9a-f]{128}$")]


class VerifiedPolicy(Struct, frozen=True):
    """A policy whose signature holds: its hash, and the public key of who signed it."""

    policy: Policy
    sha256: str
    key: str


def check(policy: Policy) -> Policy:
    """The policy itself, when it is sound.

    Raises:
        InputError: it is not; the message names the place.
    """
    if policy.valid_until < policy.issued:
        raise InputError("policy: valid_until is before issued")
    for name, values in (("applications", policy.applications), ("kinds", policy.kinds)):
        if len(set(values)) < len(values):
            raise InputError(f"policy: {name} names something twice")
    for app in policy.applications:
        if app != app.lower() or redact_text(app) != app:
            raise InputError(f"policy: the application {app!r} has capital letters or holds what is always masked")
    if told := ALWAYS.intersection(policy.kinds):
        raise InputError(f"policy: the kind {min(told)} is always recorded and not listed")
    if any(hours.start >= hours.end for hours in policy.hours):
        raise InputError("policy: working hours end before they start; write a night as two entries")
    for number, rule in enumerate(policy.screens, 1):
        if rule.app and rule.app not in policy.applications:
            raise InputError(f"policy: rule {number} is for {rule.app!r}, which is not in applications")
        try:
            screen_rules.check(rule)
        except InputError as error:
            raise InputError(f"policy: rule {number}: {error}") from None
    return policy


def decode_draft(data: bytes) -> Policy:
    """The policy of an unsigned draft.

    Raises:
        InputError: it is no policy, or not sound.
    """
    return check(_decode(data, Policy))


def encode_draft(policy: Policy) -> bytes:
    """A draft, for people to read and edit."""
    return msgspec.json.format(msgspec.json.encode(policy), indent=2) + b"\n"


def sign(policy: Policy, key: Ed25519PrivateKey) -> bytes:
    """The signed file.

    Raises:
        InputError: the policy is not sound.
    """
    public, signature = signing.sign(key, _message(check(policy)))
    return encode_signed(SignedPolicy(policy, public, signature))


def encode_signed(signed: SignedPolicy) -> bytes:
    """The one spelling of a signed policy."""
    return msgspec.json.format(msgspec.json.encode(signed), indent=2) + b"\n"


def verify(data: bytes, keys: Collection[str] = ()) -> VerifiedPolicy:
    """The policy in a signed file. ``keys`` are the public keys that may sign; none: any.

    Raises:
        InputError: not signed, changed since, signed by another key, or not sound.
    """
    signed = _decode(data, SignedPolicy)
    if encode_signed(signed) != data:
        raise InputError("policy: the file was changed after it was signed")
    if not signing.holds(signed.key, signed.signature, _message(signed.policy)):
        raise InputError("policy: the signature does not hold: the file was changed after it was signed")
    if keys and signed.key not in keys:
        raise InputError(f"policy: signed with the key {signed.key}, which the setting policy_keys does not name")
    return VerifiedPolicy(check(signed.policy), sha256(data).hexdigest(), signed.key)


def read(path: Path, keys: Collection[str] = ()) -> VerifiedPolicy:
    """:func:`verify` of a file.

    Raises:
        InputError: there is none, it cannot be read, or it is refused.
    """
    try:
        with path.open("rb") as handle:
            data = handle.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise InputError(f"no policy: {path} cannot be read: {error.strerror}") from error
    try:
        return verify(data, keys)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def place(setting: str, home: Path) -> Path:
    """Where this desktop's policy is: the setting ``policy``, else ``policy.json`` in the home folder."""
    return Path(setting).expanduser() if setting else home / "policy.json"


def keys_of(setting: str) -> frozenset[str]:
    """The public keys that the setting ``policy_keys`` names.

    Raises:
        UsageError: one is no key.
    """
    keys = frozenset(name.strip().lower() for name in setting.split(",") if name.strip())
    for key in keys:
        if len(key) != 64 or not set(key) <= set("0123456789abcdef"):
            raise UsageError(f"setting policy_keys: {key!r} is no public key (64 hexadecimal digits)")
    return keys


def _message(policy: Policy) -> bytes:
    return _CONTEXT + msgspec.json.encode(policy)


def _decode(data: bytes, kind: type[_T]) -> _T:
    if len(data) > MAX_FILE_BYTES:
        raise InputError(f"policy: larger than {MAX_FILE_BYTES} bytes")
    try:
        return msgspec.json.decode(data, type=kind)
    except UNDECODABLE as error:
        if kind is SignedPolicy and _is_draft(data):
            raise InputError("policy: not signed (`taskstream policy sign` does it)") from error
        raise InputError(f"policy: {error}") from error


def _is_draft(data: bytes) -> bool:
    try:
        msgspec.json.decode(data, type=Policy)
    except UNDECODABLE:
        return False
    return True
