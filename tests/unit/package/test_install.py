"""``make install`` says what it does while it does it."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest

import install


class Screen(io.StringIO):
    """Claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def test_the_first_line_comes_before_the_step_has_done_anything(tmp_path: Path) -> None:
    log = io.StringIO()
    seen = tmp_path / "seen"

    class Watching(io.StringIO):
        def flush(self) -> None:
            if not seen.exists():
                seen.write_text(self.getvalue())

    log = Watching()
    install.Steps(3, log).run("unpack", [sys.executable, "-c", "import time; time.sleep(0.3)"])
    assert seen.read_text() == "[1/3] unpack ... 0 s\n"
    assert log.getvalue().splitlines()[1:] == ["[1/3] unpack ... done, 0 s"]


def test_a_step_that_lasts_is_told_again_with_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "REPEAT_S", 0.3)
    log = io.StringIO()
    program = "import time; print('Collecting a', flush=True); time.sleep(1.2)"
    install.Steps(1, log).run("packages", [sys.executable, "-c", program], install.packages_told(7))
    lines = log.getvalue().splitlines()
    assert len(lines) >= 4
    assert all(line == "[1/1] packages ... 1 of 7, 1 s" or "0 s" in line or "done" in line for line in lines)
    assert any("1 of 7" in line for line in lines)


def test_on_a_terminal_one_line_changes_in_place() -> None:
    screen = Screen()
    install.Steps(2, screen).run("packages", [sys.executable, "-c", "print('x')"])
    assert screen.getvalue().count("\n") == 1
    assert re.fullmatch(r"(\r\[1/2\] packages \.\.\. (done, )?\d s\x1b\[K)+\n", screen.getvalue())


def test_a_step_that_fails_shows_its_last_words_and_ends_with_its_code() -> None:
    log = io.StringIO()
    program = "print(*range(100), sep='\\n'); raise SystemExit(3)"
    with pytest.raises(SystemExit) as ended:
        install.Steps(1, log).run("packages", [sys.executable, "-c", program])
    assert ended.value.code == 3
    lines = log.getvalue().splitlines()
    assert lines[1] == "[1/1] packages ... failed, 0 s"
    assert lines[2:] == [str(n) for n in range(100 - install.KEPT, 100)]


def test_pip_is_understood() -> None:
    told = install.packages_told(3)
    assert told([]) == "0 of 3"
    some = [
        "Ignoring colorama: markers 'sys_platform == \"win32\"' don't match",
        "Collecting a==1 (from -r x)",
        "  Using b",
    ]
    assert told(some) == "2 of 3"
    assert told([*some, "Installing collected packages: a"]) == "all fetched, installing"
    assert install.locked() == (install.ROOT / "requirements.lock").read_text().count("==") - _markers()


def _markers() -> int:
    text = (install.ROOT / "requirements.lock").read_text()
    return sum(line.count("==") - 1 for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line))
