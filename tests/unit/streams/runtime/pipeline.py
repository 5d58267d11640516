"""All partitions of both phases on logs in memory, with a clock that tests set: a day passes in a moment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import msgspec

from streams.operator import InputRecord, Operator, Output
from streams.runtime.heartbeat import IdleHeartbeat
from streams.runtime.tables_follower import PublishedTables
from streams.runtime.tables_writer import TablesWriter
from streams.stages.partition import PartitionState
from streams.stages.stage_settings import StageSettings
from streams.teams.team_partition import TeamPartitionState
from taskstream.events import BATCH_TYPE, EventBatch, encode
from taskstream.settings import Settings

EVENTS, PARTIAL = "ui-events", "activity.partial"
Place = tuple[str, int]


class Owned:
    """A checkpoint without Kafka: what the heartbeat looks at. Committed is what the log of outputs holds."""

    def __init__(self, place: Place, operator: Operator, position: int) -> None:
        self.topic, self.partition = place
        self.operator, self.position, self.state = operator, position, "ready"


class Pipeline:
    """Workers over ``partitions``; :meth:`stop` and :meth:`start` end and begin all of them, with snapshots between.

    ``now_ms`` is the world's time; records are stamped with it. ``workers`` share the partitions, so that none of them
    sees all of the first phase.
    """

    def __init__(self, partitions: int, workers: int = 1, **settings: Any) -> None:
        self.settings = Settings(partitions=partitions, prefix="", k=1, **settings)
        self.partitions = partitions
        self.workers = workers
        self.now_ms = 0
        self.logs: dict[Place, list[InputRecord]] = {}
        self.rows: list[dict[str, Any]] = []
        self._saved: dict[Place, tuple[int, dict[str, bytes]]] = {}
        self._owned: list[dict[Place, Owned]] = []
        self._beats: list[IdleHeartbeat] = []
        self.published: dict[str, PublishedTables] = {}
        self._writers: list[TablesWriter] = []
        self._uptime_s = 0.0
        for topic in (EVENTS, PARTIAL):
            for partition in range(partitions):
                self.logs[topic, partition] = []
                self._saved[topic, partition] = (0, {})

    # --- the broker's side

    def append(self, place: Place, key: bytes | None, value: bytes, headers: Iterable[tuple[str, bytes]]) -> None:
        """A record at the end of a partition's log."""
        log = self.logs[place]
        log.append(InputRecord(len(log), self.now_ms, key, value, tuple(headers)))

    def send(self, partition: int, batch: EventBatch) -> None:
        """A desktop hands a batch over."""
        self.append((EVENTS, partition), batch.actor.encode(), encode(batch), [("ce_type", BATCH_TYPE)])

    def produce(self, topic: str, value: bytes, *, partition: int, headers: list[tuple[str, bytes]]) -> None:
        """A worker writes a heartbeat, or tables."""
        self.append((topic, partition), None, value, headers)

    def poll(self, timeout: float) -> int:
        """Nothing is under way."""
        return 0

    def purge(self) -> None:
        """Nothing is under way."""

    # --- the workers' side

    def start(self) -> None:
        """All workers begin, from what their predecessors saved."""
        self._owned = [{} for _ in range(self.workers)]
        self._beats = [IdleHeartbeat(self.settings, self) for _ in range(self.workers)]
        self._writers = [TablesWriter(self.settings, self, lambda: self.published) for _ in range(self.workers)]
        for place, (position, items) in self._saved.items():
            operator = self._operator(place)
            operator.load(items)
            self._owned[place[1] % self.workers][place] = Owned(place, operator, position)

    def _operator(self, place: Place) -> Operator:
        if place[0] == EVENTS:
            return PartitionState(place[1], StageSettings.of(self.settings))
        return TeamPartitionState(place[1], self.partitions, self.settings.k)

    def stop(self) -> None:
        """All workers end."""
        for place, owned in self._all():
            items = self._saved[place][1]
            for key, data in owned.operator.snapshot():
                if data is None:
                    items.pop(key, None)
                else:
                    items[key] = data
            self._saved[place] = (owned.position, items)
        self._owned = []

    def pass_time(self, seconds: int, *, reads: bool = True) -> None:
        """Time passes; whether workers run or not. ``reads``: what is new in the logs reaches them."""
        for _ in range(seconds):
            self.now_ms += 1_000
            self._uptime_s += 1.0
            self.work(reads=reads)

    def work(self, *, reads: bool = True) -> None:
        """What the workers do in a second."""
        if not self._owned:
            return
        for topic in (EVENTS, PARTIAL) if reads else ():
            for place, owned in self._all():
                if place[0] == topic:
                    for record in self.logs[place][owned.position :]:
                        self._put(owned.operator.apply(record))
                    self._put(owned.operator.flush())
                    owned.position = len(self.logs[place])
        ends = {place: len(log) for place, log in self.logs.items()}
        for beat, writer, owned_here in zip(self._beats, self._writers, self._owned, strict=True):
            beat.beat(cast(Any, list(owned_here.values())), self._uptime_s, ends)
            writer.write(cast(Any, list(owned_here.values())), self._uptime_s, ends)

    def _all(self) -> list[tuple[Place, Owned]]:
        return [found for owned in self._owned for found in owned.items()]

    def _put(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            if output.topic == PARTIAL:
                self.append((PARTIAL, output.partition), output.key, output.value or b"", output.headers or ())
            elif output.topic == "activity":
                self.rows.append(msgspec.json.decode(output.value or b""))

    # --- what can be seen

    def phase_1(self) -> list[PartitionState]:
        """The partitions of ui-events."""
        return [cast(PartitionState, owned.operator) for place, owned in self._all() if place[0] == EVENTS]

    def released_ms(self) -> int:
        """The time before which every partition of the second phase has released its windows."""
        teams = [cast(TeamPartitionState, owned.operator) for place, owned in self._all() if place[0] == PARTIAL]
        return min(team.released for team in teams) * 60_000

    def counted(self) -> list[tuple[Any, ...]]:
        """The rows without their ids."""
        names = ("tenant", "team", "window_start_ms", "app", "kind", "events", "active_ms", "people", "late")
        return sorted(tuple(row[name] for name in names) for row in self.rows)
