"""Finds values that move from field to field: copied and pasted, or read somewhere and typed again (re-keyed)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from streams.stages.snapshot_format import Links, ValueSource
from taskstream.events import UiEvent
from taskstream.records import Transfer

MAX_RECENT: Final = 64
"""Values remembered for an agent; the one unused for longest goes first."""
MAX_LAG_MS: Final = 4 * 3_600_000
"""A value is forgotten after this long."""

WRITES: Final = frozenset({"edit", "keys", "submit"})


MAX_NAMES: Final = 65_536
"""Names kept once for all agents at most; then the memory starts afresh."""


class _Names(dict[str, str]):
    """Each name once: what agents remember would otherwise hold a copy of its own."""

    def __missing__(self, name: str) -> str:
        if len(self) >= MAX_NAMES:
            self.clear()
        self[name] = name
        return name


_names = _Names()


class Link:
    """A value written by the event ``seq`` that came from ``source``."""

    __slots__ = ("event", "how", "seq", "source")

    def __init__(self, seq: int, event: UiEvent, source: ValueSource, how: Literal["paste", "rekey"]) -> None:
        self.seq = seq
        self.event = event
        self.source = source
        self.how = how


def transfer_of(owner: tuple[str, str, str, str], link: Link) -> Transfer:
    """The record of ``link``; ``owner``: tenant, team, actor and agent."""
    tenant, team, actor, agent = owner
    event, source = link.event, link.source
    return Transfer(
        id=f"{agent}:{link.seq}", tenant=tenant, team=team, actor=actor, agent=agent, seq=link.seq,
        source_seq=source.seq, at_ms=event.at_ms, lag_ms=event.at_ms - source.at_ms, how=link.how,
        form=source.form or (event.value.form if event.value else ""), source_app=source.app,
        source_screen=source.screen, source_element=source.element, target_app=event.app, target_screen=event.screen,
        target_element=event.element,
    )  # fmt: skip


class Linker:
    """Recent values of one agent, by digest; the clipboard's source; the field written last, with its digest."""

    __slots__ = ("clipboard", "clipboard_digest", "recent", "written")

    def __init__(self) -> None:
        self.recent: dict[int, ValueSource] = {}
        self.clipboard: ValueSource | None = None
        self.clipboard_digest = 0
        self.written: tuple[str, str, str, int] = ("", "", "", 0)

    def dump(self) -> Links:
        """The complete state."""
        return self.recent, self.clipboard, self.clipboard_digest, self.written

    @classmethod
    def load(cls, links: Links) -> Linker:
        """The inverse of :meth:`dump`."""
        made = cls()
        made.recent, made.clipboard, made.clipboard_digest, made.written = links
        return made

    def push(self, first_seq: int, events: Iterable[UiEvent]) -> list[Link]:
        """The transfers that ``events`` complete."""
        links: list[Link] = []
        for seq, event in enumerate(events, first_seq):
            value = event.value
            kind = event.kind
            if value is None and kind != "paste" and kind != "copy" and kind != "cut":
                continue
            digest = 0 if value is None else value.digest
            form = "" if value is None else value.form
            if kind == "copy" or kind == "cut":
                self.clipboard = _source(seq, event, form)
                self.clipboard_digest = digest
                self._remember(digest, self.clipboard)
            elif kind == "paste":
                source = self._pasted(digest, event)
                if source is not None:
                    links.append(Link(seq, event, source, "paste"))
                self._wrote(digest, event)
                self._remember(digest, _source(seq, event, form))
            elif kind in WRITES:
                source = self._typed(digest, event)
                if source is not None:
                    links.append(Link(seq, event, source, "rekey"))
                self._wrote(digest, event)
                self._remember(digest, _source(seq, event, form))
            else:
                self._remember(digest, _source(seq, event, form))
        return links

    def clear(self) -> None:
        """Forget everything: the session is over."""
        self.recent = {}
        self.clipboard = None
        self.clipboard_digest = 0
        self.written = ("", "", "", 0)

    def _pasted(self, digest: int, event: UiEvent) -> ValueSource | None:
        clipboard = self.clipboard
        if clipboard is not None and (not digest or not self.clipboard_digest or digest == self.clipboard_digest):
            source: ValueSource | None = clipboard
        else:
            source = self.recent.get(digest) if digest else None
        return source if source is not None and _in_time(source, event) else None

    def _typed(self, digest: int, event: UiEvent) -> ValueSource | None:
        if not digest or self.written == (event.app, event.screen, event.element, digest):
            return None  # the same writing again, such as the edit that follows a paste
        source = self.recent.get(digest)
        if source is None or not _in_time(source, event):
            return None
        same = source.app == event.app and source.screen == event.screen and source.element == event.element
        return None if same else source

    def _wrote(self, digest: int, event: UiEvent) -> None:
        if digest:
            self.written = (event.app, event.screen, event.element, digest)

    def _remember(self, digest: int, source: ValueSource) -> None:
        if not digest:
            return
        recent = self.recent
        recent.pop(digest, None)
        recent[digest] = source
        if len(recent) > MAX_RECENT:
            del recent[next(iter(recent))]


def _source(seq: int, event: UiEvent, form: str) -> ValueSource:
    return ValueSource(seq, event.at_ms, _names[event.app], _names[event.screen], _names[event.element], form)


def _in_time(source: ValueSource, event: UiEvent) -> bool:
    return 0 <= event.at_ms - source.at_ms <= MAX_LAG_MS
