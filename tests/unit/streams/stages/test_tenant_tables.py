"""Tables count from their marker on, are kept by tenant, and outlast restores."""

from __future__ import annotations

from streams.discovery.semimarkov.served import ServedTables
from streams.stages.partition import PartitionState
from streams.stages.tenant_tables import MAX_TENANTS, TenantTables
from streams.stages.validate import REASONS
from taskstream.events import Heartbeat
from tests.unit.streams.build import batch, event, marker, of, pick, record, state, tables


def versions(operator: PartitionState) -> dict[str, int]:
    return {tenant: served.version for tenant, served in operator.tables.served.items()}


def copied(items: dict[str, bytes]) -> tuple[PartitionState, dict[str, str]]:
    made = state()
    return made, made.load(items)


def kept(operator: PartitionState) -> dict[str, bytes]:
    return {name: data for name, data in operator.snapshot() if data is not None}


def test_only_newer_tables_replace() -> None:
    operator = state()
    for offset, (tenant, version, expected) in enumerate([("t", 3, 3), ("t", 2, 3), ("t", 3, 3), ("t", 4, 4)]):
        assert operator.apply(marker(offset, tables(tenant, version))) == []
        assert versions(operator) == {"t": expected}
    operator.apply(marker(9, tables("other", 1)))
    assert versions(operator) == {"t": 4, "other": 1}
    assert operator.take_counts().tables == 3


class Noting(TenantTables):
    """Notes which versions were asked for: the stages are compiled, and cannot be looked into."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[int | None] = []

    def of(self, tenant: str) -> ServedTables | None:
        found = super().of(tenant)
        self.given.append(found.version if found else None)
        return found


def test_a_segmenter_is_given_the_tables_of_its_tenant_at_each_use() -> None:
    operator = state()
    operator.tables = noting = Noting()
    operator.apply(record(0, batch(0, [event(0)])))
    operator.apply(marker(1, tables("t", 5)))
    operator.apply(marker(2, tables("other", 9)))
    operator.apply(record(3, batch(1, [event(1)])))
    operator.apply(record(4, Heartbeat(schema=1, advance_ms=60_000)))
    operator.apply(marker(5, tables("t", 6)))
    operator.apply(record(6, Heartbeat(schema=1, advance_ms=86_400_000)))
    assert noting.given == [None, 5, 5, 6], "pushed, pushed, paused, closed"


def test_a_marker_is_no_event() -> None:
    operator = state()
    operator.apply(record(0, batch(0, [event(0)])))
    heard, watermark = operator.heard, operator.watermark_ms
    operator.apply(marker(1, tables("t", 1)))
    assert (operator.heard, operator.watermark_ms) == (heard, watermark + 1), "it is a heartbeat that says nothing"
    operator.apply(marker(2, b"foreign"))
    assert operator.heard == 2, "but what somebody else has written is input"


def test_tables_of_too_many_tenants_are_refused_and_those_kept_are_still_renewed() -> None:
    operator = state()
    for number in range(MAX_TENANTS):
        assert operator.tables.wants(f"tenant-{number}", 1)
        operator.apply(marker(number, tables(f"tenant-{number}", 1)))
    assert not operator.tables.wants("one-more", 9)
    letters = of(operator.apply(marker(50, tables("one-more", 9))), "dead-letter")
    assert pick(letters, "reason", "stage", "payload") == [("tables", "tables", "")]
    assert "tables" in REASONS
    assert operator.take_counts().refused == {"tables": 1}
    operator.apply(marker(51, tables("tenant-0", 2)))
    assert versions(operator)["tenant-0"] == 2


def test_a_snapshot_holds_tables_once_and_when_all_is_saved() -> None:
    operator = state()
    operator.apply(marker(0, tables("t", 1)))
    operator.apply(marker(1, tables("a:b", 7)))
    items = kept(operator)
    assert items["t:t"] == tables("t", 1)
    assert items["t:a:b"] == tables("a:b", 7)
    assert not [name for name in kept(operator) if name.startswith("t:")]
    operator.save_all()
    assert [name for name in kept(operator) if name.startswith("t:")] == ["t:a:b", "t:t"]
    made, unread = copied(items)
    assert (versions(made), unread) == ({"t": 1, "a:b": 7}, {})
    assert not [name for name in kept(made) if name.startswith("t:")], "what was loaded is stored already"


def test_what_is_no_item_of_tables_is_named_and_passed_over() -> None:
    good = {"t:t": tables("t", 1)}
    made, unread = copied(good | {"t:x": tables("y", 1), "t:z": b"foreign", "t:": tables("", 1)})
    assert versions(made) == {"t": 1}
    assert unread.keys() == {"t:x", "t:z", "t:"}


def test_a_snapshot_from_before_there_were_tables_is_read() -> None:
    operator = state()
    operator.apply(record(0, batch(0, [event(0)])))
    made, unread = copied(kept(operator))
    assert (versions(made), unread) == ({}, {})
