"""``taskstream worker``."""

from __future__ import annotations

import click

from taskstream.cli.options import with_settings
from taskstream.settings import Settings


@click.command()
@with_settings(
    "kafka", "prefix", "partitions", "k", "transaction_ms", "agents_mb", "max_agents", "worker_id", "metrics_port",
    "accepted_policies", "policy_keys",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="log one JSON object a line")
def worker(settings: Settings, as_json: bool) -> None:
    """Run the streams: check, de-duplicate, redact, sessionise, link, segment and count UI events, exactly once.

    Several may run; they share the partitions of ui-events. Each may be killed at any moment: another takes over from
    the last transaction, and nothing is lost or repeated. Ends with SIGTERM or Ctrl-C.
    """
    from streams.runtime.run import run

    run(settings, as_json=as_json)
