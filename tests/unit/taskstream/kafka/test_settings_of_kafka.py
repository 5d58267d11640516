"""The way to Kafka, made of the settings: for librdkafka and for Faust alike; secrets stay out of sight."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from taskstream.errors import ServiceError, UsageError
from taskstream.kafka import tokens
from taskstream.kafka.clients import kafka_config, reading
from taskstream.kafka.faust_broker import faust_broker
from taskstream.settings import KafkaSettings, load
from tests.fixtures.certificates import Authority

LOGIN: dict[str, Any] = {
    "kafka": "one:1,two:2",
    "kafka_security_protocol": "SASL_SSL",
    "kafka_sasl_mechanism": "SCRAM-SHA-512",
    "kafka_user": "ann",
}


def test_without_tls_and_login_it_is_plain() -> None:
    config = kafka_config(KafkaSettings(kafka="one:1"), "worker")
    assert (config["security.protocol"], config["client.id"]) == ("PLAINTEXT", "taskstream.worker")
    assert not [name for name in config if name.startswith(("ssl.", "sasl."))]
    assert faust_broker(KafkaSettings(kafka="one:1"), "worker")["broker_credentials"] is None


def test_readers_by_hand_carry_the_prefix_in_their_group() -> None:
    assert reading(KafkaSettings(kafka="one:1", prefix="p."), "fetch")["group.id"] == "p.fetch"


def test_both_clients_are_given_the_same(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    (tmp_path / "secret").write_text("hush\n")
    settings = KafkaSettings(**LOGIN, kafka_ca=str(authority.path), kafka_password_file=str(tmp_path / "secret"))
    config, faust = kafka_config(settings, "worker"), faust_broker(settings, "worker")
    assert (config["sasl.username"], config["sasl.password"]) == ("ann", "hush")
    assert config["ssl.ca.location"] == str(authority.path)
    given = faust["broker_credentials"]
    assert (faust["broker"], faust["broker_client_id"]) == ("kafka://one:1;kafka://two:2", "taskstream.worker")
    assert (given.protocol.value, given.mechanism.value) == ("SASL_SSL", "SCRAM-SHA-512")
    assert (given.username, given.password) == ("ann", "hush")
    assert given.ssl_context.check_hostname


def test_a_sealed_key_with_another_password_is_one_line_of_tls(tmp_path: Path) -> None:
    certificate, key = Authority(tmp_path).issue("me", password="right")
    for password in ("wrong", ""):
        settings = KafkaSettings(
            kafka="one:1", kafka_security_protocol="SSL", kafka_certificate=str(certificate), kafka_key=str(key),
            kafka_key_password=SecretStr(password),
        )  # fmt: skip
        with pytest.raises(ServiceError, match="TLS"):
            faust_broker(settings, "worker")


@pytest.mark.parametrize("name", ["kafka_ca", "kafka_password_file"])
def test_a_missing_file_is_named(name: str) -> None:
    given = LOGIN | ({"kafka_password": "x"} if name == "kafka_ca" else {}) | {name: "/nowhere/at/all"}
    with pytest.raises(UsageError, match=name):
        kafka_config(KafkaSettings(**given), "worker")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kafka_password": "hush"}, "kafka_security_protocol is PLAINTEXT"),
        ({"kafka_user": "ann"}, "kafka_security_protocol is PLAINTEXT"),
        ({"kafka_ca": "x.pem"}, "kafka_security_protocol is PLAINTEXT"),
        ({"kafka_security_protocol": "SSL", "kafka_password": "hush"}, "set SASL_SSL"),
        ({"kafka_security_protocol": "SASL_SSL"}, "needs kafka_sasl_mechanism"),
        (LOGIN, "needs kafka_user and kafka_password"),
        (LOGIN | {"kafka_password": "hush", "kafka_password_file": "f"}, "not both"),
        (LOGIN | {"kafka_sasl_mechanism": "OAUTHBEARER"}, "kafka_token_command"),
        ({"kafka_security_protocol": "SSL", "kafka_key": "k"}, "without kafka_certificate"),
        ({"kafka_security_protocol": "TLS"}, "kafka_security_protocol"),
        ({"clickhouse": "http://x:1", "clickhouse_ca": "x.pem"}, "https"),
        ({"clickhouse": "x:1"}, "clickhouse"),
        ({"clickhouse_password": "hush", "clickhouse_password_file": "f"}, "not both"),
    ],
)
def test_halves_and_contradictions_are_refused_without_the_secret(given: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        load(**given)
    assert "hush" not in str(caught.value)


def test_secrets_are_not_in_what_is_printed() -> None:
    settings = load(**LOGIN, kafka_password="hush", clickhouse_password="hush")
    assert "hush" not in f"{settings} {settings!r} {settings.model_dump_json()}"


def test_tokens_come_from_a_command(tmp_path: Path) -> None:
    file = tmp_path / "answer"
    file.write_text("opaque")
    found = tokens.fetch(f"cat {file}")
    assert found.value == "opaque"
    assert 0 < found.ends_s - time.time() <= tokens.UNKNOWN_LIFE_S
    file.write_text(json.dumps({"access_token": "opaque", "expires_in": 60, "token_type": "bearer"}))
    assert 50 < tokens.fetch(f"cat {file}").ends_s - time.time() <= 60
    file.write_text("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4iLCJleHAiOjQyfQ.")
    assert tokens.fetch(f"cat {file}") == tokens.Token(file.read_text(), 42.0, "ann")


@pytest.mark.parametrize("answer", ["", "two words", '{"token":"hush"}'])
def test_what_is_no_token_is_said_and_not_repeated(tmp_path: Path, answer: str) -> None:
    (tmp_path / "answer").write_text(answer)
    with pytest.raises(ServiceError, match="kafka_token_command") as caught:
        tokens.fetch(f"cat {tmp_path / 'answer'}")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("command", ["false", "no-such-program-anywhere", "'unbalanced"])
def test_a_command_that_fails_is_named(command: str) -> None:
    with pytest.raises(ServiceError, match="kafka_token_command"):
        tokens.fetch(command)
