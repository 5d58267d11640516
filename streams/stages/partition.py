"""Phase 1: one partition of ``ui-events`` through all stages. Pure: worker, tests and offline tools run the same."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from streams.dead_letter import InputPlace, dead_letter
from streams.operator import Output, Record
from streams.stages import cells
from streams.stages.agent_state import AgentState
from streams.stages.agent_table import AgentTable
from streams.stages.cells import add
from streams.stages.deduplicate import Numbering
from streams.stages.gather import BatchColumns
from streams.stages.link import transfer_of
from streams.stages.oversize import encoded, encoded_sample
from streams.stages.sampled_people import share
from streams.stages.segment import AgentSegmenter
from streams.stages.sessionise import Reason
from streams.stages.skew import certain_ms, correct, not_beyond, skew_of
from streams.stages.snapshot_format import HEAD, OpenSession, PartitionSnapshot
from streams.stages.stage_settings import StageSettings
from streams.stages.tenant_tables import KIND, LoadedTables, TablesMarker, TenantTables
from streams.stages.validate import MAX_DETAIL, Refusal, decode, follows
from streams.stages.window import MAX_LATE_WINDOWS, WINDOW_MS, Cell, Team, Teams, What, Windows, flat
from taskstream.errors import UNDECODABLE
from taskstream.event_columns import COLUMNS_TYPE
from taskstream.events import MAX_ADVANCE_MS, EventBatch, Heartbeat, UiEvent, encode
from taskstream.faults import place_of
from taskstream.privacy.redact import redact_batch
from taskstream.records import ActivityPartial, Segment, Session, WindowMark
from taskstream.topics import ACTIVITY_PARTIAL, CLEAN, SEGMENTS, SESSIONS, STEPS, TRANSFERS, UI_EVENTS

MAX_FAULTS: Final = 100
"""Places of faults kept between two takings of the counts."""
MARK_HEADERS: Final = [("ce_type", b"taskstream.mark")]


class PartitionCounts:
    """What happened since the counts were last taken; for metrics and the log, no part of the state.

    ``faults``  places of exceptions in a stage (:func:`taskstream.faults.place_of`); each has its dead letter, too
    """

    def __init__(self) -> None:
        self.messages = 0
        self.events_in = 0
        self.events_out = 0
        self.duplicates = 0
        self.gaps = 0
        self.skewed = 0
        self.redacted = 0
        self.late = 0
        self.cut = 0
        self.tables = 0
        self.sent_ms = 0
        self.refused: dict[str, int] = {}
        self.faults: list[str] = []


class PartitionState:
    """All state of one partition of ``ui-events``. Implements :class:`streams.operator.Operator`.

    ``agents``, ``closed`` and ``models`` are those of ``table``. ``watermark_ms`` is −1 before the first event. Event
    time is judged once per record, by the watermark before it. Open agents and kept models together are at most
    ``max_agents``; the longest silent lose theirs first.
    """

    def __init__(self, partition: int, settings: StageSettings) -> None:
        self.partition = partition
        self.settings = settings
        self.table = AgentTable()
        self.agents = self.table.opened
        self.closed = self.table.closed
        self.models = self.table.models
        self.windows = Windows()
        self.tables = TenantTables()
        self.watermark_ms = -1
        self.heard = -1
        """Offset of the last record but tables and heartbeats that follow, which the owner writes. No state."""
        self.counts = PartitionCounts()
        self._columns = (
            BatchColumns()
        )  # empty between two calls of ``flush`` and the next record, so no part of snapshots
        self._chunks: dict[int, int] = {}
        self._late_chunks = 0
        self._has_head = False
        self._out: list[Output] = []
        self._record: Record

    @property
    def waiting(self) -> bool:
        """Whether anything is open that only the advance of event time will close."""
        return bool(self.agents or self.windows.open or self.windows.late)

    def take_counts(self) -> PartitionCounts:
        """The counts since the last call."""
        counts, self.counts = self.counts, PartitionCounts()
        return counts

    # --- the stages, in order

    def apply(self, record: Record) -> list[Output]:
        """Everything that ``record`` causes, in order."""
        out: list[Output] = []
        self._out = out
        self._record = record
        counts = self.counts
        counts.messages += 1
        message = decode(record, self.settings.accepted)
        kind = type(message)
        if kind is not TablesMarker and (kind is not Heartbeat or not follows(record)):
            self.heard = record.offset
        if type(message) is EventBatch:
            self._batch(record, message)
        elif type(message) is Heartbeat:
            self._heartbeat(message)
        elif type(message) is TablesMarker:
            self._take_tables(message.tables)
            self._heartbeat(message.heartbeat)
        elif type(message) is Refusal:
            self._refuse(message, "validate")
        return out

    def flush(self) -> list[Output]:
        """The clean batches gathered since the last message of them; see :class:`streams.operator.Operator`."""
        self._out = []
        if self._columns.rows:
            self._gathered()
        return self._out

    def _gathered(self) -> None:
        """End a message of clean batches."""
        name, data = self._columns.take()
        headers = [
            ("ce_specversion", b"1.0"), ("ce_type", COLUMNS_TYPE), ("ce_source", b"ui-events/%d" % self.partition),
            ("ce_id", name),
        ]  # fmt: skip
        self._out.append(Output(CLEAN.name, self.partition, None, data, headers))

    def _batch(self, record: Record, batch: EventBatch) -> None:
        counts, settings = self.counts, self.settings
        total = len(batch.events)
        counts.events_in += total
        counts.sent_ms = batch.sent_ms
        numbering = self.table.numbering(batch.agent)
        admitted = numbering.admit(batch.first_seq, total)
        counts.duplicates += admitted.duplicates
        if not admitted.ranges:
            return
        self._agent(batch, numbering)
        if admitted.missing is not None:
            self._gap(batch, admitted.missing)
        newest_ms = max([event.at_ms for event in batch.events])
        skew = skew_of(batch.sent_ms, newest_ms, record.timestamp, settings.max_skew_ms)
        for start, end in admitted.ranges:
            part = batch
            if end - start != total:
                part = msgspec.structs.replace(batch, first_seq=batch.first_seq + start, events=batch.events[start:end])
            if skew:
                part = correct(part, skew)
                counts.skewed += end - start
            clean = redact_batch(part)
            if clean is not part:
                counts.redacted += sum(a is not b for a, b in zip(clean.events, part.events, strict=True))
            self._clean(clean)

    def _clean(self, batch: EventBatch) -> None:
        """A batch of new, checked, redacted events of one agent."""
        settings, out, events = self.settings, self._out, batch.events
        agent = self.agents[batch.agent]
        if agent.team != batch.team or agent.actor != batch.actor or agent.tenant != batch.tenant:
            agent = self._move(agent, batch)
        first = batch.first_seq
        size = len(self._record.value or b"")
        if self._columns.full(size):
            self._gathered()
        self._columns.add(batch, size)
        self.counts.events_out += len(events)
        active: list[int] = []
        for piece in agent.sessioniser.push(first, events, settings.session_gap_ms, settings.idle_ms, active):
            chunk = events[piece.start : piece.end]
            seq = first + piece.start
            for link in agent.linker.push(seq, chunk):
                owner = agent.tenant, agent.team, agent.actor, agent.agent
                out.append(Output(TRANSFERS.name, self.partition, agent.key, encode(transfer_of(owner, link))))
            self._segment(agent, seq, chunk)
            if piece.closed is not None:
                fresh = piece.end > piece.start
                behind = self.watermark_ms - piece.closed.end_ms if fresh else agent.behind_ms
                self._end_session(agent, piece.closed, piece.reason, behind)
        self.counts.late += self.windows.add(batch, active)
        if len(self.windows.late) > MAX_LATE_WINDOWS and self.windows.horizon is not None:
            self._partials(self.windows.flush_late(self.windows.horizon, self.partition))
        newest = max([event.at_ms for event in events])
        watermark = certain_ms(newest, batch.sent_ms, self._record.timestamp) - settings.disorder_ms
        agent.touched, agent.seen_ms = self._record.offset, max(watermark, self.watermark_ms)
        agent.behind_ms = self.watermark_ms - events[-1].at_ms
        self.table.touch(agent, settings.max_hot)
        if watermark > self.watermark_ms:
            self._advance(watermark)

    def _segmenter(self, agent: AgentState) -> AgentSegmenter:
        """The agent's segmenter, to be used now: it decides by the tables of its tenant, and keeps the steps that it
        decides where they are sampled. Both are given each time: a segmenter that was at rest knows nothing of them."""
        segmenter = agent.segmenter()
        segmenter.use(self.tables.of(agent.tenant))
        sampled = self.table.models.sampled
        segmenter.sampling = sampled.holds(agent.tenant, agent.key, share(self.settings.partitions))
        return segmenter

    def _segment(self, agent: AgentState, seq: int, events: Sequence[UiEvent]) -> None:
        try:
            segmenter = self._segmenter(agent)
            push = segmenter.push
            for number, event in enumerate(events, seq):
                segments = push(number, event)
                if segments:
                    self._emit_segments(agent, segments)
            self._emit_sample(agent, segmenter)
        except Exception as error:  # noqa: BLE001  # a fault of the model costs one agent's open executions, no more
            self._fault(agent, error)

    def _flush_segmenter(self, agent: AgentState) -> None:
        try:
            segmenter = self._segmenter(agent)
            self._emit_segments(agent, segmenter.flush())
            self._emit_sample(agent, segmenter)
        except Exception as error:  # noqa: BLE001  # as above
            self._fault(agent, error)

    def _pause(self, agent: AgentState) -> None:
        """Decide what a quiet agent has finished; it is not expected back at once."""
        try:
            segmenter = self._segmenter(agent)
            self._emit_segments(agent, segmenter.pause())
            self._emit_sample(agent, segmenter)
            agent.rest()
        except Exception as error:  # noqa: BLE001  # as above
            self._fault(agent, error)

    def _emit_segments(self, agent: AgentState, segments: Sequence[Segment]) -> None:
        for segment in segments:
            for value in encoded(segment, SEGMENTS.value_bytes):
                self._out.append(Output(SEGMENTS.name, self.partition, agent.key, value))

    def _emit_sample(self, agent: AgentState, segmenter: AgentSegmenter) -> None:
        """The steps decided by this use: before anything is stored, for they are no part of a snapshot."""
        sample = segmenter.take_sample()
        if sample is not None:
            for value in encoded_sample(sample, STEPS.value_bytes):
                self._out.append(Output(STEPS.name, self.partition, agent.key, value))

    def _fault(self, agent: AgentState, error: Exception) -> None:
        place = place_of(error)
        if len(self.counts.faults) < MAX_FAULTS:
            self.counts.faults.append(place)
        self._refuse(Refusal("fault", f"agent {agent.agent}: {place}"[:MAX_DETAIL]), "segment")
        agent.reset_segmenter()

    def _heartbeat(self, heartbeat: Heartbeat) -> None:
        """Event time goes on without events: by some time, and, where the heartbeat says so, up to the other sources'.

        Before such a heartbeat all input of the partition had been read, so nothing of before is still to come. Neither
        leads further than the broker's time allows, and none turns event time back.
        """
        arrived_ms = self._record.timestamp
        others_ms = not_beyond(heartbeat.at_ms, arrived_ms)
        if self.watermark_ms >= 0:
            advanced_ms = not_beyond(self.watermark_ms + heartbeat.advance_ms, arrived_ms, MAX_ADVANCE_MS)
            if follows(self._record):
                advanced_ms = max(advanced_ms, others_ms)
            self._advance(max(self.watermark_ms, advanced_ms))
        elif heartbeat.at_ms:
            self._advance(others_ms)

    def _take_tables(self, tables: LoadedTables) -> None:
        """What was learned of a tenant's work counts from this record on. What is no newer comes of two writers."""
        if not self.tables.has_room(tables.served.tenant):
            self._refuse(Refusal("tables", "tables of more tenants than a partition keeps"), "tables")
        elif self.tables.take(tables):
            self.counts.tables += 1

    # --- event time

    def _advance(self, watermark_ms: int) -> None:
        """Move the watermark: decide for quiet agents, close silent ones, then windows, then say so to phase 2."""
        self.watermark_ms = watermark_ms
        for agent in self.table.fallen_quiet(watermark_ms):
            self._pause(agent)
        patience = self.settings.session_gap_ms + self.settings.lateness_ms
        agents = self.agents
        while agents:
            agent = next(iter(agents.values()))
            if agent.seen_ms + patience > watermark_ms:
                break
            self._retire(agent, "gap")
        horizon = (watermark_ms - self.settings.lateness_ms) // WINDOW_MS
        if self.windows.horizon is None or horizon > self.windows.horizon:
            self._partials(self.windows.advance(horizon, self.partition))
            mark = encode(WindowMark(source=self.partition, before_ms=horizon * WINDOW_MS))
            for target in range(self.settings.partitions):
                self._out.append(Output(ACTIVITY_PARTIAL.name, target, None, mark, MARK_HEADERS))
        self.table.forget(watermark_ms, self.settings.max_agents)

    def _partials(self, partials: Iterable[ActivityPartial]) -> None:
        for partial in partials:
            key = f"{partial.tenant}/{partial.team}".encode()
            target = zlib.crc32(key) % self.settings.partitions
            self._out.append(Output(ACTIVITY_PARTIAL.name, target, key, encode(partial)))

    # --- agents

    def _agent(self, batch: EventBatch, numbering: Numbering) -> None:
        """Have the batch's agent among the open ones."""
        self.table.changed(batch.agent)
        if batch.agent not in self.agents:
            while len(self.agents) >= self.settings.max_agents:
                self.counts.cut += 1
                self._retire(next(iter(self.agents.values())), "bound")
            self.table.open(batch, numbering, self.settings.max_agents)

    def _retire(self, agent: AgentState, reason: Reason) -> None:
        """Close everything of an agent that fell silent (or has to make room)."""
        self._end_session(agent, agent.sessioniser.close(), reason, agent.behind_ms)
        self.table.close(agent)

    def _move(self, agent: AgentState, batch: EventBatch) -> AgentState:
        """The agent under another person or team: what was open belongs to the former."""
        self._end_session(agent, agent.sessioniser.close(), "bound", agent.behind_ms)
        moved = AgentState(batch.tenant, batch.team, batch.actor, batch.agent)
        self.table.replace(agent, moved)
        return moved

    def _end_session(self, agent: AgentState, session: OpenSession | None, reason: Reason, behind_ms: int) -> None:
        self._flush_segmenter(agent)
        agent.linker.clear()
        if session is None:
            return
        record = Session(
            id=f"{agent.agent}:{session.first_seq}", tenant=agent.tenant, team=agent.team, actor=agent.actor,
            agent=agent.agent, first_seq=session.first_seq, last_seq=session.last_seq, start_ms=session.start_ms,
            end_ms=session.end_ms, active_ms=session.active_ms, events=session.events, apps=len(session.apps),
            switches=session.switches, reason=reason, late=behind_ms > self.settings.lateness_ms,
        )  # fmt: skip
        self._out.append(Output(SESSIONS.name, self.partition, agent.key, encode(record)))

    # --- refusals

    def _gap(self, batch: EventBatch, missing: tuple[int, int]) -> None:
        self.counts.gaps += missing[1] - missing[0] + 1
        detail = f"agent {batch.agent}: events {missing[0]} to {missing[1]} never came"
        self._refuse(Refusal("gap", detail), "deduplicate")

    def _refuse(self, refused: Refusal, stage: str) -> None:
        record = self._record
        self.counts.refused[refused.reason] = self.counts.refused.get(refused.reason, 0) + 1
        payload = (record.value or b"") if stage == "validate" else b""  # elsewhere the batch itself was let in
        source = InputPlace(UI_EVENTS.name, self.partition, record)
        self._out.append(dead_letter(source, refused.reason, refused.detail, stage, payload))

    # --- snapshots

    def snapshot(self) -> list[tuple[str, bytes | None]]:
        """Items changed since the last snapshot; see :class:`streams.operator.Operator`."""
        items = list(self.table.snapshot())
        items += self.tables.snapshot()
        windows = self.windows
        for number in sorted(windows.dirty):
            chunks = cells.dump(flat(windows.open.get(number, {})))
            items += cells.replaced(f"w:{number}", chunks, self._chunks.pop(number, 0))
            if chunks:
                self._chunks[number] = len(chunks)
        windows.dirty.clear()
        late = cells.dump({(n, *key): cell for n, teams in windows.late.items() for key, cell in flat(teams).items()})
        items += cells.replaced("l", late, self._late_chunks)
        self._late_chunks = len(late)
        saved = PartitionSnapshot(
            self.watermark_ms, windows.horizon, windows.released, self._chunks, self._late_chunks, self.settings
        )
        items.append((HEAD, msgspec.msgpack.encode(saved)))
        return items

    def configure(self, settings: StageSettings) -> bool:
        """Go on with other settings from the next record on; see :class:`streams.operator.Operator`."""
        changed = settings != self.settings
        self.settings = settings
        return changed

    def save_all(self) -> None:
        """Let the next snapshot hold everything, changed or not."""
        self.table.save_all()
        self.tables.save_all()
        self.windows.dirty |= self.windows.open.keys()

    def load(self, items: Mapping[str, bytes]) -> dict[str, str]:
        """Take over what :meth:`snapshot` gave, with the settings of then; see :class:`streams.operator.Operator`."""
        agents: list[tuple[str, str, bytes]] = []
        unread: dict[str, str] = {}
        first = {HEAD: items[HEAD]} if HEAD in items else {}  # it tells which others belong to the snapshot
        for key, data in {**first, **items}.items():
            kind, _, name = key.partition(":")
            if kind in ("a", "m"):
                agents.append((kind, name, data))
                continue
            try:
                self._load(kind, name, data)
            except UNDECODABLE as error:
                unread[key] = str(error)
        return unread | self.table.load(agents, self.watermark_ms)

    def _stored(self) -> dict[int, int] | None:
        """How many chunks of each window the snapshot has that is being loaded; None: not known."""
        return self._chunks if self._has_head else None

    def _load(self, kind: str, name: str, data: bytes) -> None:
        windows = self.windows
        if kind == "w":
            number, chunk = cells.window_of(name, self._stored()), cells.load(data, cells.PLAIN)
            for (tenant, team, app, what), cell in chunk:
                _join(windows.open, number, (tenant, team), (app, what), cell)
        elif kind == "l":
            if self._stored() is not None:
                cells.check_index(name, self._late_chunks)
            for (number, tenant, team, app, what), cell in cells.load(data, cells.DATED):
                _join(windows.late, number, (tenant, team), (app, what), cell)
        elif kind == KIND:
            self.tables.load(name, data)
        elif kind == HEAD and not name:
            state = msgspec.msgpack.decode(data, type=PartitionSnapshot)
            self.watermark_ms, windows.horizon, windows.released = state.watermark_ms, state.horizon, state.released
            self._chunks, self._late_chunks = state.chunks, state.late_chunks
            self.settings = state.settings or self.settings
            self._has_head = True
        else:
            raise ValueError("no name of an item")


def _join(windows: dict[int, Teams], number: int, team: Team, what: What, cell: Cell) -> None:
    add(windows.setdefault(number, {}).setdefault(team, {}).setdefault(what, Cell(0, 0, set())), cell)
