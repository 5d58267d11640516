"""A worker lets in the batches of the policies it was told of, and keeps what they promise."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from streams.runtime.accepted_policies import KEPT_DAYS, resolved
from streams.stages.stage_settings import StageSettings
from taskstream.errors import InputError, UsageError
from taskstream.privacy import policy as policies
from taskstream.privacy import signing
from taskstream.privacy.personal import personal_policy
from taskstream.settings import load

HASH = "a" * 64


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.json"
    policy = personal_policy(date(2026, 1, 1), k=5)
    path.write_bytes(policies.sign(policy, signing.make_key(tmp_path / "key.pem")))
    return path


def test_files_become_hashes(file: Path) -> None:
    settings = resolved(load(accepted_policies=f"{file}, {HASH},none"))
    assert set(StageSettings.of(settings).accepted) == {sha256(file.read_bytes()).hexdigest(), HASH, ""}
    assert StageSettings.of(resolved(load())).accepted == (), "nothing is checked"


@pytest.mark.parametrize("name", ["nothing.json", "a" * 63, "NONE"])
def test_a_name_that_is_nothing_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="accepted_policies"):
        resolved(load(accepted_policies=name))


def test_what_a_policy_promises_is_kept(file: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="5 people or more; the setting k is 4"):
        resolved(load(accepted_policies=str(file), k=4))
    short = msgspec.structs.replace(personal_policy(date(2026, 1, 1), k=5), retention_days=KEPT_DAYS - 1)
    file.write_bytes(policies.sign(short, signing.read_key(tmp_path / "key.pem")))
    with pytest.raises(UsageError, match=f"after {KEPT_DAYS - 1} days; the topics keep them {KEPT_DAYS}"):
        resolved(load(accepted_policies=str(file)))


def test_a_file_without_a_good_signature_is_refused(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b'"k": 5', b'"k": 1'))
    with pytest.raises(InputError, match="changed after it was signed"):
        resolved(load(accepted_policies=str(file), k=1))
