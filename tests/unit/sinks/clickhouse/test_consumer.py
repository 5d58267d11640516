"""Directed cases of the sink's promise; the random ones are in test_group."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from confluent_kafka import TopicPartition as KafkaPartition

from sinks.clickhouse.ranges import Commit, Mark, Range, TopicPartition, read_mark
from sinks.clickhouse.silence import MOST_MS, SILENT_MS, Silence
from taskstream.errors import ServiceError
from tests.unit.sinks.clickhouse.world import TOPIC, Process, World, bury, drain, give, join, kick, take_away


def _one(world: World, *, by_hand: bool = False, rows: int = 5) -> Process:
    process = Process(world, by_hand=by_hand, rows=rows)
    join(world, process)
    give(world, 0, process)
    return process


def test_a_process_out_of_the_group_starts_no_block() -> None:
    world = World()
    for word in (b"a", b"b", b"c", b"d"):
        world.produce(0, word)
    sleeper = _one(world, by_hand=True, rows=100)
    sleeper.consumer.batch = 2
    sleeper.sink.step()  # has a and b, not yet due
    kick(world, sleeper)
    successor = _one(world)
    drain(world, successor, turns=6)
    world.now_ms += 5_000
    sleeper.sink.advance()
    assert not sleeper.pool.waiting
    assert sorted(world.stored) == [b"a", b"b", b"c", b"d"]


def test_a_block_in_flight_at_a_crash_is_repeated_with_the_same_bounds() -> None:
    world = World()
    for word in (b"a", b"b", b"c"):
        world.produce(0, word)
    dying = _one(world, by_hand=True)
    dying.step()
    dying.step()
    assert len(dying.pool.waiting) == 1
    bury(world, dying)
    world.produce(0, b"d")
    successor = _one(world)
    successor.consumer.batch = 10
    drain(world, successor, turns=6)
    assert list(world.tokens) == ["c:1:0:0-2", "c:1:0:3-3"]
    dying.pool.run_one()  # its request arrives after all
    assert sorted(world.stored) == [b"a", b"b", b"c", b"d"]


def test_the_end_of_a_range_that_kafka_no_longer_has_does_not_hold_things_up() -> None:
    world = World()
    for word in (b"a", b"b", b"c"):
        world.produce(0, word)
    dying = _one(world, by_hand=True)
    dying.step()
    dying.step()
    bury(world, dying)
    world.logs[0] = [(offset, value) for offset, value in world.logs[0] if value != b"c"]  # compacted
    successor = _one(world)
    drain(world, successor, turns=6)
    assert sorted(world.stored) == [b"a", b"b"]
    world.produce(0, b"d")
    drain(world, successor, turns=6)
    assert list(world.tokens) == ["c:1:0:0-2", "c:1:0:3-3"]


def test_a_range_larger_than_all_that_may_wait_is_repeated() -> None:
    world = World()
    for n in range(8):
        world.produce(0, b"a%d b%d" % (n, n))
    dying = _one(world, by_hand=True, rows=16)
    dying.consumer.batch = 8
    dying.step()
    bury(world, dying)
    drain(world, _one(world, rows=4), turns=10)
    assert sorted(world.stored) == world.expected()


def test_a_late_repetition_asks_what_is_there() -> None:
    world = World()
    world.produce(0, b"a b")
    dying = _one(world, by_hand=True)
    dying.step()
    dying.step()
    dying.pool.run_one()
    bury(world, dying)
    world.tokens.clear()
    world.now_ms += 3_600_000
    drain(world, _one(world), turns=6)
    assert sorted(world.stored) == [b"a", b"b"]


def test_offsets_reset_by_an_operator_or_expired_repeat_nothing() -> None:
    world = World()
    world.produce(0, b"a b")
    first = _one(world)
    drain(world, first, turns=4)
    bury(world, first)
    world.tokens.clear()
    world.produce(0, b"c")
    for commit in (None, (0, "")):
        if commit:
            world.commits[0] = commit
        else:
            del world.commits[0]
        again = _one(world)
        drain(world, again, turns=6)
        bury(world, again)
        assert sorted(world.stored) == [b"a", b"b", b"c"]


def test_an_outage_pauses_and_loses_nothing() -> None:
    world = World()
    process = _one(world, by_hand=True, rows=3)
    for n in range(40):
        world.produce(0, b"w%d" % n)
    world.down = True
    for _ in range(20):
        process.step()
    assert process.consumer.paused == {0}
    assert process.ledger.rows_waiting() <= 2 * 3
    drain(world, process, turns=60)
    assert not process.consumer.paused
    assert sorted(world.stored) == world.expected()


def test_partitions_that_fill_one_after_another_while_nothing_is_stored_stay_within_the_bound() -> None:
    world = World(partitions=8)
    process = Process(world, by_hand=True, rows=3)
    join(world, process)
    for partition in range(8):
        give(world, partition, process)
        for n in range(3):
            world.produce(partition, b"p%dn%d" % (partition, n))
        for _ in range(4):
            process.step()
        assert process.ledger.rows_held() <= 3 * 3  # twice the bound, and what one call of the client brought
    drain(world, process, turns=60)
    assert process.ledger.rows_held() == 0
    assert sorted(world.stored) == world.expected()


def test_the_message_at_which_an_error_came_is_not_skipped() -> None:
    """The client's position is then behind it, and holes are no surprise where there are transactions."""
    world = World(partitions=2)
    process = _one(world)
    give(world, 1, process)
    for turn in range(6):
        world.produce(0, b"a%d" % turn, holes=turn % 2)
        world.produce(1, b"b%d" % turn)
        process.consumer.failing = {0, 1} if turn % 2 else {1}
        world.now_ms += 1_500
        process.step()
    drain(world, process)
    assert sorted(world.stored) == world.expected()


def test_refused_messages_count_against_the_bounds() -> None:
    world = World()
    for _ in range(40):
        world.produce(0, b"?")
    process = _one(world, by_hand=True, rows=4)
    for _ in range(10):
        process.step()
    assert process.ledger.rows_held() <= 2 * 4 + 3
    drain(world, process, turns=120)
    assert len(world.letters) == 40


def test_a_partition_that_leaves_in_peace_is_committed_as_done() -> None:
    world = World()
    world.produce(0, b"a", holes=1)
    process = _one(world)
    drain(world, process, turns=3)
    process.consumer.close()
    offset, metadata = world.commits[0]
    assert offset == 2
    assert read_mark(metadata) == Mark(at_ms=world.now_ms, last=None, rows=1, log="c:1")


@pytest.mark.parametrize("metadata", ["", None, "x", "{}", "[]", "3", '{"at_ms":"1"}', '{"last":2}'])
def test_foreign_metadata_is_no_mark(metadata: str | None) -> None:
    assert read_mark(metadata) is None


def test_a_newer_sinks_mark_keeps_its_range_in_flight() -> None:
    found = read_mark('{"at_ms":1,"last":2,"rows":5,"more":{"a":[3]},"log":"c:1"}')
    assert found == Mark(at_ms=1, last=2, rows=5, log="c:1")


def test_a_mark_survives_kafka() -> None:
    source = TopicPartition("t", 3)
    commit = Commit(source, 10, Mark(at_ms=5, last=12, rows=7, log="c:7"))
    assert read_mark(commit.metadata) == commit.mark
    assert len(commit.metadata) < 200
    assert Range(10, 12).token(source, "c:7") == "c:7:3:10-12"
    assert Range(10, 12).token(source, "") == "t:3:10-12"


def _sharing(world: World) -> Process:
    """A process whose block in flight is of both partitions."""
    process = Process(world, by_hand=True, rows=50)
    join(world, process)
    for partition in range(2):
        give(world, partition, process)
        world.produce(partition, b"a%d b%d~" % (partition, partition))
    process.step()
    process.step()
    assert len(process.pool.waiting) == 1
    return process


def _joints(world: World) -> list[str]:
    marks = [read_mark(metadata) for _, metadata in world.commits.values()]
    return [mark.joint for mark in marks if mark]


def test_a_block_of_two_partitions_is_repeated_by_who_owns_both() -> None:
    world = World(partitions=2)
    dying = _sharing(world)
    joint = _joints(world)[0]
    assert _joints(world) == [joint, joint]
    bury(world, dying)
    successor = Process(world)
    join(world, successor)
    drain(world, successor, turns=6)
    assert set(world.tokens) == {joint, f"{joint}~"}
    dying.pool.run_one()
    assert sorted(world.stored) == world.expected()
    assert _joints(world) == ["", ""]


def test_ranges_of_the_former_version_are_repeated_under_their_token() -> None:
    world = World(partitions=2)
    for partition in range(2):
        world.produce(partition, b"a%d" % partition)
        world.produce(partition, b"b%d" % partition)
        mark = f'{{"at_ms":{world.now_ms},"last":1,"rows":5,"log":"c:1","check":false}}'
        world.commits[partition] = (0, mark)
    world.insert("t", b"a0 b0", "c:1:0:0-1")  # one had landed
    successor = Process(world)
    join(world, successor)
    drain(world, successor, turns=6)
    assert set(world.tokens) == {"c:1:0:0-1", "c:1:1:0-1"}
    assert sorted(world.stored) == world.expected()


def test_the_former_version_asks_about_blocks_of_several_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    """It knows no such marks; what was stored when it asks is not stored again."""
    former = msgspec.defstruct(
        "Mark",
        [("at_ms", int), ("last", int | None, None), ("rows", int, 0), ("log", str, ""), ("check", bool, False)],
        forbid_unknown_fields=True,
    )  # fmt: skip

    def read_as_before(metadata: str | None) -> Mark | None:
        try:
            msgspec.json.decode(metadata or "", type=former)
        except msgspec.DecodeError:
            return None
        return read_mark(metadata)

    world = World(partitions=2)
    dying = _sharing(world)
    dying.pool.run_one()
    bury(world, dying)
    monkeypatch.setattr("sinks.clickhouse.beginnings.read_mark", read_as_before)
    successor = Process(world)
    join(world, successor)
    drain(world, successor, turns=6)
    assert sorted(world.stored) == world.expected()
    _, metadata = world.commits[0]
    assert read_as_before(metadata) is not None, "between blocks it knows the marks"


def test_what_is_left_of_a_block_goes_on_when_a_partition_of_it_is_taken_away() -> None:
    """The one who stays may not take the block's token for an answer: the new owner has used it for its part."""
    world = World(partitions=2)
    staying = _sharing(world)
    take_away(world, 0)
    other = Process(world)
    join(world, other)
    give(world, 0, other)
    for process in (other, staying) * 6:
        process.step()
        while process is staying and process.pool.waiting:
            process.pool.run_one()
    assert sorted(world.stored) == world.expected()
    assert _joints(world) == ["", ""]
    world.produce(1, b"c")
    drain(world, staying, turns=4)
    assert sorted(world.stored) == world.expected()


def test_parts_do_not_wait_for_ever_for_one_that_cannot_be_read() -> None:
    world = World(partitions=2)
    bury(world, _sharing(world))
    successor = Process(world)
    join(world, successor)
    for partition in range(2):
        give(world, partition, successor)
    successor.consumer.positions.pop(0)  # its broker is away
    for _ in range(6):
        successor.step()
    assert not world.stored
    for _ in range(10):
        successor.step()
    assert sorted(world.stored) == [b"a1", b"b1~"]
    successor.consumer.positions[0] = 0
    drain(world, successor, turns=6)
    assert sorted(world.stored) == world.expected()


def test_what_is_stored_is_committed_though_the_clock_was_set_back() -> None:
    world = World()
    world.produce(0, b"a")
    process = _one(world, by_hand=True)
    process.step()
    process.step()
    process.pool.run_one()
    world.now_ms -= 3_600_000
    process.step()
    process.step()
    offset, metadata = world.commits[0]
    mark = read_mark(metadata)
    assert mark is not None
    assert (offset, mark.last) == (1, None)


def test_what_a_callback_of_the_group_raises_ends_the_sink_with_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client library loses it where a further callback is called in the same go."""
    world = World()
    process = Process(world)
    join(world, process)

    def refuse(_: list[KafkaPartition]) -> None:
        raise ServiceError("stopped while waiting for Kafka")

    monkeypatch.setattr(process.consumer, "incremental_assign", refuse)
    process.consumer.callbacks["on_assign"](process.consumer, [KafkaPartition("t", 0)])
    process.consumer.callbacks["on_lost"](process.consumer, [KafkaPartition("t", 0)])
    with pytest.raises(ServiceError, match="stopped while waiting"):
        process.sink.step()


def test_what_the_last_callbacks_raise_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    process = _one(world)

    def refuse(_: object) -> None:
        raise ServiceError("cannot let go")

    monkeypatch.setattr(process.ledger, "settle", refuse)
    process.stop.set()
    with pytest.raises(ServiceError, match="cannot let go"):
        process.sink.run(lambda: None)


def test_a_partition_of_which_nothing_comes_is_asked_for_anew() -> None:
    """As after a topic was created anew: the client takes the seek, and fetches nothing."""
    world = World(partitions=2)
    process = _one(world)
    give(world, 1, process)
    drain(world, process, turns=2)
    process.consumer.deaf = {1}
    for turn in range(4):
        for partition in range(2):
            world.produce(partition, b"%c%d" % (b"ab"[partition], turn))
        process.sink.note_ends({TopicPartition(TOPIC, partition): end for partition, end in enumerate(world.ends)})
        world.now_ms += SILENT_MS // 4
        process.step()
    assert process.consumer.deaf == {1}  # patience
    drain(world, process, turns=10)
    assert sorted(world.stored) == world.expected()


def test_what_is_left_of_aborted_transactions_is_asked_for_ever_less_often() -> None:
    silence, source = Silence(), TopicPartition("t", 0)
    asked = [at for at in range(0, 3_600_000, 1_000) if silence.over({source: 5}, {source: 6}, at)]
    assert asked[:3] == [10_000, 30_000, 70_000]
    assert {b - a for a, b in pairwise(asked[6:])} == {MOST_MS}
    assert not silence.over({source: 6}, {source: 6}, 9_000_000)
    assert not silence.over({source: 6}, {source: 7}, 9_000_000)
    silence.clear()
    assert not silence.over({source: 6}, {source: 7}, 9_999_999)
