"""Readers of foreign UI logs: each row becomes the UI event that our own desktop agent would have sent."""

from __future__ import annotations

from collectors.importers.log import ImportedEvent, read_log

__all__ = ["ImportedEvent", "read_log"]
