"""``python -m deploy.local.clickhouse --path DIR [--port N] [--user U]``.

Passwords come in the environment: ``TASKSTREAM_CLICKHOUSE_PASSWORD`` (owner, required) and
``TASKSTREAM_CLICKHOUSE_READER_PASSWORD`` (user ``reader``; without it there is no such user).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from deploy.local.clickhouse.access import User
from deploy.local.clickhouse.limits import EndpointLimits
from deploy.local.clickhouse.server import serve
from taskstream.endpoints import READER
from taskstream.errors import TaskstreamError, UsageError


def main() -> int:
    """Run the endpoint; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.clickhouse", description=__doc__)
    parser.add_argument("--path", type=Path, required=True, help="data directory")
    parser.add_argument("--port", type=int, default=0, help="loopback port; 0: any free one")
    parser.add_argument("--user", default="taskstream", help="name of the owner")
    parser.add_argument("--memory-mb", type=int, default=2000, help="memory of all statements together")
    parser.add_argument("--follow-stdin", action="store_true", help="stop when standard input ends (parent gone)")
    given = parser.parse_args()
    try:
        users = _users(given.user)
        memory = given.memory_mb * 1_000_000
        limits = EndpointLimits(server_memory_bytes=memory, query_memory_bytes=memory * 3 // 4)
        asyncio.run(serve(given.path.resolve(), given.port, users, limits, follow_stdin=given.follow_stdin))
    except TaskstreamError as error:
        print(f"clickhouse: {error}", file=sys.stderr, flush=True)
        return error.exit_code
    return 0


def _users(owner: str) -> dict[str, User]:
    password = os.environ.pop("TASKSTREAM_CLICKHOUSE_PASSWORD", "")
    reader = os.environ.pop("TASKSTREAM_CLICKHOUSE_READER_PASSWORD", "")
    if not password:
        raise UsageError("TASKSTREAM_CLICKHOUSE_PASSWORD is not set")
    users = {owner: User(owner, password, readonly=False)}
    if reader:
        users[READER] = User(READER, reader, readonly=True)
    return users


sys.exit(main())
