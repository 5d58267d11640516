"""Samples the demo's progress in a thread of its own, so that nobody waits for an answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from deploy.demo import measure
from deploy.demo.view import Sample
from taskstream.endpoints import Endpoints
from taskstream.errors import ServiceError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from deploy.local.home import InstanceState

EVERY_S = 0.5
LISTED = 20


class Sampler:
    """``latest`` is the newest sample; fields that the demo itself knows (phase, sent, expected) are left alone."""

    def __init__(self, endpoints: Endpoints, database: str, since_ms: int, state: Callable[[], InstanceState]) -> None:
        self._endpoints = endpoints
        self._database = database
        self._since_ms = since_ms
        self._state = state
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self._client: Client | None = None
        self._flow_before = 0
        self.latest = Sample()

    def start(self) -> None:
        """Start with a first sample, which holds what earlier runs have left.

        Raises:
            ServiceError: ClickHouse cannot be asked.
        """
        self._flow_before = measure.flow(self._state()).events_in
        self.latest = self._sample()
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._end.set()
        self._thread.join(5.0)

    def _run(self) -> None:
        while not self._end.wait(EVERY_S):
            try:
                self.latest = self._sample()
            except ServiceError:  # it is being started again; the next answer counts
                self._client = None

    def _sample(self) -> Sample:
        from sinks.connect import connect
        from sinks.results.opportunities import read

        if self._client is None:
            self._client = connect(self._endpoints, self._database)
        flow = measure.flow(self._state())
        return msgspec.structs.replace(
            self.latest,
            events_in=max(0, flow.events_in - self._flow_before),
            lag=flow.lag,
            stored=measure.stored_since(self._client, self._since_ms),
            dead_letters=measure.refused_since(self._client, self._since_ms),
            freshness_ms=measure.freshness_since(self._client, self._since_ms),
            opportunities=read(self._client, LISTED),
        )
