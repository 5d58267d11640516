"""Tables for the stream, from the steps of a sample of people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec import structs

from streams.discovery.segmentation.model import Model
from streams.discovery.semimarkov import whole
from streams.discovery.semimarkov.recording import StepColumns
from streams.discovery.semimarkov.served import load_tables
from streams.discovery.semimarkov.step_log import Cuts, Floats, Steps, cuts_of
from streams.discovery.semimarkov.tables_record import (
    CUE_CLASSES,
    FORMAT,
    MAX_ACTIVITIES,
    MAX_CELLS,
    MAX_ROUTINES,
    ChainRecord,
    LanesRecord,
    TablesRecord,
    TaughtStep,
    decode_tables,
    encode_tables,
)
from streams.discovery.semimarkov.undecided import Undecided, in_order
from streams.discovery.semimarkov.whole import LearnedModel
from taskstream.activity import OTHER, Activities, coarse

PARTS: Final = 4
"""Application, kind, screen and element make a name; what has fewer parts nobody of ours has named."""
AT_ONCE: Final = 2_000
"""Steps that are explained at a time."""
LANE_SWITCH: Final = 0.45
"""People change between open executions no more often than this."""
LEAST: Final = 1e-9
"""No share is smaller: its logarithm is taken."""


def teach(tenant: str, version: int, people: Sequence[Sequence[TaughtStep]], known: bytes = b"") -> bytes:
    """Learn from the steps of each person, in the order of time; encoded tables, empty where nothing recurs.

    ``known``  tables that were learned before, from which it goes on

    What is rarest is left out where they would be larger than tables may be.
    """
    steps, names = columns(people)
    if not len(steps):
        return b""
    model, idle = whole.learn_model(steps, _cuts(steps, names, known) if known else None)
    if not model.learned.counts.segments.any():
        return b""
    record = _record(tenant, version, steps, names, model, idle)
    room = min(len(names), MAX_ACTIVITIES, MAX_CELLS // (len(record.chains) + 1) - 1)
    while room:
        data = encode_tables(_of_most_frequent(record, room))
        if data:
            return data
        room = room * 3 // 4
    return b""


def _cuts(steps: Steps, names: list[str], known: bytes) -> Cuts:
    """Where known tables cut the steps."""
    tables = load_tables(known)
    number = [tables.number(name) for name in names]
    found: list[tuple[int, int, int]] = []
    for first, last in steps.sessions():
        for start in range(first, last, AT_ONCE):
            own = slice(start, min(start + AT_ONCE, last))
            window = Undecided(
                [number[act] for act in steps.act[own].tolist()],
                steps.at_ms[own].tolist(),
                (steps.value[own] + 1).tolist(),
                steps.screen[own].tolist(),
                [str(app) for app in steps.app[own].tolist()],
            )
            found += [(start + a, start + b, routine) for a, b, routine in in_order(tables, window)]
    return cuts_of(found)


def of_version(tables: bytes, version: int) -> bytes:
    """The same tables as another version."""
    return encode_tables(structs.replace(decode_tables(tables), version=version))


def columns(people: Sequence[Sequence[TaughtStep]]) -> tuple[Steps, list[str]]:
    """The steps of all people, and the names of their activities."""
    into = _common_names(Counter([name for person in people for name, _, _ in person]))
    number: dict[str, int] = {}
    found = StepColumns()
    for person, steps in enumerate(people):
        for name, at_ms, value in steps:
            found.add(number.setdefault(into[name], len(number)), person, at_ms, value)
    names = list(number)
    model = Model()
    model.activities = Activities.given(names, {})
    model.grow()
    return found.steps(model), names


def _common_names(counts: Counter[str]) -> dict[str, str]:
    """A name for each: some people's numbers in names were taken for records, others' not yet; most decide."""
    fine: Counter[str] = Counter()
    rough: dict[str, str] = {}
    for name, count in counts.items():
        prefix, _, element = name.rpartition("|")
        rough[name] = f"{prefix}|{coarse(element)}"
        if rough[name] != name:
            fine[rough[name]] += count
    found = {name: rough[name] if counts[rough[name]] > fine[rough[name]] else name for name in counts}
    return {name: one if one.count("|") >= PARTS - 1 else OTHER for name, one in found.items()}


def _record(
    tenant: str, version: int, steps: Steps, names: list[str], model: LearnedModel, idle: list[int]
) -> TablesRecord:
    learned, counts = model.learned, model.learned.counts
    size = len(names)
    first, second = model.codes // size, model.codes % size
    chains = []
    for k, segments in enumerate(counts.segments.tolist()[:MAX_ROUTINES]):
        after: dict[int, dict[int, float]] = {}
        for pair in np.nonzero(counts.steps[k, :-1])[0].tolist():
            after.setdefault(int(first[pair]), {})[int(second[pair])] = float(counts.steps[k, pair])
        chains.append(ChainRecord(segments, _some(counts.starts[k]), _some(counts.ends[k]), after))
    same = steps.person[1:] == steps.person[:-1]
    gaps = np.maximum(steps.at_ms[1:] - steps.at_ms[:-1], 0)[same] / 1_000.0
    marked = model.stray.marks(steps)
    one, two, three, four = _rounded(learned.shares)
    return TablesRecord(
        format=FORMAT,
        tenant=tenant,
        version=version,
        names=names,
        share=_rounded(model.share),
        rates=_rounded(learned.rates),
        none=_rounded(learned.null.share),
        none_part=min(max(learned.null.part, 1e-6), 1.0 - 1e-6),
        repeats=_rounded(learned.repeats),
        mixture=(one, two, three, four),
        cues={name: [round(nats, 4) for nats in learned.cues.ratios[name].tolist()] for name in CUE_CLASSES},
        chains=chains,
        idle=[k for k in idle if 0 <= k < len(chains)],
        pace_s=round(float(np.median(gaps)), 3) if len(gaps) else 1.0,
        woven=model.woven,
        stray=sorted(set(steps.act[marked].tolist())),
        lanes=_lanes(model, size),
    )


def _some(counts: Floats) -> dict[int, float]:
    return {place: float(counts[place]) for place in np.nonzero(counts)[0].tolist()}


def _rounded(shares: Floats) -> list[float]:
    """Shares with six digits that tell something."""
    return [float(f"{max(share, LEAST):.6g}") for share in shares.tolist()]


def _lanes(model: LearnedModel, size: int) -> LanesRecord | None:
    chain = model.chain
    if chain is None:
        return None
    pairs: dict[int, dict[int, float]] = {}
    for code, score in chain.pairs.items():
        pairs.setdefault(code // size, {})[code % size] = round(score, 4)
    rest, likely, start, end = [
        [round(score, 4) for score in column] for column in (chain.rest, chain.likely, chain.start, chain.end)
    ]
    return LanesRecord(pairs, rest, likely, start, end, min(model.switch, LANE_SWITCH))


def _of_most_frequent(record: TablesRecord, room: int) -> TablesRecord:
    """The record with the ``room`` most frequent activities alone; those of no name stand for the others anyway."""
    order = sorted(range(len(record.names)), key=lambda act: (record.names[act] == OTHER, -record.share[act], act))
    kept = sorted(order[:room])
    into = {act: place for place, act in enumerate(kept)}
    if len(kept) == len(record.names):
        return record

    def column(values: list[float]) -> list[float]:
        return [values[act] for act in kept]

    def counts(held: dict[int, float]) -> dict[int, float]:
        return {into[act]: count for act, count in held.items() if act in into}

    def pairs(held: dict[int, dict[int, float]]) -> dict[int, dict[int, float]]:
        return {into[act]: counts(after) for act, after in held.items() if act in into}

    lanes = record.lanes
    if lanes is not None:
        lanes = LanesRecord(
            pairs(lanes.pairs), column(lanes.rest), column(lanes.likely), column(lanes.start), column(lanes.end),
            lanes.switch,
        )  # fmt: skip
    return structs.replace(
        record,
        names=[record.names[act] for act in kept],
        share=column(record.share),
        rates=column(record.rates),
        none=column(record.none),
        repeats=column(record.repeats),
        chains=[
            ChainRecord(chain.segments, counts(chain.starts), counts(chain.ends), pairs(chain.steps))
            for chain in record.chains
        ],
        stray=[into[act] for act in record.stray if act in into],
        lanes=lanes,
    )
