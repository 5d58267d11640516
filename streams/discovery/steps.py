"""Steps as the segmenter holds and stores them."""

from __future__ import annotations

from msgspec import Struct


class RawStep(Struct, array_like=True):
    """A step under way or done. Sequence numbers and times are relative to its first event, ``head`` at ``head_ms``.

    ``act``     its activity; ``seq``: the event of that activity; ``tail``: its last event
    ``span``    time to its last event, ``active`` the active part of it (milliseconds)
    ``gap``     time since the step before; ``digest``: of its value, 0 for none
    ``call``    the part of ``span`` beyond the active that passed in a call; ``call_before``: the same of ``gap``
    """

    act: int
    head: int
    head_ms: int
    seq: int
    tail: int
    span: int
    active: int
    gap: int
    digest: int
    call: int = 0
    call_before: int = 0
