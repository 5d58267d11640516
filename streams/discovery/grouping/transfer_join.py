"""Which values were moved within a segment: transfers wait here until the segment that holds their step is decided."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

from taskstream.records import Segment, Transfer

PER_AGENT: Final = 512
WAITING: Final = 200_000
"""Transfers kept at most (1.1 KB each); those of the agent of which none came for longest make room."""
GONE_MS: Final = 2 * 86_400_000
"""An agent of which no transfer came for so long, by Kafka's time of arrival, has gone: each login makes another, and a
session ends with its day. For what nobody claims, every start would read weeks of transfers again, and name
them lost once Kafka has them no longer."""
BEHIND: Final = 4_096
"""Sequence numbers that a transfer may lie behind its agent's latest segment before it is given up."""


class _Waiting(NamedTuple):
    """A transfer, and where and when it was read."""

    transfer: Transfer
    partition: int
    offset: int
    arrived_ms: int


class TransferJoin:
    """Transfers by agent that no segment has claimed yet, the longest silent agent first."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, list[_Waiting]] = OrderedDict()
        self._count = 0
        self._newest_ms = 0

    def __len__(self) -> int:
        return self._count

    def put(self, transfer: Transfer, partition: int = 0, offset: int = 0, arrived_ms: int = 0) -> None:
        """Keep ``transfer``, read at ``offset`` of ``partition``, until its segment comes."""
        waiting = self._waiting.setdefault(transfer.agent, [])
        self._waiting.move_to_end(transfer.agent)
        waiting.append(_Waiting(transfer, partition, offset, arrived_ms))
        self._count += 1
        if len(waiting) > PER_AGENT:
            del waiting[0]
            self._count -= 1
        self._newest_ms = max(self._newest_ms, arrived_ms)
        self._make_room()

    def _make_room(self) -> None:
        while self._waiting:
            silent = next(iter(self._waiting.values()))
            if self._count <= WAITING and silent[-1].arrived_ms >= self._newest_ms - GONE_MS:
                return
            self._waiting.popitem(last=False)
            self._count -= len(silent)

    def take(self, segment: Segment) -> list[Transfer]:
        """The transfers that ``segment``'s steps made."""
        waiting = self._waiting.get(segment.agent)
        if not waiting:
            return []
        seqs = {step.seq for step in segment.steps}
        taken = [entry.transfer for entry in waiting if entry.transfer.seq in seqs]
        least = segment.last_seq - BEHIND
        rest = [entry for entry in waiting if entry.transfer.seq not in seqs and entry.transfer.seq >= least]
        self._count += len(rest) - len(waiting)
        if rest:
            self._waiting[segment.agent] = rest
        else:
            del self._waiting[segment.agent]
        return taken

    def oldest(self) -> dict[int, int]:
        """Partition → smallest offset of a transfer still waiting: from there the input must be read again."""
        oldest: dict[int, int] = {}
        for waiting in self._waiting.values():
            for entry in waiting:
                oldest[entry.partition] = min(entry.offset, oldest.get(entry.partition, entry.offset))
        return oldest
