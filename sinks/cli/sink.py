"""``taskstream sink``: from Kafka to ClickHouse."""

from __future__ import annotations

import click

from taskstream.cli.options import with_settings
from taskstream.settings import Settings


@click.command()
@click.option("--verbose", "-v", is_flag=True, help="log every refusal of the group and every retry")
@with_settings(
    "kafka", "prefix", "clickhouse", "clickhouse_user", "clickhouse_password", "database", "metrics_port"
)  # fmt: skip
def sink(verbose: bool, settings: Settings) -> None:
    """Store everything the streams emit in ClickHouse, each row exactly once, until interrupted.

    Several may run: they share the partitions. The tables must be there: `taskstream migrate`.
    """
    import logging
    import signal
    import threading

    import clickhouse_connect  # noqa: F401 - what this needs is said before anything starts

    from sinks.clickhouse.run import run
    from taskstream import metrics
    from taskstream.endpoints import resolve, with_kafka

    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    settings = with_kafka(settings)
    endpoints = resolve(settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    port = metrics.serve(settings.metrics_port)
    click.echo(f"sink: {endpoints.kafka} -> {endpoints.clickhouse}, metrics on 127.0.0.1:{port}", err=True)
    run(settings, endpoints, stop)
