"""The floor: no row of fewer than k people, nothing of the others lost while it can be merged."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.stages.window import OTHER, Cell
from streams.teams.floor import release


def cell(events: int, *actors: str) -> Cell:
    return Cell(events, events * 10, set(actors))


def test_floor() -> None:
    cells = {
        ("t", "red", "excel", "click"): cell(5, "a", "b", "c"),
        ("t", "red", "sap", "click"): cell(3, "a"),
        ("t", "red", "crm", "copy"): cell(2, "b", "c"),
        ("t", "blue", "sap", "copy"): cell(1, "d", "e"),
        ("t", "green", "sap", "copy"): cell(1, "e", "f"),
        ("u", "red", "sap", "copy"): cell(9, "x"),
        ("v", "red", "sap", "click"): cell(4, "a", "b"),
        ("v", "red", "sap", "copy"): cell(3, "b", "c"),
    }
    assert list(release(cells, 3)) == [
        (("t", "red", "excel", "click"), 5, 50, 3),
        (("v", "red", "sap", OTHER), 7, 70, 3),
        (("t", "red", OTHER, OTHER), 5, 50, 3),
        (("t", OTHER, OTHER, OTHER), 2, 20, 3),
    ]


_names = st.sampled_from("abcdef")
_cells = st.dictionaries(
    st.tuples(st.just("t"), st.sampled_from(["r", "g"]), st.sampled_from("xyz"), st.just("click")),
    st.builds(lambda n, who: Cell(n, n, set(who)), st.integers(1, 5), st.sets(_names, min_size=1)),
)


@given(_cells, st.integers(1, 5))
def test_never_below_k_and_never_more_than_there_was(cells: dict[tuple[str, str, str, str], Cell], k: int) -> None:
    total = sum(cell.events for cell in cells.values())
    rows = list(release(cells, k))
    assert all(row[3] >= k for row in rows)
    assert sum(row[1] for row in rows) <= total
    if k == 1:
        assert sum(row[1] for row in rows) == total
