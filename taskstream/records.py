"""What the streams emit. One record is one Kafka message in JSON, keyed as ``taskstream.topics`` says.

Ids derive from the input alone, so that a replay gives the same bytes. All times are milliseconds since the epoch, UTC.
``active_ms`` is time with the person active: the sum of the gaps between events, each capped by the idle limit.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

MOST: Final = 2**53
"""Larger integers are not exact in every JSON reader: they are no times, counts or numbers of ours."""
Share = Annotated[float, Meta(ge=0, le=1)]
Int = Annotated[int, Meta(ge=-MOST, le=MOST)]
"""An integer within :data:`MOST`: 64 bits, which snapshots and tables hold, take it, and a sum of a few."""
Amount = Annotated[int, Meta(ge=-(2**40), le=2**40)]
"""A count or duration that is added up over many records: it takes eight million of the largest to leave 64 bits."""
Version = Annotated[int, Meta(ge=0, le=MOST)]
"""Of several records of one key the one with the highest counts."""
Place = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""What Kafka counts, as Kafka does: a letter names its place whatever it is."""
Label = Annotated[str, Meta(max_length=1_000)]
"""A name or id that goes on into other records: several of them, escaped, must fit into one message."""
WORTH_IT: Final = "worth it"
MAYBE: Final = "maybe"
NOT_WORTH_IT: Final = "not worth it"
NEVER_MONTHS: Final = 999.0
"""Number of months that stands for: it never pays back."""


class _Record(Struct, frozen=True):
    """Base of all records: immutable; defaults are written out, so that every consumer sees every field.

    A field that a newer version has added is passed over: while versions are mixed, nothing is refused for it. Only
    what comes from desktops is closed (:mod:`taskstream.events`).
    """


class Session(_Record, frozen=True):
    """One uninterrupted stretch of work of one agent.

    ``id``       ``agent:first_seq``
    ``reason``   what closed it: an inactivity gap, the lock screen, the end of the (UTC) day, or its bound on events
    ``late``     whether it lies behind the partition's watermark and allowed lateness
    """

    id: str
    tenant: str
    team: str
    actor: str
    agent: str
    first_seq: Int
    last_seq: Int
    start_ms: Int
    end_ms: Int
    active_ms: Amount
    events: Amount
    apps: Amount
    switches: Amount
    reason: Literal["gap", "lock", "day", "bound"]
    late: bool = False


class Step(_Record, frozen=True):
    """One step of a segment: an activity with the seq of the event it came from.

    ``offset_ms``  time since the segment's start
    ``active_ms``  active time until the next step of the same segment
    ``role``       what the step does with values: reads one, writes one, or neither
    """

    activity: str
    seq: Int
    offset_ms: Amount
    active_ms: Amount = 0
    role: Literal["", "read", "write"] = ""


class Segment(_Record, frozen=True):
    """One recognised execution of some task by one agent: consecutive in its lane, not necessarily in the stream.

    ``id``          ``agent:first_seq``
    ``lane``        0 for uninterrupted work; another number where the execution was set aside and resumed
    ``complete``    whether it ended with evidence of completion; False when it was cut off
    ``elapsed_ms``  end minus start, ``active_ms`` the part with the person active, ``waiting_ms`` the rest, and of that
                    ``call_ms`` with an application for calls in front
    ``transfers``   values written in it that were read in it before (copy and paste, or re-keyed)
    ``confidence``  of both ends, 0 to 1
    """

    id: Label
    tenant: Label
    team: Label
    actor: Label
    agent: Label
    first_seq: Int
    last_seq: Int
    start_ms: Int
    end_ms: Int
    active_ms: Amount
    waiting_ms: Amount
    steps: tuple[Step, ...]
    apps: tuple[str, ...]
    lane: Int = 0
    complete: bool = True
    transfers: Amount = 0
    written: Amount = 0
    confidence: float = 1.0
    call_ms: Amount = 0


class SampledStep(Struct, frozen=True, array_like=True):
    """One step of a :class:`StepSample`; an array in JSON.

    ``name``       place of its activity in the sample's ``names``
    ``seq``        of the first of its events; ``offset_ms``: time since the sample's start
    ``value``      counts the different values of the sample, from 1 on in their order; 0 for none. It tells which are
                   equal, and nothing else of them
    """

    name: Int
    seq: Int
    offset_ms: Amount
    value: Int = 0


class StepSample(_Record, frozen=True):
    """Steps of one of the people whose work the catalogue learns from, as far as they were just decided.

    What of them is an execution the segments tell; here are all steps, also those of no execution.

    ``id``     ``agent:seq`` of the first step
    ``names``  the activities that occur in ``steps``
    """

    id: Label
    tenant: Label
    actor: Label
    agent: Label
    start_ms: Int
    names: tuple[Label, ...]
    steps: tuple[SampledStep, ...]


class Transfer(_Record, frozen=True):
    """A value that moved from one field to another: copied and pasted, or read or copied and typed again.

    ``id``      ``agent:seq`` of the writing event
    ``how``     ``paste``: pasted from the clipboard; ``rekey``: typed, equal to a value shown or copied before
    ``lag_ms``  from reading or copying to writing
    """

    id: Label
    tenant: Label
    team: Label
    actor: Label
    agent: Label
    seq: Int
    source_seq: Int
    at_ms: Int
    lag_ms: Amount
    how: Literal["paste", "rekey"]
    form: str
    source_app: str
    source_screen: str
    source_element: str
    target_app: str
    target_screen: str
    target_element: str


class PartialCell(Struct, frozen=True, array_like=True):
    """One count of an :class:`ActivityPartial`; an array in JSON. ``who``: places in the partial's ``actors``."""

    window_start_ms: Int
    app: Label
    kind: Label
    events: Amount
    active_ms: Amount
    late: bool
    who: tuple[Int, ...]


class ActivityPartial(_Record, frozen=True):
    """Phase 1 of the 1-minute tumbling windows: what one partition counted for one team.

    ``id``          ``partition:release_ms:n``; unique within the topic
    ``actors``      the pseudonyms that occur in ``cells``
    ``release_ms``  start of the window with which its cells are released: their own window, or for late ones (their
                    events came after their window had been closed) the last that the partition had not closed then.
                    It depends on the partition's own input alone.
    """

    id: Label
    tenant: Label
    team: Label
    release_ms: Int
    actors: tuple[Label, ...]
    cells: tuple[PartialCell, ...]


class WindowMark(_Record, frozen=True):
    """In ``activity.partial``: partition ``source`` of ui-events has sent all it has for windows before ``before_ms``.

    Phase 2 releases a window when every source has said so; so its result does not depend on how the partitions'
    records interleave. It carries the header ``ce_type: taskstream.mark``.
    """

    source: Int
    before_ms: Int


class ActivityWindow(_Record, frozen=True):
    """Phase 2: an activity count of at least k people; safe for every dashboard. Counts of one key are added up.

    Below the floor a row is merged into its application's row over all kinds, below it still into its team's
    ``(other)`` row, and below it even then into the tenant's.
    """

    id: str
    tenant: str
    team: str
    window_start_ms: Int
    app: str
    kind: str
    events: Amount
    active_ms: Amount
    people: Amount
    late: bool = False


class DeadLetter(_Record, frozen=True):
    """Input that was refused, with the reason and where it stood. ``payload`` is base64 of at most 64 KiB of it."""

    id: str
    reason: str
    detail: str
    stage: str
    source_topic: str
    source_partition: Place
    source_offset: Place
    at_ms: Place
    key: str
    size: Place
    payload: str


class Assignment(_Record, frozen=True):
    """That a segment is an execution of a routine. A later one for the same segment replaces it (``version``).

    ``version``    0: said by the streams, as the segment came; from 1 on by the catalogue
    ``routine``    empty when a later look took the segment out of its routine
    ``execution``  id of the execution's first segment: segments that came cut apart share it
    """

    segment: Label
    tenant: Label
    team: Label
    routine: str
    variant: str
    fit: float
    start_ms: Int
    active_ms: Amount
    version: Version = 0
    execution: str = ""


class Flow(_Record, frozen=True):
    """A field to field movement of values inside a routine, with the share of executions that show it."""

    source: str
    target: str
    how: str
    form: str
    share: float


class RoutineVariant(_Record, frozen=True):
    """One way a routine is carried out: the steps of a real execution that stands for those like it.

    ``merged`` ids of earlier variants that this one replaces: an assignment to one of them counts as one to this
    """

    id: str
    steps: tuple[str, ...]
    executions: Int
    share: float
    people: Int = 0
    active_median_ms: Int = 0
    active_p90_ms: Int = 0
    merged: tuple[str, ...] = ()


class RoutineStep(_Record, frozen=True):
    """One activity of a routine, in the routine's usual order.

    ``label``        the activity in words
    ``presence``     share of executions that hold it
    ``repeats``      mean number of times in an execution that holds it
    ``determinism``  share of its most likely successor
    ``active_ms``    median active time until the next step
    """

    activity: str
    label: str
    presence: float
    repeats: float
    determinism: float
    active_ms: Int
    role: Literal["", "read", "write"] = ""


class Edge(_Record, frozen=True):
    """In the process map: ``target`` directly follows ``source`` in ``share`` of the executions.

    Both are positions in ``Routine.steps``; -1 stands for the start (as source) and the end (as target).
    """

    source: Int
    target: Int
    share: float


class Routine(_Record, frozen=True):
    """A routine of the catalogue: the model by which executions are recognised, and its evidence.

    ``skeleton``   activities present in at least 80 % of executions, in their usual order
    ``optional``   the other activities, with their presence
    ``presence``   activity → share of executions that hold it; the model for recognition
    ``merged``     ids of routines that this one took over; ``into``: the routine that took this one over
    ``people``     distinct people, never fewer than k in company mode
    ``steps``, ``edges``  the process map: activities in their usual order, and what directly follows what
    ``active_low_ms``, ``active_high_ms``  95 % interval of the median active time
    ``active_total_ms``  active time of all executions together, with those that were cut off
    ``active_by_idle_ms``  median active time if gaps counted up to 30, 60, 180 s: key ``30000`` ...
    ``partial``    segments that hold only a small part of it; they do not count as executions
    ``parts``      activity → share, for each part by which it is recognised where its executions come cut apart
    ``waiting_share``  of the elapsed time, without calls; ``call_share``: of the elapsed time, in calls
    ``complete_share``   executions that ended with evidence of completion
    ``split_from``  id of the routine that this one was split from
    ``withdrawn``  it is no longer in the catalogue (merged, or too few executions or people are left)
    Times in milliseconds: active and elapsed time per execution.
    """

    id: str
    tenant: str
    name: str
    pattern: str
    skeleton: tuple[str, ...]
    optional: tuple[str, ...]
    presence: dict[str, float]
    variants: tuple[RoutineVariant, ...]
    apps: tuple[str, ...]
    flows: tuple[Flow, ...]
    triggers: tuple[str, ...]
    executions: Int
    people: Int
    teams: Int
    days: Int
    first_ms: Int
    last_ms: Int
    active_median_ms: Int
    active_p90_ms: Int
    active_low_ms: Int
    active_high_ms: Int
    elapsed_median_ms: Int
    elapsed_p90_ms: Int
    waiting_share: float
    transfer_share: float
    determinism: float
    version: Version = 0
    merged: tuple[str, ...] = ()
    into: str = ""
    split_from: str = ""
    withdrawn: bool = False
    steps: tuple[RoutineStep, ...] = ()
    edges: tuple[Edge, ...] = ()
    active_by_idle_ms: dict[str, Int] = {}
    waiting_median_ms: Int = 0
    partial: Int = 0
    parts: tuple[dict[str, float], ...] = ()
    complete_share: float = 1.0
    transferred_values: float = 0.0
    call_share: float = 0.0
    active_total_ms: Int = 0


class Opportunity(_Record, frozen=True):
    """A routine that may be worth automating, with why it ranks where it does: by ``hours_saved_per_year`` alone.

    ``id``    the routine's
    ``hours_per_week``, ``hours_spent_per_year``  the active time of all executions, in working weeks and years
    ``hours_saved_per_year``  what automation would take away of it: the product of the numbers in ``why``
    ``*_low``, ``*_high``  95 % intervals; ``active_low_ms``, ``active_high_ms``: of the median
    ``first_ms``, ``last_ms``, ``working_days``, ``people_known``  what all was observed: from, to, on how many days, of
              how many people, of whom ``people`` do this
    ``preliminary``  why not to rely on the rate yet; empty where there is no such reason
    ``build_cost``, ``yearly_saving*``, ``net_saving*``  in ``currency``; ``yearly_saving`` is net of upkeep,
              ``net_saving`` over the horizon and net of all cost
    ``assumptions``  setting → value used
    ``verdict``  :data:`WORTH_IT`, :data:`MAYBE` or :data:`NOT_WORTH_IT`: the net saving's interval lies above zero,
              crosses it, or lies below
    ``covers``  ids of routines that are contained in this one and not listed by themselves
    ``exceptions``  share of executions expected to need a person all the same
    ``payback_months*``  2.5 %, 50 % and 97.5 % of the simulated distribution; :data:`NEVER_MONTHS` stands for never
    """

    id: str
    tenant: str
    rank: Int
    name: str
    pattern: str
    steps: tuple[str, ...]
    apps: tuple[str, ...]
    executions: Int
    executions_per_week: float
    people: Int
    people_known: Int
    first_ms: Int
    last_ms: Int
    working_days: float
    preliminary: str
    active_median_ms: Int
    active_p90_ms: Int
    active_low_ms: Int
    active_high_ms: Int
    active_total_ms: Int
    hours_per_week: float
    hours_per_week_low: float
    hours_per_week_high: float
    transferred_values: float
    transfer_share: float
    determinism: float
    variants: Int
    hours_spent_per_year: float
    hours_spent_per_year_low: float
    hours_spent_per_year_high: float
    hours_saved_per_year: float
    hours_saved_per_year_low: float
    hours_saved_per_year_high: float
    currency: str
    build_cost: float
    yearly_saving: float
    payback_months_low: float
    payback_months: float
    payback_months_high: float
    verdict: str
    why: dict[str, float]
    assumptions: dict[str, float]
    updated_ms: Int
    version: Version = 0
    withdrawn: bool = False
    covers: tuple[str, ...] = ()
    exceptions: float = 0.0
    net_saving_low: float = 0.0
    net_saving: float = 0.0
    net_saving_high: float = 0.0
    yearly_saving_low: float = 0.0
    yearly_saving_high: float = 0.0
