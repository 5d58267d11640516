"""Weights of the evidence for and against the end of an execution."""

from __future__ import annotations

from typing import Final

from msgspec import Struct


class Weights(Struct, frozen=True):
    """Weights of the evidence, in natural log-odds. One set serves every log and every person.

    ``prior``     of any edge: about one in thirty ends an execution
    ``surprise``  per unit of -log P of the transition, by the better of its two directions
    ``strange``   between known activities and a run of RUN ones seen less than ``known`` times
    ``strong``, ``weak``  of a completion word, fading by ``fade`` a step
    ``start_strong``  of a strong completion after the edge: no segment starts with one
    ``link``      where a copied value crosses the edge
    ``shared``    for each of up to MAX_SHARED values that occur on both sides of it within ``shared_span`` steps
    ``gap``       for each doubling of the person's median gap, up to ``gap_max``
    ``short``, ``shorter``  of a segment under SHORT steps, and for each step it is shorter
    ``idle_cost``  instead of these, of a segment in which nothing was written, copied or completed
    ``idle_likely``  P of a transition below which such steps at the end of a segment are cut off
    ``idle_start``  how much less usual a start may be than the idle steps before it, for these to be cut off
    ``long``      for each step beyond ``patience``, up to ``long_max``
    ``cycle``     for each of up to three steps that repeat how the segment began
    ``ends``, ``starts``  of how often segments ended or started with the activity, over ``base`` shrunk by ``shrink``
    ``opening``   what the first step of a session counts as a start, fading by ``opening_fade``
    ``incomplete``  where nothing was completed lately, by how usual it is that segments end with a completion
    ``again``     a later place must be better by this for each strong completion that it would include
    ``sure``      and by this much more where the place found is as sure: the later one ends another execution then
    ``ahead``     a cut goes to the best of so many places; ``minimum``: steps of a segment with work at least

    Lanes (see streams.discovery.segmentation.lanes), shares unless said otherwise:
    ``lane_low``  P of the transition from one of the ``lane_back`` last steps below which a step surprises
    ``lane_high``, ``lane_times``  P from a waiting lane at least, and times that of the lane at hand, to resume it
    ``lane_taken``  P from a waiting lane at which a step of another shows that it went on there
    ``lane_places``  last steps on whose screens a step does not surprise
    ``lane_short``  foreign steps at most that stay where they broke in; ``lane_horizon``: steps a lane waits
    ``lane_waiting``  lanes that wait at most; ``lane_end``: ended of all occurrences, from which work counts as over
    ``lane_share``, ``lane_often``  resumed of all surprises, from which lanes are used; from which switching is usual
    """

    prior: float = -3.4
    surprise: float = 0.75
    known: int = 2
    strange: float = 2.0
    strong: float = 3.5
    weak: float = 1.0
    fade: float = 0.75
    start_strong: float = -2.0
    link: float = -2.5
    gap: float = 0.5
    gap_max: float = 2.0
    short: float = 1.0
    shorter: float = 0.5
    long: float = 0.03
    patience: float = 30.0
    long_max: float = 2.0
    cycle: float = 0.8
    ends: float = 0.8
    starts: float = 1.0
    base: float = 0.05
    shrink: float = 2.0
    opening: float = 3.0
    opening_fade: float = 0.6
    ahead: int = 5
    again: float = 1.0
    sure: float = 6.0
    incomplete: float = 1.5
    minimum: int = 3
    idle_cost: float = 3.0
    idle_likely: float = 0.5
    idle_start: float = 1.5
    shared: float = -0.4
    shared_span: int = 60
    lane_low: float = 0.2
    lane_high: float = 0.4
    lane_times: float = 4.0
    lane_taken: float = 0.4
    lane_back: int = 3
    lane_short: int = 2
    lane_places: int = 4
    lane_horizon: int = 200
    lane_waiting: int = 4
    lane_end: float = 0.3
    lane_share: float = 0.18
    lane_often: float = 0.35


DEFAULT: Final = Weights()
