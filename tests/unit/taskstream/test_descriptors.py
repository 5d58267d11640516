"""The limit of open files."""

from __future__ import annotations

import subprocess
import sys

import pytest

_TRY = """
import resource
from taskstream import descriptors
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
try:
    descriptors.raise_limit()
except descriptors.ServiceError as error:
    print(error)
else:
    print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("soft", "hard", "said"),
    [
        (64, 64, "only 64 files may be open at once here, and an instance needs 1,024: `ulimit -n 1024`"),
        (64, 2_000, "2000"),
        (1_024, 1_024, "1024"),
    ],
)
def test_it_is_raised_as_far_as_the_system_lets_us(soft: int, hard: int, said: str) -> None:
    code = _TRY.format(soft=soft, hard=hard)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == said
