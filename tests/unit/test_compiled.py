"""Compiled and interpreted, the stages give the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.fixtures.compiled import ROOT, libraries


def _digest(*options: str) -> list[str]:
    command = [sys.executable, "-m", "tests.fixtures.compiled", *options]
    # Sets are written in the order of their hashes.
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_compiled_and_interpreted_stages_give_the_same_bytes() -> None:
    if not any(library.exists() for library in libraries().values()):
        if os.environ.get("CI"):
            pytest.fail("the stages are not compiled: a C compiler is missing, or TASKSTREAM_COMPILE is 0")
        pytest.skip("the stages are not compiled on this machine: it has no C compiler")
    compiled, interpreted = _digest(), _digest("--interpreted")
    assert (compiled[0], interpreted[0]) == (".so", ".py")
    assert compiled[1:] == interpreted[1:]
