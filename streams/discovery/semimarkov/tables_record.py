"""What was learned of a tenant's work, as it travels from the catalogue into each partition's state."""

from __future__ import annotations

import zlib
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

FORMAT: Final = 1
MAX_TABLES_BYTES: Final = 262_144
"""Encoded tables hold at most so much: each partition has them in its input and in its state."""
MAX_UNPACKED: Final = 16 * MAX_TABLES_BYTES
MAX_ACTIVITIES: Final = 4_096
MAX_ROUTINES: Final = 512
MAX_CELLS: Final = 1 << 17
"""Activities times routines, each with one more for the others: what tables take when they are in use, about 30 MB."""

Count = Annotated[float, Meta(ge=0, le=1e9)]
Part = Annotated[float, Meta(ge=1e-12, le=1)]
Nats = Annotated[float, Meta(ge=-1e6, le=1e6)]
Place = Annotated[int, Meta(ge=0, lt=MAX_ACTIVITIES)]
Named = Annotated[str, Meta(max_length=1_000)]


TaughtStep = tuple[str, int, int]
"""Activity, time (ms), number of its value (0: none)."""


class ChainRecord(Struct, frozen=True, array_like=True):
    """The chain of one routine. ``steps``: activity → next activity → how often."""

    segments: Count
    starts: dict[Place, Count]
    ends: dict[Place, Count]
    steps: dict[Place, dict[Place, Count]]


class LanesRecord(Struct, frozen=True, array_like=True):
    """By what steps are dealt into lanes; see :class:`streams.discovery.semimarkov.beam.Chain`.

    ``pairs``  activity → next activity → score; ``switch``: how often people change between open executions
    """

    pairs: dict[Place, dict[Place, Nats]]
    rest: list[Nats]
    likely: list[Nats]
    start: list[Nats]
    end: list[Nats]
    switch: Annotated[float, Meta(gt=0, lt=0.5)]


class TablesRecord(Struct, frozen=True, array_like=True):
    """All that explaining needs. Lists without a word to them have an entry for each activity.

    ``share``    of all steps; ``rates``: how often an activity of its class ends an execution
    ``none``     share of the steps of no routine, ``none_part``: of the segments that are such
    ``repeats``  what a pair that is repeated costs, by the activity it begins with
    ``mixture``  shares of step, one inserted, one left out, noise
    ``cues``     cue → what each of its classes says for a cut (nats)
    ``idle``     routines in which nothing is written, copied or completed
    ``pace_s``   median time from step to step (seconds)
    ``woven``    whether a task may lie in the midst of another
    ``lanes``    None where people do one thing at a time
    ``stray``    activities that are done between executions and not in them
    """

    format: int
    tenant: Named
    version: Annotated[int, Meta(ge=0, le=2**52)]
    names: Annotated[list[Named], Meta(max_length=MAX_ACTIVITIES)]
    share: list[Part]
    rates: list[Part]
    none: list[Part]
    none_part: Annotated[float, Meta(gt=0, lt=1)]
    repeats: list[Annotated[float, Meta(ge=0, le=100)]]
    mixture: tuple[Part, Part, Part, Part]
    cues: dict[str, list[Annotated[float, Meta(ge=-100, le=100)]]]
    chains: Annotated[list[ChainRecord], Meta(min_length=1, max_length=MAX_ROUTINES)]
    idle: list[Annotated[int, Meta(ge=0)]]
    pace_s: Annotated[float, Meta(ge=0, le=1e9)]
    woven: bool = False
    stray: list[Place] = []
    lanes: LanesRecord | None = None


CUE_CLASSES: Final = {"gap": 7, "link": 4, "place": 3}
"""Classes of the cues that the stream knows."""
_decoder = msgspec.msgpack.Decoder(TablesRecord)
_encoder = msgspec.msgpack.Encoder()


def encode_tables(record: TablesRecord) -> bytes:
    """The record, packed; empty where that is larger than tables may be."""
    unpacked = _encoder.encode(record)
    packed = zlib.compress(unpacked, 6)
    return packed if len(packed) <= MAX_TABLES_BYTES and len(unpacked) <= MAX_UNPACKED else b""


def decode_tables(data: bytes) -> TablesRecord:
    """The record in ``data``, whose parts belong together.

    Raises:
        msgspec.ValidationError, msgspec.DecodeError: it is none of ours, or of a format that this version cannot read.
    """
    if len(data) > MAX_TABLES_BYTES:
        raise msgspec.ValidationError(f"tables of {len(data)} bytes are over the limit of {MAX_TABLES_BYTES}")
    unpacking = zlib.decompressobj()
    try:
        unpacked = unpacking.decompress(data, MAX_UNPACKED)
    except zlib.error as error:
        raise msgspec.DecodeError(f"not packed tables: {error}") from error
    if not unpacking.eof:
        raise msgspec.ValidationError("tables are cut, or unpack to more than ever written")
    record = _decoder.decode(unpacked)
    if record.format != FORMAT:
        raise msgspec.ValidationError(f"tables of format {record.format}, this version reads {FORMAT}")
    size = len(record.names)
    if (size + 1) * (len(record.chains) + 1) > MAX_CELLS:
        raise msgspec.ValidationError(f"tables of {size} activities in {len(record.chains)} routines are too large")
    lists = [record.share, record.rates, record.none, record.repeats]
    if record.lanes is not None:
        lists += [record.lanes.rest, record.lanes.likely, record.lanes.start, record.lanes.end]
    cues = {name: len(record.cues.get(name, ())) for name in CUE_CLASSES}
    if not size or any(len(one) != size for one in lists) or cues != CUE_CLASSES:
        raise msgspec.ValidationError("parts of the tables do not belong together")
    if any(place >= size for place in _places(record)) or any(k >= len(record.chains) for k in record.idle):
        raise msgspec.ValidationError("the tables name activities or routines that they do not hold")
    return record


def _places(record: TablesRecord) -> set[int]:
    """All places of activities that occur in a record."""
    found = set(record.stray)
    for chain in record.chains:
        found.update(chain.starts, chain.ends, chain.steps, *chain.steps.values())
    if record.lanes is not None:
        found.update(record.lanes.pairs, *record.lanes.pairs.values())
    return found
