"""The promise of the checkpoint: the same log gives the same bytes, however it is cut, restored or repeated."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterable, Sequence

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.discovery.semimarkov.teaching import teach
from streams.operator import InputRecord, Operator, Output
from streams.stages.partition import PartitionState
from streams.stages.stage_settings import StageSettings
from streams.teams.team_partition import TeamPartitionState
from taskstream.events import EventBatch, Heartbeat, UiEvent
from taskstream.records import StepSample
from tests.unit.streams.build import T0, batch, marker, record, value

RULES = StageSettings(partitions=2, max_agents=3)
KINDS = ("click", "edit", "window", "copy", "paste", "keys", "submit", "lock", "idle", "health", "save")


def log_of(seed: int, size: int) -> list[EventBatch | Heartbeat | bytes]:
    """A believable log with everything unpleasant in it: pauses, late agents, holes, heartbeats, poison, secrets."""
    rnd = random.Random(seed)
    seqs, clocks = dict.fromkeys("abcde", 0), {agent: T0 + rnd.randrange(3_600_000) for agent in "abcde"}
    log: list[EventBatch | Heartbeat | bytes] = []
    for _ in range(size):
        dice = rnd.random()
        if dice < 0.04:
            log.append(rnd.choice([b"{", b"", b'{"schema":1}']))
            continue
        if dice < 0.10:
            log.append(Heartbeat(schema=1, advance_ms=rnd.choice([5_000, 60_000, 2_000_000]), at_ms=T0))
            continue
        agent = rnd.choice("abcde")
        events = []
        for _ in range(rnd.randrange(1, 8)):
            clocks[agent] += rnd.choice([-2_000, 300, 2_000, 20_000, 70_000, 1_000_000])
            kind = rnd.choice(KINDS)
            of_value = value(rnd.randrange(5)) if kind in ("copy", "paste", "edit") else None
            screen = rnd.choice(["sheet", "form", "mail jane@example.com"])
            app = rnd.choice(["excel", "sap", "chrome"])
            events.append(
                UiEvent(at_ms=max(0, clocks[agent]), kind=kind, app=app, screen=screen, value=of_value)  # type: ignore[arg-type]
            )
        seqs[agent] += rnd.choice([0, 0, 0, 0, 0, 0, 0, 2])
        log.append(batch(seqs[agent], events, agent, team=rnd.choice(["red", "red", "blue"])))
        seqs[agent] += len(events)
    return [*log, Heartbeat(schema=1, advance_ms=86_400_000)]


def run_with_crashes(
    make: type[Operator] | object, records: Sequence[InputRecord], crashes: Iterable[int], every: int
) -> list[Output]:
    """Outputs of a worker that snapshots each ``every`` records and is killed before each offset in ``crashes``."""
    operator, stored, snapshot, out = make(), dict[str, bytes](), 0, list[Output]()  # type: ignore[operator]
    doomed = set(crashes)
    for number, item in enumerate(records):
        if number in doomed:
            operator = make()  # type: ignore[operator]
            operator.load(dict(stored))
            for again in records[snapshot:number]:
                operator.apply(again)
            operator.flush()
        out += operator.apply(item) + operator.flush()
        if number % every == every - 1:
            for key, data in operator.snapshot():
                if data is None:
                    stored.pop(key, None)
                else:
                    stored[key] = data
            snapshot = number + 1
    return out


def phase_1(partition: int = 0) -> PartitionState:
    return PartitionState(partition, RULES)


@given(st.integers(0, 10**6), st.lists(st.integers(0, 60), max_size=6), st.integers(1, 20))
@settings(max_examples=25, deadline=None)
def test_crashes_change_nothing(seed: int, crashes: list[int], every: int) -> None:
    records = [record(offset, message) for offset, message in enumerate(log_of(seed, 60))]
    undisturbed = run_with_crashes(phase_1, records, [], 10**9)
    assert run_with_crashes(phase_1, records, crashes, every) == undisturbed


def logins(seed: int) -> list[EventBatch | Heartbeat | bytes]:
    """The same people, with a new agent at each login, now and then two at once, and desktops that change hands."""
    rnd, seqs, names = random.Random(seed), dict[str, int](), dict.fromkeys("abcde", 0)
    log: list[EventBatch | Heartbeat | bytes] = []
    for message in log_with_breaks(seed):
        if not isinstance(message, EventBatch):
            log.append(message)
            continue
        names[message.agent] += rnd.random() < 0.15
        name = f"{message.agent}{max(0, names[message.agent] - (rnd.random() < 0.2))}"
        actor = f"actor-{rnd.choice('abcde')}" if rnd.random() < 0.1 else message.actor
        log.append(msgspec.structs.replace(message, agent=name, actor=actor, first_seq=seqs.get(name, 0)))
        seqs[name] = seqs.get(name, 0) + len(message.events)
    return log


@given(st.integers(0, 10**6), st.lists(st.integers(0, 100), max_size=6), st.integers(1, 30))
@settings(max_examples=25, deadline=None)
def test_new_agents_of_a_person_go_on_alike_through_crashes(seed: int, crashes: list[int], every: int) -> None:
    records = [record(offset, message) for offset, message in enumerate(logins(seed))]
    undisturbed = run_with_crashes(phase_1, records, [], 10**9)
    assert run_with_crashes(phase_1, records, crashes, every) == undisturbed


def log_with_breaks(seed: int) -> list[EventBatch | Heartbeat | bytes]:
    """People at a few tasks of their own, each falling silent again and again for longer than a session's gap."""
    rnd = random.Random(seed)
    seqs, clock, log = dict.fromkeys("abcde", 0), T0, list[EventBatch | Heartbeat | bytes]()
    for _ in range(12):
        for agent in rnd.sample("abcde", rnd.randrange(1, 4)):
            for _ in range(4):
                fields = rnd.choice([("name", "town", "street", "save"), ("date", "sum", "send")])
                events = []
                for field in fields:
                    clock += rnd.choice([800, 2_000, 5_000])
                    events.append(UiEvent(at_ms=clock, kind="click", app="sap", screen="form", element=f"edit:{field}"))
                log.append(batch(seqs[agent], events, agent))
                seqs[agent] += len(events)
        clock += 2_000_000
        log.append(Heartbeat(schema=1, advance_ms=2_000_000, at_ms=T0))
    return log


@given(st.integers(0, 10**6), st.lists(st.integers(0, 100), max_size=6), st.integers(1, 30))
@settings(max_examples=25, deadline=None)
def test_an_agent_that_returns_goes_on_alike_through_crashes(seed: int, crashes: list[int], every: int) -> None:
    records = [record(offset, message) for offset, message in enumerate(log_with_breaks(seed))]
    undisturbed = run_with_crashes(phase_1, records, [], 10**9)
    assert run_with_crashes(phase_1, records, crashes, every) == undisturbed


def test_the_logs_with_breaks_bring_agents_back_with_and_without_a_model() -> None:
    returned = set[bool]()
    for seed in range(5):
        operator = phase_1()
        for offset, message in enumerate(log_with_breaks(seed)):
            if isinstance(message, EventBatch) and message.agent in operator.closed:
                returned.add((message.tenant, message.actor) in operator.models.kept)
            operator.apply(record(offset, message))
    assert returned == {True, False}


def taught(version: int) -> bytes:
    """Tables from the sampled steps of some people's work, as the catalogue learns them."""
    people = dict[str, list[tuple[str, int, int]]]()
    for seed in range(version, version + 4):
        records = [record(offset, message) for offset, message in enumerate(log_with_breaks(seed))]
        for output in run_with_crashes(phase_1, records, [], 10**9):
            if output.topic == "steps":
                sample = msgspec.json.decode(output.value or b"", type=StepSample)
                people.setdefault(f"{seed}/{sample.actor}", []).extend(
                    (sample.names[step.name], sample.start_ms + step.offset_ms, step.value) for step in sample.steps
                )
    found = teach("t", version, list(people.values()))
    assert found, "nothing was learned of the work that the logs below hold"
    return found


TAUGHT = functools.cache(lambda: [taught(version) for version in (3, 5, 4, 9)])


def with_markers(messages: Sequence[EventBatch | Heartbeat | bytes], seed: int) -> list[InputRecord]:
    """The records of a log into which tables have been written at some places, some of them more than once."""
    rnd = random.Random(seed)
    records = [record(0, message) for message in messages]
    for raw in TAUGHT():
        for _ in range(rnd.choice([1, 1, 2])):
            records.insert(rnd.randrange(len(records)), marker(0, raw))
    return [one._replace(offset=offset) for offset, one in enumerate(records)]


@given(
    st.integers(0, 10**6), st.sampled_from([log_with_breaks, logins, lambda seed: log_of(seed, 60)]),
    st.lists(st.integers(0, 100), max_size=6), st.integers(1, 30),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_tables_in_the_log_change_the_same_results_through_crashes(
    seed: int, log: Callable[[int], list[EventBatch | Heartbeat | bytes]], crashes: list[int], every: int
) -> None:
    records = with_markers(log(seed), seed)
    undisturbed = run_with_crashes(phase_1, records, [], 10**9)
    assert run_with_crashes(phase_1, records, crashes, every) == undisturbed


def test_a_crash_at_each_record_around_markers_changes_nothing() -> None:
    records = with_markers(log_with_breaks(1), 1)
    undisturbed = run_with_crashes(phase_1, records, [], 10**9)
    assert run_with_crashes(phase_1, records, range(len(records)), 1) == undisturbed
    for every in (2, 7):
        assert run_with_crashes(phase_1, records, range(0, len(records), 3), every) == undisturbed
    operator = phase_1()
    for one in records:
        operator.apply(one)
    assert operator.tables.served["t"].version == 9


@given(st.integers(0, 10**6), st.lists(st.tuples(st.integers(0, 59), st.integers(0, 20)), max_size=10))
@settings(max_examples=25, deadline=None)
def test_batches_sent_again_change_nothing(seed: int, again: list[tuple[int, int]]) -> None:
    log = log_of(seed, 60)
    repeated = list(log)
    for place, later in sorted(again, reverse=True):
        if isinstance(log[place], EventBatch):
            repeated.insert(min(place + 1 + later, len(repeated) - 1), log[place])

    def facts(messages: list[EventBatch | Heartbeat | bytes]) -> list[Output]:
        records = [record(offset, message) for offset, message in enumerate(messages)]
        outputs = run_with_crashes(phase_1, records, [], 10**9)
        return [output for output in outputs if output.topic != "dead-letter"]  # it names the offset

    assert facts(repeated) == facts(log)


def activity(parts: Sequence[Sequence[Output]], seed: int, crashes: list[int], every: int) -> list[Output]:
    """Phase 2 over the sources' outputs, interleaved by ``seed``."""
    rnd, queues, records = random.Random(seed), [list(part) for part in parts], list[InputRecord]()
    while any(queues):
        queue = rnd.choice([queue for queue in queues if queue])
        output = queue.pop(0)
        records.append(InputRecord(len(records), 0, output.key, output.value, tuple(output.headers or ())))
    return run_with_crashes(lambda: TeamPartitionState(0, 2, 2), records, crashes, every)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.lists(st.integers(0, 200), max_size=4), st.integers(1, 50))
@settings(max_examples=15, deadline=None)
def test_activity_does_not_depend_on_how_partitions_interleave(
    seed: int, order: int, crashes: list[int], every: int
) -> None:
    parts = []
    for partition in range(2):
        records = [record(offset, message) for offset, message in enumerate(log_of(seed + partition, 60))]
        outputs = run_with_crashes(lambda partition=partition: phase_1(partition), records, [], 10**9)
        parts.append([o for o in outputs if o.topic == "activity.partial" and o.partition == 0])
    assert activity(parts, order, crashes, every) == activity(parts, 0, [], 10**9)
