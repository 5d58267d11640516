"""The format of the catalogue's state: what is written of a tenant, and of each of its clusters."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from streams.discovery.grouping.execution import Execution, FlowKey

FORMAT: Final = 2


class ShapeState(Struct, array_like=True):
    """A shape of a cluster."""

    number: int
    counts: dict[str, int]
    times: int
    complete: int
    touched: int
    fragment: bool
    followers: dict[int, list[float]]


class ClusterState(Struct, array_like=True):
    """A cluster. Executions of a public one are kept as far as they are in its sample, of others the latest, too."""

    number: int
    id: str
    counts: dict[str, int]
    shapes: list[ShapeState]
    executions: int
    partial: int
    complete: int
    transfers: int
    written: int
    active_ms: int
    partial_ms: int
    own: float
    sample: list[Execution]
    members: list[Execution]
    people: tuple[tuple[int, ...], bool]
    teams: tuple[tuple[int, ...], bool]
    days: dict[int, tuple[int, int]]
    flows: list[tuple[FlowKey, int]]
    first_ms: int
    last_ms: int
    touched: int
    merged: tuple[str, ...]
    split_from: str
    coherent: bool
    public: bool
    people_counts: tuple[int, ...] = ()


class WrittenFormat(Struct, array_like=True):
    """What a :class:`TenantState` of any format begins with; further fields are passed over."""

    format: int


class TenantState(Struct, array_like=True):
    """What a catalogue knows beside its clusters."""

    format: int
    tenant: str
    revision: int
    arrivals: int
    next_cluster: int
    next_shape: int
    joints: list[tuple[int, int]]
    pauses: list[float]
    days: dict[int, tuple[int, int]]
    first_ms: int
    last_ms: int
    people: tuple[tuple[int, ...], bool]
