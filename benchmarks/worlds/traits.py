"""Traits: what makes a log easy or hard for discovery. Each is drawn by itself, so their effects can be told apart."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace


class Traits(Struct, frozen=True):
    """The traits of one world; the values of each are in :data:`SHARES`.

    ``recorder``   who wrote the log: a CSV of cells and web elements, our own agent's events, a CSV of plain columns
    ``labels``     what elements are called: visible words, words without meaning, a path in the page, an action code,
                   automation ids, or nothing but the window's title
    ``language``   of the visible words
    ``equal``      fields of one form that bear the same label and differ in their place alone
    ``volatile``   some labels and paths carry content: a count, a generated id
    ``release``    half-way through the recording, a new release of the applications renames and moves a third of them
    ``values``     linked by copy and paste, copied and written in another spelling (reformatted), typed anew after
                   reading (rekeyed), the same few ones again and again (constant: they link what does not belong
                   together), or not recorded
    ``keys``       titles and addresses carry the number of the business object; ``handed``: the next execution often
                   continues with the object of the last
    ``pauses``     longer between executions than within (human), no different (steady), one event a second (even), or
                   as long within, where a system makes people wait (waiting)
    ``clock``      to the millisecond, whole seconds, whole minutes, several events at one time (equal), or two
                   recorders whose clocks differ (jitter)
    ``sessions``   one recording, several days with nights between, or a recording that begins and ends in the midst
    ``ending``     a completing word at the end alone (final), in the middle as well, on most forms (often), or never
    ``tails``      steps that sometimes follow the completing one: print, back to the list, close
    ``order``      the next task anew each time (turns), in runs, in one block each, or always in the same cycle
    ``loops``      none, line items within a task, a form that is refused and filled in again, or both
    ``branches``   how much executions of one task differ: not (none), few, some, many
    ``detours``    share of deeds after which a person takes a wrong turn, comes back and does the last thing again
    ``length``     steps of a task: short, middle, long, or each its own (mixed)
    ``alike``      tasks differ as a whole, or in one part alone
    ``mixing``     one at a time; set aside and resumed (aside), also within each other (nested); up to three open at
                   once (shuffle); two of one task side by side (pairs, told apart by keys)
    ``focus``      the recorder also tells when a person turns to another window, and scrolling
    ``noise``      share of events that are foreign, doubled, missing or swapped
    ``chatter``    chance of mail, chat and news before an execution or a part of one
    ``strolls``    long stretches of work that is no task: reading mail, browsing
    ``abandoned``  share of executions given up midway
    ``shared``     nothing; a sign-in before tasks (login); a search that opens all (search); a form within several
                   (form); a part that closes all, such as booking the time spent (closing)
    ``people``     how many; each has habits and a pace of their own
    ``kinds``      how many tasks; some are rare
    """

    recorder: str
    labels: str
    language: str
    equal: str
    volatile: str
    release: str
    values: str
    keys: str
    pauses: str
    clock: str
    sessions: str
    ending: str
    tails: str
    order: str
    loops: str
    branches: str
    detours: str
    length: str
    alike: str
    mixing: str
    focus: str
    noise: str
    chatter: str
    strolls: str
    abandoned: str
    shared: str
    people: str
    kinds: str


SHARES: Final[dict[str, dict[str, int]]] = {
    "recorder": {"cells": 5, "agent": 3, "plain": 2},
    "labels": {"words": 7, "masked": 2, "path": 2, "code": 2, "automation": 2, "titles": 1},
    "language": {"en": 5, "de": 3, "fr": 1, "es": 1, "it": 1, "nl": 1, "pl": 1, "ja": 1},
    "equal": {"no": 4, "some": 1},
    "volatile": {"no": 4, "some": 1},
    "release": {"no": 6, "half": 1},
    "values": {"linked": 4, "reformatted": 1, "rekeyed": 2, "constant": 1, "none": 3},
    "keys": {"no": 4, "own": 2, "handed": 1},
    "pauses": {"human": 6, "steady": 2, "even": 2, "waiting": 2},
    "clock": {"exact": 6, "seconds": 2, "minutes": 1, "equal": 1, "jitter": 1},
    "sessions": {"one": 4, "days": 3, "midst": 3},
    "ending": {"final": 4, "middle": 3, "often": 2, "never": 2},
    "tails": {"no": 3, "some": 2},
    "order": {"turns": 3, "runs": 4, "blocks": 2, "cycle": 1},
    "loops": {"none": 4, "items": 2, "retry": 2, "both": 1},
    "branches": {"none": 2, "few": 3, "some": 2, "many": 1},
    "detours": {"0": 5, "0.03": 1},
    "length": {"short": 2, "middle": 4, "long": 1, "mixed": 3},
    "alike": {"no": 4, "yes": 1},
    "mixing": {"none": 7, "aside": 2, "nested": 1, "shuffle": 1, "pairs": 1},
    "focus": {"no": 3, "yes": 1},
    "noise": {"0": 4, "0.05": 3, "0.15": 2, "0.3": 1},
    "chatter": {"0": 3, "0.1": 2, "0.3": 1},
    "strolls": {"no": 3, "some": 1},
    "abandoned": {"0": 4, "0.1": 1},
    "shared": {"nothing": 5, "login": 2, "search": 1, "form": 2, "closing": 1},
    "people": {"1": 4, "4": 2, "12": 1},
    "kinds": {"1": 2, "2": 3, "3": 3, "4": 2, "6": 1, "9": 1},
}
"""Trait → value → share of the worlds that have it."""


def draw(seed: int, fixed: Mapping[str, str] | None = None) -> Traits:
    """The traits of a seed; ``fixed`` ones are given instead. What is fixed or added later changes no other trait.

    Raises:
        ValueError: a fixed trait or its value is unknown.
    """
    fixed = fixed or {}
    for name, value in fixed.items():
        if value not in SHARES.get(name, ()):
            raise ValueError(f"there is no trait {name}={value}; known: {', '.join(SHARES)}")
    drawn = {}
    for name, shares in SHARES.items():
        rng = random.Random(f"trait {name} of world {seed}")
        drawn[name] = fixed.get(name) or rng.choices(list(shares), list(shares.values()))[0]
    return _possible(Traits(**drawn))


def _possible(traits: Traits) -> Traits:
    """Traits that need others get them: nobody could tell the truth of such a log without."""
    if traits.kinds == "1" and (traits.mixing in {"aside", "nested", "shuffle"} or traits.alike == "yes"):
        traits = replace(traits, kinds="2")
    if traits.mixing == "pairs" and (traits.keys != "own" or traits.labels == "code"):
        traits = replace(traits, keys="own", labels="words" if traits.labels == "code" else traits.labels)
    return traits
