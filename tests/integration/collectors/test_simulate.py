"""``taskstream simulate`` against real Kafka: the truth it writes names the events that arrive."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from taskstream.events import BATCH_TYPE, decode_batch
from tests.integration.collectors.reading import read_all

pytestmark = pytest.mark.integration

COMMAND = [sys.executable, "-c", "from taskstream.cli.main import main; main()"]


def test_truth_and_topic_agree(kafka: str, tmp_path: Path) -> None:
    prefix = f"simulate-{uuid4().hex[:8]}."
    common = ["--kafka", kafka, "--prefix", prefix, "--home", str(tmp_path / "home")]
    subprocess.run([*COMMAND, "topics", "apply", *common], check=True, capture_output=True, timeout=60)
    truth = tmp_path / "truth.csv"
    args = ["--people", "12", "--days", "1", "--seed", "5", "--truth", str(truth), "--json", *common]
    run = subprocess.run([*COMMAND, "simulate", *args], check=True, capture_output=True, timeout=120)
    summary = json.loads(run.stdout)
    assert summary["sent"] == summary["events"]
    assert summary["resent_messages"] > 0

    messages = [m for m in read_all(kafka, prefix + "ui-events") if dict(m.headers())["ce_type"] == BATCH_TYPE]
    events: dict[tuple[str, int], object] = {}
    repeated = 0
    for message in messages:
        batch = decode_batch(message.value())
        assert batch.team in {"finance", "sales", "support", "people", "logistics"}
        repeated += (batch.agent, batch.first_seq) in events
        for index, event in enumerate(batch.events):
            assert events.setdefault((batch.agent, batch.first_seq + index), event) == event
    assert len(events) == summary["events"]
    assert 0 < repeated <= summary["resent_messages"]  # a repetition may be under way when the run ends
    rows = list(csv.DictReader(truth.open()))
    assert {(row["agent"], int(row["seq"])) for row in rows} <= set(events)
    assert len({row["execution"] for row in rows}) == sum(routine["executions"] for routine in summary["routines"])
    assert not list((tmp_path / "home" / "simulate").iterdir())
