"""What does not fit is said in one line that helps: doing what it says makes it fit."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.runtime.fit import misfit, needed_mb
from streams.runtime.room import most_agents
from taskstream.settings import Settings


def test_the_default_fits_a_machine_of_4_gb_with_96_partitions() -> None:
    assert misfit(Settings(), 96, 4_096, 16_384) == ""
    assert misfit(Settings(), 96, 0, 16_384) == "", "where the machine does not say"


@given(st.integers(1, 1_024), st.integers(64, 65_536), st.integers(1, 100_000))
def test_what_is_advised_fits(partitions: int, machine_mb: int, agents_mb: int) -> None:
    settings = Settings(agents_mb=agents_mb)
    said = misfit(settings, partitions, machine_mb, 1 << 20)
    assert "\n" not in said
    if not said:
        assert needed_mb(settings, partitions) <= machine_mb
        assert most_agents(settings) >= partitions
    elif advised := re.search(r"set agents_mb to ([\d,]+)", said):
        better = Settings(agents_mb=int(advised[1].replace(",", "")))
        assert needed_mb(better, partitions) <= machine_mb


@pytest.mark.parametrize(
    ("settings", "partitions", "machine_mb", "words"),
    [
        (Settings(agents_mb=1), 96, 16_000, "raise agents_mb"),
        (Settings(max_agents=95), 96, 16_000, "raise max_agents"),
        (Settings(agents_mb=400), 96, 700, "start more workers, each on a machine of its own"),
        (Settings(), 96, 2_048, "set agents_mb to"),
        (
            Settings(),
            100,
            16_000,
            "1,800 files and connections, and 1,750 are allowed: raise the limit (`ulimit -n 1800`)",
        ),
    ],
)
def test_what_is_wrong_is_named(settings: Settings, partitions: int, machine_mb: int, words: str) -> None:
    assert words in misfit(settings, partitions, machine_mb, 1_750)
