"""One execution as the catalogue keeps it: compact, since thousands of them are remembered."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

from msgspec import Struct

from streams.discovery.grouping.hashing import hash64, hash64_once
from streams.discovery.words.labels import parts
from taskstream.records import Segment, Transfer

MAX_STEPS = 300
"""Steps kept of an execution; what an endless one does beyond is no evidence of a routine."""
IDLE_MS = 30_000
"""A pause between two segments of an execution counts as active time up to this."""
_MAX_U32 = 2**32 - 1


class FlowKey(Struct, frozen=True):
    """A field to field movement of a value: from activity place to activity place."""

    source: str
    target: str
    how: str
    form: str


class ExecutionPiece(Struct):
    """A segment of an execution, with the assignment last made public: ``version`` 0: the streams' own, or none yet.

    ``execution``  id of the execution's first segment, as last made public
    """

    id: str
    start_ms: int
    active_ms: int
    fit: float
    routine: str = ""
    variant: str = ""
    execution: str = ""
    version: int = 0


class Execution(Struct):
    """A segment, or several that are one execution, compact.

    ``priority``  hash of the id: the executions with the smallest ones are the sample that a routine keeps
    ``agent``, ``actor``  hashes; the pseudonym itself is not kept
    ``offsets``, ``actives``, ``seqs``  per step, 32-bit: time since the start, active time, seq minus ``first_seq``
    ``roles``     per step one character: ``r`` reads, ``w`` writes, ``-`` neither
    ``shape``, ``last_shape``  numbers of the shapes of its first and last segment
    ``joined``    the execution that this one was made a part of
    ``part``      it is only a small part of an execution
    ``before``    number of the cluster that the same agent's execution just before belonged to, or -1
    """

    id: str
    tenant: str
    team: str
    agent: int
    actor: int
    priority: int
    first_seq: int
    last_seq: int
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
    pieces: list[ExecutionPiece]
    flows: tuple[FlowKey, ...] = ()
    shape: int = -1
    last_shape: int = -1
    before: int = -1
    joined: Execution | None = None
    call_ms: int = 0
    part: bool = False

    def extend(self, more: Execution) -> None:
        """Make ``more``, which follows, a part of this execution; the pause is active time up to ``IDLE_MS``."""
        room = MAX_STEPS - len(self.steps)
        shift_seq, shift_ms = more.first_seq - self.first_seq, more.start_ms - self.start_ms
        actives = [*self.step_actives(), *more.step_actives()[:room]]
        pause = max(0, more.start_ms - self.end_ms)
        if self.steps and room:
            actives[len(self.steps) - 1] += min(pause, IDLE_MS)
        self.seqs = _pack([*_unpack(self.seqs), *(seq + shift_seq for seq in _unpack(more.seqs)[:room])])
        self.offsets = _pack([*_unpack(self.offsets), *(ms + shift_ms for ms in _unpack(more.offsets)[:room])])
        self.actives = _pack(actives)
        self.steps += more.steps[:room]
        self.roles += more.roles[:room]
        self.apps = tuple(sorted({*self.apps, *more.apps}))
        self.flows = tuple(dict.fromkeys((*self.flows, *more.flows)))
        self.last_seq, self.end_ms = more.last_seq, max(self.end_ms, more.end_ms)
        self.active_ms += more.active_ms + min(pause, IDLE_MS)
        self.call_ms += more.call_ms
        self.waiting_ms += more.waiting_ms + max(0, pause - IDLE_MS)
        self.complete = more.complete
        self.part = self.part and more.part
        self.transfers += more.transfers
        self.written += more.written
        self.pieces += more.pieces
        self.last_shape = more.last_shape

    def step_seqs(self) -> tuple[int, ...]:
        """Sequence number of each step's event."""
        return tuple(self.first_seq + delta for delta in _unpack(self.seqs))

    def step_offsets(self) -> array[int]:
        """Milliseconds from the start to each step."""
        return _unpack(self.offsets)

    def step_actives(self) -> array[int]:
        """Active milliseconds from each step to the next one."""
        return _unpack(self.actives)


def _unpack(data: bytes) -> array[int]:
    values = array("I")
    values.frombytes(data)
    return values


def _pack(values: Sequence[int]) -> bytes:
    try:
        return array("I", values).tobytes()
    except OverflowError:  # a clock that was set back, or a number beyond 32 bits
        return array("I", [min(max(value, 0), _MAX_U32) for value in values]).tobytes()


_ROLE = {"": "-", "read": "r", "write": "w"}


def from_segment(
    segment: Segment, steps: tuple[str, ...], transfers: Sequence[Transfer], flows: tuple[FlowKey, ...], shape: int,
    fit: float,
) -> Execution:  # fmt: skip
    """The execution that ``segment`` describes; ``steps`` are its first activities (shared strings).

    ``transfers``  those of its steps: they know values that a click on a field showed, which steps do not. What is
                   pasted has moved, also where nobody saw it copied.
    """
    pasted = sum([parts(step).kind == "paste" for step in steps])
    moved = max(segment.transfers, sum([t.source_seq >= segment.first_seq for t in transfers]), pasted)
    first = segment.first_seq
    seqs, offsets, actives, roles = [], [], [], []
    for step in segment.steps[: len(steps)]:
        seqs.append(step.seq - first)
        offsets.append(step.offset_ms)
        actives.append(step.active_ms)
        roles.append(_ROLE[step.role])
    return Execution(
        id=segment.id,
        tenant=segment.tenant,
        team=segment.team,
        agent=hash64(segment.agent),
        actor=hash64(segment.actor),
        priority=hash64_once(segment.id),
        first_seq=first,
        last_seq=segment.last_seq,
        start_ms=segment.start_ms,
        end_ms=segment.end_ms,
        active_ms=segment.active_ms,
        waiting_ms=segment.waiting_ms,
        call_ms=segment.call_ms,
        steps=steps,
        seqs=_pack(seqs),
        offsets=_pack(offsets),
        actives=_pack(actives),
        roles="".join(roles),
        apps=segment.apps,
        complete=segment.complete,
        transfers=moved,
        written=max(segment.written, moved),
        pieces=[ExecutionPiece(segment.id, segment.start_ms, segment.active_ms, fit)],
        flows=flows,
        shape=shape,
        last_shape=shape,
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
