"""The steps to learn from, and what was learned, as bytes: block by block, so that a checkpoint writes what changed."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from streams.catalogue.soundness import are_bounded
from streams.discovery.reservoir import BLOCK, LIMIT, MAX_SAMPLE, Reservoir, SampledStretch
from taskstream.errors import UNDECODABLE
from taskstream.records import Int, Label

FORMAT: Final = 1
LEARNING: Final = "learning"
ITEM: Final = re.compile(rf"{LEARNING}|steps/(0|[1-9]\d{{0,11}})")
"""Names of the items in a tenant's state."""
MAX_NUMBER: Final = 10**12 * BLOCK
"""Of a stretch: that of the largest block that has a name."""
MAX_BLOCK_BYTES: Final = 64 << 20
"""A block that is larger when it is unpacked was never written."""

Count = Annotated[int, Meta(ge=0, le=2**53)]
Version = Annotated[int, Meta(ge=0, le=2**52)]


class LearningState(Struct, array_like=True):
    """What a reservoir counts."""

    format: int
    next_number: Annotated[int, Meta(ge=0, le=MAX_NUMBER)]
    came: Count
    learned_from: Count
    version: Version
    latest_ms: Int


class StretchState(Struct, array_like=True):
    """A stretch; lists of its steps have equal lengths."""

    number: Annotated[int, Meta(ge=0, lt=MAX_NUMBER)]
    arrived_ms: Int
    id: Label
    actor: Label
    agent: Label
    names: tuple[Label, ...]
    acts: list[int]
    seqs: list[int]
    ats: list[int]
    values: list[int]


class BlockState(Struct, array_like=True):
    """Stretches of neighbouring numbers."""

    format: int
    stretches: list[StretchState]


_encoder = msgspec.msgpack.Encoder()
_learning = msgspec.msgpack.Decoder(LearningState)
_block = msgspec.msgpack.Decoder(BlockState)


def dump(reservoir: Reservoir) -> dict[str, bytes | None]:
    """What changed since the last call: name → bytes, or None for what is gone."""
    out: dict[str, bytes | None] = {}
    for number in sorted(reservoir.unsaved):
        kept = reservoir.block(number)
        out[f"steps/{number}"] = _packed(kept) if kept else None
    reservoir.unsaved.clear()
    state = LearningState(
        FORMAT, reservoir.next_number, reservoir.came, reservoir.learned_from, reservoir.version, reservoir.latest_ms
    )
    out[LEARNING] = _encoder.encode(state)
    return out


def _packed(kept: list[SampledStretch]) -> bytes:
    stretches = [
        StretchState(
            s.number, s.arrived_ms, s.id, s.actor, s.agent, s.names, s.acts.tolist(), s.seqs.tolist(), s.ats.tolist(),
            s.values.tolist(),
        )
        for s in kept
    ]  # fmt: skip
    return zlib.compress(_encoder.encode(BlockState(FORMAT, stretches)), 1)


def load(items: Mapping[str, bytes], pass_over: Callable[[str, str], None]) -> Reservoir:
    """The reservoir whose checkpoints were merged into ``items``; an empty one where there are none.

    What cannot be read is left out, and the next checkpoint removes it: steps are there to be learned from, and others
    will come. ``pass_over`` is told its name and why.
    """
    reservoir = Reservoir()
    stretches: list[StretchState] = []
    broken: set[int] = set()
    for name, data in items.items():
        if name == LEARNING:
            continue
        number = int(name.removeprefix("steps/"))
        try:
            stretches += _unpacked(number, data)
        except (*UNDECODABLE, zlib.error) as error:
            pass_over(name, f"damaged: {error}")
            broken.add(number)
    for saved in sorted(stretches, key=lambda one: one.number):
        if reservoir.has(saved.id):
            broken.add(saved.number // BLOCK)
            continue
        steps = zip(saved.acts, saved.seqs, saved.ats, saved.values, strict=True)
        reservoir.put(
            SampledStretch(saved.number, saved.arrived_ms, saved.id, saved.actor, saved.agent, saved.names, steps)
        )
    try:
        learning = _learning.decode(items[LEARNING]) if items else LearningState(FORMAT, 0, 0, 0, 0, 0)
        if learning.format != FORMAT:
            raise ValueError(f"format {learning.format}, this version reads {FORMAT}")
    except (KeyError, *UNDECODABLE) as error:
        pass_over(LEARNING, f"damaged: {error}")
        learning = LearningState(FORMAT, 0, min(len(reservoir), LIMIT), 0, 0, 0)
    reservoir.next_number = max(reservoir.next_number, learning.next_number)
    reservoir.came, reservoir.learned_from = learning.came, learning.learned_from
    reservoir.version, reservoir.latest_ms = learning.version, learning.latest_ms
    reservoir.unsaved = broken
    reservoir.make_room()
    return reservoir


def _unpacked(number: int, data: bytes) -> list[StretchState]:
    """The stretches of block ``number``, their numbers ascending.

    Raises:
        ValueError, RecursionError, zlib.error: it is none of ours.
    """
    unpacking = zlib.decompressobj()
    unpacked = unpacking.decompress(data, MAX_BLOCK_BYTES)
    if not unpacking.eof:
        raise ValueError("it is cut, or larger than ever written")
    block = _block.decode(unpacked)
    if block.format != FORMAT:
        raise ValueError(f"format {block.format}, this version reads {FORMAT}")
    numbers = [saved.number for saved in block.stretches]
    if sorted(set(numbers)) != numbers or any(n // BLOCK != number for n in numbers):
        raise ValueError("parts of it do not belong together")
    for saved in block.stretches:
        counts = {len(saved.acts), len(saved.seqs), len(saved.ats), len(saved.values)}
        if len(counts) > 1 or not 0 < len(saved.acts) <= MAX_SAMPLE:
            raise ValueError("a stretch of it lacks steps, or has too many")
        if not all(0 <= act < min(len(saved.names), MAX_SAMPLE) for act in saved.acts):
            raise ValueError("activities of it have no names")
        if not are_bounded([*saved.seqs, *saved.ats, *saved.values]):
            raise ValueError("numbers of it are out of bounds")
    return block.stretches
