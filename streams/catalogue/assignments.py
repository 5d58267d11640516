"""Assignments made by the streams for segments that have not reached the catalogue yet."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from taskstream.records import Assignment, Segment

WAITING: Final = 50_000
"""Assignments kept until their segments come, at most; the oldest make room."""


class PendingAssignments:
    """The streams' assignments by segment, with the place in the input where each was read."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[tuple[str, str], tuple[Assignment, int, int]] = OrderedDict()

    def put(self, assignment: Assignment, partition: int = 0, offset: int = 0) -> None:
        """Keep ``assignment``, read at ``offset`` of ``partition``, until its segment comes."""
        self._waiting[assignment.tenant, assignment.segment] = assignment, partition, offset
        if len(self._waiting) > WAITING:
            self._waiting.popitem(last=False)

    def take(self, segment: Segment) -> Assignment | None:
        """The streams' assignment of ``segment``."""
        found = self._waiting.pop((segment.tenant, segment.id), None)
        return None if found is None else found[0]

    def oldest(self) -> dict[int, int]:
        """Partition → smallest offset of an assignment still waiting: from there the input must be read again."""
        oldest: dict[int, int] = {}
        for _, partition, offset in self._waiting.values():
            oldest[partition] = min(offset, oldest.get(partition, offset))
        return oldest
