"""Foreign UI logs: each row becomes the event that our own desktop agent would have sent.

May import: taskstream, collectors.agent.screens.

    read_options  What a user can say about a log that its content does not tell
    read_report   The report on a log: how it was understood, and what of it was read
    files/        What a path holds: containers and encodings
    formats/      What a file is, told by its content, and the reader for it
    meaning/      What columns and rows say
    names/        What of a log's names is shown
    times/        Times as logs write them
    order/        Rows in the order of time, whatever their order in the file
    row_log       A log with rows: survey of its beginning, then all rows
    own_log       A log of our own events
    not_a_log     What a file that holds no log is refused with
    log           Log files → UI events by time, with a report on each
    explain       How a log is understood, shown by its first rows
    dealing       Recorded logs dealt to desktops
"""

from __future__ import annotations

from collectors.importers.log import ImportedEvent, Logs, read_log, read_logs
from collectors.importers.read_options import ReadOptions, options_of
from collectors.importers.read_report import ReadReport

__all__ = ["ImportedEvent", "Logs", "ReadOptions", "ReadReport", "options_of", "read_log", "read_logs"]
