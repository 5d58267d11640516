"""A policy counts only as it was signed, and only while it is sound."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from taskstream.errors import InputError, TaskstreamError
from taskstream.privacy import policy as policies
from taskstream.privacy import signing
from taskstream.privacy.explanation import as_text, explain, screens_of
from taskstream.privacy.personal import company_policy, personal_policy
from taskstream.privacy.policy import Hours
from taskstream.privacy.screen_rules import ScreenRule

TODAY = date(2026, 3, 2)
BASE = personal_policy(TODAY, k=5)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Ed25519PrivateKey:
    return signing.make_key(tmp_path_factory.mktemp("keys") / "policy.pem")


@pytest.fixture(scope="module")
def signed(key: Ed25519PrivateKey) -> bytes:
    return policies.sign(company_policy("office", TODAY, k=5, days=30, applications=["excel", "sap"]), key)


def test_a_signed_policy_comes_back_with_the_hash_of_its_file(signed: bytes, key: Ed25519PrivateKey) -> None:
    verified = policies.verify(signed)
    assert verified.policy.applications == ("excel", "sap")
    assert verified.sha256 == sha256(signed).hexdigest()
    assert policies.sign(verified.policy, key) == signed, "signing again gives the same file, so the same hash"


@given(data=st.data())
def test_no_byte_can_change_unseen(signed: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(signed) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != signed[place]))
    with pytest.raises(InputError, match="policy"):
        policies.verify(signed[:place] + bytes([byte]) + signed[place + 1 :])


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data + b" ",
        lambda data: data[:-1],
        lambda data: data.replace(b'"k": 5', b'"k": 1'),
        lambda data: data.replace(b'"k": 5', b'"k": 5, "k": 5'),
        lambda data: data.replace(b'"excel"', b'"Excel"'),
        lambda _: b"",
        lambda _: b"[" * 200_000,
        lambda _: b" " * (policies.MAX_FILE_BYTES + 1),
    ],
)
def test_a_changed_file_is_refused(signed: bytes, change: Any) -> None:
    with pytest.raises(InputError, match="policy"):
        policies.verify(change(signed))


def test_an_unsigned_policy_is_refused_with_what_to_do() -> None:
    with pytest.raises(InputError, match="taskstream policy sign"):
        policies.verify(policies.encode_draft(BASE))


def test_a_signature_of_something_else_does_not_count(key: Ed25519PrivateKey) -> None:
    public, signature = signing.sign(key, msgspec.json.encode(BASE))
    with pytest.raises(InputError, match="signature"):
        policies.verify(policies.encode_signed(policies.SignedPolicy(BASE, public, signature)))


def test_only_the_keys_that_are_named_may_sign(signed: bytes) -> None:
    verified = policies.verify(signed)
    assert policies.verify(signed, policies.keys_of(f" {verified.key.upper()} ,{'0' * 64}")) == verified
    with pytest.raises(InputError, match="policy_keys"):
        policies.verify(signed, policies.keys_of("0" * 64))
    with pytest.raises(TaskstreamError, match="no public key"):
        policies.keys_of("abc")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"valid_until": TODAY - timedelta(days=1)}, "before issued"),
        ({"applications": ("excel", "excel")}, "twice"),
        ({"applications": ("Excel",)}, "capital"),
        ({"applications": ("max@example.org",)}, "masked"),
        ({"kinds": ("click", "click")}, "twice"),
        ({"kinds": ("health",)}, "always"),
        ({"hours": (Hours(("mon",), "18:00", "08:00"),)}, "end before"),
        ({"screens": (ScreenRule(title="x", screen="x", app="paint"),)}, "rule 1 is for 'paint'"),
        ({"screens": (ScreenRule(title="Finding: (?P<e>.*)", screen="{e}"),)}, "rule 1: the screen tells {e}"),
    ],
)
def test_what_is_not_sound_is_refused_when_signed_and_when_read(
    key: Ed25519PrivateKey, change: dict[str, Any], message: str
) -> None:
    policy = msgspec.structs.replace(BASE, **change)
    with pytest.raises(InputError, match=message):
        policies.sign(policy, key)
    with pytest.raises(InputError, match=message):
        policies.decode_draft(policies.encode_draft(policy))
    public, signature = signing.sign(key, policies._message(policy))  # as a careless signer's tool would
    with pytest.raises(InputError, match=message):
        policies.verify(policies.encode_signed(policies.SignedPolicy(policy, public, signature)))


@pytest.mark.parametrize("field", ["version", "kinds", "hours", "k", "valid_until", "applications"])
def test_what_is_missing_or_foreign_is_refused(field: str) -> None:
    raw = msgspec.json.decode(policies.encode_draft(BASE))
    for wrong in (
        {name: value for name, value in raw.items() if name != field},
        raw | {field: None},
        raw | {"extra": 1},
    ):
        with pytest.raises(InputError):
            policies.decode_draft(msgspec.json.encode(wrong))


def test_working_hours_are_of_the_desktops_zone() -> None:
    policy = company_policy("office", TODAY, k=5, days=30, applications=["excel"])  # Mon-Fri 07:00 to 19:00
    zone = timezone(timedelta(hours=5))

    def at(day: int, hour: int, minute: int = 0) -> int:
        return int(datetime(2026, 3, day, hour, minute, tzinfo=zone).timestamp() * 1000)

    inside = [at(2, 7), at(2, 18, 59), at(6, 12)]
    outside = [at(2, 6, 59), at(2, 19), at(7, 12), at(8, 12)]
    assert [policy.within(time, zone) for time in inside + outside] == [True] * 3 + [False] * 4
    assert not policy.within(at(2, 7), UTC), "two o'clock in the morning there"
    assert BASE.within(at(8, 23, 59), zone)


def test_its_last_day_is_whole() -> None:
    last = int(datetime(2027, 3, 2, 23, 59, 59, tzinfo=UTC).timestamp() * 1000)
    assert BASE.valid_until == date(2027, 3, 2)
    assert not BASE.expired(last)
    assert BASE.expired(last + 1_000)


def test_the_explanation_names_everything_that_can_be_recorded(signed: bytes) -> None:
    verified = policies.verify(signed)
    said = explain(verified, own_key=verified.key)
    assert len(said.recorded) == len(verified.policy.kinds)
    assert said.screens == screens_of(verified.policy)
    text = as_text(said)
    for part in ("excel, sap", "save as", "mon-fri 07:00-19:00", "at least 5 people", "300 seconds", verified.sha256):
        assert part in text
    assert "this desktop's own key" in text
    assert f"signed by the key {verified.key}" in as_text(explain(verified))


def test_a_key_is_kept_for_its_owner_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "a.pem"
    made = signing.make_key(path)
    assert path.stat().st_mode & 0o077 == 0
    assert signing.sign(signing.read_key(path), b"x") == signing.sign(made, b"x")
    with pytest.raises(TaskstreamError, match="exists"):
        signing.make_key(path)
    for content in (b"", b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"a\.pem"):
            signing.read_key(path)
