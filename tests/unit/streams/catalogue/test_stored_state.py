"""What is not the catalogue's own is passed over; what is comes back, whatever stands beside it."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.catalogue import snapshot, stored_state
from streams.catalogue.state_format import FORMAT
from streams.discovery.catalogue import Catalogue
from taskstream.errors import InputError, ServiceError
from taskstream.events import encode
from taskstream.kafka import pieces
from taskstream.records import Routine
from tests.unit.streams.discovery.grouping.test_recognise import record
from tests.unit.streams.discovery.routine_samples import INVOICE, TICKET, office

BOUND = 2_000
"""Small, so that clusters come in pieces."""


def saved() -> tuple[Catalogue, dict[str, bytes]]:
    catalogue = Catalogue("acme", k=3)
    for done, _ in office([INVOICE, TICKET], people=4, each=6):
        catalogue.add(done)
    catalogue.refine()
    items = {stored_state.key_of("acme", key): value for key, value in snapshot.dump(catalogue).items()}
    items[stored_state.POSITIONS] = b'{"segments":{"0":48}}'
    split = [piece for key, value in items.items() for piece in pieces.split(key, value, BOUND)]
    assert len(split) > len(items)
    return catalogue, {key: value for key, value in split if value is not None}


CATALOGUE, SAVED = saved()


FOREIGN = ["acme", stored_state.TOPIC_IDS, "other\x1ftenantx", "x\x1fcluster/1", "acme\x1fcluster/"]


@given(st.dictionaries(st.text() | st.sampled_from(FOREIGN), st.binary().filter(lambda value: value[:1] != b"{")))
def test_foreign_items_are_passed_over(foreign: dict[str, bytes]) -> None:
    told: list[str] = []
    foreign = {key: value for key, value in foreign.items() if key not in SAVED and not value.startswith(pieces.MARK)}
    found = stored_state.state(SAVED | foreign, 3, lambda key, _: told.append(key))
    assert set(told) == {key for key in foreign if pieces.BETWEEN not in key}
    assert found.topic_ids == {}
    assert found.positions == {"segments": {0: 48}}
    assert [sorted(cluster.counts) for cluster in found.catalogues["acme"].grouping] == [
        sorted(cluster.counts) for cluster in CATALOGUE.grouping
    ]


@pytest.mark.parametrize("key", [stored_state.POSITIONS, "acme\x1ftenant"])
def test_what_cannot_be_left_out_has_the_catalogue_built_anew(key: str) -> None:
    with pytest.raises(InputError, match="damaged"):
        stored_state.state(SAVED | {key: b"\xff"}, 3, lambda *_: None)


@pytest.mark.parametrize("fields", [["acme", 1], [], [{"tenant": "acme"}], [7] * 30])
def test_a_newer_format_is_refused_in_one_line_whatever_its_fields_are(fields: list[object]) -> None:
    newer = msgspec.msgpack.encode([FORMAT + 1, *fields])
    with pytest.raises(ServiceError, match=r"written by a newer version \(format 3, this one reads 2\)"):
        stored_state.state(SAVED | {"acme\x1ftenant": newer}, 3, lambda *_: None)


@pytest.mark.parametrize("fields", [["acme", 1], [], [7] * 30])
def test_an_older_format_has_the_catalogue_built_anew(fields: list[object]) -> None:
    older = msgspec.msgpack.encode([FORMAT - 1, *fields])
    with pytest.raises(InputError, match="has format 1, this version reads 2"):
        stored_state.state(SAVED | {"acme\x1ftenant": older}, 3, lambda *_: None)


@given(st.binary())
def test_records_that_cannot_be_read_are_passed_over(foreign: bytes) -> None:
    told: list[str] = []
    found = stored_state.records(
        {"a": record(1), "b": foreign, "c": record(2)}, msgspec.json.Decoder(Routine), lambda key, _: told.append(key)
    )
    assert [encode(routine) for routine in found] == [
        encode(msgspec.json.decode(record(number), type=Routine)) for number in (1, 2)
    ]
    assert told == ["b"]


def test_positions_of_another_topic_of_a_cut_one_and_of_one_that_retention_has_passed() -> None:
    positions = {"segments": {0: 5, 1: 9}, "transfers": {0: 7, 1: 2}, "assignments": {0: 3}}
    kept = {"segments": "a", "transfers": "b"}
    bounds = {("segments", 0): (0, 20), ("transfers", 0): (0, 4), ("transfers", 1): (6, 9), ("assignments", 0): (0, 3)}
    found, losses = stored_state.where(positions, kept, {"segments": "another", "transfers": "b"}, bounds)
    assert found == {"segments": {}, "transfers": {0: 4, 1: 6}, "assignments": {0: 3}}
    assert [(topic, partition, loss.first, loss.last) for topic, partition, loss in losses] == [
        ("segments", 0, 5, -1), ("segments", 1, 9, -1), ("transfers", 0, 4, 6), ("transfers", 1, 2, 5),
    ]  # fmt: skip


def test_what_retention_took_of_a_topic_created_anew_is_named() -> None:
    found, losses = stored_state.where(
        {"segments": {0: 5}}, {"segments": "a"}, {"segments": "b"}, {("segments", 0): (3, 9)}
    )
    assert found == {"segments": {}}
    assert [(loss.first, loss.last) for _, _, loss in losses] == [(5, -1), (0, 2)]


def test_ids_that_are_not_known_prove_nothing() -> None:
    positions = {"segments": {0: 5}}
    for kept, now in (({}, {"segments": "a"}), ({"segments": "a"}, {}), ({"segments": "a"}, {"segments": "a"})):
        assert stored_state.where(positions, kept, now, {("segments", 0): (0, 9)}) == (positions, [])


@pytest.mark.parametrize("version", [10**30, 2**53, 2**63])
def test_versions_that_leave_no_room_for_ours_are_passed_over(version: int) -> None:
    """The catalogue counts on from the highest version; beyond 64 bits it could store nothing any more."""
    told: list[str] = []
    own = record(1)
    items = {"known": own, "foreign": msgspec.json.encode(msgspec.json.decode(own) | {"version": version})}
    decoder = msgspec.json.Decoder(Routine)
    assert stored_state.records(items, decoder, lambda key, _: told.append(key)) == [decoder.decode(own)]
    assert told == ["foreign"]


def test_positions_beyond_what_kafka_counts_are_damage() -> None:
    for position in (10**30, -1):
        with pytest.raises(InputError, match="damaged"):
            stored_state.state({stored_state.POSITIONS: b'{"segments":{"0":%d}}' % position}, 3, lambda *_: None)
