"""The tables that the catalogue has published of each tenant's work, followed in a thread: the latest of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from streams.runtime.topic_follower import TopicFollower
from streams.stages.tenant_tables import loaded
from taskstream.kafka.topic_watch import TopicWatch
from taskstream.settings import Settings
from taskstream.topics import TABLES

MAX_TENANTS: Final = 1_000
"""Tenants whose tables are kept; the one whose record is oldest makes room."""


class PublishedTables(NamedTuple):
    """Encoded tables, and their version."""

    version: int
    raw: bytes


class TablesFollower(TopicFollower):
    """Keeps the encoded tables of each tenant. What is decoded here serves the partitions, too, when it comes back."""

    def __init__(self, settings: Settings, topics: TopicWatch) -> None:
        super().__init__(settings, TABLES, topics)
        self._latest: Mapping[str, PublishedTables] = {}

    @property
    def latest(self) -> Mapping[str, PublishedTables]:
        """By tenant (any thread): never changed, but replaced as a whole."""
        return self._latest

    def begin(self) -> None:
        """What an earlier topic held counts no more."""
        self._latest = {}

    def take(self, key: str, value: bytes | None) -> None:
        """A tenant's latest tables, or that there are none."""
        others = {tenant: kept for tenant, kept in self._latest.items() if tenant != key}
        if value is not None:
            served = loaded(value).served
            if served.tenant != key:
                raise ValueError("tables of another tenant than the record's key says")
            if len(others) >= MAX_TENANTS:
                del others[next(iter(others))]
            others[key] = PublishedTables(served.version, value)
        self._latest = others
