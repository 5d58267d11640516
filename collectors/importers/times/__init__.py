"""Times as logs write them → milliseconds since the epoch.

May import: taskstream.

    time_words   Names of months and weekdays, and words around times
    wall         One written time → what a clock on a wall showed
    forms        What the numbers of a column count, told by their size
    orders       The order of day, month and year, told by the dates of a column
    zones        Time zones, and the hour that comes twice
    day_numbers  Numbers beside a date that tell the time of day
    day_turns    Times of day without a date: the day moves on where they step back
    log_clock    The clock of one column
"""

from __future__ import annotations

from collectors.importers.times.log_clock import LogClock
from collectors.importers.times.wall import DateOrder, joined

__all__ = ["DateOrder", "LogClock", "joined"]
