"""What `taskstream doctor` finds, and what the tests' own prerequisites do."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.cli.doctor import doctor
from deploy.local import checks, jars
from taskstream.settings import load
from tests import prerequisites


def test_doctor_answers_for_people_and_for_machines(tmp_path: Path) -> None:
    runner = CliRunner()
    said = runner.invoke(doctor, ["--home", str(tmp_path)])
    assert said.exit_code == 0, said.output
    assert "Python" in said.output
    found = json.loads(runner.invoke(doctor, ["--home", str(tmp_path), "--json"]).output)
    assert [each["name"] for each in found][:3] == ["Python", "system", "packages"]
    assert list(tmp_path.iterdir()) == []  # it only looks


def test_a_cache_that_is_empty_or_damaged_is_told_apart(tmp_path: Path) -> None:
    settings = load(home=tmp_path, cache=tmp_path)
    empty = checks.kafka_jars(settings)
    assert (empty.state, "47 of 47 jars are not fetched yet" in empty.found) == ("warn", True)
    folder = jars.folder_of(tmp_path, jars.locked())
    folder.mkdir()
    (folder / jars.locked()[0].filename).write_bytes(b"x")
    assert "1 jars in" in checks.kafka_jars(settings).found


def test_own_services_need_no_java_and_no_jars_but_must_answer(tmp_path: Path) -> None:
    settings = load(home=tmp_path, cache=tmp_path, kafka="127.0.0.1:9", clickhouse="http://127.0.0.1:9")
    assert checks.java(settings).state == "ok"
    for found in (checks.kafka_jars(settings), checks.clickhouse(settings)):
        assert (found.state, "127.0.0.1:9" in found.found, "jars" in found.found) == ("fail", True, False)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        port = other.getsockname()[1]
        found = checks.ports(load(home=tmp_path, dashboard_port=port))
        assert found.state == "warn"
        assert str(port) in found.found


def test_a_misspelt_setting_and_a_home_that_is_a_file_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checks.names(load(home=tmp_path)).state == "ok"
    monkeypatch.setenv("TASKSTREAM_PARTITION", "4")
    assert "TASKSTREAM_PARTITION" in checks.names(load(home=tmp_path)).found
    file = tmp_path / "file"
    file.touch()
    assert checks.disk(load(home=file / "home")).found == f"{file} is a file"


def test_java_that_is_missing_fails(tmp_path: Path) -> None:
    assert checks.java(load(home=tmp_path, java=str(tmp_path / "nowhere"))).state == "fail"
    said = CliRunner().invoke(doctor, ["--home", str(tmp_path), "--java", str(tmp_path / "nowhere")])
    assert said.exit_code == 1
    assert "FAIL" in said.output


@pytest.mark.parametrize(
    ("environment", "state"),
    [
        ({"DISPLAY": ":0"}, "ok"),
        ({}, "warn"),
        ({"WAYLAND_DISPLAY": "w"}, "warn"),
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "w"}, "warn"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="displays as Linux has them")
def test_displays(environment: dict[str, str], state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert checks.display(load(home=tmp_path)).state == state


def test_prerequisites_are_silent_when_all_is_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(prerequisites, "is_there", lambda _: True)
    assert prerequisites.main() == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
def test_prerequisites_say_exactly_what_to_install_when_they_may_not(
    ci: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(prerequisites, "is_there", lambda signs: signs[0] not in ("Xvfb", "chromium"))
    monkeypatch.setattr(prerequisites, "apt", lambda: None)
    assert prerequisites.main() == code
    assert capsys.readouterr().err.strip().endswith("as root: apt-get install xvfb chromium")


def test_prerequisites_install_what_is_missing(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    fake = tmp_path / "apt-get"
    fake.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n')
    fake.chmod(0o755)
    assert prerequisites.install([str(fake)], ["xvfb", "xterm"]) == ""
    assert calls.read_text().splitlines() == ["update -qq", "install -y -qq --no-install-recommends xvfb xterm"]
    fake.write_text("#!/bin/sh\necho 'E: no network' >&2\nexit 100\n")
    assert prerequisites.install([str(fake)], ["xvfb"]) == "E: no network"


def test_a_worker_that_does_not_fit_is_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "machine_mb", lambda: 2_000)
    found = checks.worker(load(home=tmp_path, partitions=96))
    assert (found.state, "this machine has 2,000" in found.found) == ("warn", True)
    assert found.advice.startswith("set agents_mb to 1,")
    assert checks.worker(load(home=tmp_path, partitions=96, agents_mb=1_000)).state == "ok"
