"""Which statements are refused: the engine's own read-only mode protects neither files nor the network.

The guard knows statements by an allow-list of first words, table functions and engines by an allow-list too (whatever
else the engine knows is refused, so a new version brings no new hole), and a short list of scalar functions that
reach outside. A statement is judged by its tokens: comments, quoting, letter case and nesting make no difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Literal

from msgspec import Struct

from deploy.local.clickhouse.failures import ACCESS_DENIED, READONLY, SYNTAX_ERROR, Failure, failure
from deploy.local.clickhouse.lexer import END, SqlToken, tokens

READS: Final = frozenset({"SELECT", "WITH", "FROM", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN", "CHECK"})
"""First words of statements that only read."""
WRITES: Final = frozenset(
    {"INSERT", "CREATE", "DROP", "ALTER", "RENAME", "EXCHANGE", "TRUNCATE", "OPTIMIZE", "DELETE", "UPDATE", "UNDROP",
     "SET", "USE", "KILL", "SYSTEM"}
)  # fmt: skip
"""First words of the statements that the owner may use as well. Not among them: ATTACH, DETACH, BACKUP, RESTORE,
GRANT, EXECUTE, MOVE and whatever a later version brings."""

_CREATES: Final = frozenset({"TABLE", "VIEW", "MATERIALIZED", "DATABASE", "DICTIONARY", "TEMPORARY", "INDEX", "LIVE"})
_SYSTEM: Final = frozenset({"FLUSH", "SYNC", "START", "STOP", "REFRESH", "WAIT", "DROP", "CLEAR", "CANCEL", "ENABLE"})

TABLE_FUNCTIONS: Final = frozenset(
    {"numbers", "numbers_mt", "zeros", "zeros_mt", "primes", "generateseries", "generate_series", "generaterandom",
     "values", "sqlstandardvalues", "view", "viewifpermitted", "viewexplain", "merge", "null", "input", "loop",
     "format", "dictionary", "mergetreeindex", "mergetreeprojection", "mergetreetextindex"}
)  # fmt: skip
"""Table functions (lower case) that read nothing but the database itself."""
TABLE_ENGINES: Final = frozenset(
    {"mergetree", "replacingmergetree", "summingmergetree", "aggregatingmergetree", "collapsingmergetree",
     "versionedcollapsingmergetree", "coalescingmergetree", "graphitemergetree", "memory", "log", "tinylog",
     "stripelog", "null", "buffer", "merge", "view", "materializedview", "generaterandom", "dictionary"}
)  # fmt: skip
DATABASE_ENGINES: Final = frozenset({"atomic", "memory"})

_SCALARS: Final = frozenset({"file", "catboostevaluate", "showcertificate"})
"""Scalar functions (lower case) that reach files or the process; those whose name begins with ``ai`` ask a service."""
_NESTED: Final = frozenset({"disk", "ssd_cache", "complex_key_ssd_cache"})
"""Names (lower case) that reach files where they are followed by a parenthesis in a definition."""

_PROTECTED: Final = frozenset(
    {"max_memory_usage", "max_memory_usage_for_user", "max_execution_time", "timeout_overflow_mode", "log_comment",
     "allow_introspection_functions", "format_schema", "format_schema_source", "max_temporary_data_on_disk_size",
     "allow_ddl", "implicit_select"}
)  # fmt: skip
"""Settings that a reader may not change inside a statement (in the URL they are capped)."""


_NO_COLUMNS: Final = frozenset(
    {"AS", "SELECT", "IN", "DEFAULT", "MATERIALIZED", "ALIAS", "EPHEMERAL", "CHECK", "ASSUME", "INDEX", "PROJECTION",
     "TTL", "CODEC", "STATISTICS", "SETTINGS"}
)  # fmt: skip
"""Words that a list of names and types does not hold, unless quoted."""


class Known(Struct, frozen=True):
    """What the engine has, in lower case, as its own system tables list it."""

    table_functions: frozenset[str]
    engines: frozenset[str]
    functions: frozenset[str]


class Statement(Struct, frozen=True):
    """A statement that may run.

    ``kind``    ``read``: gives a result; ``insert``: takes data; ``command``: neither
    ``sql``     the statement, without the FORMAT clause and the data of an INSERT, and without its ``settings``
    ``settings``  the SETTINGS clause of an INSERT that takes data, else empty
    ``format``  the format named in the statement, else empty
    ``data_at`` byte position at which the data of an INSERT begins, -1 where there is none inside
    """

    kind: Literal["read", "insert", "command"]
    sql: bytes
    format: str = ""
    data_at: int = -1
    settings: bytes = b""


class Guard:
    """Judges statements. Holds what the engine knows, so that unknown things are refused."""

    def __init__(self, known: Known) -> None:
        self._scalars = _SCALARS | {name for name in known.functions if name.startswith("ai")}
        self._functions = (known.table_functions - TABLE_FUNCTIONS) | _NESTED
        self._engines = known.engines - TABLE_ENGINES - DATABASE_ENGINES

    def judge(self, sql: bytes, *, readonly: bool) -> Statement:
        """The statement in ``sql``, for the owner or (``readonly``) for a reader or a GET request.

        Raises:
            Failure: it is refused; the message says which part of it and why.
        """
        seen, data_at, form = _scan(sql)
        if not seen:
            raise failure(SYNTAX_ERROR, "Empty query")
        first = _first(seen)
        if first not in READS | WRITES:
            raise _refused(f"statements that begin with {first}")
        if readonly and first not in READS:
            raise failure(READONLY, f"Cannot execute query in readonly mode: {first}")
        self._check_calls(seen, readonly)
        if first == "CREATE":
            self._check_create(seen)
        elif first == "SYSTEM" and not (len(seen) > 1 and seen[1].is_word(*_SYSTEM)):
            raise _refused("this SYSTEM statement")
        elif first == "INSERT" and _target(seen).is_word("FUNCTION"):
            raise _refused("INSERT INTO FUNCTION")
        return _statement(sql, seen, first, data_at, form)

    def _check_calls(self, seen: Sequence[SqlToken], readonly: bool) -> None:
        before = ""
        for token, following in pairwise([*seen, END]):
            name = token.text.lower()
            if token.is_name and following.text == "(" and name in self._functions:
                raise _refused(f"the function {token.text}()")
            # A scalar function's bare name calls it as well: arrayMap(file, names), * APPLY file.
            if token.is_name and before != "." and name in self._scalars:
                raise _refused(f"the function {token.text}() (a column of that name: write table.{token.text})")
            if token.is_word("INTO") and following.is_word("OUTFILE"):
                raise _refused("INTO OUTFILE")
            if token.is_word("FROM") and following.is_word("INFILE"):
                raise _refused("FROM INFILE")
            if readonly and token.is_name and name in _PROTECTED and following.text == "=":
                raise failure(READONLY, f"Cannot modify '{token.text}' setting in readonly mode")
            before = token.text

    def _check_create(self, seen: Sequence[SqlToken]) -> None:
        words = [token for token in seen[1:4] if not token.is_word("OR", "REPLACE")]
        if not words or not words[0].is_word(*_CREATES):
            raise _refused(f"CREATE {words[0].text.upper() if words else ''}".strip())
        for at, token in enumerate(seen[:-1]):
            if token.is_word("ENGINE"):
                at += 2 if seen[at + 1].text == "=" and at + 2 < len(seen) else 1
                if seen[at].is_name and seen[at].text.lower() in self._engines:
                    raise _refused(f"the engine {seen[at].text}")
        if any(token.is_word("DICTIONARY") for token in words):
            _check_dictionary(seen)


def check_columns(structure: str) -> None:
    """Let through a list of names and types alone, which goes into the parentheses of a CREATE TEMPORARY TABLE.

    Raises:
        Failure: it closes those parentheses, or holds an expression.
    """
    depth = 0
    for token in tokens(structure.encode()):
        if token.kind == "sign":
            depth += (token.text == "(") - (token.text == ")")
        if depth < 0 or token.text == ";" or token.is_word(*_NO_COLUMNS):
            raise _refused(f"{token.text} in the structure of an external table")


def _check_dictionary(seen: Sequence[SqlToken]) -> None:
    """A dictionary reads this database alone: CLICKHOUSE without an address, or NULL."""
    for at, token in enumerate(seen):
        if not token.is_word("SOURCE") or at + 2 >= len(seen):
            continue
        source = seen[at + 2]
        rest = {other.text.lower() for other in seen[at + 2 :] if other.is_name}
        if source.text.lower() not in ("clickhouse", "null") or rest & {"host", "port", "name", "secure"}:
            raise _refused(f"the dictionary source {source.text}")


def _scan(sql: bytes) -> tuple[list[SqlToken], int, str]:
    """The tokens before the data of an INSERT, where that data begins (or -1), and the FORMAT named."""
    seen: list[SqlToken] = []
    depth = 0
    ended = False
    takes_data = False
    for token in tokens(sql):
        if token.kind == "sign":
            depth += (token.text in "([{") - (token.text in ")]}")
            if token.text == ";" and depth == 0:
                ended = True
                continue
        if ended:
            raise failure(SYNTAX_ERROR, "Multi-statements are not allowed")
        if not seen:
            takes_data = token.is_word("INSERT")
        elif takes_data and depth == 0:
            if token.is_word("VALUES"):
                return seen, token.end, "Values"
            if seen[-1].is_word("FORMAT") and token.is_name:
                return seen[:-1], _data_after(sql, token.end), token.text
            takes_data = not token.is_word("SELECT", "WITH")
        seen.append(token)
    return seen, -1, _format_of(seen)


def _format_of(seen: Sequence[SqlToken]) -> str:
    """The name in a FORMAT clause: at the end of the statement, or before its SETTINGS."""
    for at in range(len(seen) - 2, 0, -1):
        last = at + 2 == len(seen) or seen[at + 2].is_word("SETTINGS")
        if last and seen[at].is_word("FORMAT") and seen[at + 1].is_name:
            return seen[at + 1].text
    return ""


def _selects(seen: Sequence[SqlToken]) -> bool:
    return any(token.is_word("SELECT", "WITH") for token in seen)


def _data_after(sql: bytes, at: int) -> int:
    """Where data begins behind ``FORMAT x``: after blanks and at most one line end, as the server reads it."""
    while sql[at : at + 1] in (b" ", b"\t", b"\f"):
        at += 1
    if sql[at : at + 1] == b";":
        at += 1
    if sql[at : at + 1] == b"\r":
        at += 1
    return at + 1 if sql[at : at + 1] == b"\n" else at


def _without_comments(sql: bytes, seen: Sequence[SqlToken]) -> bytes:
    """The statement with a blank in place of each comment, so that what was checked is what runs."""
    pieces = [sql[seen[0].start : seen[0].end]]
    for before, token in pairwise(seen):
        gap = sql[before.end : token.start]
        pieces.append(b" " if gap.strip() else gap)
        pieces.append(sql[token.start : token.end])
    return b"".join(pieces)


def _target(seen: Sequence[SqlToken]) -> SqlToken:
    """What stands where an INSERT names its table."""
    return next((token for token in seen[1:] if not token.is_word("INTO", "TABLE")), END)


def _settings_at(seen: Sequence[SqlToken]) -> int:
    """Which token begins the SETTINGS clause of an INSERT; their number where there is none."""
    for at in range(2, len(seen) - 2):
        if seen[at].is_word("SETTINGS") and seen[at + 1].is_name and seen[at + 2].text == "=":
            return at
    return len(seen)


def _first(seen: Sequence[SqlToken]) -> str:
    for token in seen:
        if token.text != "(":
            return token.text.upper() if token.kind == "word" else token.text
    return "("


def _statement(sql: bytes, seen: Sequence[SqlToken], first: str, data_at: int, form: str) -> Statement:
    text = _without_comments(sql, seen)
    if b"\x00" in text:
        raise failure(SYNTAX_ERROR, "A statement holds no zero bytes")
    if first == "INSERT" and not _selects(seen):
        at = _settings_at(seen)
        settings = _without_comments(sql, seen[at:]) if at < len(seen) else b""
        return Statement("insert", _without_comments(sql, seen[:at]), form, data_at, settings)
    if first in READS:
        return Statement("read", text, form)
    return Statement("command", text, form)


def _refused(what: str) -> Failure:
    return failure(ACCESS_DENIED, f"This endpoint refuses {what}: it serves its own tables, no files and no network")
