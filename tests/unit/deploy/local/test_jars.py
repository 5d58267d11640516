"""The jars' cache: whole files or none, whatever happens."""

from __future__ import annotations

import hashlib
import threading
import time
from pathlib import Path

import pytest

from deploy.local import jars
from deploy.local.jars import Jar, Tick, folder_of, install, locked, missing
from taskstream.errors import ServiceError

CONTENT = {f"part{i}": bytes([i]) * (100 + i) for i in range(9)}
JARS = tuple(
    Jar("org.example", name, "1.0", hashlib.sha256(data).hexdigest(), len(data)) for name, data in CONTENT.items()
)


class Source:
    """Brings the right files, counts them, and can be told to bring something else."""

    def __init__(self) -> None:
        self.brought: list[str] = []
        self.instead: dict[str, bytes | BaseException] = {}

    def __call__(self, jar: Jar, folder: Path, tick: Tick) -> Path:
        self.brought.append(jar.artifact)
        tick(jar.size)
        what = self.instead.get(jar.artifact, CONTENT[jar.artifact])
        path = folder / jar.filename
        if isinstance(what, BaseException):
            path.write_bytes(CONTENT[jar.artifact][:10])
            raise what
        path.write_bytes(what)
        return path


def _only_whole_files(folder: Path) -> bool:
    return all(path.name in {jar.filename for jar in JARS if jars.is_sound(path, jar)} for path in folder.iterdir())


def test_first_install_then_offline(tmp_path: Path) -> None:
    source, told = Source(), []
    folder = install(tmp_path, lambda *what: told.append(what), jars=JARS, fetch=source)
    assert sorted(source.brought) == sorted(CONTENT)
    assert missing(folder, JARS) == []
    assert told[0][1:] == (0, sum(jar.size for jar in JARS))
    assert told[-1][1] == told[-1][2]

    def no_network(*_: object) -> Path:
        raise AssertionError("asked the network")

    assert install(tmp_path, jars=JARS, fetch=no_network) == folder


@pytest.mark.parametrize("damage", [b"", b"x", CONTENT["part3"][:-1] + b"\xff"], ids=["empty", "short", "changed"])
def test_a_damaged_file_alone_is_fetched_again(tmp_path: Path, damage: bytes) -> None:
    folder = install(tmp_path, jars=JARS, fetch=Source())
    (folder / "part3-1.0.jar").write_bytes(damage)
    source, told = Source(), []
    install(tmp_path, lambda *what: told.append(what), jars=JARS, fetch=source)
    assert source.brought == ["part3"]
    assert "repairing 1 damaged file" in told[0][0]
    assert missing(folder, JARS) == []


def test_a_download_that_is_not_the_pinned_file_is_refused(tmp_path: Path) -> None:
    source = Source()
    source.instead["part5"] = b"something else"
    with pytest.raises(ServiceError, match=r"part5-1\.0\.jar .* not the file that is pinned"):
        install(tmp_path, jars=JARS, fetch=source)
    assert _only_whole_files(folder_of(tmp_path, JARS))


@pytest.mark.parametrize(
    "error", [ConnectionError("reset"), RuntimeError("boom"), OSError(28, "No space left on device")]
)
def test_an_interrupted_download_leaves_whole_files_and_goes_on(tmp_path: Path, error: Exception) -> None:
    source = Source()
    source.instead["part6"] = error
    with pytest.raises(ServiceError):
        install(tmp_path, jars=JARS, fetch=source)
    folder = folder_of(tmp_path, JARS)
    assert _only_whole_files(folder)
    again = Source()
    install(tmp_path, jars=JARS, fetch=again)
    assert "part6" in again.brought
    assert missing(folder, JARS) == []


def test_ctrl_c_ends_a_download_at_once_and_its_threads_with_it(tmp_path: Path) -> None:
    before = threading.active_count()

    def endless(jar: Jar, folder: Path, tick: Tick) -> Path:
        while True:
            (folder / jar.filename).write_bytes(b"x")
            tick(1)
            time.sleep(0.01)

    def ctrl_c(_: str, done: int, __: int) -> None:
        if done > 3:
            raise KeyboardInterrupt

    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        install(tmp_path, ctrl_c, jars=JARS, fetch=endless)
    assert time.monotonic() - begin < 2
    assert threading.active_count() == before
    assert _only_whole_files(folder_of(tmp_path, JARS))


def test_a_server_that_does_not_answer_does_not_hold_up_ctrl_c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "END_S", 0.1)
    silent = threading.Event()

    def stuck(*_: object) -> Path:
        silent.wait(20)
        raise ConnectionError

    def ctrl_c(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install(tmp_path, ctrl_c, jars=JARS, fetch=stuck)
    silent.set()
    assert _only_whole_files(folder_of(tmp_path, JARS))


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, JARS)
    (folder / ".download-old" / "deep").mkdir(parents=True)
    (folder / ".download-old" / "deep" / "half.jar").write_bytes(b"x")
    install(tmp_path, jars=JARS, fetch=Source())
    assert _only_whole_files(folder)


def test_two_at_once_fetch_each_file_once(tmp_path: Path) -> None:
    source = Source()
    threads = [threading.Thread(target=lambda: install(tmp_path, jars=JARS, fetch=source)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(source.brought) == sorted(CONTENT)


def test_a_cache_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ServiceError, match=r"cannot be kept in .*file"):
        install(tmp_path / "file", jars=JARS, fetch=Source())


def test_the_users_own_maven_folder_serves_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("M2_REPO", str(tmp_path / "m2"))
    for jar in JARS:
        path = tmp_path / "m2" / jar.repository_path
        path.parent.mkdir(parents=True)
        path.write_bytes(CONTENT[jar.artifact])
    folder = install(tmp_path / "cache", jars=JARS)
    assert missing(folder, JARS) == []


def test_the_lock_pins_one_version_of_each_kafka_jar() -> None:
    pinned = locked()
    assert {jar.version for jar in pinned if jar.group == "org.apache.kafka"} == {"4.1.1"}
    assert len({(jar.group, jar.artifact) for jar in pinned}) == len(pinned)
    assert all(len(jar.sha256) == 64 and jar.size > 0 for jar in pinned)
