"""ClickHouse behind TLS: sink, page and commands reach it, and say in one line when TLS or the login fails."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.certificates import Authority
from tests.fixtures.clickhouse import ClickHouse
from tests.fixtures.tls_proxy import TlsProxy
from tests.integration.sinks.stage import Stage, batches, until

pytestmark = pytest.mark.integration

WITHIN_S = 10.0


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    made = Authority(tmp_path)
    made.issue("server")
    made.issue("client")
    Authority(tmp_path, "stranger")
    return made


def server_context(folder: Path, *, mutual: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    if mutual:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(folder / "authority.pem")
    return context


@pytest.fixture
def https(tmp_path: Path, authority: Authority, clickhouse: ClickHouse) -> Iterator[dict[str, str]]:
    """Settings of a ClickHouse that is reached by TLS; the password is in a file."""
    (tmp_path / "password").write_text(f"{clickhouse.password}\n")
    with TlsProxy(clickhouse.port, server_context(tmp_path)) as proxy:
        yield {
            "clickhouse": f"https://127.0.0.1:{proxy.port}",
            "clickhouse_user": clickhouse.user,
            "clickhouse_password_file": str(tmp_path / "password"),
            "clickhouse_ca": str(authority.path),
            "home": str(tmp_path),
        }


def start(words: list[str], given: dict[str, str]) -> subprocess.Popen[str]:
    environment = os.environ | {f"TASKSTREAM_{name.upper()}": value for name, value in given.items()}
    command = [sys.executable, "-m", "taskstream", *words]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(words: list[str], given: dict[str, str]) -> tuple[int, float, str, str]:
    """Exit code, seconds, standard output, standard error."""
    began = time.monotonic()
    with start(words, given) as process:
        out, error = process.communicate(timeout=60)
    return process.returncode, time.monotonic() - began, out, error


def test_sink_page_and_commands_reach_it_by_tls(
    https: dict[str, str], tmp_path: Path, kafka: str, clickhouse: ClickHouse
) -> None:
    stage = Stage(tmp_path, kafka, clickhouse)
    given = https | {"kafka": kafka, "prefix": stage.prefix, "database": stage.database}
    for words in (["migrate"], ["migrate", "--status", "--json"], ["opportunities", "--json"]):
        code, _, _, error = run(words, given)
        assert code == 0, error
    stage.send("ui-events.clean", batches(2, 5, 10))
    with start(["sink"], given) as sink, start(["dashboard", "--port", "0", "--json-ready"], given) as page:
        try:
            until(lambda: stage.query("SELECT count() FROM ui_events") == [(100,)])
            assert page.stdout is not None
            url = json.loads(page.stdout.readline())["url"]

            def shown() -> bool:
                with urllib.request.urlopen(f"{url}/api/summary", timeout=20) as answer:
                    found = json.loads(answer.read())
                assert found["problem"] == ""
                return bool(found["events"]["stored"] == 100)

            until(shown)
        finally:
            sink.terminate()
            page.terminate()
    stage.close()


def test_a_client_certificate_opens_the_connection(
    https: dict[str, str], tmp_path: Path, clickhouse: ClickHouse
) -> None:
    with TlsProxy(clickhouse.port, server_context(tmp_path, mutual=True)) as proxy:
        given = https | {"clickhouse": f"https://127.0.0.1:{proxy.port}", "database": f"m{uuid.uuid4().hex[:8]}"}
        code, _, _, error = run(["migrate"], given)
        assert (code, "TLS" in error) == (4, True), error
        given |= {
            "clickhouse_certificate": str(tmp_path / "client.crt"),
            "clickhouse_key": str(tmp_path / "client.key"),
        }
        code, _, _, error = run(["migrate"], given)
        assert code == 0, error


@pytest.mark.parametrize("command", ["migrate", "dashboard", "opportunities", "routine"])
@pytest.mark.parametrize("fault", ["authority", "plain", "password"])
def test_a_refusal_is_one_line_soon(
    https: dict[str, str], tmp_path: Path, kafka: str, command: str, fault: str
) -> None:
    given = https | {"kafka": kafka}
    if fault == "authority":
        given["clickhouse_ca"] = str(tmp_path / "stranger.pem")
    elif fault == "plain":
        given["clickhouse"] = given["clickhouse"].replace("https:", "http:")
        del given["clickhouse_ca"]
    else:
        (tmp_path / "password").write_text("wrong-password-99")
    words = [command, *{"routine": ["1"], "dashboard": ["--port", "0"]}.get(command, [])]
    code, seconds, out, error = run(words, given)
    errors = [line for line in error.splitlines() if line.startswith("taskstream: ")]
    assert (code, len(errors)) == (4, 1), error
    assert ("login" if fault == "password" else "TLS") in errors[0]
    assert "wrong-password-99" not in out + error
    assert seconds <= WITHIN_S, f"{seconds:.1f} s: {error}"


def test_the_sink_waits_for_a_right_password(
    https: dict[str, str], tmp_path: Path, kafka: str, clickhouse: ClickHouse
) -> None:
    stage = Stage(tmp_path, kafka, clickhouse)
    given = https | {"kafka": kafka, "prefix": stage.prefix, "database": stage.database}
    right = (tmp_path / "password").read_text()
    (tmp_path / "password").write_text("wrong-password-99")
    stage.send("ui-events.clean", batches(2, 5, 10))
    with start(["sink"], given) as sink:
        try:
            assert sink.stderr is not None
            while "login" not in (line := sink.stderr.readline()):
                assert line, "it has ended"
            (tmp_path / "password").write_text(right)
            until(lambda: stage.query("SELECT count() FROM ui_events") == [(100,)])
        finally:
            sink.terminate()
    stage.close()
