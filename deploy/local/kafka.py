"""Apache Kafka itself as a child process: one KRaft node on loopback, its data kept in a folder."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local import jars
from deploy.local import java as java_runtime
from deploy.local.child_process import GuardedProcess
from deploy.local.class_archive import ClassArchive
from deploy.local.disk import LEAST_FREE_BYTES, require_room
from deploy.local.kafka_config import Listener, logging_xml, server_properties
from deploy.local.ports import LOOPBACK, accepts, free_ports, is_free
from deploy.local.telling import Progress, silent
from taskstream.errors import ServiceError
from taskstream.settings import KafkaSettings

START_S = 60.0
STOP_S = 20.0
# The serial collector starts fastest and uses least memory; both compilers stay on, since the load may become heavy.
JVM = ("-XX:+UseSerialGC", "-Xss512k", "-XX:MaxDirectMemorySize=128m", "-XX:+ExitOnOutOfMemoryError",
       "-Djava.awt.headless=true", "--enable-native-access=ALL-UNNAMED")  # fmt: skip


class EmbeddedKafka:
    """One broker. ``start`` may be called again after ``stop`` or ``kill``: same port, same data.

    ``port`` 0 takes any free one. ``keep`` are file descriptors that stay open until the broker has ended (a lock).
    ``advertised_port`` is that of a proxy in front of it, by which clients then reach it; 0: none. ``listeners`` are
    opened beside the plain one; ``scram`` are users and passwords for them, made at the first start; ``properties`` are
    further settings of the broker.
    """

    def __init__(
        self,
        data_dir: Path,
        cache: Path,
        port: int = 0,
        heap_mb: int = 512,
        on_progress: Progress | None = None,
        *,
        java: str = "",
        repository: str = "",
        keep: Sequence[int] = (),
        advertised_port: int = 0,
        listeners: Sequence[Listener] = (),
        scram: Mapping[str, str] | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = data_dir.absolute()
        self._cache = cache
        self._port_wanted = port
        self._heap_mb = heap_mb
        self._on_progress = on_progress or silent
        self._java_choice = java
        self._repository = repository
        self._keep = keep
        self._advertised_port = advertised_port
        self._listeners = listeners
        self._scram = scram or {}
        self._properties_given = properties or {}
        self._process: GuardedProcess | None = None
        self._libs: Path | None = None
        self._java: java_runtime.Java | None = None
        self._archive: ClassArchive | None = None
        self._version = ""
        self._ready = False
        self._cancelled = False
        self.port = 0
        self.log = self._folder / "logs" / "kafka.log"

    @property
    def pid(self) -> int:
        """Process id of the JVM; 0 before the first start."""
        return self._process.pid if self._process else 0

    @property
    def bootstrap(self) -> str:
        """HOST:PORT for clients."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def version(self) -> str:
        """Kafka's version as the jars it runs from say it."""
        if not self._version:
            self._version = jars.kafka_version(self.prepare())
        return self._version

    def poll(self) -> int | None:
        """None while the broker runs (or was never started), else how it ended."""
        return self._process.poll() if self._process else None

    def start(self) -> str:
        """Start it and wait until it answers a metadata request; returns HOST:PORT.

        Raises:
            ServiceError: no Java, no jars, the port is taken, the disk is full, or it ended; the message says which.
        """
        if self._process is not None and self._process.running:
            return self.bootstrap
        self._ready = self._cancelled = False
        self.prepare()
        require_room(self._folder, LEAST_FREE_BYTES)
        self._check_unused()
        wanted = self.port or self._port_wanted
        if wanted and not is_free(wanted):
            raise ServiceError(f"port {wanted} of this machine is taken: stop who uses it, or choose another")
        for attempt in range(3):
            first, controller_port = free_ports(2)
            self.port = wanted or first
            try:
                cluster = self._configure(controller_port)
                self._launch()
                self._await_ready(cluster)
                self._ready = True
                return self.bootstrap
            except _PortTakenError as error:  # somebody was faster
                if wanted or attempt == 2:
                    raise ServiceError(str(error)) from None
                self.port = 0
            except BaseException:
                self.stop()
                raise
        raise AssertionError("unreachable")

    def stop(self) -> None:
        """Stop it cleanly; after a deadline by force. Doing it twice is harmless.

        One that another thread is just starting is ended at once (Kafka takes long to end while it starts).
        """
        self._cancelled = True
        if self._process is not None:
            if self._ready:
                self._process.stop()
            else:
                self._process.kill()
            if self._archive is not None:
                self._archive.keep()

    def kill(self) -> None:
        """kill -9, as a crash would."""
        if self._process is not None:
            self._process.kill()

    def tool(self, main_class: str, *arguments: str, timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run one of Kafka's own tools, such as ``org.apache.kafka.tools.consumer.ConsoleConsumer``."""
        command = [*self._java_command("-Xmx256m", "-XX:TieredStopAtLevel=1"), main_class, *arguments]
        environment = self._environment()
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout_s, check=False)

    def prepare(self) -> Path:
        """Find Java and the jars, fetching those that are missing; returns the jars' folder.

        Raises:
            ServiceError: they cannot be had.
        """
        if self._libs is None:
            self._java = java_runtime.find(self._java_choice)
            self._libs = jars.install(self._cache, self._on_progress, repository=self._repository)
        return self._libs

    def _check_unused(self) -> None:
        """Kafka locks its data folder; a second broker must not even write its configuration there."""
        import fcntl

        with contextlib.suppress(FileNotFoundError), (self._folder / "data" / ".lock").open("r+b") as handle:
            try:
                fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise ServiceError(f"another Kafka uses {self._folder}: stop it first (`taskstream down`)") from error

    def _java_command(self, *options: str) -> list[str]:
        self.prepare()
        assert self._java is not None
        return [str(self._java.program), *JVM, *options]

    def _environment(self) -> dict[str, str]:
        """With the class path: as an option, its 47 paths would fill every list of processes."""
        jar_files = os.pathsep.join(map(str, sorted(self.prepare().glob("*.jar"))))
        # Java takes names of files apart by the locale, and in C finds none that has a letter beyond ASCII.
        return dict(os.environ) | {"CLASSPATH": jar_files, "LC_ALL": "C.UTF-8"}

    def _configure(self, controller_port: int) -> str:
        """Write the configuration; format the data folder on the first start. Returns the cluster's id."""
        data = self._folder / "data"
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            (self._folder / "server.properties").write_text(self._properties(data.name, controller_port))
            (self._folder / "log4j2.xml").write_text(logging_xml(str(self.log.relative_to(self._folder))))
        except OSError as error:
            raise ServiceError(f"Kafka's data folder {self._folder} cannot be written: {error.strerror}") from error
        if not (data / "meta.properties").is_file():
            self._format(data, controller_port)
        lines = (data / "meta.properties").read_text().splitlines()
        found = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
        return found.get("cluster.id", "")

    def _properties(self, data: str, controller_port: int) -> str:
        own = server_properties(data, self.port, controller_port, self._advertised_port, self._listeners)
        return own + "".join(f"{name}={value}\n" for name, value in self._properties_given.items())

    def _format(self, data: Path, controller_port: int) -> None:
        """``data`` appears whole or not at all: Kafka formats a draft, which is then renamed."""
        draft = self._folder / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(data, ignore_errors=True)
        drafted = self._folder / "format.properties"
        drafted.write_text(self._properties(draft.name, controller_port))
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if cluster.startswith("-"):  # the tool would take it for an option
            cluster = "A" + cluster[1:]
        command = self._java_command("-Xmx128m", "-XX:TieredStopAtLevel=1", self._logging_option())
        users = [
            f"--add-scram={mechanism}=[name={user},password={password}]"
            for user, password in self._scram.items()
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
        ]
        said = subprocess.run(
            [*command, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", drafted.name, *users],
            env=self._environment(), cwd=self._folder, capture_output=True, text=True, timeout=START_S, check=False,
        )  # fmt: skip
        if said.returncode:
            last = (said.stderr or said.stdout).strip().splitlines()
            raise ServiceError(f"Kafka cannot prepare {data}: {last[-1] if last else said.returncode}")
        drafted.unlink()
        draft.rename(data)

    def _logging_option(self) -> str:
        return "-Dlog4j2.configurationFile=log4j2.xml"

    def _launch(self) -> None:
        self._archive = self._archive_for()
        command = self._java_command(
            f"-Xms{min(128, self._heap_mb)}m",
            f"-Xmx{self._heap_mb}m",
            self._logging_option(),
            *(self._archive.options() if self._archive else ()),
        )
        self._process = GuardedProcess(
            [*command, "kafka.Kafka", "server.properties"],
            self._folder / "logs" / "kafka.out",
            grace_s=STOP_S,
            environment=self._environment(),
            keep=self._keep,
            log_bytes=1 << 20,
            folder=self._folder,
        )
        self._log_from = self.log.stat().st_size if self.log.exists() else 0
        self._process.start()

    def _archive_for(self) -> ClassArchive | None:
        assert self._java is not None
        return ClassArchive.of(self._java, self.prepare())

    def _await_ready(self, cluster: str) -> None:
        """Wait until the broker answers as a member of our own cluster (another server might hold the port)."""
        assert self._process is not None
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self._cancelled:
                raise ServiceError("Kafka was stopped while it started")
            if self._process.poll() is not None:
                raise self._died()
            if accepts(self.port) and self._answers(cluster):
                return
            time.sleep(0.05)
        raise ServiceError(f"Kafka did not become ready within {START_S:.0f} s; its log is {self.log}")

    def _answers(self, cluster: str) -> bool:
        from confluent_kafka import KafkaException

        from taskstream.kafka.clients import kafka_config, new_admin

        config = kafka_config(KafkaSettings(kafka=self.bootstrap), "ready")
        admin = new_admin(config | {"reconnect.backoff.max.ms": 200})
        with contextlib.suppress(KafkaException):
            seen = admin.list_topics(timeout=2.0)
            return bool(seen.brokers) and seen.cluster_id == cluster
        return False

    def _died(self) -> ServiceError:
        assert self._process is not None
        said = self._new_log() + self._process.output()
        if "Address already in use" in said or "java.net.BindException" in said:
            return _PortTakenError(f"Kafka cannot listen on port {self.port}: somebody else took it")
        if "No space left on device" in said:
            return ServiceError(f"the disk is full: Kafka cannot write to {self._folder}")
        if "Failed to acquire lock" in said:
            return ServiceError(f"another Kafka uses {self._folder}: stop it first (`taskstream down`)")
        if "initialization of VM" in said:
            return ServiceError(
                f"Java cannot start: {'; '.join(self._process.output().strip().splitlines()[-2:])[:300]}"
            )
        telling = [line for line in said.splitlines() if " ERROR " in line or " FATAL " in line or "Error" in line]
        last = (telling or said.strip().splitlines() or ["it said nothing"])[-1]
        return ServiceError(f"Kafka ended while starting (code {self._process.poll()}): {last[:300]} (log: {self.log})")

    def _new_log(self) -> str:
        try:
            with self.log.open("rb") as handle:
                handle.seek(self._log_from)
                return handle.read(1 << 20).decode(errors="replace")
        except OSError:
            return ""


class _PortTakenError(ServiceError):
    """Kafka could not bind its port."""
