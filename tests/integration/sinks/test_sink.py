"""The sink as a process, on the real broker and the real engine."""

from __future__ import annotations

import random
import signal
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from deploy.local.clickhouse.endpoint_process import EmbeddedClickHouse
from sinks.clickhouse.read_again import read_again
from taskstream.events import encode
from taskstream.kafka import topic_admin
from taskstream.records import ActivityWindow, DeadLetter
from tests.integration.sinks.stage import Stage, batches, until
from tests.unit.streams.discovery.routine_samples import segment

pytestmark = pytest.mark.integration


def _counts(stage: Stage) -> tuple[int, int]:
    rows = stage.query("SELECT count(), uniqExact(agent, seq) FROM ui_events")
    return int(rows[0][0]), int(rows[0][1])


def _more_than(stage: Stage, rows: int) -> bool:
    return _counts(stage)[0] > rows


def test_everything_arrives_once_and_a_stop_is_clean(stage: Stage) -> None:
    stage.send("ui-events.clean", batches(10, 20, 10))
    sink = stage.start_sink()
    until(lambda: _counts(stage)[0] >= 2_000)
    assert _counts(stage) == (2_000, 2_000)
    sink.send_signal(signal.SIGTERM)
    assert sink.wait(15) == 0
    again = stage.start_sink()
    stage.send("ui-events.clean", batches(10, 1, 10, first=200))
    until(lambda: _counts(stage)[0] >= 2_100)
    until(lambda: stage.query("SELECT sum(rows), sum(lag) FROM v_pipeline WHERE topic LIKE '%clean'") == [(2_100, 0)])
    assert _counts(stage) == (2_100, 2_100)
    assert again.poll() is None


@pytest.mark.timeout(120)
def test_killed_at_random_two_sinks_lose_and_repeat_nothing(stage: Stage) -> None:
    draw = random.Random(7)
    sinks = [stage.start_sink(), stage.start_sink()]
    sent = 0
    for turn in range(5):
        sender = threading.Thread(target=stage.send, args=("ui-events.clean", batches(20, 20, 20, first=turn * 400)))
        sender.start()
        sent += 20 * 20 * 20
        time.sleep(draw.uniform(0.2, 1.5))
        victim = draw.randrange(2)
        sinks[victim].kill()
        sinks[victim].wait()
        sinks[victim] = stage.start_sink()
        sender.join()
    until(lambda: _counts(stage)[0] >= sent, 60)
    time.sleep(1)
    assert _counts(stage) == (sent, sent)


def test_what_is_no_batch_becomes_a_dead_letter_and_the_rest_is_stored(stage: Stage) -> None:
    stage.send("ui-events.clean", [*batches(2, 2, 10), b"not a batch", b'{"schema":1}'])
    stage.start_sink()
    until(lambda: stage.query("SELECT sum(letters) FROM v_dead_letters") == [(2,)])
    assert _counts(stage) == (40, 40)
    assert stage.query("SELECT DISTINCT stage, reason FROM v_dead_letters") == [("sink", "undecodable")]


def test_messages_are_read_again_as_they_are(stage: Stage) -> None:
    values = batches(2, 30, 10)
    stage.send("ui-events.clean", values, per_transaction=10)
    topic = f"{stage.prefix}ui-events.clean"
    found = [read_again(stage.settings, topic, partition, range(100)) for partition in range(2)]
    assert sorted(value for part in found for value in part.values()) == sorted(values)
    some = sorted(found[0])[3:9:2]
    assert read_again(stage.settings, topic, 0, some) == {offset: found[0][offset] for offset in some}
    assert read_again(stage.settings, topic, 0, [100_000]) == {}  # Kafka has it no longer, or never had it


def test_an_engine_that_is_away_is_waited_for(tmp_path: Path, kafka: str) -> None:
    server = EmbeddedClickHouse(tmp_path / "engine")
    server.start()
    server.port = int(server.url.rsplit(":", 1)[1])
    stage = Stage(tmp_path, kafka, server)
    try:
        stage.start_sink()
        stage.send("ui-events.clean", batches(5, 10, 10))
        until(lambda: _counts(stage)[0] >= 500)
        server.kill()
        stage.send("ui-events.clean", batches(5, 40, 10, first=100))
        time.sleep(1.5)
        assert stage.sinks[0].poll() is None
        server.start()
        until(lambda: _counts(stage)[0] >= 2_500)
        assert _counts(stage) == (2_500, 2_500)
    finally:
        stage.close()
        server.stop()


def test_a_rollup_that_somebody_adds_does_not_count_twice(stage: Stage) -> None:
    stage.client().command(
        "CREATE MATERIALIZED VIEW by_app ENGINE = SummingMergeTree ORDER BY app "
        "SETTINGS non_replicated_deduplication_window = 1000 AS SELECT app, count() AS n FROM ui_events GROUP BY app"
    )
    for turn in range(2):
        stage.send("ui-events.clean", batches(10, 20, 10, first=turn * 200))
        sink = stage.start_sink()
        until(partial(_more_than, stage, turn * 2_000))
        sink.kill()
        sink.wait()
    stage.start_sink()
    until(lambda: _counts(stage)[0] >= 4_000)
    assert stage.query("SELECT sum(n) FROM by_app") == [(4_000,)]


def test_dead_letters_are_counted_without_what_is_in_them(stage: Stage) -> None:
    letter = DeadLetter("i", "malformed", "detail", "validate", "ui-events", 0, 1, 0, "key", 3, "c2VjcmV0")
    stage.send("dead-letter", [encode(letter)])
    stage.start_sink()
    until(lambda: len(stage.query("SELECT 1 FROM v_dead_letters")) == 1)
    assert "c2VjcmV0" not in str(stage.query("SELECT * FROM dead_letters"))


def _activity(events: int) -> list[bytes]:
    """Windows whose ids begin at 0, as those of a new log do."""
    made = [ActivityWindow(f"0:60000:{n}", "t", "m", 60_000, f"app{n}", "click", events, 5, 9) for n in range(20)]
    return [encode(window) for window in made]


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.timeout(120)
def test_of_a_topic_created_anew_every_row_is_stored_once(stage: Stage, running: bool) -> None:
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({"bootstrap.servers": stage.kafka})
    topics = [f"{stage.prefix}{name}" for name in ("ui-events.clean", "activity")]
    sink = stage.start_sink()
    stage.send("ui-events.clean", batches(4, 20, 10))
    stage.send("activity", _activity(1))
    until(lambda: _counts(stage)[0] >= 800 and stage.query("SELECT sum(events) FROM activity_1m") == [(20,)])
    if not running:
        sink.send_signal(signal.SIGTERM)
        assert sink.wait(15) == 0
    for future in admin.delete_topics(topics).values():
        future.result(20)
    until(lambda: not set(topics) & set(admin.list_topics(timeout=5).topics))
    topic_admin.apply(stage.settings, dry_run=False)
    until(lambda: set(topics) <= set(admin.list_topics(timeout=5).topics))
    stage.send("ui-events.clean", [*batches(4, 5, 10), *batches(4, 25, 10, first=1_000)])  # 200 rows are there already
    stage.send("activity", _activity(100))
    if not running:
        sink = stage.start_sink()
    until(lambda: _counts(stage)[0] >= 1_800 and stage.query("SELECT count() FROM activity_1m") == [(40,)], 60)
    time.sleep(1)
    assert _counts(stage) == (1_800, 1_800)
    assert stage.query("SELECT sum(events), uniqExact(id) FROM activity_1m") == [(2_020, 40)]
    assert sink.poll() is None


@pytest.mark.timeout(120)
def test_added_partitions_are_stored_without_a_restart(stage: Stage) -> None:
    from confluent_kafka import Producer
    from confluent_kafka.admin import AdminClient, NewPartitions

    topic = f"{stage.prefix}ui-events.clean"
    stage.start_sink()
    stage.send("ui-events.clean", batches(4, 5, 10))
    until(lambda: _counts(stage)[0] >= 200)
    admin = AdminClient({"bootstrap.servers": stage.kafka})
    admin.create_partitions([NewPartitions(topic, 4)])[topic].result(20)
    time.sleep(1)
    producer = Producer({"bootstrap.servers": stage.kafka})
    for n, value in enumerate(batches(4, 5, 10, first=1_000)):
        producer.produce(topic, value, partition=2 + n % 2)
    assert producer.flush(10) == 0
    until(lambda: _counts(stage)[0] >= 400, 60)
    assert _counts(stage) == (400, 400)


def test_a_newer_versions_tables_are_filled_too(stage: Stage) -> None:
    for column in ("newer UInt8", "steps.newer Array(String)"):
        stage.client().command(f"ALTER TABLE segments ADD COLUMN {column}")
    sink = stage.start_sink()
    stage.send("segments", [encode(segment(["a", "b"], actor=f"p{n}")) for n in range(3)])
    until(lambda: stage.query("SELECT count() FROM segments") == [(3,)])
    assert stage.query("SELECT newer, steps.activity, steps.newer FROM segments LIMIT 1") == [(0, ["a", "b"], ["", ""])]
    assert sink.poll() is None


@pytest.mark.timeout(120)
def test_what_retention_took_is_counted_and_named(stage: Stage) -> None:
    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import AdminClient

    topic = f"{stage.prefix}ui-events.clean"
    sink = stage.start_sink()
    stage.send("ui-events.clean", batches(4, 5, 10))
    until(lambda: _counts(stage)[0] >= 200)
    sink.send_signal(signal.SIGTERM)
    assert sink.wait(15) == 0
    stage.send("ui-events.clean", batches(8, 10, 10, first=1_000))
    admin = AdminClient({"bootstrap.servers": stage.kafka})
    for future in admin.delete_records([TopicPartition(topic, 0, -1), TopicPartition(topic, 1, -1)]).values():
        future.result(20)
    stage.send("ui-events.clean", batches(4, 5, 10, first=2_000))
    stage.start_sink()
    until(lambda: _counts(stage)[0] >= 400)
    until(lambda: stage.query("SELECT reason, uniqExact(source_partition) FROM dead_letters GROUP BY reason") != [])
    assert stage.query("SELECT DISTINCT reason, stage FROM dead_letters") == [("lost", "sink")]
    assert _counts(stage) == (400, 400)
    assert "retention removed them before they were stored" in (stage.home / "sink-1.log").read_text()
