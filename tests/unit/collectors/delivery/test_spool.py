"""Numbers are given once and without gaps; nothing leaves the spool unaccounted for."""

import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.delivery.spool import Origin, Spool, SpoolError, erase, worth
from taskstream.events import EventBatch, UiEvent, Value, decode_batch

HERE = Origin(tenant="t", team="sales", actor="p1", agent="a1")
CLICK = UiEvent(at_ms=1_000, kind="click", app="excel", screen="sheet")
SCROLL = UiEvent(at_ms=1_000, kind="scroll", app="excel", screen="sheet")


def _batches(spool: Spool) -> list[EventBatch]:
    spool.rewind()
    return [decode_batch(row.body) for row in spool.take(1_000_000)]


def _accounted(batches: list[EventBatch]) -> list[int]:
    """Every number that some event carries or a gap event declares as dropped, in order of appearance."""
    numbers: list[int] = []
    for batch in batches:
        for index, event in enumerate(batch.events):
            seq = batch.first_seq + index
            numbers += range(seq - event.missing, seq + 1)
    return numbers


def test_numbers_follow_each_other_per_agent(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db")
    other = Origin(tenant="t", team="sales", actor="p1", agent="a2")
    assert [spool.append(HERE, [CLICK] * 3, 0), spool.append(other, [CLICK], 0), spool.append(HERE, [CLICK], 0)] == [
        0,
        0,
        3,
    ]
    assert spool.next_seq("a1") == 4
    assert [(row.agent, row.first_seq, row.events) for row in spool.take(10)] == [
        ("a1", 0, 3),
        ("a2", 0, 1),
        ("a1", 3, 1),
    ]
    assert spool.take(10) == []


def test_numbering_goes_on_after_a_restart_and_rows_stay(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db")
    spool.append(HERE, [CLICK] * 3, 0)
    spool.remove([row.id for row in spool.take(1)])
    spool.append(HERE, [CLICK], 0)
    spool.close()
    again = Spool(tmp_path / "spool.db")
    assert again.append(HERE, [CLICK], 0) == 4
    assert _accounted(_batches(again)) == [3, 4]
    assert again.pending == 2


def test_what_is_held_back_keeps_its_order(tmp_path: Path) -> None:
    """The clock was set back between the second batch and the third: no batch overtakes another."""
    spool = Spool(tmp_path / "spool.db")
    for written_ms in (10, 20, 5):
        spool.append(HERE, [CLICK], written_ms)
    assert (spool.owes(9), spool.owes(10)) == (False, True)
    assert spool.take(10, 9) == []
    assert [row.first_seq for row in spool.take(10, 19)] == [0]
    assert [row.first_seq for row in spool.take(10, 19)] == []
    assert [row.first_seq for row in spool.take(10, 20)] == [1, 2]


def test_erasing_leaves_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db")
    spool.append(HERE, [CLICK], 0)
    (tmp_path / "spool.db.damaged-1").write_bytes(b"x")
    (tmp_path / "other.db").write_bytes(b"x")
    spool.close()
    assert erase(tmp_path / "spool.db")
    assert not erase(tmp_path / "spool.db")
    assert [path.name for path in tmp_path.iterdir()] == ["other.db"]


def test_an_oversized_batch_is_split(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db")
    spool.append(HERE, [UiEvent(at_ms=1, kind="click", screen="ü" * 256, element="ü" * 256)] * 999, 0)
    spool.append(HERE, [CLICK] * 2500, 0)
    assert len(_batches(spool)) > 4
    assert _accounted(_batches(spool)) == list(range(3499))


def test_the_least_valuable_gives_way_first(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", max_bytes=1_500)
    for events in ([CLICK], [SCROLL] * 5, [CLICK] * 2, [SCROLL] * 2, [CLICK], [CLICK]):
        spool.append(HERE, events, 0)
    kinds = [[event.kind for event in batch.events] for batch in _batches(spool)]
    assert ["gap"] in kinds
    assert ["scroll"] * 5 not in kinds
    assert ["click"] in kinds
    assert _accounted(_batches(spool)) == list(range(12))


def test_what_is_with_kafka_is_not_dropped(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", max_bytes=1_500)
    spool.append(HERE, [SCROLL] * 5, 0)
    taken = spool.take(1)
    for _ in range(20):
        spool.append(HERE, [CLICK] * 3, 0)
    assert _batches(spool)[0].events == (SCROLL,) * 5
    spool.remove([taken[0].id])
    assert _accounted(_batches(spool)) == list(range(5, 65))


def test_old_batches_are_dropped_and_reported(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", max_age_ms=1_000_000)
    spool.append(HERE, [CLICK] * 3, 0)
    spool.append(HERE, [CLICK] * 3, 900_000)
    spool.append(HERE, [CLICK], 1_500_000)
    first = _batches(spool)[0]
    assert [event.kind for event in first.events] == ["gap"]
    assert _accounted(_batches(spool)) == list(range(7))


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["append", "take", "remove", "rewind"]),
            st.integers(1, 30),
            st.booleans(),
            st.integers(0, 2),
        ),
        max_size=60,
    )
)
def test_every_number_is_sent_or_declared_missing(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, bool, int]]
) -> None:
    spool = Spool(tmp_path_factory.mktemp("spool") / "spool.db", max_bytes=3_000)
    sent: dict[str, list[int]] = {}
    taken: list[tuple[int, EventBatch]] = []
    for what, size, valuable, agent in steps:
        if what == "append":
            origin = Origin(tenant="t", team="x", actor="p", agent=f"a{agent}")
            spool.append(origin, [CLICK if valuable else SCROLL] * size, 0)
        elif what == "take":
            taken += [(row.id, decode_batch(row.body)) for row in spool.take(size)]
        elif what == "remove" and taken:
            spool.remove([row for row, _ in taken])
            for _, batch in taken:
                sent.setdefault(batch.agent, []).extend(_accounted([batch]))
            taken.clear()
        elif what == "rewind":
            spool.rewind()
            taken.clear()
    rest = _batches(spool)
    for name in ("a0", "a1", "a2"):
        numbers = sent.get(name, []) + _accounted([batch for batch in rest if batch.agent == name])
        assert numbers == list(range(spool.next_seq(name)))
    assert spool.pending == len(rest)
    spool.close()


def test_the_worth_of_a_batch_is_that_of_its_best_event() -> None:
    typed = UiEvent(at_ms=1, kind="keys", value=Value(digest=5))
    assert worth([SCROLL]) < worth([SCROLL, UiEvent(at_ms=1, kind="keys")]) < worth([SCROLL, typed]) == worth([CLICK])


def test_a_damaged_file_is_moved_aside(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    path.write_bytes(b"this is no database" * 1000)
    spool = Spool(path)
    assert spool.moved_aside == tmp_path / "spool.db.damaged-1"
    assert spool.moved_aside.exists()
    spool.append(HERE, [CLICK], 0)
    assert spool.pending == 1


def test_damage_inside_the_file_is_found_at_opening(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    spool = Spool(path)
    for _ in range(200):
        spool.append(HERE, [CLICK] * 20, 0)
    spool.close()
    damaged = bytearray(path.read_bytes())
    damaged[4096:40_000] = bytes(len(damaged[4096:40_000]))
    path.write_bytes(damaged)
    assert Spool(path).moved_aside is not None


def test_a_full_disk_is_one_clear_line_and_gives_no_number(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db")
    spool.append(HERE, [CLICK], 0)
    spool._db.execute("pragma max_page_count = 12")
    with pytest.raises(SpoolError, match=r"spool\.db cannot be written: database or disk is full"):
        spool.append(HERE, [CLICK] * 900, 0)
    size = spool.pending_bytes
    spool._db.execute("pragma max_page_count = 100000")
    assert spool.append(HERE, [CLICK], 0) == 1
    assert spool.pending == 2
    assert spool.pending_bytes < 2 * size + 1000


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolError, match="cannot be opened"):
        Spool(tmp_path / "file" / "spool.db")


WRITER = """
import sys
from pathlib import Path
from collectors.delivery.spool import Origin, Spool
from taskstream.events import UiEvent
spool = Spool(Path(sys.argv[1]))
origin = Origin(tenant="t", team="x", actor="p", agent="a1")
while True:
    first = spool.append(origin, [UiEvent(at_ms=1, kind="click")] * 7, 0)
    print(first, flush=True)
"""


def test_kill_at_any_moment_loses_no_number(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    told: list[int] = []
    for round_ in range(6):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(0.011 * round_)
        writer.kill()
        told += [int(line) for line in writer.stdout.read().splitlines() if line.strip()]
        writer.wait()
    spool = Spool(path)
    assert spool.moved_aside is None
    stored = _accounted(_batches(spool))
    assert stored == list(range(spool.next_seq("a1")))
    assert set(told) <= set(stored)
    assert sqlite3.connect(path).execute("pragma integrity_check").fetchone() == ("ok",)
