"""How a part of the benchmark ends when it is interrupted."""

from __future__ import annotations

import sys
from collections.abc import Callable

INTERRUPTED = 130


def run(main: Callable[[], None]) -> None:
    """Run ``main``. Ctrl-C ends the process without a traceback, after everything that ``main`` started has ended."""
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
