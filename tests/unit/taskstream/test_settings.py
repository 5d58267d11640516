"""Settings: precedence and errors; endpoints: explicit, running, none."""

import os
from pathlib import Path

import pytest

from taskstream import endpoints
from taskstream.endpoints import Endpoints
from taskstream.errors import ServiceError, UsageError
from taskstream.settings import load


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("TASKSTREAM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TASKSTREAM_HOME", str(tmp_path))


def test_command_line_beats_environment_beats_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "taskstream.toml").write_text("k = 7\nteam = 'file'\ntenant = 'file'\n")
    monkeypatch.setenv("TASKSTREAM_TEAM", "environment")
    monkeypatch.setenv("TASKSTREAM_TENANT", "environment")
    settings = load(tenant="line")
    assert (settings.k, settings.team, settings.tenant) == (7, "environment", "line")


@pytest.mark.parametrize(
    ("text", "word"), [("k = 0", "k "), ("unknown = 1", "unknown"), ("k = [", "cannot be read"), ("k = 'x'", "k ")]
)
def test_a_bad_file_is_named(tmp_path: Path, text: str, word: str) -> None:
    (tmp_path / "taskstream.toml").write_text(text)
    with pytest.raises(UsageError, match=word) as caught:
        load()
    assert "taskstream.toml" in str(caught.value)


def test_an_empty_folder_is_not_the_current_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"home \(command line\): is empty"):
        load(home="")
    for name in ("HOME", "CACHE"):
        monkeypatch.setenv(f"TASKSTREAM_{name}", "")
        with pytest.raises(UsageError, match=rf"{name.lower()} \(environment\): is empty"):
            load()
        monkeypatch.delenv(f"TASKSTREAM_{name}")


@pytest.mark.parametrize("url", ["http://host:99999", "http://[::1", "https://host:x"])
def test_an_address_that_is_none_is_named(url: str) -> None:
    with pytest.raises(UsageError, match="is no URL"):
        load(clickhouse=url)


@pytest.mark.parametrize(
    "kafka", ["http://host:9092", "host:1,PLAINTEXT://b:2", "host:x", "host:0", "host:70000", "a b:1", "a,"]
)
def test_brokers_that_are_none_are_named(kafka: str) -> None:
    with pytest.raises(UsageError, match=r"setting kafka \(command line\): '.*' is no HOST:PORT"):
        load(kafka=kafka)


@pytest.mark.parametrize(
    "kafka", ["", "host:9092", "host", "a.example.com:1, b_2:65535", "[::1]:9092", "127.0.0.1:9092"]
)
def test_brokers_by_name_and_address(kafka: str) -> None:
    assert load(kafka=kafka).kafka == kafka


def test_a_secret_that_is_no_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"clickhouse_password_file: .*no UTF-8 text"):
        endpoints.resolve(load(clickhouse="http://host:1", clickhouse_password_file=str(file)), kafka=False)


def test_without_services_the_error_says_what_to_do() -> None:
    with pytest.raises(ServiceError, match="taskstream up"):
        endpoints.resolve(load())


def test_a_running_instance_is_found_and_a_dead_one_is_not(tmp_path: Path) -> None:
    running = Endpoints("127.0.0.1:1", "http://127.0.0.1:2", "user", "secret", pid=os.getpid())
    endpoints.write(tmp_path, running)
    assert endpoints.resolve(load()) == running
    assert endpoints.file_of(tmp_path).stat().st_mode & 0o077 == 0
    endpoints.write(tmp_path, Endpoints("127.0.0.1:1", "http://127.0.0.1:2", "user", "secret", pid=2**22 + 1))
    assert endpoints.read(tmp_path) is None


def test_own_clickhouse_never_gets_the_embedded_password(tmp_path: Path) -> None:
    endpoints.write(tmp_path, Endpoints("127.0.0.1:1", "http://127.0.0.1:2", "user", "secret", pid=os.getpid()))
    found = endpoints.resolve(load(clickhouse="http://db.example:8123"))
    assert (found.clickhouse_user, found.clickhouse_password) == ("default", "")
