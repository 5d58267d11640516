"""Which applications stand for a call: a person who types nothing there is not waiting but talking."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def _places() -> tuple[frozenset[str], tuple[str, ...]]:
    data = json.loads((Path(__file__).parent / "calls.json").read_text(encoding="utf-8"))
    return frozenset(data["applications"]), tuple(data["pages"])


@lru_cache(maxsize=4_096)
def is_call(app: str, screen: str) -> bool:
    """Whether calls are made with this application, or on this page of a browser."""
    applications, pages = _places()
    return app.lower().removesuffix(".exe") in applications or screen.lower().startswith(pages)
