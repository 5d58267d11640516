"""How many files a process may open: processes inherit the limit, and each fails in its own way without."""

from __future__ import annotations

import sys
from typing import Final

from taskstream.errors import ServiceError

LEAST: Final = 1_024
WISE: Final = 16_384


def allowed() -> int:
    """Files that this process may open at once, or could allow itself to."""
    if sys.platform == "win32":  # it knows no such limit
        return WISE
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return WISE if hard == resource.RLIM_INFINITY else max(soft, hard)


def raise_limit() -> None:
    """Allow this process and its children as many open files as they need, within what the system lets us.

    Raises:
        ServiceError: that is too few.
    """
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(WISE, allowed())
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    if wanted < LEAST:
        raise ServiceError(
            f"only {wanted} files may be open at once here, and an instance needs {LEAST:,}: `ulimit -n {LEAST}`"
        )
