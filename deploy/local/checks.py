"""The checks of `taskstream doctor`: what this machine has, what it lacks, what to do about it."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import psutil
from msgspec import Struct

from deploy.local import jars
from deploy.local import java as java_runtime
from deploy.local.home import read_state
from deploy.local.ports import is_free
from taskstream import descriptors, extras
from taskstream.endpoints import own_clickhouse
from taskstream.errors import ServiceError, TaskstreamError
from taskstream.memory import machine_mb
from taskstream.settings import Settings

GB = 1 << 30
DISK_LEAST, DISK_WISE = GB // 2, 5 * GB
MEMORY_WISE = 3 * GB
ANSWER_S = 3.0


class Check(Struct, frozen=True):
    """One finding. ``fail``: Taskstream cannot run; ``warn``: a part of it cannot, or will soon not."""

    name: str
    state: Literal["ok", "warn", "fail"]
    found: str
    advice: str = ""


def python(_: Settings) -> Check:
    """Python's version."""
    return Check("Python", "ok", f"{platform.python_version()} ({sys.executable})")


def system(_: Settings) -> Check:
    """The operating system: chDB exists for two."""
    found = f"{platform.system()} {platform.release()} {platform.machine()}, {os.cpu_count()} processors"
    if sys.platform in ("linux", "darwin"):
        return Check("system", "ok", found)
    advice = "the embedded services need Linux or macOS: use WSL, or name your own with --kafka and --clickhouse"
    return Check("system", "fail", found, advice)


def packages(_: Settings) -> Check:
    """The packages of each part."""
    lacking = extras.missing()
    if lacking:
        state: Literal["warn", "fail"] = "warn" if lacking == ["collector"] else "fail"
        return Check(
            "packages", state, f"missing: {', '.join(lacking)}", f"pip install 'taskstream[{','.join(lacking)}]'"
        )
    return Check("packages", "ok", ", ".join(extras.MODULES))


def compiled(_: Settings) -> Check:
    """Whether the modules that every event passes through are compiled."""
    library = importlib.util.find_spec("streams.stages.partition")
    if library is None or library.origin is None or library.origin.endswith(".py"):
        advice = "install a C compiler and Python's headers, then `make install` again: results stay the same"
        return Check("stages", "warn", "not compiled: about half the speed", advice)
    return Check("stages", "ok", "compiled")


def java(settings: Settings) -> Check:
    """The Java that will run Kafka."""
    if settings.kafka:
        return Check("Java", "ok", "not needed: Kafka is your own")
    try:
        found = java_runtime.find(settings.java)
    except TaskstreamError as error:
        return Check("Java", "fail", str(error), "leave the setting java empty, or set it to an installed Java 17+")
    origin = settings.java or "bundled"
    return Check("Java", "ok", f"{found.words} ({origin}: {found.program})")


def kafka_jars(settings: Settings) -> Check:
    """Kafka's jars in the cache."""
    if settings.kafka:
        return _own_kafka(settings)
    wanted = jars.locked()
    folder = jars.folder_of(settings.cache, wanted)
    lacking = jars.missing(folder, wanted)
    if not lacking:
        return Check(
            "Kafka", "ok", f"Apache Kafka {jars.kafka_version(folder)}, {len(wanted)} jars verified in {folder}"
        )
    size = f"{sum(jar.size for jar in lacking) / 1e6:.0f} MB"
    damaged = sum((folder / jar.filename).exists() for jar in lacking)
    if damaged:
        advice = f"nothing to do: the next start fetches them again ({size}, needs the network)"
        return Check("Kafka", "warn", f"{damaged} jars in {folder} are damaged", advice)
    advice = f"nothing to do: the first start fetches them ({size}, needs the network or your own ~/.m2)"
    return Check("Kafka", "warn", f"{len(lacking)} of {len(wanted)} jars are not fetched yet", advice)


def _own_kafka(settings: Settings) -> Check:
    """Whether an own Kafka lets us in."""
    from taskstream.kafka.check import check

    try:
        brokers = check(settings, "doctor", answer_s=ANSWER_S)
    except TaskstreamError as error:
        return Check("Kafka", "fail", str(error), "see docs/operate.md: TLS and logins")
    protocol = settings.kafka_security_protocol
    return Check("Kafka", "ok", f"your own at {settings.kafka}: {brokers} brokers, {protocol}")


def topics(settings: Settings) -> Check:
    """Whether the topics of an own Kafka are as they are declared: partitions, message sizes, retention."""
    if not settings.kafka:
        return Check("topics", "ok", "made at the start")
    from taskstream.kafka import topic_admin
    from taskstream.kafka.check import check

    try:
        check(settings, "doctor", answer_s=ANSWER_S)
        wrong = topic_admin.apply(settings, dry_run=True)
    except TaskstreamError as error:
        return Check("topics", "warn", f"not known: {error}", "they must be there before a worker starts")
    if not wrong:
        return Check("topics", "ok", f"as declared, {settings.partitions} partitions")
    more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
    return Check("topics", "warn", f"{wrong[0].topic}: {wrong[0].what}{more}", "run `taskstream topics apply`")


def worker(settings: Settings) -> Check:
    """Whether what a worker may need fits this machine."""
    from streams.runtime.fit import misfit, needed_mb
    from streams.runtime.room import most_agents

    partitions = settings.partitions
    if words := misfit(settings, partitions, machine_mb(), descriptors.allowed()):
        found, _, advice = words.partition(": ")
        return Check("worker", "warn", found, advice)
    found = f"room for {most_agents(settings):,} agents over {partitions} partitions"
    return Check("worker", "ok", f"{found}, in {needed_mb(settings, partitions):,} MB at most")


def _own_clickhouse(settings: Settings) -> Check:
    """Whether an own ClickHouse lets us in."""
    from sinks.connect import connect

    try:
        client = connect(own_clickhouse(settings))
        found = f"your own at {settings.clickhouse}: version {client.server_version}"
        client.close()
    except TaskstreamError as error:
        return Check("ClickHouse", "fail", str(error), "see docs/operate.md: TLS and logins")
    return Check("ClickHouse", "ok", found)


def clickhouse(settings: Settings) -> Check:
    """The ClickHouse engine."""
    if settings.clickhouse:
        return _own_clickhouse(settings)
    try:
        return Check("ClickHouse", "ok", f"chDB {version('chdb')}")
    except PackageNotFoundError:
        return Check("ClickHouse", "fail", "chDB is not installed", "pip install 'taskstream[embedded]'")


def names(_: Settings) -> Check:
    """Whether every variable that looks like a setting is one: a misspelt one is passed over."""
    known = {f"TASKSTREAM_{name.upper()}" for name in Settings.model_fields}
    strange = sorted(name for name in os.environ if name.startswith("TASKSTREAM_") and name not in known)
    if strange:
        return Check("settings", "warn", f"not known: {', '.join(strange)}", "docs/reference/settings.md lists all")
    return Check("settings", "ok", "every TASKSTREAM_ variable is known")


def disk(settings: Settings) -> Check:
    """Room and rights in the home folder."""
    folder = _existing(settings.home)
    if (in_the_way := next((path for path in _upwards(settings.home) if path.is_file()), None)) is not None:
        return Check("disk", "fail", f"{in_the_way} is a file", "choose another folder with --home")
    free = shutil.disk_usage(folder).free
    found = f"{free / GB:.1f} GB free for {settings.home}"
    if not os.access(folder, os.W_OK):
        return Check("disk", "fail", f"{folder} cannot be written", "choose another folder with --home")
    if free < DISK_LEAST:
        return Check("disk", "fail", found, "free at least 0.5 GB, or choose another folder with --home")
    if free < DISK_WISE:
        return Check("disk", "warn", found, "5 GB are wise: a busy desktop fills some 5 MB a day")
    return Check("disk", "ok", found)


def memory(_: Settings) -> Check:
    """Memory for everything on one machine."""
    free = psutil.virtual_memory().available
    found = f"{free / GB:.1f} GB available"
    if free < MEMORY_WISE:
        return Check("memory", "warn", found, "about 2 GB are needed: lower kafka_heap_mb, or close other programs")
    return Check("memory", "ok", found)


def files(_: Settings) -> Check:
    """How many files may be open at once."""
    found = f"{descriptors.allowed():,} may be open at once"
    if descriptors.allowed() < descriptors.LEAST:
        return Check("files", "fail", found, f"an instance needs {descriptors.LEAST:,}: see `ulimit -n`")
    return Check("files", "ok", found)


def ports(settings: Settings) -> Check:
    """The ports that are asked for by number."""
    running = read_state(settings.home)
    if running:
        return Check(
            "ports", "ok", f"an instance runs here (process {running.pid}, page {running.dashboard or 'none'})"
        )
    named = {name: getattr(settings, name) for name in ("dashboard_port", "kafka_port", "clickhouse_port")}
    taken = [f"{name} {port}" for name, port in named.items() if port and not is_free(port)]
    if taken:
        return Check("ports", "warn", f"taken: {', '.join(taken)}", "choose others, or 0 for any free one")
    return Check("ports", "ok", ", ".join(f"{port} is free" for port in named.values() if port) or "any free one")


def display(_: Settings) -> Check:
    """Whether `taskstream collect` can see a desktop."""
    if sys.platform != "linux":
        return Check("desktop", "ok", platform.system())
    if not os.environ.get("DISPLAY"):
        wayland = os.environ.get("WAYLAND_DISPLAY")
        found = "a Wayland session without X11" if wayland else "no display (DISPLAY is not set)"
        return Check("desktop", "warn", found, "only `taskstream collect` needs it: log in to an X11 (Xorg) session")
    if os.environ.get("WAYLAND_DISPLAY"):
        return Check(
            "desktop", "warn", "Wayland with XWayland", "collect sees X11 programs alone: log in to Xorg for all"
        )
    return Check("desktop", "ok", f"X11 display {os.environ['DISPLAY']}")


def tools_of_tests(_: Settings) -> Check:
    """Programs that only the tests use."""
    lacking = [name for name in ("Xvfb", "xdotool", "chromium") if shutil.which(name) is None]
    if lacking:
        advice = "only `make test` needs them, and installs them with apt when it may"
        return Check("test tools", "warn", f"missing: {', '.join(lacking)}", advice)
    return Check("test tools", "ok", "Xvfb, xdotool, chromium")


CHECKS: tuple[Callable[[Settings], Check], ...] = (
    python, system, packages, compiled, names, java, kafka_jars, topics, clickhouse, disk, memory, worker, files, ports,
    display, tools_of_tests,
)  # fmt: skip


def all_checks(settings: Settings) -> list[Check]:
    """Every finding, in a fixed order."""
    return [check(settings) for check in CHECKS]


def _existing(path: Path) -> Path:
    """The nearest folder that exists."""
    for folder in _upwards(path):
        if folder.is_dir():
            return folder
    raise ServiceError(f"no part of {path} exists")


def _upwards(path: Path) -> tuple[Path, ...]:
    return (path, *path.absolute().parents)
