"""The metrics endpoint."""

import urllib.error
import urllib.request

import pytest

from taskstream import metrics
from taskstream.errors import ServiceError


def test_metrics_health_and_readiness(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "HEALTH", metrics.Health())  # other tests in this process have conditions of theirs
    port = metrics.serve(0)
    ready = [False]
    metrics.HEALTH.require("partitions assigned", lambda: ready[0])
    metrics.EVENTS_IN.inc(3)

    def get(path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    assert "taskstream_events_in_total" in get("/metrics")[1]
    assert get("/health")[0] == 200
    assert get("/ready") == (503, '{"status": "waiting", "missing": ["partitions assigned"]}')
    ready[0] = True
    assert get("/ready")[0] == 200
    assert get("/other")[0] == 404
    with pytest.raises(ServiceError, match="metrics port"):
        metrics.serve(port)


def test_no_metric_is_labelled_by_person() -> None:
    forbidden = {"actor", "agent", "person", "user", "value", "digest"}
    labels = {name for metric in vars(metrics).values() for name in getattr(metric, "_labelnames", ())}
    assert labels
    assert not labels & forbidden
