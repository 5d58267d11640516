"""Which Java runs Kafka."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from deploy.local import java
from deploy.local.class_archive import ClassArchive
from deploy.local.java import Java
from taskstream.errors import ServiceError, UsageError


def _fake(path: Path, words: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable}\nimport sys; print({words!r}, file=sys.stderr)\n")
    path.chmod(0o755)
    return path


def test_the_bundled_one_is_new_enough() -> None:
    found = java.find()
    assert found.major >= java.OLDEST
    assert found.program.is_file()


@pytest.mark.parametrize(
    ("words", "major"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "21" 2023-09-19 LTS', 21),
        ('openjdk version "25.0.2"', 25),
    ],
)
def test_an_installed_one_by_home_or_by_path(tmp_path: Path, words: str, major: int) -> None:
    program = _fake(tmp_path / "bin" / "java", words)
    assert java.find(str(tmp_path)).major == major
    assert java.find(str(program)).program == program


def test_java_home_is_asked_before_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = _fake(tmp_path / "home" / "bin" / "java", 'openjdk version "17.0.1"')
    path = _fake(tmp_path / "path" / "java", 'openjdk version "21.0.1"')
    monkeypatch.setenv("PATH", str(path.parent))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    assert java.find("system").program == home
    monkeypatch.delenv("JAVA_HOME")
    assert java.find("system").program == path
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServiceError, match="no installed Java"):
        java.find("system")


def test_too_old_missing_or_no_java_at_all(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="is version 8; Kafka needs 17"):
        java.find(str(_fake(tmp_path / "old", 'java version "1.8.0_381"')))
    with pytest.raises(ServiceError, match="is no Java"):
        java.find(str(_fake(tmp_path / "other", "hello")))
    with pytest.raises(UsageError, match="there is no Java at"):
        java.find(str(tmp_path / "nowhere"))


def test_the_class_archive_is_made_once_used_when_sound_and_made_again(tmp_path: Path) -> None:
    runtime = Java(tmp_path / "java", 25, 'openjdk version "25.0.2" 2026-01-20 LTS')
    archive = ClassArchive.of(runtime, tmp_path)
    assert archive is not None
    assert f"-XX:AOTCacheOutput={archive.draft}" in archive.options()
    archive.keep()  # the broker crashed: there is no draft
    assert not archive.file.exists()
    archive.draft.write_bytes(b"classes")
    (tmp_path / f"{archive.file.name}.1").write_bytes(b"of a broker that was killed")
    archive.keep()
    assert f"-XX:AOTCache={archive.file}" in archive.options()
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".aot", ".sha256"]
    archive.file.write_bytes(b"damaged")
    assert f"-XX:AOTCacheOutput={archive.draft}" in archive.options()
    assert ClassArchive.of(Java(tmp_path / "java", 17, "openjdk 17"), tmp_path) is None
