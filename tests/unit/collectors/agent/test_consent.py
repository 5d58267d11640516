"""Nothing is recorded without consent, on Wayland, or without a display."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from collectors.agent import consent
from collectors.agent.agent import only_one
from collectors.cli.collect import collect
from taskstream.errors import ServiceError, TaskstreamError, UsageError


def test_consent_is_kept_for_its_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert consent.given(tmp_path) is None
    given = consent.give(tmp_path, 5)
    assert consent.given(tmp_path) == given
    monkeypatch.setattr(consent, "TEXT", "another text")
    assert consent.given(tmp_path) is None


@pytest.mark.parametrize("damage", [b"", b"{}", b"null"])
def test_a_damaged_consent_is_none(tmp_path: Path, damage: bytes) -> None:
    consent.give(tmp_path, 5)
    consent.file_of(tmp_path).write_bytes(damage)
    assert consent.given(tmp_path) is None


def test_consent_that_cannot_be_kept_is_not_given(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TaskstreamError, match="cannot be kept"):
        consent.give(tmp_path / "file", 5)


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
    clean = {"XDG_SESSION_TYPE": None, "WAYLAND_DISPLAY": None, "DISPLAY": ":99999", "SUDO_USER": None}
    result = CliRunner(env=clean).invoke(collect, ["--home", str(tmp_path)])
    assert isinstance(result.exception, UsageError)
    assert "Never recorded" in result.output
    assert consent.given(tmp_path) is None


def test_two_recordings_at_once_are_refused(tmp_path: Path) -> None:
    with only_one(tmp_path), pytest.raises(UsageError, match="runs already"), only_one(tmp_path):
        pass
    with only_one(tmp_path):
        pass
