"""What the feeding commands share."""

from __future__ import annotations

import re
import urllib.request

import pytest

from collectors.cli.running import serve_metrics


@pytest.mark.parametrize(("path", "holds"), [("/metrics", "taskstream_events_published_total"), ("/health", "alive")])
def test_metrics_are_served_where_it_is_said(path: str, holds: str, capsys: pytest.CaptureFixture[str]) -> None:
    serve_metrics(0)
    found = re.fullmatch(r"metrics on (127\.0\.0\.1:\d+)\n", capsys.readouterr().err)
    assert found
    with urllib.request.urlopen(f"http://{found[1]}{path}", timeout=5) as answer:
        assert holds in answer.read().decode()
