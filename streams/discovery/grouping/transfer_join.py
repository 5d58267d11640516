"""Which values were moved within a segment: transfers wait here until the segment that holds their step is decided."""

from __future__ import annotations

from collections import OrderedDict

from taskstream.records import Segment, Transfer

PER_AGENT = 512
AGENTS = 50_000
BEHIND = 4_096
"""Sequence numbers that a transfer may lie behind its agent's latest segment before it is given up."""


class TransferJoin:
    """Transfers by agent that no segment has claimed yet, with the place in the input where each was read."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, list[tuple[Transfer, int, int]]] = OrderedDict()

    def put(self, transfer: Transfer, partition: int = 0, offset: int = 0) -> None:
        """Keep ``transfer``, read at ``offset`` of ``partition``, until its segment comes."""
        waiting = self._waiting.setdefault(transfer.agent, [])
        waiting.append((transfer, partition, offset))
        if len(waiting) > PER_AGENT:
            del waiting[0]
        if len(self._waiting) > AGENTS:
            self._waiting.popitem(last=False)

    def take(self, segment: Segment) -> list[Transfer]:
        """The transfers that ``segment``'s steps made."""
        waiting = self._waiting.get(segment.agent)
        if not waiting:
            return []
        seqs = {step.seq for step in segment.steps}
        taken = [entry[0] for entry in waiting if entry[0].seq in seqs]
        least = segment.last_seq - BEHIND
        rest = [entry for entry in waiting if entry[0].seq not in seqs and entry[0].seq >= least]
        if rest:
            self._waiting[segment.agent] = rest
        else:
            del self._waiting[segment.agent]
        return taken

    def oldest(self) -> dict[int, int]:
        """Partition → smallest offset of a transfer still waiting: from there the input must be read again."""
        oldest: dict[int, int] = {}
        for waiting in self._waiting.values():
            for _, partition, offset in waiting:
                oldest[partition] = min(offset, oldest.get(partition, offset))
        return oldest
