"""Every setting, declared once: name, unit, default, purpose. docs/reference/settings.md is generated from here.

A setting comes from, in this order: the command line, the environment (``TASKSTREAM_`` and the name in capitals), the
file ``taskstream.toml`` in the home folder, the default. The groups are for readers, and for functions that need one of
them; to users all names are flat.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from taskstream.errors import UsageError


def _default_home() -> Path:
    return Path(platformdirs.user_data_dir("taskstream", appauthor=False))


def _default_cache() -> Path:
    return Path(platformdirs.user_cache_dir("taskstream", appauthor=False))


_BROKER: Final = re.compile(r"(?:[^\s:/,\[\]@]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?")
"""Name or address of a broker, and its port."""
_GROUP: Final = ConfigDict(extra="forbid", frozen=True)


def _given(group: BaseModel, *names: str) -> list[str]:
    """Those of ``names`` that have a value."""
    values = {name: getattr(group, name) for name in names}
    return [n for n, v in values.items() if (v.get_secret_value() if isinstance(v, SecretStr) else v)]


def _one_of(group: BaseModel, *names: str) -> None:
    if len(_given(group, *names)) > 1:
        raise ValueError(f"give one of {' and '.join(names)}, not both")


class PlaceSettings(BaseModel):
    """Folders of this machine."""

    model_config = _GROUP

    home: Path = Field(default_factory=_default_home, description="folder of all data kept on this machine")
    cache: Path = Field(default_factory=_default_cache, description="folder of downloads that can be made again")

    @field_validator("home", "cache", mode="before")
    @classmethod
    def _not_empty(cls, value: object) -> object:
        """An unset variable in ``--home "$X"`` must not make the current folder the home."""
        if value == "":
            raise ValueError("is empty: name a folder")
        return value


class KafkaSettings(BaseModel):
    """Kafka: where it is, how it is reached, what our topics are called."""

    model_config = _GROUP

    kafka: str = Field(
        default="",
        description="HOST:PORT of your own Kafka, several with commas; empty: the embedded one. "
        "TLS and logins: the settings kafka_…",
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="how your Kafka is reached: SSL is TLS, SASL is a login"
    )
    kafka_ca: str = Field(
        default="", description="PEM file of the CA of Kafka's certificate; empty: those the system trusts"
    )
    kafka_certificate: str = Field(
        default="", description="PEM file of our certificate, where Kafka wants one (mutual TLS)"
    )
    kafka_key: str = Field(
        default="", description="PEM file of its private key; empty: it is in the certificate's file"
    )
    kafka_key_password: SecretStr = Field(default=SecretStr(""), description="password of an encrypted private key")
    kafka_key_password_file: str = Field(default="", description="file that holds the private key's password")
    kafka_sasl_mechanism: Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] = Field(
        default="", description="kind of login: `PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512` or `OAUTHBEARER`"
    )
    kafka_user: str = Field(default="", description="user at Kafka")
    kafka_password: SecretStr = Field(default=SecretStr(""), description="password at Kafka")
    kafka_password_file: str = Field(default="", description="file that holds the password at Kafka")
    kafka_token_command: str = Field(
        default="",
        description="command that prints an access token for `OAUTHBEARER`: a JWT, or the JSON of a token endpoint",
    )
    prefix: str = Field(default="taskstream.", pattern=r"^[A-Za-z0-9._-]{0,64}$", description="prefix of all topics")
    partitions: int = Field(
        default=4, ge=1, le=1024, description="partitions of ui-events and of the topics derived from it"
    )
    replication: int = Field(default=1, ge=1, le=7, description="replicas of each topic (3 is usual in production)")

    @field_validator("kafka")
    @classmethod
    def _brokers(cls, value: str) -> str:
        """A URL, as ClickHouse's address is one, would be looked up as a name for minutes."""
        for broker in value.split(",") if value else ():
            port = _BROKER.fullmatch(broker.strip())
            if port is None or not 0 < int(port[1] or 9092) < 65_536:
                raise ValueError(f"{broker.strip()!r:.200} is no HOST:PORT, such as kafka.example.com:9092")
        return value

    @model_validator(mode="after")
    def _kafka_is_whole(self) -> Self:
        """No half of TLS or of a login is passed over in silence: what was meant to be secret would go in the clear."""
        protocol, mechanism = self.kafka_security_protocol, self.kafka_sasl_mechanism
        _one_of(self, "kafka_password", "kafka_password_file")
        _one_of(self, "kafka_key_password", "kafka_key_password_file")
        tls = _given(self, "kafka_ca", "kafka_certificate", "kafka_key")
        if tls and not protocol.endswith("SSL"):
            raise ValueError(f"{tls[0]} is for TLS, but kafka_security_protocol is {protocol}: set SSL or SASL_SSL")
        if self.kafka_key and not self.kafka_certificate:
            raise ValueError("kafka_key is given without kafka_certificate")
        login = _given(
            self, "kafka_sasl_mechanism", "kafka_user", "kafka_password", "kafka_password_file", "kafka_token_command"
        )
        if not protocol.startswith("SASL"):
            if login:
                raise ValueError(f"{login[0]} is for a login, but kafka_security_protocol is {protocol}: set SASL_SSL")
        elif not mechanism:
            raise ValueError(f"kafka_security_protocol {protocol} needs kafka_sasl_mechanism")
        elif mechanism == "OAUTHBEARER":
            if not self.kafka_token_command:
                raise ValueError("kafka_sasl_mechanism OAUTHBEARER needs kafka_token_command")
        elif not self.kafka_user or not _given(self, "kafka_password", "kafka_password_file"):
            raise ValueError(f"kafka_sasl_mechanism {mechanism} needs kafka_user and kafka_password (or _file)")
        return self


class ClickHouseSettings(BaseModel):
    """ClickHouse: where it is and how it is reached."""

    model_config = _GROUP

    clickhouse: str = Field(
        default="",
        pattern=r"^(https?://.+)?$",
        description="URL of your own ClickHouse server, http or https; empty: the embedded one",
    )
    clickhouse_user: str = Field(default="", description="user at ClickHouse; empty: the embedded one's")
    clickhouse_password: SecretStr = Field(
        default=SecretStr(""), description="password at ClickHouse; empty: the embedded one's"
    )
    clickhouse_password_file: str = Field(default="", description="file that holds the password at ClickHouse")
    clickhouse_ca: str = Field(
        default="", description="PEM file of the CA of ClickHouse's certificate; empty: those the system trusts"
    )
    clickhouse_certificate: str = Field(
        default="", description="PEM file of our certificate, where ClickHouse wants one"
    )
    clickhouse_key: str = Field(
        default="", description="PEM file of its private key; empty: it is in the certificate's file"
    )
    database: str = Field(
        default="taskstream", pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$", description="database in ClickHouse"
    )

    @model_validator(mode="after")
    def _clickhouse_is_whole(self) -> Self:
        try:
            _ = urlsplit(self.clickhouse).port
        except ValueError as error:
            raise ValueError(f"clickhouse {self.clickhouse} is no URL: {error}") from error
        _one_of(self, "clickhouse_password", "clickhouse_password_file")
        tls = _given(self, "clickhouse_ca", "clickhouse_certificate", "clickhouse_key")
        if tls and not self.clickhouse.startswith("https:"):
            raise ValueError(f"{tls[0]} is for TLS: give clickhouse as an https URL")
        if self.clickhouse_key and not self.clickhouse_certificate:
            raise ValueError("clickhouse_key is given without clickhouse_certificate")
        return self


class EmbeddedSettings(BaseModel):
    """The embedded Kafka and ClickHouse."""

    model_config = _GROUP

    java: str = Field(
        default="", description="Java for the embedded Kafka: `system`, or a path of Java 17+; empty: the bundled one"
    )
    maven_repository: str = Field(
        default="", description="URL of a mirror to fetch Kafka's jars from; empty: Maven Central"
    )
    kafka_port: int = Field(
        default=0, ge=0, le=65535, description="loopback port of the embedded Kafka; 0: any free one"
    )
    kafka_heap_mb: int = Field(default=512, ge=128, le=65536, description="memory of the embedded Kafka, in MB")
    clickhouse_port: int = Field(
        default=0, ge=0, le=65535, description="loopback port of the embedded ClickHouse; 0: any free one"
    )


class WorkSettings(BaseModel):
    """Whose work it is, and who may see what of it."""

    model_config = _GROUP

    tenant: str = Field(default="local", min_length=1, max_length=128, description="whose data it is")
    team: str = Field(default="default", min_length=1, max_length=128, description="team of this desktop's person")
    k: int = Field(default=5, ge=1, le=1000, description="people a result must cover at least before anybody sees it")
    policy_keys: str = Field(
        default="",
        description="public keys whose policies count, with commas (`taskstream policy verify` tells them); empty: any",
    )


class StreamSettings(BaseModel):
    """The streams: sessions, event time, transactions."""

    model_config = _GROUP

    session_gap_ms: int = Field(default=900_000, ge=1_000, description="inactivity that closes a session")
    idle_ms: int = Field(default=30_000, ge=1_000, description="a gap between events counts as active time up to this")
    disorder_ms: int = Field(default=5_000, ge=0, description="how far events of a partition may be out of order")
    lateness_ms: int = Field(default=60_000, ge=0, description="how long after the watermark a window still waits")
    max_skew_ms: int = Field(
        default=600_000,
        ge=1_000,
        description="difference to the broker's clock from which an agent's clock counts as wrong",
    )
    idle_heartbeat_ms: int = Field(
        default=5_000, ge=100, description="silence of a partition after which a heartbeat advances its event time"
    )
    transaction_ms: int = Field(default=250, ge=10, le=30_000, description="interval of the streams' transactions")
    worker_id: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9._-]{0,64}$",
        description="name of this worker, unique in its group and the same after a restart, such as a pod's: a "
        "restarted worker then takes its partitions at once. Empty: the group deals them out again",
    )
    agents_mb: int = Field(
        default=2_300, ge=1, description="memory for the state of agents in one worker, over all the partitions it owns"
    )
    max_agents: int = Field(
        default=0, ge=0, description="agents whose state one worker keeps at most; 0: as many as `agents_mb` hold"
    )
    accepted_policies: str = Field(
        default="",
        description="policies whose batches are let in, with commas: files, hashes, `none` for batches without one; "
        "empty: nothing is checked",
    )


class CollectorSettings(BaseModel):
    """The collector on a desktop."""

    model_config = _GROUP

    policy: str = Field(default="", description="signed policy of this desktop; empty: policy.json in the home folder")

    spool_max_bytes: int = Field(
        default=200_000_000,
        ge=1_000_000,
        description="size of a desktop's spool from which the least valuable events are dropped",
    )
    spool_max_age_ms: int = Field(
        default=7 * 86_400_000,
        ge=60_000,
        description="age from which events that could not be sent are dropped from the spool",
    )
    key_epoch: str = Field(
        default="1",
        min_length=1,
        max_length=32,
        description="rotation epoch of pseudonyms and digests; a new one cuts all links",
    )


class CatalogueSettings(BaseModel):
    """The routine catalogue."""

    model_config = _GROUP

    catalogue_quiet_ms: int = Field(
        default=1_000, ge=50, description="silence of the segments after which the catalogue refines its routines"
    )
    catalogue_refine_ms: int = Field(
        default=10_000, ge=100, description="longest time between two refinements while segments arrive"
    )


class PortSettings(BaseModel):
    """Ports that we serve on this machine."""

    model_config = _GROUP

    dashboard_port: int = Field(
        default=8750, ge=0, le=65535, description="loopback port of the live page; 0: any free one"
    )
    metrics_port: int = Field(
        default=0, ge=0, le=65535, description="loopback port of the Prometheus endpoint; 0: any free one"
    )


class CostSettings(BaseModel):
    """What work and automation cost, for the ranking."""

    model_config = _GROUP

    currency: str = Field(
        default="EUR", pattern=r"^\S{1,8}$", description="currency of all money, as you write it; nothing is converted"
    )
    hourly_cost: float = Field(default=45.0, gt=0, description="cost of an hour of work, in the currency")
    weeks_per_year: float = Field(default=44.0, gt=0, le=53, description="working weeks of a year")
    build_hours_base: float = Field(default=16.0, ge=0, description="hours to build any automation")
    build_hours_per_step: float = Field(default=1.0, ge=0, description="further hours for each distinct step")
    build_hours_per_app: float = Field(default=12.0, ge=0, description="further hours for each application bridged")
    build_hourly_cost: float = Field(default=90.0, gt=0, description="cost of an hour of building, in the currency")
    maintenance_share: float = Field(default=0.2, ge=0, le=5, description="yearly upkeep as a share of the build cost")
    adoption: float = Field(
        default=0.8, gt=0, le=1, description="share of executions that an automation will take over"
    )
    automatable_copy_bridge: float = Field(
        default=0.9,
        ge=0,
        le=1,
        description="share of the work an automation can do: copying from application to application",
    )
    automatable_re_keying: float = Field(
        default=0.85, ge=0, le=1, description="... typing again what another screen shows"
    )
    automatable_reformat: float = Field(default=0.8, ge=0, le=1, description="... bringing a sheet or text into shape")
    automatable_report_round: float = Field(
        default=0.8, ge=0, le=1, description="... gathering figures from several places"
    )
    automatable_form_filling: float = Field(
        default=0.5, ge=0, le=1, description="... filling forms from a person's knowledge"
    )
    automatable_look_up: float = Field(default=0.5, ge=0, le=1, description="... looking something up")
    automatable_review: float = Field(default=0.2, ge=0, le=1, description="... looking at something and deciding")
    automatable_messaging: float = Field(default=0.05, ge=0, le=1, description="... writing messages and documents")
    automatable_navigation: float = Field(default=0.05, ge=0, le=1, description="... going through screens")
    workdays_per_week: float = Field(default=5.0, gt=0, le=7, description="working days of a week")
    horizon_years: float = Field(default=3.0, gt=0, le=20, description="years over which an automation must pay")
    day_variation: float = Field(
        default=0.3,
        ge=0,
        le=5,
        description="how much a routine's hours vary from day to day (share of the mean), where fewer than three full "
        "working days were observed",
    )
    build_uncertainty: float = Field(
        default=1.0, ge=0, le=10, description="further build cost where no order is usual (share, at determinism 0)"
    )
    build_spread: float = Field(
        default=0.25, ge=0, le=1, description="uncertainty of the build cost (share, one sigma)"
    )


GROUPS: Final = (
    PlaceSettings, KafkaSettings, ClickHouseSettings, EmbeddedSettings, WorkSettings, StreamSettings, CollectorSettings,
    CatalogueSettings, PortSettings, CostSettings,
)  # fmt: skip


class Settings(
    PlaceSettings, KafkaSettings, ClickHouseSettings, EmbeddedSettings, WorkSettings, StreamSettings, CollectorSettings,
    CatalogueSettings, PortSettings, CostSettings, BaseSettings,
):  # fmt: skip
    """All settings, validated. Units are in the names (``_ms``, ``_bytes``) or in the descriptions."""

    model_config = SettingsConfigDict(env_prefix="TASKSTREAM_", extra="forbid", frozen=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line first, then the environment. The file is read by :func:`load`, which knows the home folder."""
        del settings_cls, dotenv_settings, file_secret_settings
        return init_settings, env_settings


def load(**given: Any) -> Settings:
    """Settings from the command line's ``given`` (None means not given), the environment, the file and the defaults.

    Raises:
        UsageError: a value is out of bounds or a name in the file is unknown; the message names it and its source.
    """
    given = {name: value for name, value in given.items() if value is not None}
    home = Path(given.get("home") or os.environ.get("TASKSTREAM_HOME") or _default_home())
    path = home / "taskstream.toml"
    try:
        filed = tomllib.loads(path.read_text()) if path.is_file() else {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"the settings file {path} cannot be read: {error}") from error
    environment = {name for name in Settings.model_fields if f"TASKSTREAM_{name.upper()}" in os.environ}
    merged = {name: value for name, value in filed.items() if name not in environment} | given
    try:
        return Settings(**merged)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        if not first["loc"]:  # of several settings together: its words name them
            raise UsageError(f"settings: {first['msg'].removeprefix('Value error, ')}") from None
        name = str(first["loc"][0])
        source = "command line" if name in given else "environment" if name in environment else str(path)
        raise UsageError(f"setting {name} ({source}): {first['msg'].removeprefix('Value error, ')}") from None
