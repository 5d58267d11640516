"""The catalogue's state as bytes, cluster by cluster, so that a checkpoint writes only what changed."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from streams.catalogue import soundness
from streams.catalogue.state_format import FORMAT, ClusterState, ShapeState, TenantState, WrittenFormat
from streams.discovery.catalogue import Catalogue
from streams.discovery.grouping.days import Days
from streams.discovery.grouping.distinct import Distinct
from streams.discovery.grouping.execution import Execution
from streams.discovery.grouping.routines import MEMBERS, SETTLED, Cluster
from streams.discovery.grouping.shapes import Shape, Shapes
from taskstream.errors import UNDECODABLE, InputError, ServiceError

_encoder = msgspec.msgpack.Encoder()
_cluster_decoder = msgspec.msgpack.Decoder(ClusterState)
_head_decoder = msgspec.msgpack.Decoder(WrittenFormat)
_tenant_decoder = msgspec.msgpack.Decoder(TenantState)


def dump(catalogue: Catalogue) -> dict[str, bytes | None]:
    """What changed since the last call: key → bytes, or None for what is gone. Call it right after ``refine``."""
    grouping = catalogue.grouping
    out: dict[str, bytes | None] = {}
    for number in sorted(catalogue.unsaved):
        cluster = grouping.clusters.get(number)
        out[f"cluster/{number}"] = None if cluster is None else _dump_cluster(cluster, grouping.shapes)
    catalogue.unsaved.clear()
    state = TenantState(
        FORMAT, catalogue.tenant, catalogue.revision, grouping.arrivals, grouping.next_number,
        grouping.shapes.next_number, sorted(grouping.joints), catalogue.pauses, catalogue.days.quarters,
        catalogue.first_ms, catalogue.last_ms, catalogue.people.dump(),
    )  # fmt: skip
    out["tenant"] = _encoder.encode(state)
    return out


def _dump_cluster(c: Cluster, shapes: Shapes) -> bytes:
    sample = c.sampled()
    kept = {execution.id for execution in sample}
    pending = [] if c.id else [execution for execution in c.members if execution.id not in kept][-SETTLED:]
    parts = [shapes.by_number[number] for number in sorted(c.shapes)]
    saved = [ShapeState(s.number, s.counts, s.times, s.complete, s.touched, s.fragment, s.followers) for s in parts]
    state = ClusterState(
        c.number, c.id, c.counts, saved, c.executions, c.partial, c.complete, c.transfers, c.written, c.active_ms,
        c.partial_ms, c.own, sample, pending, c.people.dump(), c.teams.dump(), c.days.quarters,
        sorted(c.flows.items(), key=repr), c.first_ms, c.last_ms, c.touched, c.merged, c.split_from, c.coherent,
        c.public, c.people.counts(),
    )  # fmt: skip
    return zlib.compress(_encoder.encode(state), 1)


def load(state: Mapping[str, bytes], k: int, pass_over: Callable[[str, str], None]) -> Catalogue:
    """The catalogue whose checkpoints were merged into ``state`` (what is gone left out).

    A cluster that cannot be read is left out; ``pass_over`` is told its key and why.

    Raises:
        InputError: the state is damaged, or of an older format that is built anew.
        ServiceError: a newer version wrote it.
    """
    try:
        written = _head_decoder.decode(state["tenant"]).format  # first: the other fields may be others
        if written > FORMAT:
            raise ServiceError(
                f"the catalogue's checkpoint was written by a newer version (format {written}, this one reads "
                f"{FORMAT}): upgrade this process"
            )
        if written != FORMAT:
            raise InputError(f"the catalogue's checkpoint has format {written}, this version reads {FORMAT}")
        tenant = _tenant_decoder.decode(state["tenant"])
        if not soundness.is_sound_tenant(tenant):
            raise InputError("the catalogue's checkpoint is damaged: its numbers are out of bounds")
    except (KeyError, *UNDECODABLE) as error:
        raise InputError(f"the catalogue's checkpoint is damaged: {error}") from error
    clusters = list(_clusters(state, pass_over))
    catalogue = Catalogue(tenant.tenant, k=k)
    catalogue.revision, catalogue.days = tenant.revision, Days(tenant.days)
    catalogue.first_ms, catalogue.last_ms = tenant.first_ms, tenant.last_ms
    catalogue.people = Distinct(tenant.people[0], overflowed=tenant.people[1])
    grouping = catalogue.grouping
    grouping.arrivals = tenant.arrivals
    grouping.next_number = max([tenant.next_cluster, *(saved.number + 1 for saved in clusters)])
    grouping.shapes.next_number = max([tenant.next_shape, *(s.number + 1 for saved in clusters for s in saved.shapes)])
    read = {shape.number for saved in clusters for shape in saved.shapes}
    grouping.joints = {joint for joint in tenant.joints if read.issuperset(joint)}
    catalogue.pauses = tenant.pauses
    for saved in sorted(clusters, key=lambda c: c.number):
        cluster = _load_cluster(saved, catalogue)
        grouping.clusters[cluster.number] = cluster
        for shape in saved.shapes:
            _load_shape(shape, cluster.number, catalogue)
        cluster.dirty = False
    catalogue.know_kept()
    return catalogue


def _clusters(state: Mapping[str, bytes], pass_over: Callable[[str, str], None]) -> Iterator[ClusterState]:
    """Those that can be read; no two have a shape in common."""
    shapes: set[int] = set()
    for key, data in state.items():
        if not key.startswith("cluster/"):
            continue
        try:
            saved = _cluster_decoder.decode(zlib.decompress(data))
        except (*UNDECODABLE, zlib.error) as error:
            pass_over(key, f"damaged: {error}")
            continue
        numbers = {shape.number for shape in saved.shapes}
        if key != f"cluster/{saved.number}" or numbers & shapes or not soundness.is_sound_cluster(saved):
            pass_over(key, "damaged: parts of it do not belong together")
            continue
        shapes |= numbers
        yield saved


def _load_shape(saved: ShapeState, owner: int, catalogue: Catalogue) -> None:
    shapes = catalogue.grouping.shapes
    shape = Shape(saved.number, owner)
    shape.times, shape.complete, shape.touched = saved.times, saved.complete, saved.touched
    shape.fragment, shape.followers = saved.fragment, saved.followers
    shapes.by_number[shape.number] = shape
    shapes.set_counts(shape, {catalogue.shared([activity])[0]: n for activity, n in saved.counts.items()})


def _load_cluster(saved: ClusterState, catalogue: Catalogue) -> Cluster:
    cluster = Cluster(saved.number)
    for name in (
        "id", "executions", "partial", "complete", "transfers", "written", "active_ms", "partial_ms", "own",
        "first_ms", "last_ms", "touched", "merged", "split_from",
        "coherent", "public",
    ):  # fmt: skip
        setattr(cluster, name, getattr(saved, name))
    cluster.counts = {catalogue.shared([activity])[0]: n for activity, n in saved.counts.items()}
    cluster.shapes = {shape.number for shape in saved.shapes}
    each = max(1, saved.executions // max(1, len(saved.people[0])))  # as far as an earlier version has kept it
    counts = saved.people_counts or [each] * len(saved.people[0])
    cluster.people = Distinct(saved.people[0], counts, overflowed=saved.people[1])
    cluster.teams = Distinct(saved.teams[0], overflowed=saved.teams[1])
    cluster.days = Days(saved.days)
    cluster.flows = dict(saved.flows)
    executions = [*_shared(saved.sample, catalogue), *_shared(saved.members, catalogue)]
    for execution in executions[: len(saved.sample)]:
        cluster.keep(execution)
    cluster.members = deque(sorted(executions, key=lambda e: (e.start_ms, e.id)), maxlen=MEMBERS)
    return cluster


def _shared(executions: Iterable[Execution], catalogue: Catalogue) -> list[Execution]:
    found = list(executions)
    for execution in found:
        execution.steps = catalogue.shared(execution.steps)
        catalogue.compact(execution)
    return found
