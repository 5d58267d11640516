"""Apache Kafka's jars: pinned, fetched once into the cache, verified at every start.

Each file is fetched into a temporary folder, checked against ``jars.lock`` and only then renamed into place, so an
interrupted download leaves whole files or none. A file whose checksum is wrong is fetched again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import queue
import shutil
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec import Struct

from deploy.local.telling import Progress, silent
from taskstream.errors import ServiceError

LOCK = Path(__file__).with_name("jars.lock")
CONNECTIONS = 6
TIMEOUT_S = 20
END_S = 2.0
DRAFTS = ".download-"


class Jar(Struct, frozen=True):
    """One file of the lock."""

    group: str
    artifact: str
    version: str
    sha256: str
    size: int  # bytes

    @property
    def filename(self) -> str:
        """Name in the repository and in the cache."""
        return f"{self.artifact}-{self.version}.jar"

    @property
    def repository_path(self) -> str:
        """Path below a Maven repository."""
        return f"{self.group.replace('.', '/')}/{self.artifact}/{self.version}/{self.filename}"


# Told of each piece fetched, in bytes; raises when nobody waits for it any more.
Tick = Callable[[int], None]
# Brings one jar to the folder given and returns where it lies there.
Fetch = Callable[[Jar, Path, Tick], Path]


def locked(lock: Path = LOCK) -> tuple[Jar, ...]:
    """The jars that belong to this version of Taskstream."""
    jars = []
    for line in lock.read_text().splitlines():
        if line and not line.startswith("#"):
            coordinate, sha256, size, _ = line.split(maxsplit=3)
            group, artifact, version = coordinate.split(":")
            jars.append(Jar(group, artifact, version, sha256, int(size)))
    return tuple(jars)


def folder_of(cache: Path, jars: tuple[Jar, ...]) -> Path:
    """The jars' folder: its name changes with the lock, so two versions of Taskstream do not disturb each other."""
    digest = hashlib.sha256("".join(jar.sha256 for jar in jars).encode()).hexdigest()[:12]
    return cache / f"kafka-{digest}"


def is_sound(path: Path, jar: Jar) -> bool:
    """Whether the file is there, whole and unchanged."""
    try:
        if path.stat().st_size != jar.size:
            return False
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest() == jar.sha256
    except OSError:
        return False


def missing(folder: Path, jars: tuple[Jar, ...]) -> list[Jar]:
    """The jars that are absent or damaged in the folder."""
    with ThreadPoolExecutor(2) as pool:
        sound = pool.map(lambda jar: is_sound(folder / jar.filename, jar), jars)
        return [jar for jar, fine in zip(jars, sound, strict=True) if not fine]


def maven_fetch(repository: str = "") -> Fetch:
    """Fetches from the user's own Maven folder (``~/.m2``) when the same file lies there, else from the network.

    ``repository`` is the URL of a mirror; empty: Maven Central, as jgo knows it.
    """
    from jgo.constants import default_maven_repo
    from jgo.maven import MavenContext, PythonResolver

    own = Path(os.environ.get("M2_REPO") or default_maven_repo())
    remotes = {"mirror": repository.rstrip("/")} if repository else None

    def fetch(jar: Jar, folder: Path, tick: Tick) -> Path:
        if is_sound(own / jar.repository_path, jar):
            return Path(shutil.copy(own / jar.repository_path, folder / jar.filename))
        resolver = PythonResolver(progress_callback=lambda *_: contextlib.nullcontext(tick))
        context = MavenContext(resolver=resolver, repo_cache=folder, remote_repos=remotes, timeout=TIMEOUT_S)
        return Path(context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve())

    return fetch


def install(
    cache: Path,
    on_progress: Progress = silent,
    *,
    jars: tuple[Jar, ...] | None = None,
    repository: str = "",
    fetch: Fetch | None = None,
) -> Path:
    """The folder with every jar, verified; fetches what is missing or damaged.

    Raises:
        ServiceError: the network or the disk does not let it, or a file fetched is not the one pinned.
    """
    jars = locked() if jars is None else jars
    folder = folder_of(cache, jars)
    if folder.is_dir() and not missing(folder, jars):
        return folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _exclusive(cache / "kafka.lock"):
            _fill(folder, jars, fetch or maven_fetch(repository), on_progress)
    except OSError as error:
        if error.errno is None:
            raise ServiceError(f"Kafka's jars cannot be fetched: {_short(error)}; see `taskstream doctor`") from error
        raise ServiceError(f"Kafka's jars cannot be kept in {cache}: {error.strerror or error}") from error
    return folder


def kafka_version(folder: Path) -> str:
    """Kafka's version as the jars in the folder state it, which is the version of a broker that runs from them."""
    for path in folder.glob("kafka-clients-*.jar"):
        with zipfile.ZipFile(path) as jar:
            text = jar.read("kafka/kafka-version.properties").decode()
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line).get("version", "unknown")
    return "unknown"


@contextlib.contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """One process at a time fills a cache; the others wait and then find it filled."""
    import fcntl

    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _fill(folder: Path, jars: tuple[Jar, ...], fetch: Fetch, on_progress: Progress) -> None:
    for stale in folder.glob(f"{DRAFTS}*"):  # of a process that was killed; we hold the lock
        shutil.rmtree(stale, ignore_errors=True)
    wanted = missing(folder, jars)
    damaged = sum((folder / jar.filename).exists() for jar in wanted)
    what = "Kafka (one-time download)"
    if damaged:
        what = f"Kafka (repairing {damaged} damaged file{'s' if damaged > 1 else ''} in the cache)"
    download = _Download(folder, fetch)
    done, total = 0, sum(jar.size for jar in wanted)
    try:
        on_progress(what, 0, total)
        for size in download.run(wanted):
            done += size
            on_progress(what, min(done, total), total)
        on_progress(what, total, total)
    finally:
        download.end()


class _Cancelled(Exception):
    """Nobody waits for it any more."""


class _Download:
    """Several files at a time, by threads; whole files alone reach the folder."""

    def __init__(self, folder: Path, fetch: Fetch) -> None:
        self._folder, self._fetch = folder, fetch
        self._drafts = Path(tempfile.mkdtemp(prefix=DRAFTS, dir=folder))
        self._todo: queue.SimpleQueue[Jar] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[Jar | int | Exception] = queue.SimpleQueue()
        self._cancelled = threading.Event()
        # Daemons: a server that has stopped answering must not hold up the end of the process.
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(CONNECTIONS)]

    def run(self, jars: list[Jar]) -> Iterator[int]:
        """Yields the bytes that have come; ends when all files are in place.

        Raises:
            ServiceError, OSError: one could not be fetched.
        """
        for jar in jars:
            self._todo.put(jar)
        for thread in self._threads:
            thread.start()
        left = len(jars)
        while left:
            result = self._results.get()
            if isinstance(result, Exception):
                raise result
            if isinstance(result, Jar):
                left -= 1
            else:
                yield result

    def end(self) -> None:
        """Stop what is under way and remove what is not whole."""
        self._cancelled.set()
        deadline = time.monotonic() + END_S
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))
        shutil.rmtree(self._drafts, ignore_errors=True)

    def _tick(self, size: int) -> None:
        if self._cancelled.is_set():
            raise _Cancelled
        self._results.put(size)

    def _work(self) -> None:
        with contextlib.suppress(queue.Empty):
            while not self._cancelled.is_set():
                jar = self._todo.get_nowait()
                try:
                    self._bring(jar)
                    self._results.put(jar)
                except Exception as error:
                    self._results.put(error)

    def _bring(self, jar: Jar) -> None:
        try:
            draft = self._fetch(jar, Path(tempfile.mkdtemp(dir=self._drafts)), self._tick)
        except OSError:  # the disk; or the network, whose errors derive from OSError too
            raise
        except Exception as error:
            raise ServiceError(f"{jar.filename} cannot be fetched: {_short(error)}") from error
        if not is_sound(draft, jar):
            raise ServiceError(
                f"{jar.filename} was fetched, but is not the file that is pinned (SHA-256 differs): nothing was "
                "installed from it; look for a proxy that changes downloads"
            )
        draft.replace(self._folder / jar.filename)


def _short(error: BaseException) -> str:
    """One line that says what happened, without the library's nested causes."""
    if isinstance(error, RuntimeError) and "not found" in str(error):
        return "the repository does not have it"
    return f"{type(error).__name__} (is there a network?)"
