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
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec import Struct

from deploy.embedded.progress import Progress, silent
from taskstream.errors import ServiceError

LOCK = Path(__file__).with_name("jars.lock")
CONNECTIONS = 6
TIMEOUT_S = 20
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


# Brings one jar to the folder given and returns where it lies there.
Fetch = Callable[[Jar, Path], Path]


def locked(lock: Path = LOCK) -> tuple[Jar, ...]:
    """The jars that belong to this version of Taskstream."""
    jars = []
    for line in lock.read_text().splitlines():
        if line and not line.startswith("#"):
            coordinate, sha256, size = line.split()
            group, artifact, version = coordinate.split(":")
            jars.append(Jar(group, artifact, version, sha256, int(size)))
    return tuple(jars)


def folder_of(cache: Path, jars: tuple[Jar, ...]) -> Path:
    """Where they are kept: its name changes with the lock, so two versions of Taskstream do not disturb each other."""
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
    from jgo.maven import MavenContext

    own = Path(os.environ.get("M2_REPO") or default_maven_repo())
    remotes = {"mirror": repository.rstrip("/")} if repository else None

    def fetch(jar: Jar, folder: Path) -> Path:
        if is_sound(own / jar.repository_path, jar):
            return Path(shutil.copy(own / jar.repository_path, folder / jar.filename))
        context = MavenContext(repo_cache=folder, remote_repos=remotes, timeout=TIMEOUT_S)
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
    """The version that the jars in the folder say they are: what a broker run from them is."""
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
    done, total = 0, sum(jar.size for jar in wanted)
    on_progress(what, 0, total)
    drafts = Path(tempfile.mkdtemp(prefix=DRAFTS, dir=folder))
    todo: queue.SimpleQueue[Jar] = queue.SimpleQueue()
    results: queue.SimpleQueue[Jar | Exception] = queue.SimpleQueue()
    for jar in wanted:
        todo.put(jar)
    try:
        for _ in range(min(CONNECTIONS, len(wanted))):
            # Daemons, unlike a pool's threads: an interrupted download must not hold up the end of the process.
            threading.Thread(target=_work, args=(todo, results, folder, drafts, fetch), daemon=True).start()
        for _ in wanted:
            result = results.get()
            if isinstance(result, Exception):
                raise result
            done += result.size
            on_progress(what, done, total)
    finally:
        with contextlib.suppress(queue.Empty):
            while True:
                todo.get_nowait()
        shutil.rmtree(drafts, ignore_errors=True)


def _work(
    todo: queue.SimpleQueue[Jar],
    results: queue.SimpleQueue[Jar | Exception],
    folder: Path,
    drafts: Path,
    fetch: Fetch,
) -> None:
    with contextlib.suppress(queue.Empty):
        while True:
            jar = todo.get_nowait()
            try:
                _bring(jar, folder, drafts, fetch)
                results.put(jar)
            except Exception as error:
                results.put(error)


def _bring(jar: Jar, folder: Path, drafts: Path, fetch: Fetch) -> None:
    try:
        draft = fetch(jar, Path(tempfile.mkdtemp(dir=drafts)))
    except OSError:  # the disk; or the network, whose errors derive from OSError too
        raise
    except Exception as error:
        raise ServiceError(f"{jar.filename} cannot be fetched: {_short(error)}") from error
    if not is_sound(draft, jar):
        raise ServiceError(
            f"{jar.filename} was fetched, but is not the file that is pinned (SHA-256 differs): nothing was installed "
            "from it; look for a proxy that changes downloads"
        )
    draft.replace(folder / jar.filename)


def _short(error: BaseException) -> str:
    """One line that says what happened, without the library's nested causes."""
    if isinstance(error, RuntimeError) and "not found" in str(error):
        return "the repository does not have it"
    return f"{type(error).__name__} (is there a network?)"
