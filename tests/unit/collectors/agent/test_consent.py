"""Nothing is recorded without a policy and consent to it, on Wayland, or without a display."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from collectors.agent import consent
from collectors.agent.agent import only_one
from collectors.agent.terms import Terms
from collectors.cli.agreement import spool_file
from collectors.cli.collect import collect
from collectors.cli.consent import consent as commands
from collectors.delivery.spool import Spool
from taskstream.cli.policy import policy
from taskstream.errors import InputError, ServiceError, TaskstreamError, UsageError

ON_X11: Final = {"XDG_SESSION_TYPE": None, "WAYLAND_DISPLAY": None, "DISPLAY": ":99999", "SUDO_USER": None}
NOW: Final = int(time.time() * 1000)
DAY: Final = 86_400_000


HASH = "a" * 64


def _give(home: Path, k: int = 5) -> consent.Consent:
    return consent.give(home, HASH, k, actor="p", now_ms=5, by_machine=False)


def test_consent_is_kept_for_its_text_its_policy_and_its_floor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "nobody" in consent.lacking(consent.read(tmp_path), HASH, 5)
    given = _give(tmp_path)
    assert consent.read(tmp_path) == given
    assert (given.actor, given.given_ms, given.by_machine) == ("p", 5, False)
    assert consent.file_of(tmp_path).stat().st_mode & 0o077 == 0
    assert consent.lacking(given, HASH, 5) == ""
    assert consent.lacking(given, HASH, 6) == "", "a higher floor protects more"
    assert "5 people or more were agreed to; now they may be of 4" in consent.lacking(given, HASH, 4)
    assert "policy has changed" in consent.lacking(given, "b" * 64, 5)
    monkeypatch.setattr(consent, "TEXT", "another text")
    assert "text has changed" in consent.lacking(given, HASH, 5)


@pytest.mark.parametrize(
    "damage", [b"", b"{}", b"null", b'{"version":1,"text_sha256":"x","given_ms":5}', b"[" * 100_000]
)
def test_a_damaged_consent_is_none(tmp_path: Path, damage: bytes) -> None:
    _give(tmp_path)
    consent.file_of(tmp_path).write_bytes(damage)
    assert consent.read(tmp_path) is None


def test_consent_that_cannot_be_kept_is_not_given(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TaskstreamError, match="cannot be kept"):
        _give(tmp_path / "file")


def _policy(home: Path, *more: str) -> None:
    result = CliRunner().invoke(policy, ["new", "--personal", "--force", "--home", str(home), *more])
    assert result.exit_code == 0, result.output


def test_terms_hold_while_nothing_changes(tmp_path: Path) -> None:
    _policy(tmp_path)
    path = tmp_path / "policy.json"
    terms = Terms(tmp_path, path, 5)
    assert terms.withdrawn()
    consent.give(tmp_path, terms.verified.sha256, terms.k, actor="p", now_ms=5, by_machine=False)
    assert not terms.withdrawn()
    assert not terms.withdrawn()
    terms.require(NOW)
    with pytest.raises(TaskstreamError, match="expired"):
        terms.require(NOW + 400 * DAY)
    path.write_bytes(path.read_bytes())
    with pytest.raises(TaskstreamError, match="was changed"):
        terms.require(NOW)
    assert consent.withdraw(tmp_path)
    assert not consent.withdraw(tmp_path)
    assert terms.withdrawn()


def test_another_consent_does_not_do(tmp_path: Path) -> None:
    _policy(tmp_path)
    terms = Terms(tmp_path, tmp_path / "policy.json", 3)
    assert terms.k == 3, "a lower setting is what is asked about"
    consent.give(tmp_path, terms.verified.sha256, 5, actor="p", now_ms=5, by_machine=False)
    assert terms.withdrawn()
    consent.give(tmp_path, terms.verified.sha256, 3, actor="p", now_ms=5, by_machine=False)
    assert not terms.withdrawn()
    consent.give(tmp_path, HASH, 3, actor="p", now_ms=5, by_machine=False)
    assert terms.withdrawn()


def test_without_a_policy_nothing_is_recorded_not_even_by_a_machine(tmp_path: Path) -> None:
    result = CliRunner(env=ON_X11).invoke(collect, ["--yes", "--home", str(tmp_path)])
    assert isinstance(result.exception, UsageError)
    assert "policy new --personal" in str(result.exception)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change", [lambda data: data.replace(b'"k": 5', b'"k": 1'), lambda data: data[:-1]])
def test_with_a_changed_policy_nothing_is_recorded(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    _policy(tmp_path)
    path = tmp_path / "policy.json"
    path.write_bytes(change(path.read_bytes()))
    result = CliRunner(env=ON_X11).invoke(collect, ["--yes", "--home", str(tmp_path)])
    assert isinstance(result.exception, InputError)
    assert "changed after it was signed" in str(result.exception)
    assert not consent.file_of(tmp_path).exists()


def test_who_removed_the_consent_while_nothing_ran_finds_the_spool_erased(tmp_path: Path) -> None:
    _policy(tmp_path)
    Spool(spool_file(tmp_path)).close()
    (tmp_path / "spool" / "spool.db.damaged-1").write_bytes(b"x")
    result = CliRunner(env=ON_X11).invoke(collect, ["--home", str(tmp_path)])
    assert isinstance(result.exception, UsageError)
    assert "is erased" in result.output
    assert list((tmp_path / "spool").iterdir()) == []


def test_withdrawing_without_a_recording_erases_the_spool(tmp_path: Path) -> None:
    _give(tmp_path)
    Spool(spool_file(tmp_path)).close()
    runner = CliRunner()
    shown = runner.invoke(commands, ["show", "--home", str(tmp_path)])
    assert f"pseudonym p: version 2 of the text, policy {HASH}, results of 5 people or more" in shown.output
    withdrawn = runner.invoke(commands, ["withdraw", "--home", str(tmp_path)])
    assert withdrawn.output == "withdrawn: nothing is recorded; what was not yet sent is erased\n"
    assert list((tmp_path / "spool").iterdir()) == []
    assert "no consent" in runner.invoke(commands, ["show", "--home", str(tmp_path)]).output
    assert "there was no consent" in runner.invoke(commands, ["withdraw", "--home", str(tmp_path)]).output


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"DISPLAY": None}, "no display"),
        ({"XDG_SESSION_TYPE": "wayland", "DISPLAY": ":0"}, "Wayland"),
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, "Wayland"),
    ],
)
def test_no_x11_no_recording(tmp_path: Path, environment: dict[str, str | None], message: str) -> None:
    clean = {"XDG_SESSION_TYPE": None, "WAYLAND_DISPLAY": None} | environment
    result = CliRunner(env=clean).invoke(collect, ["--yes", "--home", str(tmp_path)])
    assert isinstance(result.exception, ServiceError)
    assert message in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_without_a_terminal_nobody_can_agree(tmp_path: Path) -> None:
    _policy(tmp_path)
    result = CliRunner(env=ON_X11).invoke(collect, ["--home", str(tmp_path)])
    assert isinstance(result.exception, UsageError)
    assert "Never recorded" in result.output
    assert "withdraw" in result.output
    assert consent.read(tmp_path) is None


def test_two_recordings_at_once_are_refused(tmp_path: Path) -> None:
    with only_one(tmp_path), pytest.raises(UsageError, match="runs already"), only_one(tmp_path):
        pass
    with only_one(tmp_path):
        pass
