"""What the processes of the streams load at their start."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["streams.runtime.worker", "streams.catalogue.run"])
def test_a_process_that_runs_for_weeks_does_without_numpy(module: str) -> None:
    """Only who learns needs it: a lesson has a process of its own."""
    asked = f"import sys, {module}; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
