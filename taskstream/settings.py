"""Every setting, declared once: name, unit, default, purpose. docs/settings.md is generated from here.

A setting comes from, in this order: the command line, the environment (``TASKSTREAM_`` and the name in capitals), the
file ``taskstream.toml`` in the home folder, the default.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from taskstream.errors import UsageError


def _default_home() -> Path:
    return Path(platformdirs.user_data_dir("taskstream", appauthor=False))


def _default_cache() -> Path:
    return Path(platformdirs.user_cache_dir("taskstream", appauthor=False))


class Settings(BaseSettings):
    """All settings, validated. Units are in the names (``_ms``, ``_bytes``) or in the descriptions."""

    model_config = SettingsConfigDict(env_prefix="TASKSTREAM_", extra="forbid", frozen=True)

    home: Path = Field(default_factory=_default_home, description="folder of all data kept on this machine")
    cache: Path = Field(default_factory=_default_cache, description="folder of downloads that can be made again")

    kafka: str = Field(default="", description="HOST:PORT of your own Kafka; empty: the embedded one")
    clickhouse: str = Field(default="", description="URL of your own ClickHouse server; empty: the embedded one")
    clickhouse_user: str = Field(default="", description="user at ClickHouse; empty: the embedded one's")
    clickhouse_password: str = Field(default="", description="password at ClickHouse; empty: the embedded one's")
    database: str = Field(
        default="taskstream", pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$", description="database in ClickHouse"
    )

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

    prefix: str = Field(default="taskstream.", pattern=r"^[A-Za-z0-9._-]{0,64}$", description="prefix of all topics")
    partitions: int = Field(
        default=4, ge=1, le=1024, description="partitions of ui-events and of the topics derived from it"
    )
    replication: int = Field(default=1, ge=1, le=7, description="replicas of each topic (an enterprise wants 3)")

    tenant: str = Field(default="local", min_length=1, max_length=128, description="whose data it is")
    team: str = Field(default="default", min_length=1, max_length=128, description="team of this desktop's person")
    k: int = Field(default=5, ge=1, le=1000, description="people a result must cover at least before anybody sees it")

    session_gap_ms: int = Field(default=900_000, ge=1_000, description="inactivity that closes a session")
    idle_ms: int = Field(default=30_000, ge=1_000, description="a gap between events counts as active time up to this")
    disorder_ms: int = Field(default=5_000, ge=0, description="how far events of a partition may be out of order")
    lateness_ms: int = Field(default=60_000, ge=0, description="how long after the watermark a window still waits")
    max_skew_ms: int = Field(
        default=600_000,
        ge=1_000,
        description="difference to the broker's clock from which an agent's clock counts as wrong",
    )
    tick_ms: int = Field(
        default=5_000, ge=100, description="silence of a partition after which a tick advances its event time"
    )
    transaction_ms: int = Field(default=250, ge=10, le=30_000, description="interval of the streams' transactions")
    max_agents: int = Field(default=50_000, ge=1, description="agents whose state one worker keeps at most")

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

    catalogue_quiet_ms: int = Field(
        default=1_000, ge=50, description="silence of the segments after which the catalogue refines its routines"
    )
    catalogue_refine_ms: int = Field(
        default=10_000, ge=100, description="longest time between two refinements while segments arrive"
    )

    dashboard_port: int = Field(
        default=8750, ge=0, le=65535, description="loopback port of the live page; 0: any free one"
    )
    metrics_port: int = Field(
        default=0, ge=0, le=65535, description="loopback port of the Prometheus endpoint; 0: any free one"
    )

    hourly_cost: float = Field(default=45.0, gt=0, description="cost of an hour of work, in your currency")
    weeks_per_year: float = Field(default=44.0, gt=0, le=53, description="working weeks of a year")
    build_hours_base: float = Field(default=16.0, ge=0, description="hours to build any automation")
    build_hours_per_step: float = Field(default=1.0, ge=0, description="further hours for each distinct step")
    build_hours_per_app: float = Field(default=12.0, ge=0, description="further hours for each application bridged")
    build_hourly_cost: float = Field(default=90.0, gt=0, description="cost of an hour of building, in your currency")
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
        description="how much the number of executions varies from day to day (share of the mean)",
    )
    build_uncertainty: float = Field(
        default=1.0, ge=0, le=10, description="further build cost where no step follows surely (share at determinism 0)"
    )
    build_spread: float = Field(
        default=0.25, ge=0, le=1, description="uncertainty of the build cost (share, one sigma)"
    )

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
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "?"
        source = "command line" if name in given else "environment" if name in environment else str(path)
        raise UsageError(f"setting {name} ({source}): {first['msg']}") from error
