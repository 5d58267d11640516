"""``taskstream catalogue``: the routine catalogue and its opportunities."""

from __future__ import annotations

import click

from taskstream.cli.options import with_settings
from taskstream.settings import Settings


@click.command()
@with_settings("kafka", "prefix", "k", "metrics_port", "catalogue_quiet_ms", "catalogue_refine_ms")
def catalogue(settings: Settings) -> None:
    """Group executions into routines and rank what is worth automating (one process a deployment).

    Reads the topics segments, transfers and steps; writes routines, assignments, opportunities and tables, what it
    learned of the work. Runs until Ctrl-C or SIGTERM.
    """
    import logging
    import signal
    import threading

    from streams.catalogue.run import serve
    from taskstream import metrics
    from taskstream.endpoints import with_kafka
    from taskstream.kafka.check import wait

    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("taskstream.catalogue").setLevel(logging.INFO)
    stop = threading.Event()
    ready = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    settings = with_kafka(settings)
    metrics.HEALTH.require("catalogue", ready.is_set)
    port = metrics.serve(settings.metrics_port)
    wait(settings, "catalogue", stop.is_set)

    def on_ready() -> None:
        ready.set()
        click.echo(f"catalogue: reading segments from Kafka at {settings.kafka}; metrics on 127.0.0.1:{port}", err=True)

    serve(settings, stop, on_ready)
