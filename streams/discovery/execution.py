"""One execution as the catalogue keeps it: compact, since thousands of them are remembered."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

from msgspec import Struct

from streams.discovery.hashing import hash64
from taskstream.records import Segment, Transfer

MAX_STEPS = 300
"""Steps kept of an execution; what an endless one does beyond is no evidence of a routine."""
_MAX_U32 = 2**32 - 1


class FlowKey(Struct, frozen=True):
    """A field to field movement of a value: from activity place to activity place."""

    source: str
    target: str
    how: str
    form: str


class Execution(Struct):
    """A segment, compact. ``routine``, ``variant``, ``fit`` and ``version`` are the assignment last made public.

    ``priority``  hash of the id: the executions with the smallest ones are the sample that a routine keeps
    ``actor``     hash of the person; the pseudonym itself is not kept
    ``offsets``, ``actives``, ``seqs``  per step, 32-bit: time since the start, active time, seq minus ``first_seq``
    ``roles``     per step one character: ``r`` reads, ``w`` writes, ``-`` neither
    ``before``    what the same agent did just before: a cluster's number, or -1
    """

    id: str
    tenant: str
    team: str
    actor: int
    priority: int
    first_seq: int
    start_ms: int
    end_ms: int
    active_ms: int
    waiting_ms: int
    steps: tuple[str, ...]
    seqs: bytes
    offsets: bytes
    actives: bytes
    roles: str
    apps: tuple[str, ...]
    complete: bool
    transfers: int
    written: int
    flows: tuple[FlowKey, ...] = ()
    before: int = -1
    partial: bool = False
    routine: str = ""
    variant: str = ""
    fit: float = 0.0
    version: int = -1

    def step_seqs(self) -> tuple[int, ...]:
        """Sequence number of each step's event."""
        return tuple(self.first_seq + delta for delta in _unpack(self.seqs))

    def step_offsets(self) -> Sequence[int]:
        """Milliseconds from the start to each step."""
        return _unpack(self.offsets)

    def step_actives(self) -> Sequence[int]:
        """Active milliseconds from each step to the next one."""
        return _unpack(self.actives)


def _unpack(data: bytes) -> array[int]:
    values = array("I")
    values.frombytes(data)
    return values


def _pack(values: Sequence[int]) -> bytes:
    return array("I", [min(max(value, 0), _MAX_U32) for value in values]).tobytes()


_ROLE = {"": "-", "read": "r", "write": "w"}


def from_segment(segment: Segment, steps: tuple[str, ...], flows: tuple[FlowKey, ...] = ()) -> Execution:
    """The execution that ``segment`` describes; ``steps`` are its first activities (shared strings)."""
    first = segment.first_seq
    kept = segment.steps[: len(steps)]
    return Execution(
        id=segment.id,
        tenant=segment.tenant,
        team=segment.team,
        actor=hash64(segment.actor),
        priority=hash64(segment.id),
        first_seq=first,
        start_ms=segment.start_ms,
        end_ms=segment.end_ms,
        active_ms=segment.active_ms,
        waiting_ms=segment.waiting_ms,
        steps=steps,
        seqs=_pack([step.seq - first for step in kept]),
        offsets=_pack([step.offset_ms for step in kept]),
        actives=_pack([step.active_ms for step in kept]),
        roles="".join([_ROLE[step.role] for step in kept]),
        apps=segment.apps,
        complete=segment.complete,
        transfers=segment.transfers,
        written=segment.written,
        flows=flows,
    )


def flows_of(transfers: Sequence[Transfer], place: Callable[[str, str, str], str]) -> tuple[FlowKey, ...]:
    """The distinct movements among ``transfers``; ``place`` names a field from application, screen and element."""
    found = {
        FlowKey(
            place(t.source_app, t.source_screen, t.source_element),
            place(t.target_app, t.target_screen, t.target_element),
            t.how,
            t.form,
        )
        for t in transfers
    }
    return tuple(sorted(found, key=lambda flow: (flow.source, flow.target, flow.how, flow.form)))
