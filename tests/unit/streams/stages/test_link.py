"""Values that moved: pasted, re-keyed, and what is neither."""

from __future__ import annotations

import pytest

from streams.stages.link import MAX_LAG_MS, MAX_RECENT, Linker
from taskstream.events import UiEvent
from tests.unit.streams.build import event, value


def read(second: float, digest: int, element: str = "cell:a", app: str = "excel") -> UiEvent:
    return event(second, "click", app, element, value=value(digest))


def copy(second: float, digest: int, element: str = "cell:a") -> UiEvent:
    return event(second, "copy", "excel", element, value=value(digest) if digest else None)


def paste(second: float, digest: int, element: str = "field:x") -> UiEvent:
    return event(second, "paste", "chrome", element, value=value(digest) if digest else None)


def edit(second: float, digest: int, element: str = "field:x", app: str = "chrome") -> UiEvent:
    return event(second, "edit", app, element, value=value(digest))


@pytest.mark.parametrize(
    ("events", "links"),
    [
        ([copy(0, 7), paste(5, 7)], [(1, 0, "paste")]),
        ([copy(0, 7), paste(5, 0)], [(1, 0, "paste")]),  # a value too short for a digest
        ([copy(0, 0), paste(5, 9)], [(1, 0, "paste")]),
        ([copy(0, 7), paste(5, 8)], []),  # something copied where nobody looked
        ([paste(5, 7)], []),
        ([copy(0, 7), paste(5, 7), edit(6, 7)], [(1, 0, "paste")]),  # the edit is the same writing
        ([copy(0, 7), paste(5, 7), paste(6, 7, "field:y")], [(1, 0, "paste"), (2, 0, "paste")]),
        ([read(0, 7), edit(9, 7)], [(1, 0, "rekey")]),
        ([read(0, 7), edit(9, 8)], []),
        ([edit(0, 7), edit(9, 7)], []),  # the same field again
        ([edit(0, 7, "cell:a", "excel"), edit(9, 7)], [(1, 0, "rekey")]),
        ([read(0, 0), edit(9, 0)], []),  # no digest, no link
        ([copy(0, 7), copy(1, 8), paste(2, 8)], [(2, 1, "paste")]),
        ([read(0, 7), edit(MAX_LAG_MS / 1000 + 1, 7)], []),
    ],
)
def test_links(events: list[UiEvent], links: list[tuple[int, int, str]]) -> None:
    assert [(link.seq, link.source.seq, link.how) for link in Linker().push(0, events)] == links


def test_memory_is_bounded_and_forgotten() -> None:
    linker = Linker()
    linker.push(0, [read(index, index + 1) for index in range(3 * MAX_RECENT)])
    assert len(linker.recent) == MAX_RECENT
    linker.push(0, [copy(1000, 5)])
    linker.clear()
    assert linker.push(0, [paste(1001, 5), edit(1002, 3 * MAX_RECENT)]) == []
