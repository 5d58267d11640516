"""Gather clean batches into messages of ``ui-events.clean``: few and large, and already in columns.

Not compiled: the interpreter's own look-up of a struct's field is faster than the generic one of compiled code.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import astuple

from taskstream.event_columns import (
    CODE,
    COUNT,
    DIGEST,
    LENGTH,
    TIME,
    EventColumns,
    KeyColumns,
    MissingColumns,
    ObjectColumns,
    ValueColumns,
    pack,
)  # fmt: skip
from taskstream.events import EventBatch, KeyCounts, encode
from taskstream.interning import Interner

ROWS: Final = 4_000
"""A message with so many events takes no further batch in."""
BYTES: Final = 1_000_000
"""Bytes of batches (as they came) after which a message takes no further one in; one alone has no more either.

Both bounds together keep a message's strings below 65,536, which two bytes can count: its rows can bring 20,000 names
in 400 kB, and what is left to 1 MB no more than 23,000 kinds of objects.
"""


class BatchColumns:
    """Batches of one partition, until :meth:`take`."""

    def __init__(self) -> None:
        self.rows = 0
        self._clear()

    def _clear(self) -> None:
        self.rows = 0
        self._bytes = 0
        self._codes = Interner()
        self._heads: list[tuple[int, int, int, int, int, int, int, int]] = []
        self._at_ms: list[int] = []
        self._active_ms: list[int] = []
        self._kind: list[int] = []
        self._app: list[int] = []
        self._screen: list[int] = []
        self._element: list[int] = []
        self._shortcut: list[int] = []
        self._key_rows: list[int] = []
        self._keys: list[KeyCounts] = []
        self._value_rows: list[int] = []
        self._digests: list[int] = []
        self._lengths: list[int] = []
        self._forms: list[int] = []
        self._object_rows: list[int] = []
        self._object_kinds: list[int] = []
        self._object_digests: list[int] = []
        self._missing_rows: list[int] = []
        self._missing: list[int] = []
        self._injected_rows: list[int] = []

    def full(self, size: int) -> bool:
        """Whether a batch that came in ``size`` bytes should go into the next message."""
        return self.rows >= ROWS or (self.rows > 0 and self._bytes + size > BYTES)

    def add(self, batch: EventBatch, size: int) -> None:
        """Take a batch in, which came in ``size`` bytes."""
        code = self._codes
        self._heads.append(
            (
                code[batch.tenant], code[batch.team], code[batch.actor], code[batch.agent], code[batch.policy],
                batch.first_seq, batch.sent_ms, len(batch.events),
            )
        )  # fmt: skip
        times, active, kinds, apps = self._at_ms, self._active_ms, self._kind, self._app
        screens, elements, shortcuts = self._screen, self._element, self._shortcut
        row = self.rows
        for event in batch.events:
            times.append(event.at_ms)
            active.append(event.active_ms)
            kinds.append(code[event.kind])
            apps.append(code[event.app])
            screens.append(code[event.screen])
            elements.append(code[event.element])
            shortcuts.append(code[event.shortcut])
            if event.keys is not None:
                self._key_rows.append(row)
                self._keys.append(event.keys)
            value = event.value
            if value is not None:
                self._value_rows.append(row)
                self._digests.append(value.digest)
                self._lengths.append(value.length)
                self._forms.append(code[value.form])
            for ref in event.objects:
                self._object_rows.append(row)
                self._object_kinds.append(code[ref.kind])
                self._object_digests.append(ref.digest)
            if event.missing:
                self._missing_rows.append(row)
                self._missing.append(event.missing)
            if event.injected:
                self._injected_rows.append(row)
            row += 1
        self.rows = row
        self._bytes += size

    def take(self) -> tuple[bytes, bytes]:
        """The message of all batches since the last call, of which there must be one, and its name: its first event."""
        tenants, teams, actors, agents, policies, first_seqs, sent, counts = map(list, zip(*self._heads, strict=True))
        data = encode(
            EventColumns(
                schema=1, strings=list(self._codes), tenant=tenants, team=teams, actor=actors, agent=agents,
                policy=policies, first_seq=first_seqs, sent_ms=sent, events=counts, at_ms=pack(TIME, self._at_ms),
                active_ms=pack(COUNT, self._active_ms), kind=pack(CODE, self._kind), app=pack(CODE, self._app),
                screen=pack(CODE, self._screen), element=pack(CODE, self._element),
                shortcut=pack(CODE, self._shortcut), keys=self._key_columns(), values=self._value_columns(),
                objects=self._object_columns(), missing=self._missing_columns(),
                injected=pack(CODE, self._injected_rows),
            )
        )  # fmt: skip
        name = f"{list(self._codes)[agents[0]]}:{first_seqs[0]}".encode()
        self._clear()
        return name, data

    def _key_columns(self) -> KeyColumns | None:
        if not self._keys:
            return None
        columns = [
            pack(COUNT, column) if any(column) else b"" for column in zip(*map(astuple, self._keys), strict=True)
        ]
        return KeyColumns(pack(CODE, self._key_rows), *columns)

    def _value_columns(self) -> ValueColumns | None:
        if not self._value_rows:
            return None
        return ValueColumns(
            pack(CODE, self._value_rows), pack(DIGEST, self._digests), pack(LENGTH, self._lengths),
            pack(CODE, self._forms),
        )  # fmt: skip

    def _object_columns(self) -> ObjectColumns | None:
        if not self._object_rows:
            return None
        return ObjectColumns(
            pack(CODE, self._object_rows), pack(CODE, self._object_kinds), pack(DIGEST, self._object_digests)
        )

    def _missing_columns(self) -> MissingColumns | None:
        if not self._missing_rows:
            return None
        return MissingColumns(pack(CODE, self._missing_rows), pack(COUNT, self._missing))
