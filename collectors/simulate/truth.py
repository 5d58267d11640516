"""What truly happened in a simulated office: every execution with its times, its person, its variant, what it moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from collectors.simulate.office import Simulated
from taskstream.events import UiEvent

IDLE_MS: Final = 30_000
"""A pause counts as active time up to this."""
_READS: Final = frozenset({"click", "copy", "cut"})
_WRITES: Final = frozenset({"edit", "keys", "submit"})


class TrueExecution(Struct):
    """One execution. ``desktop``: number of the person's desktop. Times in milliseconds, by the desktop's clock.

    ``start_ms``, ``end_ms``  when its first event began, when its last one ended
    ``active_ms``  the person's time in it: its events and the pause before each but the first, each up to ``IDLE_MS``;
                   what broke in (another execution, chat, absence) is not its time
    ``moved``      values written in it that were read or copied in it before, as far as they are told apart at all:
                   a typed value without a digest (a short number) is not
    """

    id: str
    desktop: int
    routine: str
    variant: str
    start_ms: int
    end_ms: int
    active_ms: int
    moved: int


class _Open:
    """An execution under way: what it read, what it last wrote, what is on its clipboard."""

    __slots__ = ("copied", "found", "read", "written")

    def __init__(self, found: TrueExecution) -> None:
        self.found = found
        self.read: dict[int, tuple[str, str, str]] = {}
        self.copied = -1
        self.written = ("", "", "", 0)

    def value(self, event: UiEvent) -> None:
        digest = event.value.digest if event.value is not None else 0
        field = (event.app, event.screen, event.element)
        if event.kind in _READS:
            if event.kind != "click":
                self.copied = digest
            if digest:
                self.read.setdefault(digest, field)
            return
        if event.kind == "paste":
            self.found.moved += self.copied == digest or digest in self.read
        elif event.kind in _WRITES and digest:
            if self.written != (*field, digest) and self.read.get(digest, field) != field:
                self.found.moved += 1
            self.read.setdefault(digest, field)
        if digest:
            self.written = (*field, digest)


def executions(events: Iterable[Simulated]) -> Iterator[TrueExecution]:
    """The executions in ``events``, which must be complete; in the order in which they began to arrive."""
    under_way: dict[str, _Open] = {}
    ended: dict[int, int] = {}
    for item in events:
        event = item.event
        end = event.at_ms + event.active_ms
        if item.execution:
            known = under_way.get(item.execution)
            if known is None:
                found = TrueExecution(
                    item.execution, item.desktop, item.routine, item.variant, event.at_ms, end, event.active_ms, 0
                )
                known = under_way[item.execution] = _Open(found)
            else:
                found = known.found
                pause = max(0, event.at_ms - ended.get(item.desktop, event.at_ms))
                found.active_ms += min(pause, IDLE_MS) + event.active_ms
                found.end_ms = max(found.end_ms, end)
            known.value(event)
        ended[item.desktop] = end
    yield from (known.found for known in under_way.values())
