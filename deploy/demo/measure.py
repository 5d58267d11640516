"""What arrived, asked from ClickHouse with plain SELECTs, and what is on its way, asked from the processes' metrics."""

from __future__ import annotations

import math
import re
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from deploy.local.ports import LOOPBACK
from taskstream.errors import ServiceError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from deploy.local.home import InstanceState

_EVENTS_IN = re.compile(r"^taskstream_events_in_total (\S+)$", re.MULTILINE)
_LAG = re.compile(r"^taskstream_lag_messages\{[^}]*\} (\S+)$", re.MULTILINE)

_COUNTS = """
SELECT count(), uniqExact((agent, seq))
FROM ui_events
WHERE agent IN {agents:Array(String)}
"""
_FRESHNESS = """
SELECT quantilesExact(0.5, 0.99)(dateDiff('millisecond', sent_ms, stored_ms))
FROM ui_events
WHERE agent IN {agents:Array(String)} AND sent_ms > 0
"""
_FRESHNESS_SINCE = """
SELECT quantiles(0.5, 0.99)(dateDiff('millisecond', sent_ms, stored_ms))
FROM ui_events
WHERE stored_ms >= fromUnixTimestamp64Milli({since:Int64}) AND sent_ms > 0
"""
_SINCE = "SELECT count() FROM ui_events WHERE stored_ms >= fromUnixTimestamp64Milli({since:Int64})"
_REFUSED = "SELECT uniqExact(id) FROM dead_letters WHERE stored_ms >= fromUnixTimestamp64Milli({since:Int64})"


class StoredRows(Struct, frozen=True):
    """Rows of some agents: all, and different ones by (agent, seq)."""

    stored: int
    distinct: int


class Underway(Struct, frozen=True):
    """What the processes say: UI events the worker has taken in, messages that wait anywhere."""

    events_in: int = 0
    lag: int = 0


def counts(client: Client, agents: Sequence[str]) -> StoredRows:
    """Rows of these agents in ``ui_events``."""
    stored, distinct = _ask(client, _COUNTS, agents=list(agents))
    return StoredRows(int(stored), int(distinct))


def freshness_ms(client: Client, agents: Sequence[str]) -> tuple[float, float]:
    """From hand-over by the agent to being in the table: median and 99th percentile, in milliseconds."""
    (found,) = _ask(client, _FRESHNESS, agents=list(agents))
    return _finite(found[0]), _finite(found[1])


def freshness_since(client: Client, since_ms: int) -> tuple[float, float]:
    """The same of all that has come since then, approximately and quickly."""
    (found,) = _ask(client, _FRESHNESS_SINCE, since=since_ms)
    return _finite(found[0]), _finite(found[1])


def _finite(value: float) -> float:
    """0 where there were no rows."""
    return 0.0 if math.isnan(value) else float(value)


def stored_since(client: Client, since_ms: int) -> int:
    """Rows that have come since then."""
    return int(_ask(client, _SINCE, since=since_ms)[0])


def refused_since(client: Client, since_ms: int) -> int:
    """Dead letters that have come since then."""
    return int(_ask(client, _REFUSED, since=since_ms)[0])


def flow(state: InstanceState) -> Underway:
    """Ask the worker and the sink; one that does not answer counts as nothing."""
    texts = [_metrics(each.metrics_port) for each in state.components if each.metrics_port]
    events_in = sum(float(value) for text in texts for value in _EVENTS_IN.findall(text))
    return Underway(int(events_in), int(sum(float(value) for text in texts for value in _LAG.findall(text))))


def _metrics(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/metrics", timeout=1.0) as answer:
            return str(answer.read().decode())
    except (urllib.error.URLError, OSError):
        return ""


def _ask(client: Client, sql: str, **parameters: Any) -> tuple[Any, ...]:
    from clickhouse_connect.driver.exceptions import ClickHouseError

    try:
        return tuple(client.query(sql, parameters=parameters).result_rows[0])
    except (ClickHouseError, OSError) as error:
        raise ServiceError(f"ClickHouse: {str(error).splitlines()[0][:200]}") from error
