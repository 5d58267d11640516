"""Pseudonyms are stable within an epoch and unrelated across keys and epochs."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskstream.errors import TaskstreamError
from taskstream.privacy.pseudonym import derive, local_master_key, pseudonym

KEY = b"0123456789abcdef0123456789abcdef"


def test_known_answer() -> None:
    """A change of the derivation would cut everybody's history in two: it must be seen."""
    assert pseudonym(KEY, "2026q4", "max") == KNOWN


KNOWN = "7ca7c055fb88d8bead202ec6c26f6f14"


@given(st.text(), st.text(), st.text(), st.text())
def test_only_equal_epoch_and_name_give_equal_pseudonyms(epoch: str, name: str, epoch2: str, name2: str) -> None:
    same = (epoch, name) == (epoch2, name2)
    try:
        equal = pseudonym(KEY, epoch, name) == pseudonym(KEY, epoch2, name2)
    except UnicodeEncodeError:
        return
    assert equal == same


def test_another_key_gives_another_pseudonym() -> None:
    assert pseudonym(KEY, "e", "max") != pseudonym(KEY[::-1], "e", "max")
    assert derive(KEY, "value", "e") != derive(KEY, "actor", "e") != derive(KEY, "actor", "f")


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        pseudonym(b"short", "e", "max")


def test_the_master_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    key = local_master_key(tmp_path)
    assert local_master_key(tmp_path) == key
    path = tmp_path / "keys" / "master.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["master.key"]


def test_a_damaged_master_key_is_one_clear_line(tmp_path: Path) -> None:
    local_master_key(tmp_path)
    (tmp_path / "keys" / "master.key").write_bytes(b"x")
    with pytest.raises(TaskstreamError, match="damaged"):
        local_master_key(tmp_path)
