"""The catalogue of one tenant's routines: segments go in one by one, routines with evidence come out.

Pure: no clock, no randomness, no I/O. Bounded: clusters, executions kept of each, agents and activity names remembered.
``add`` decides at once by the models at hand; ``refine`` mends them and says what changed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from math import log2
from typing import Any, NamedTuple, TypeVar

from msgspec import structs

from streams.discovery.evidence.apart import bare, told_apart
from streams.discovery.evidence.fitting import within
from streams.discovery.evidence.record import SHOWN_VARIANTS, routine_of, variants_of
from streams.discovery.grouping import chains, refine
from streams.discovery.grouping.chains import ADJACENT, continues
from streams.discovery.grouping.coherence import is_coherent
from streams.discovery.grouping.days import Days
from streams.discovery.grouping.distinct import Distinct
from streams.discovery.grouping.execution import MAX_STEPS, Execution, ExecutionPiece, flows_of, from_segment
from streams.discovery.grouping.hashing import short_id
from streams.discovery.grouping.routines import Cluster, Grouping, Taken
from streams.discovery.grouping.shapes import JOIN, Shape
from streams.discovery.grouping.variants import LIMIT, Bags, Former, Variant, carry_ids
from streams.discovery.ranking import ranked_list
from streams.discovery.words.labels import app_name, object_name, screen_name
from taskstream.records import Assignment, Opportunity, Routine, Segment, Transfer
from taskstream.settings import Settings
from taskstream.topics import ROUTINES

MAX_CLUSTERS = 4_096
MAX_AGENTS = 50_000
REST_MS = 12 * 3_600_000
"""An agent of which nothing came for so long, by event time, has gone: each login makes another."""
MAX_MEMO = 20_000
"""Strings, and tuples of them, that executions share; of simulated work one execution in seven had steps of its own."""
MAX_WITHDRAWN = 1_000
"""Withdrawn routines that are remembered, so that their successors can be named."""
FEW_KNOWN = 10_000
"""Ids of segments known beyond twice as many as executions are kept; with more, those of what was let go are lost."""

T = TypeVar("T")


class Changes(NamedTuple):
    """What a refinement changed: routines that are new, different or withdrawn, segments that moved, and the ids of
    routines that were withdrawn so long ago that they are forgotten."""

    routines: list[Routine]
    assignments: list[Assignment]
    forgotten: list[str]


class Catalogue:
    """Routines of one tenant. ``k``: people that a routine must be seen from (1 only on one's own file).

    ``pauses``   how many segments, and the sum of the binary logarithms of their mean pause between two steps
    ``_groups``  routine as given from outside → number of its shape
    ``_agents``  of each agent when its last execution came, and this
    ``unsaved``  numbers of the clusters that changed or went since the last checkpoint
    ``_known``   ids of the segments whose executions are kept, and of some that were let go since it was last made
    """

    def __init__(self, tenant: str, *, k: int, max_clusters: int = MAX_CLUSTERS) -> None:
        self.tenant = tenant
        self.k = k
        self.grouping = Grouping(max_clusters)
        self.revision = 0
        self.days = Days()
        self.first_ms = 0
        self.last_ms = 0
        self.people = Distinct()
        self.pauses = [0.0, 0.0]
        self.unsaved: set[int] = set()
        self._groups: dict[int, int] = {}
        self._known: set[str] = set()
        self._memo: dict[Any, Any] = {}
        self._agents: OrderedDict[str, tuple[int, Execution]] = OrderedDict()
        self._published: dict[str, Routine] = {}
        self._listed: dict[str, Opportunity] = {}

    def add(
        self,
        segment: Segment,
        transfers: Sequence[Transfer] = (),
        told: Assignment | None = None,
        *,
        group: int | None = None,
    ) -> list[Assignment]:
        """Take in one execution, or a part of one, with the values moved in it; returns assignments to publish now.

        ``told`` is the assignment that the streams have published already. It is returned only if it was wrong; without
        it, the segment's assignment is returned if its routine is in the catalogue. ``refine`` gives all others.

        ``group`` is a routine that was found beforehand: then routines stay as given, and nothing is merged, split or
        joined.

        A segment may come again (a topic that is mirrored, or played once more). While its execution is kept, in the
        sample of its routine or among the latest, it counts once: nothing is changed or returned. One that was let go
        is not known from a new one and counts once more.
        """
        steps = self.shared([step.activity for step in segment.steps[:MAX_STEPS]])
        if not steps or segment.id in self._known:
            return []
        activities = frozenset(steps)
        grouping = self.grouping
        shape, fit = grouping.shapes.nearest(activities) if group is None else self._given(group, activities)
        if shape is None or (fit < JOIN and group is None):
            shape, fit = grouping.found(), 1.0
        cluster = grouping.owner(shape)
        if cluster.rests:  # what it keeps was packed, and its ids with it
            self._know(cluster)
            if segment.id in self._known:
                return []
        self._known.add(segment.id)
        self._observe(segment)
        grouping.arrivals += 1
        cluster.touched = shape.touched = grouping.arrivals
        shape.times += 1
        shape.complete += segment.complete
        flows = flows_of(transfers, _place) if transfers else ()
        execution = from_segment(segment, steps, transfers, flows, shape.number, fit)
        self.compact(execution)
        grouping.shapes.learn(shape, activities)
        whole = self._take(segment, execution, activities, cluster, shape)
        if not cluster.public and told is None:
            return []
        assignment = self._assign(whole, execution.pieces[0], cluster)
        return [] if told is not None and _same(told, assignment) else [assignment]

    def know_kept(self) -> None:
        """Know the segments of all executions that are kept, and of no others."""
        self._known.clear()
        for cluster in self.grouping:
            if not cluster.rests:
                self._know(cluster)

    def _know(self, cluster: Cluster) -> None:
        self._known.update([piece.id for execution in cluster.remembered() for piece in execution.pieces])

    def _given(self, group: int, activities: frozenset[str]) -> tuple[Shape | None, float]:
        """The shape of a routine given from outside, and how well the execution fits it."""
        shape = self.grouping.shapes.by_number.get(self._groups.get(group, -1))
        if shape is None:
            shape = self.grouping.found()
            self._groups[group] = shape.number
        return shape, shape.cosine(activities) if shape.times else 1.0

    def _take(
        self, segment: Segment, execution: Execution, activities: frozenset[str], cluster: Cluster, shape: Shape
    ) -> Execution:
        """Count the segment as an execution, as the continuation of the agent's last one, or as a mere fragment.

        Returns the execution that it belongs to.
        """
        _, previous = self._agents.pop(segment.agent, (0, None))
        while previous is not None and previous.joined is not None:
            previous = previous.joined
        if previous is not None and 0 < segment.first_seq - previous.last_seq <= ADJACENT:
            before = self.grouping.shapes.by_number.get(previous.last_shape)
            if before is not None:
                before.follow(shape.number, segment.start_ms - previous.end_ms)
                goes_on = continues(previous, shape.number, segment.first_seq, self.grouping.joints)
                if goes_on and before.owner == cluster.number:
                    cluster.extend(previous, execution, activities)
                    self._remember(segment.agent, previous)
                    return previous
                execution.before = before.owner
        if shape.fragment:
            cluster.take_part(execution)
        else:
            cluster.take(execution, activities)
        self._remember(segment.agent, execution)
        return execution

    def _remember(self, agent: str, execution: Execution) -> None:
        agents = self._agents
        agents[agent] = self.last_ms, execution  # by when it came: a laptop may tell of days ago
        while len(agents) > MAX_AGENTS or next(iter(agents.values()))[0] < self.last_ms - REST_MS:
            agents.popitem(last=False)

    def named(self, group: int) -> str:
        """Public id of a routine given from outside; empty where it is not in the catalogue."""
        shape = self.grouping.shapes.by_number.get(self._groups.get(group, -1))
        cluster = None if shape is None else self.grouping.owner(shape)
        return cluster.id if cluster is not None and cluster.public else ""

    def observe(self, segment: Segment) -> None:
        """Count the time of work that is of no routine."""
        self._observe(segment)

    def shared(self, activities: Sequence[str]) -> tuple[str, ...]:
        """The activities as strings of which each exists once."""
        one = self._one
        return one(tuple([one(activity) for activity in activities]))

    def compact(self, execution: Execution) -> None:
        """Let ``execution`` share what it has in common with others beside its steps: with them more than half of its
        memory."""
        one = self._one
        execution.tenant, execution.team, execution.roles = self.tenant, one(execution.team), one(execution.roles)
        execution.apps = self.shared(execution.apps)
        execution.flows = one(tuple([one(flow) for flow in execution.flows]))

    def _one(self, value: T) -> T:
        """An equal value that was here before; beyond the bound the memo starts anew."""
        memo = self._memo
        if len(memo) > MAX_MEMO:
            memo.clear()
        found: T = memo.setdefault(value, value)
        return found

    def _observe(self, segment: Segment) -> None:
        self.days.add(segment.start_ms, 1, segment.active_ms)
        self.first_ms = min(self.first_ms, segment.start_ms) if self.first_ms else segment.start_ms
        self.last_ms = max(self.last_ms, segment.end_ms)
        self.people.add(segment.actor)
        if len(segment.steps) > 1:
            self.pauses[0] += 1
            self.pauses[1] += log2(max(1.0, (segment.end_ms - segment.start_ms) / (len(segment.steps) - 1)))

    def _assign(self, execution: Execution, piece: ExecutionPiece, cluster: Cluster) -> Assignment:
        piece.routine = routine = cluster.id if cluster.public else ""
        piece.variant = cluster.variant_of(execution.steps) if routine else ""
        piece.execution = execution.id
        piece.version += 1
        return Assignment(
            segment=piece.id,
            tenant=execution.tenant,
            team=execution.team,
            routine=routine,
            variant=piece.variant,
            fit=round(piece.fit, 4),
            start_ms=piece.start_ms,
            active_ms=piece.active_ms,
            version=piece.version,
            execution=execution.id,
        )

    def refine(self) -> Changes:
        """Merge, absorb and split; bring the public routines up to date. Does nothing when nothing was added."""
        grouping = self.grouping
        if not any(cluster.dirty for cluster in grouping):
            return Changes([], [], [])
        self.revision += 1
        retired: dict[str, str] = {}
        for kept, lost in self._regroup():
            if lost.id:
                retired[lost.id] = kept.id
                kept.merged = tuple(sorted({*kept.merged, *lost.merged, lost.id}))[-64:]
            elif lost.merged:
                kept.merged = tuple(sorted({*kept.merged, *lost.merged}))[-64:]
        self._name_new()
        self.unsaved |= grouping.gone
        grouping.gone.clear()
        self.unsaved |= {cluster.number for cluster in grouping if cluster.dirty}
        return self._publish(retired)

    def _regroup(self) -> Taken:
        if self._groups:
            return []
        taken = refine.merge_similar(self.grouping)
        refine.split_mixtures(self.grouping)
        step_pause = self.pauses[1] / max(1.0, self.pauses[0])
        taken += chains.join_parts(self.grouping, step_pause)
        return taken + refine.absorb_fragments(self.grouping)

    def _qualifies(self, cluster: Cluster) -> bool:
        """Whether the cluster is a routine that may be public: enough executions and people, and of one kind."""
        if cluster.executions < refine.FEW or cluster.people.usual() < self.k:
            return False
        if cluster.dirty and not self._groups:
            cluster.coherent = is_coherent(cluster.sampled())
        return cluster.coherent

    def _name_new(self) -> None:
        """Give ids to clusters that enter the catalogue: a hash of what its first public model was."""
        used = {cluster.id for cluster in self.grouping if cluster.id}
        for cluster in sorted(self.grouping, key=lambda c: (-c.executions, sorted(c.counts)[:8], c.number)):
            if cluster.id or not self._qualifies(cluster):
                continue
            skeleton = cluster.skeleton() or sorted(cluster.counts)
            attempt = 0
            while (name := "r" + short_id(self.tenant, str(attempt), *skeleton)) in used:
                attempt += 1
            cluster.id = name
            used.add(name)

    def _publish(self, retired: dict[str, str]) -> Changes:
        names = {c.number: self._published[c.id].name for c in self.grouping if c.id in self._published}
        telling = self._telling()
        changed: list[Routine] = []
        moved: list[Assignment] = []
        current: set[str] = set()
        for cluster in sorted([c for c in self.grouping if c.id], key=lambda c: c.id):
            cluster.public = self._qualifies(cluster)
            if cluster.public:
                current.add(cluster.id)
                if cluster.dirty:
                    made = self._routine(cluster, telling, names, self._former(cluster.id, retired))
                    known = names.get(cluster.number, "")
                    self._put(structs.replace(made, name=known) if bare(known) == made.name else made, changed)
        living = [self._published[one] for one in sorted(current & self._published.keys())]
        for one, name in told_apart(living).items():
            self._name(one, name, changed)
        for cluster in self.grouping:
            if cluster.dirty:
                moved += self._reassign(cluster)
            cluster.dirty = False
            cluster.settle(self.last_ms)
        if len(self._known) > 2 * sum([cluster.kept for cluster in self.grouping]) + FEW_KNOWN:
            self.know_kept()
        for routine in sorted(self._published.keys() - current):
            before = self._published[routine]
            into = retired.get(routine, retired.get(before.into, before.into))
            self._put(structs.replace(before, into=into, withdrawn=True), changed)
        return Changes(changed, moved, self._forget())

    def _forget(self) -> list[str]:
        """Forget the routines that were withdrawn longest ago, beyond the bound; returns their ids."""
        withdrawn = [routine for routine in self._published.values() if routine.withdrawn]
        if len(withdrawn) <= MAX_WITHDRAWN:
            return []
        withdrawn.sort(key=lambda routine: (routine.version, routine.id))
        gone = [routine.id for routine in withdrawn[: len(withdrawn) - MAX_WITHDRAWN]]
        for name in gone:
            del self._published[name]
            self._listed.pop(name, None)
        return gone

    def _former(self, routine: str, retired: dict[str, str]) -> list[Former]:
        """The variants last made public of a routine, and of those that it has taken over since."""
        names = [routine, *sorted(lost for lost, kept in retired.items() if kept == routine)]
        known = [self._published[name] for name in names if name in self._published]
        return [Former(variant.id, variant.steps, variant.merged) for one in known for variant in one.variants]

    def _routine(
        self, cluster: Cluster, telling: dict[str, float], names: dict[int, str], former: list[Former]
    ) -> Routine:
        found = carry_ids(variants_of(cluster, self.k, SHOWN_VARIANTS), former)
        cluster.bags = Bags()
        cluster.variants = [(variant.id, cluster.bags.mask(variant.steps)) for variant in found]
        shapes = [self.grouping.shapes.by_number[number] for number in sorted(cluster.shapes)]
        routine = routine_of(cluster, self.tenant, self.k, found, shapes, telling, lambda number: names.get(number, ""))
        return within(routine, ROUTINES.value_bytes)

    def _put(self, routine: Routine, changed: list[Routine]) -> None:
        """Publish ``routine`` if it differs from what was published.

        Its version is the number of the refinement: so it rises also where a routine comes back that was forgotten.
        """
        before = self._published.get(routine.id)
        if before is not None and structs.replace(routine, version=before.version) == before:
            return
        routine = structs.replace(routine, version=self.revision)
        self._published[routine.id] = routine
        changed.append(routine)

    def _name(self, routine: str, name: str, changed: list[Routine]) -> None:
        """Publish a routine under ``name``, which others of the list made necessary."""
        before = self._published[routine]
        if before.name == name:
            return
        changed[:] = [one for one in changed if one.id != routine]
        self._put(structs.replace(before, name=name), changed)

    def _reassign(self, cluster: Cluster) -> list[Assignment]:
        """Assignments of the remembered segments that are new or have changed."""
        routine = cluster.id if cluster.public else ""
        return [
            self._assign(execution, piece, cluster)
            for execution in cluster.members
            for piece in execution.pieces
            if piece.routine != routine or (routine and piece.execution != execution.id)
        ]

    def _telling(self) -> dict[str, float]:
        """Activity → 1 / number of routines in at least a fifth of whose executions it occurs."""
        holders: dict[str, int] = {}
        for cluster in self.grouping:
            if not cluster.id:
                continue
            for activity, n in cluster.counts.items():
                if 5 * n >= cluster.executions:
                    holders[activity] = holders.get(activity, 0) + 1
        return {activity: 1.0 / n for activity, n in holders.items()}

    def resume(self, published: Sequence[Routine], listed: Sequence[Opportunity]) -> bool:
        """Take up what was made public before: later versions count on from there, and variants keep their ids.

        Returns whether some of what is public is lacking in it. The next refinement publishes that again.
        """
        self._published = {routine.id: routine for routine in published}
        self._listed = {opportunity.id: opportunity for opportunity in listed}
        versions = [routine.version for routine in published] + [opportunity.version for opportunity in listed]
        self.revision = max([self.revision, *versions])  # where the catalogue is built anew, it counts on
        lacks = False
        for cluster in self.grouping:
            known = self._published.get(cluster.id)
            if known is not None:
                cluster.bags = Bags()
                cluster.variants = [(variant.id, cluster.bags.mask(variant.steps)) for variant in known.variants]
            elif cluster.public:
                cluster.dirty = lacks = True
        return lacks

    def published(self) -> list[Routine]:
        """Every routine as last published, with the withdrawn ones that are remembered."""
        return [routine for _, routine in sorted(self._published.items())]

    def listed(self) -> list[Opportunity]:
        """Every opportunity as last published, with the withdrawn ones."""
        return [opportunity for _, opportunity in sorted(self._listed.items())]

    def routines(self) -> list[Routine]:
        """The routines in the catalogue as last published, those with most executions first."""
        living = [routine for routine in self._published.values() if not routine.withdrawn]
        return sorted(living, key=lambda routine: (-routine.executions, routine.id))

    def successor(self, routine: str) -> str:
        """The routine that took over one that is no longer in the catalogue; empty where none did."""
        known = self._published.get(routine)
        return known.into if known is not None and known.withdrawn else ""

    def variants(self, routine: str, limit: int = LIMIT) -> list[Variant]:
        """How a routine is carried out: few real executions that stand for all others, the most frequent first."""
        for cluster in self.grouping:
            if cluster.id == routine:
                return variants_of(cluster, self.k, limit)
        return []

    def opportunities(self, settings: Settings, resolution_ms: int = 1) -> list[Opportunity]:
        """The ranked list as it is now; ``resolution_ms``: how fine the times are told of which it is made."""
        observed = ranked_list.Observed(
            days=self.days,
            by_routine={cluster.id: cluster.days.of_time(cluster.own) for cluster in self.grouping if cluster.id},
            first_ms=self.first_ms,
            last_ms=self.last_ms,
            people=len(self.people),
            resolution_ms=resolution_ms,
        )
        # A routine whose cluster could not be restored has no figures any more.
        return ranked_list.rank([r for r in self.routines() if r.id in observed.by_routine], observed, settings)

    def changed_opportunities(self, settings: Settings) -> list[Opportunity]:
        """Opportunities that are new, different or withdrawn since the last call, with their versions."""
        now = {opportunity.id: opportunity for opportunity in self.opportunities(settings)}
        for gone, before in self._listed.items():
            if gone not in now:
                now[gone] = structs.replace(before, withdrawn=True)
        changed = []
        for name, opportunity in now.items():
            known = self._listed.get(name)
            if known is not None:
                same = structs.replace(opportunity, version=known.version, updated_ms=known.updated_ms)
                if same == known:
                    continue
            version = max(self.revision, known.version + 1 if known is not None else 0)
            opportunity = structs.replace(opportunity, version=version)
            self._listed[name] = opportunity
            changed.append(opportunity)
        return changed


def _same(told: Assignment, now: Assignment) -> bool:
    return (told.routine, told.variant, told.execution) == (now.routine, now.variant, now.execution)


def _place(app: str, screen: str, element: str) -> str:
    """A field in words: ``Excel (Sheet1) / column B``. Application and screen come before the last `` / ``."""
    where = app_name(app) if app else ""
    name = screen_name(app, screen)
    field = object_name(f"{app}||{screen}|{element}") or "a field"
    return f"{where} ({name}) / {field}" if name else f"{where} / {field}"
