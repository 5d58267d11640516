"""What is believed before a log is seen. Every figure here is a prior that the log's own counts outweigh.

They were set on generated worlds (seeds apart from those that decide and those that are reported); to refit one, change
it and run ``make bench-discovery``. Scores are natural logarithms of probabilities ("nats").
"""

from __future__ import annotations

from typing import Final

SMOOTHING: Final = 0.5
"""Prior counts of a chain's row, spread as the activities of the whole log are."""
START_COUNTS: Final = 2.0
"""Prior counts of a routine's first activity, half as all routines start, half as activities are common."""
END_COUNTS: Final = 4.0
"""Prior counts of how often an activity ends a segment, at the rate of its class."""
CLASS_COUNTS: Final = 6.0
"""Activities at the prior rate, in the rate of a class."""
END_RATES: Final = (0.04, 0.12, 0.5)
"""How often what has no completing word, a weak one, a strong one ends an execution: one step in 25 does; a form has
about eight buttons that merely act; "save" and "send" end every second time."""
OPENING: Final = 3.0
"""What a recording opens with counts as so many starts: sessions most often open with the start of a task."""
MIXTURE: Final = (92.0, 3.0, 3.0, 2.0)
"""Prior counts of: the next step follows from the last, from the one before it (one inserted), over one left out, or
from nothing. Desktop recordings hold 2 to 10 % of stray events."""
MIXTURE_LEAST: Final = 50
"""Fewer steps say nothing about those shares."""
REPEAT: Final = 2.0
"""Cost of a pair of steps that the segment already holds; learned per activity from there down to REPEAT_LEAST."""
REPEAT_LEAST: Final = 0.5
REPEAT_ON: Final = 0.25
"""Part of that cost where a repeat goes on with what it repeats: going round a loop is one decision, not many."""
REPEAT_RATE: Final = 0.05
REPEAT_COUNTS: Final = 10.0
SHORT: Final = (0.0, 4.0, 2.0, 0.7)
"""Cost of a segment of so many steps: a task worth a name has four and more."""
LONGEST: Final = 120
"""Steps of a segment at most."""
CUT: Final = 1.0
"""Cost of each segment when whole solutions are compared: of two that say the same the one with fewer cuts."""
NULL_END: Final = 0.25
"""How often work of no routine ends after a step: chat, mail and news come in runs of about four."""
NULL_SHARE: Final = (1.0, 20.0)
"""Prior counts of segments of no routine, among all."""
NULL_COUNTS: Final = 20.0
"""Prior counts of the activities of no routine."""
CUE_COUNTS: Final = 12.0
"""Prior counts of each cue at cuts and elsewhere."""
CUE_LIMIT: Final = 4.0
"""No cue weighs more than so many nats, whatever the log says."""
SLACK: Final = 25.0
"""Explanations worse than the best open one by more are given up: e^-25 of its probability."""
GAP_BINS: Final = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
"""Binary logarithms of a gap over the person's median one, between the classes of gaps."""
LINK_STEPS: Final = 40
"""A value links two steps that are so near."""
LINKS: Final = 3
"""More values that cross an edge say no more."""
OFTEN: Final = 6
"""A value that a person's steps hold more often links nothing."""
