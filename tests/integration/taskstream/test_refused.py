"""A wrong password, a wrong authority, plain text to TLS: one line that names the login or TLS, within ten seconds."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

import pytest

from collectors.cli.collect import _publisher
from collectors.delivery.spool import Spool
from taskstream.errors import ServiceError
from taskstream.settings import Settings
from tests.fixtures.clickhouse import ClickHouse
from tests.fixtures.secured import Secured

pytestmark = pytest.mark.integration

WITHIN_S = 10.0
WRONG_PASSWORD = "not-the-password-815"
RECORDING = str(Path(__file__).parents[3] / "deploy" / "demo" / "StudentRecord.csv")
COMMANDS = {
    "worker": ["worker"],
    "catalogue": ["catalogue"],
    "sink": ["sink"],
    "page": ["dashboard", "--port", "0"],
    "replay": ["replay", RECORDING],
    "simulate": ["simulate", "--people", "2", "--days", "1"],
    "up": ["up"],
    "topics": ["topics", "apply"],
    "dead-letter": ["dead-letter", "list"],
}
FAULTS = ("password", "authority", "plaintext", "no certificate")
NAMES = {"password": "login", "authority": "TLS", "plaintext": "TLS", "no certificate": "TLS"}


def reached(secured: Secured, fault: str) -> dict[str, str]:
    """Settings with one thing wrong."""
    if fault == "password":
        return secured.by_login(kafka_password=WRONG_PASSWORD)
    if fault == "authority":
        return secured.by_login(kafka_ca=str(secured.folder / "stranger.pem"))
    if fault == "no certificate":
        return secured.by_certificate(kafka_certificate="", kafka_key="", kafka_key_password_file="")
    return {"kafka": secured.login}


def run(words: list[str], given: dict[str, str]) -> tuple[int, float, str]:
    """A command's exit code, how long it took (seconds), and what it said on standard error."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TASKSTREAM_KAFKA")}
    environment = clean | {f"TASKSTREAM_{name.upper()}": value for name, value in given.items()}
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "taskstream", *words],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, time.monotonic() - began, done.stderr


@pytest.mark.parametrize(
    ("command", "fault"),
    [*product(COMMANDS, ("password", "authority", "plaintext")), ("worker", "no certificate")],
)
def test_a_refusal_is_one_line_soon(
    secured: Secured, clickhouse: ClickHouse, tmp_path: Path, command: str, fault: str
) -> None:
    given = reached(secured, fault) | {
        "home": str(tmp_path), "clickhouse": clickhouse.url, "clickhouse_user": clickhouse.user,
        "clickhouse_password": clickhouse.password,
    }  # fmt: skip
    code, seconds, said = run(COMMANDS[command], given)
    errors = [line for line in said.splitlines() if line.startswith("taskstream: ")]
    assert (code, len(errors)) == (4, 1), said
    assert NAMES[fault] in errors[0], said
    assert "Traceback" not in said
    assert WRONG_PASSWORD not in said
    assert seconds <= WITHIN_S, f"{seconds:.1f} s: {said}"


@pytest.mark.parametrize("fault", FAULTS)
def test_the_collector_does_not_wait_for_what_waiting_does_not_mend(
    secured: Secured, tmp_path: Path, fault: str
) -> None:
    settings = Settings(home=tmp_path, **reached(secured, fault))  # type: ignore[arg-type]
    began = time.monotonic()
    with pytest.raises(ServiceError, match=NAMES[fault]):
        _publisher(settings, Spool(tmp_path / "spool.db"))
    assert time.monotonic() - began <= WITHIN_S


def test_the_collector_waits_for_a_kafka_that_is_away(tmp_path: Path) -> None:
    assert _publisher(Settings(home=tmp_path, kafka="127.0.0.1:9"), Spool(tmp_path / "spool.db")) is not None


def test_status_and_doctor_say_why(secured: Secured, tmp_path: Path) -> None:
    given = reached(secured, "password") | {"home": str(tmp_path)}
    environment = os.environ | {f"TASKSTREAM_{name.upper()}": value for name, value in given.items()}
    for word in ("status", "doctor"):
        done = subprocess.run(
            [sys.executable, "-m", "taskstream", word], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode != 0
        assert "refuses the login" in " ".join((done.stdout + done.stderr).split())
        assert WRONG_PASSWORD not in done.stdout + done.stderr
