"""Foreign UI logs: each row becomes the event that our own desktop agent would have sent.

May import: taskstream.

    log         Any supported log file → UI events in order
    lines       Our own logs, one JSON object a line
    table       CSV logs of recorders (RPA UI Logger and its kind), comma or semicolon
    xes         XES logs (.xes, .xes.gz) as a stream
    vocabulary  What foreign logs call things
    order       The order of a log's rows
    convert     One row of a foreign log → one UI event
    dealing     Recorded logs dealt to desktops
"""

from __future__ import annotations

from collectors.importers.log import ImportedEvent, read_log

__all__ = ["ImportedEvent", "read_log"]
