"""Runs all of Taskstream on one machine: services first, then the components, watched until it is told to stop."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from msgspec import Struct
from pydantic import SecretStr

from deploy.local.disk import STOP_FREE_BYTES, require_room
from deploy.local.home import ComponentState, HomeLock, InstanceState, await_remains, worker_name, write_state
from deploy.local.ports import LOOPBACK, free_ports, is_free
from deploy.local.restart import RestartPolicy
from deploy.local.services import Services
from deploy.local.telling import Progress, silent
from deploy.local.unit import Component, wall_ms
from deploy.local.waits import Waits
from deploy.local.watch import ENDED, RUNNING, STARTING, Watched
from taskstream import endpoints
from taskstream.descriptors import raise_limit
from taskstream.errors import ServiceError
from taskstream.settings import Settings

STEP_S = 0.2
READY_S = 60.0
DISK_S = 2.0
REMAINS = "the end of an earlier run"


class Stopped(BaseException):  # noqa: N818 (like KeyboardInterrupt, nothing that catches errors may swallow it)
    """The user has asked to stop while something was under way."""


class ComponentSpec(Struct, frozen=True):
    """A process of Taskstream's own. Those that need Kafka alone are started while ClickHouse still starts.

    ``keeps_place``  it has a ``worker_id``, so that it takes its partitions at once when it is started again
    """

    name: str
    arguments: tuple[str, ...]
    needs_clickhouse: bool = True
    program: tuple[str, ...] = (sys.executable, "-m", "taskstream")
    keeps_place: bool = False


COMPONENTS: tuple[ComponentSpec, ...] = (
    ComponentSpec("worker", ("worker",), needs_clickhouse=False, keeps_place=True),
    ComponentSpec("catalogue", ("catalogue",), needs_clickhouse=False),
    ComponentSpec("sink", ("sink",)),
    ComponentSpec("dashboard", ("dashboard",)),
)


class Supervisor:
    """One instance in one home. ``stop_requested`` may be set by a signal handler; everything here heeds it."""

    def __init__(
        self,
        settings: Settings,
        *,
        command: str = "up",
        components: Sequence[ComponentSpec] = COMPONENTS,
        restart_limit: int = RestartPolicy().limit,
        on_progress: Progress = silent,
        on_news: Callable[[str], None] | None = None,
    ) -> None:
        self.settings = settings
        self.stop_requested = threading.Event()
        self.seconds: dict[str, float] = {}
        self._waits = Waits()
        self._command = command
        self._specs = components
        self._restart_limit = restart_limit
        self._on_progress = on_progress
        self._on_news = on_news or (lambda _: None)
        self._lock = HomeLock(settings.home)
        self._services: Services | None = None
        self._dashboard_port = 0
        self._watched: list[Watched] = []
        self._executor = ThreadPoolExecutor(4, thread_name_prefix="start")
        self._started_ms = wall_ms()
        self._clickhouse_version = ""
        self._disk_seen_s = 0.0
        self._state: InstanceState | None = None

    # Starting

    def claim(self) -> None:
        """Take the home folder for this instance, before anything is shown or done.

        Raises:
            ServiceError: another instance runs there, or the folder cannot be used.
        """
        if not self._lock.held:
            self._lock.acquire(self._waits.on(REMAINS))

    def start(self) -> None:
        """Start everything; returns when all processes run (``await_ready`` waits until they work, too).

        Raises:
            ServiceError: something cannot be started; nothing is left running.
            Stopped: the user asked to stop meanwhile; nothing is left running.
        """
        raise_limit()
        self.claim()
        try:
            with self._waits.on(REMAINS):
                await_remains(self.settings.home)
            self._dashboard_port = self._choose_dashboard_port()
            self._services = Services(self.settings, self._heeding(self._on_progress), keep=self.keep)
            with self._waits.on("files of kafka"), self._timed("prepare"):
                self._services.prepare()
            self._start_all(self._services)
            endpoints.write(self.settings.home, self.endpoints)
            self._publish()
        except BaseException:
            self.stop()
            raise

    def _start_all(self, services: Services) -> None:
        def kafka_side() -> None:
            with self._waits.on("kafka"), self._timed("kafka"):
                services.start_kafka()
            self._start_components(services, needs_clickhouse=False)

        def clickhouse_side() -> None:
            with self._waits.on("clickhouse"), self._timed("clickhouse"):
                self._clickhouse_version = services.start_clickhouse()

        self._await([self._executor.submit(kafka_side), self._executor.submit(clickhouse_side)])
        self._start_components(services, needs_clickhouse=True)

    def _start_components(self, services: Services, *, needs_clickhouse: bool) -> None:
        specs = [spec for spec in self._specs if spec.needs_clickhouse == needs_clickhouse]
        for spec, metrics_port in zip(specs, free_ports(len(specs)), strict=True):
            if self.stop_requested.is_set():
                raise Stopped
            environment = self._environment(services, with_clickhouse=needs_clickhouse)
            if spec.keeps_place and not self.settings.worker_id:
                environment["TASKSTREAM_WORKER_ID"] = worker_name(self.settings.home, spec.name)
            component = Component(
                spec.name,
                spec.arguments,
                self.settings.home / "logs" / f"{spec.name}.log",
                environment,
                metrics_port,
                keep=self.keep,
                program=spec.program,
            )
            watched = Watched(component, RestartPolicy(self._restart_limit))
            self._watched.append(watched)
            watched.start()

    def _environment(self, services: Services, *, with_clickhouse: bool) -> dict[str, str]:
        """The settings of this instance for its processes: what was given here, and where the services are."""
        given = {name: _words(getattr(self.settings, name)) for name in self.settings.model_fields_set}
        found = services.endpoints()
        given |= {"home": str(self.settings.home), "cache": str(self.settings.cache), "kafka": found.kafka}
        if with_clickhouse and services.clickhouse is not None:  # an own one is in the settings
            given |= {
                "clickhouse": found.clickhouse,
                "clickhouse_user": found.clickhouse_user,
                "clickhouse_password": found.clickhouse_password,
            }
        given["dashboard_port"] = str(self._dashboard_port)
        return {f"TASKSTREAM_{name.upper()}": value for name, value in given.items()}

    def _choose_dashboard_port(self) -> int:
        port = self.settings.dashboard_port
        if port and is_free(port):
            return port
        if port and "dashboard_port" in self.settings.model_fields_set:
            raise ServiceError(f"port {port} for the page is taken: choose another with --dashboard-port")
        return free_ports(1)[0]

    def _await(self, tasks: Sequence[Future[None]]) -> None:
        """Wait for all; the first failure or a request to stop ends the waiting."""
        pending = set(tasks)
        while pending:
            done, pending = wait(pending, timeout=0.1)
            for task in done:
                task.result()
            for watched in tuple(self._watched):
                self._look_after(watched)
            if self.stop_requested.is_set():
                raise Stopped

    def _heeding(self, progress: Progress) -> Progress:
        """``progress``, which also cancels the work it reports on when the user asks to stop."""

        def report(what: str, done: int, total: int) -> None:
            if self.stop_requested.is_set():
                raise Stopped
            progress(what, done, total)

        return report

    @contextlib.contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        begin = time.monotonic()
        yield
        self.seconds[phase] = round(time.monotonic() - begin, 3)

    # Running

    @property
    def endpoints(self) -> endpoints.Endpoints:
        """Where everything is."""
        assert self._services is not None
        has_page = any(spec.name == "dashboard" for spec in self._specs)
        page = f"http://{LOOPBACK}:{self._dashboard_port}" if has_page else ""
        return self._services.endpoints(page)

    @property
    def state(self) -> InstanceState:
        """What the instance says about itself."""
        assert self._services is not None
        return InstanceState(
            pid=os.getpid(),
            started_ms=self._started_ms,
            command=self._command,
            database=self.settings.database,
            prefix=self.settings.prefix,
            kafka=self._services.kafka_state(),
            clickhouse=self._services.clickhouse_state(self._clickhouse_version),
            dashboard=self.endpoints.dashboard,
            components=tuple(_component_state(each) for each in self._everything()),
        )

    @property
    def keep(self) -> tuple[int, ...]:
        """Descriptors that processes of this instance hold open until they have ended."""
        return (self._lock.handle,)

    def environment(self) -> dict[str, str]:
        """Environment for further processes of this instance, such as the demo's players."""
        assert self._services is not None
        return dict(os.environ) | self._environment(self._services, with_clickhouse=True)

    def step(self) -> None:
        """Look after everything once; call it a few times a second.

        Raises:
            ServiceError: something keeps ending, or the disk is full.
            Stopped: the user has asked to stop.
        """
        if self.stop_requested.is_set():
            raise Stopped
        if time.monotonic() - self._disk_seen_s > DISK_S:
            self.check_disk()
        for watched in self._everything():
            self._look_after(watched)
        self._publish()

    def waiting(self) -> dict[str, float]:
        """What a start or a stop waits for just now, and for how many seconds already. May be asked by any thread."""
        now_s = time.monotonic()
        starting = [each for each in tuple(self._watched) if each.state == STARTING]
        return {each.unit.name: now_s - each.started_s for each in starting} | self._waits.seconds()

    def _look_after(self, watched: Watched) -> None:
        if news := watched.step(self._executor):
            self._on_news(news)

    def check_disk(self) -> None:
        """Stop in time rather than break.

        Raises:
            ServiceError: the disk is full.
        """
        self._disk_seen_s = time.monotonic()
        require_room(self.settings.home, STOP_FREE_BYTES)

    def await_ready(self, *names: str) -> None:
        """Until every component works, or those named.

        Raises:
            ServiceError: one does not within ``READY_S``.
            Stopped: the user has asked to stop.
        """
        deadline = time.monotonic() + READY_S
        with self._timed("components"):
            while waiting := [
                each for each in self._everything() if each.state != RUNNING and (not names or each.unit.name in names)
            ]:
                self.step()
                if time.monotonic() > deadline:
                    unit = waiting[0].unit
                    raise ServiceError(f"{unit.name} does not get ready (log: {unit.log})")
                self.stop_requested.wait(STEP_S)

    def run(self) -> None:
        """Until the user asks to stop.

        Raises:
            ServiceError: something keeps ending.
        """
        with contextlib.suppress(Stopped):
            while True:
                self.step()
                self.stop_requested.wait(STEP_S)

    def _everything(self) -> list[Watched]:
        services = self._services
        found = [services.kafka, services.clickhouse] if services else []
        return [each for each in (*found, *self._watched) if each is not None]

    def _publish(self) -> None:
        state = self.state
        if state != self._state:
            self._state = state
            write_state(self.settings.home, state)

    # Stopping

    def stop(self) -> None:
        """Stop all in order: who reads first, then the sink, then the services. Doing it twice is harmless."""
        if not self._lock.held:
            return
        endpoints.file_of(self.settings.home).unlink(missing_ok=True)
        self.stop_requested.set()
        readers = [each for each in self._watched if each.unit.name != "sink"]
        for group in (readers, [each for each in self._watched if each.unit.name == "sink"]):
            for watched in group:
                watched.unit.terminate()
            for watched in group:
                watched.state = ENDED
                with self._waits.on(watched.unit.name):
                    watched.unit.stop()
        services = self._services
        stores = [each for each in (services.kafka, services.clickhouse) if each is not None] if services else []
        stopper = [threading.Thread(target=self._stop_store, args=(each,)) for each in stores]
        for thread in stopper:
            thread.start()
        for thread in stopper:
            thread.join()
        self._executor.shutdown(wait=True, cancel_futures=True)
        for each in (*self._watched, *stores):  # one that was just being started while we stopped
            each.unit.stop()
        self._lock.release()

    def _stop_store(self, watched: Watched) -> None:
        with self._waits.on(watched.unit.name):
            watched.unit.stop()


def _component_state(watched: Watched) -> ComponentState:
    unit = watched.unit
    return ComponentState(
        name=unit.name,
        state=watched.state,
        pid=unit.pid,
        started_ms=watched.started_ms,
        restarts=watched.restarts,
        metrics_port=unit.metrics_port if isinstance(unit, Component) else 0,
        log=str(unit.log),
    )


def _words(value: object) -> str:
    """A setting as the environment of a process of ours holds it, secrets too: only the same user can read that."""
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
