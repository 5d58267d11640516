"""Times as logs write them → milliseconds since the epoch.

May import: taskstream.

    wall       One written time → what a clock on a wall showed
    forms      How a column writes its times, told from its values
    zones      Time zones, and the hour that comes twice
    log_clock  The clock of one column
"""

from __future__ import annotations

from collectors.importers.times.forms import DateOrder
from collectors.importers.times.log_clock import LogClock

__all__ = ["DateOrder", "LogClock"]
