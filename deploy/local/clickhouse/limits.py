"""The bounds within which the endpoint works, all in one place."""

from __future__ import annotations

from msgspec import Struct


class EndpointLimits(Struct, frozen=True):
    """Bounds of one endpoint.

    ``server_memory_bytes``  memory of all queries together; beyond it a query fails with MEMORY_LIMIT_EXCEEDED
    ``query_memory_bytes``   memory of one query
    ``read_seconds``         run time of one reading statement
    ``write_seconds``        run time of one writing statement
    ``reader_turns``, ``owner_turns``  statements of the reader and of the owner that run at a time; further ones wait
    ``waiting``              statements that wait at most; further ones are refused (503, the client repeats)
    ``wait_seconds``         how long a statement waits for its turn
    ``body_bytes``           size of a body that holds the statement too (other INSERT bodies have no bound)
    ``body_seconds``         how long the endpoint waits for the next piece of a body
    ``append_bytes``         the body of an INSERT is handed to the engine in pieces of this size
    ``answer_bytes``         size up to which an answer is held back so that its headers can tell the final counts
    ``sessions``             sessions (temporary tables, SET) kept at a time
    ``session_seconds``      how long an unused session is kept, unless the client asks for less
    """

    server_memory_bytes: int = 2_000_000_000
    query_memory_bytes: int = 1_500_000_000
    read_seconds: int = 120
    write_seconds: int = 600
    reader_turns: int = 6
    owner_turns: int = 8
    waiting: int = 256
    wait_seconds: float = 60.0
    body_bytes: int = 1 << 30
    body_seconds: float = 60.0
    append_bytes: int = 64 << 20
    answer_bytes: int = 8 << 20
    sessions: int = 64
    session_seconds: int = 60
