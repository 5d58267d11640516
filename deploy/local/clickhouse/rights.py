"""What the reader may read: views made for people, by an allow-list; no table behind them, nobody else's queries.

The statement is judged by the engine's own parse of it (``EXPLAIN AST``: nothing is evaluated), so quoting, nesting and
parameters make no difference. Every table that a query names stands there as ``TableIdentifier``, except behind ``IN``,
where a bare name, or the alias of one, may be a table, too. What cannot be understood is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from deploy.local.clickhouse.engine import Connection, quote
from deploy.local.clickhouse.failures import ACCESS_DENIED, Failure, failure
from deploy.local.clickhouse.lexer import SqlToken, tokens

_VIEW: Final = re.compile(r"(?:[^.]+\.)?(?:v_\w+|event_log)")
"""The views for people, in any database."""
_SYSTEM: Final = frozenset(
    f"system.{name}"
    for name in (
        "one", "numbers", "numbers_mt", "zeros", "zeros_mt", "databases", "tables", "columns", "functions", "settings",
        "formats", "data_type_families", "table_engines", "table_functions", "collations", "keywords", "time_zones",
        "build_options", "contributors", "licenses", "merge_tree_settings", "aggregate_function_combinators",
    )
)  # fmt: skip
_TABLE_FUNCTIONS: Final = frozenset(
    {"numbers", "numbers_mt", "zeros", "zeros_mt", "primes", "generateseries", "generate_series", "values", "view",
     "null", "format"}
)  # fmt: skip
"""Table functions (lower case) that read nothing but what stands in them."""
_METADATA: Final = ("SHOW", "DESCRIBE", "DESC", "EXISTS")
"""First words of statements that tell what there is, not what is in it."""
_SHOWS: Final = frozenset({"TABLES", "DATABASES", "CREATE", "COLUMNS", "FULL", "FUNCTIONS", "SETTINGS", "ENGINES"})
_FILTERS: Final = frozenset({"additional_table_filters", "additional_result_filter", "parallel_replicas_custom_key"})
"""Settings (lower case) that hold expressions, which may hold queries."""
_READS_BY_NAME: Final = re.compile(r"(joinget|dict)\w*", re.IGNORECASE)
"""Functions that are given the name of a table or dictionary as text."""
_NODE: Final = re.compile(r"( *)(\w+)(?: (.*?))??( \(alias .*\))?(?: \(children \d+\))?")
_IN: Final = re.compile(r"(?:global)?(?:not)?(?:null)?in(?:ignoreset)?", re.IGNORECASE)


def check_reader(
    connection: Connection, sql: bytes, params: Mapping[str, str], settings: Mapping[str, str], own: Sequence[str]
) -> None:
    """Refuse a reader's statement that reads anything but views; ``own`` are tables that the request brings along.

    Raises:
        Failure: it does, or cannot be parsed.
    """
    seen = list(tokens(sql))
    _check_words(sql, seen, settings)
    if seen and seen[0].is_word(*_METADATA):
        return
    tree = connection.run(b"EXPLAIN AST " + sql, "TSVRaw", params).data.decode(errors="replace")
    doubtful = [name for name in _named(tree) if name not in own]
    if doubtful:
        names = ", ".join(quote(name) for name in doubtful)
        found = connection.run(
            f"SELECT name FROM system.tables WHERE (database = currentDatabase() AND name IN ({names})) "
            f"OR concat(database, '.', name) IN ({names}) LIMIT 1"
        ).data
        if found:
            raise _refused(found.decode(errors="replace").strip())


def _check_words(sql: bytes, seen: Sequence[SqlToken], settings: Mapping[str, str]) -> None:
    first = next((token for token in seen if token.text != "("), None)
    if first is None:
        return
    if first.is_word("CHECK", "EXPLAIN"):  # a plan shows what views compute with, such as the salt
        raise _refused(first.text.upper())
    if first.is_word("SHOW") and not (len(seen) > 1 and seen[1].is_word(*_SHOWS)):
        raise _refused("this SHOW")
    if first.is_word(*_METADATA) and any(token.text == "(" or token.is_word("SELECT", "WHERE") for token in seen):
        raise _refused(f"a query, a condition or a call inside of {first.text.upper()}")
    for at, token in enumerate(seen):
        # The engine prints such names as they are, so one with a line end would be read as two nodes.
        if token.kind == "quoted" and (b"\\" in sql[token.start : token.end] or not token.text.isprintable()):
            raise _refused("a name with a backslash or characters that cannot be printed")
        if token.is_name and _READS_BY_NAME.fullmatch(token.text):
            raise _refused(f"the function {token.text}()")
        if token.is_word("IDENTIFIER") and at and seen[at - 1].text == ":":
            raise _refused("a name given as a parameter")
    given = {name.lower() for name in settings} | {token.text.lower() for token in seen if token.is_name}
    if given & _FILTERS:
        raise _refused(f"the setting {min(given & _FILTERS)}")


def _named(tree: str) -> Iterator[str]:
    """Names in the parsed statement that are not allowed if they name tables.

    Raises:
        Failure: one is a table's for sure, and not allowed; or a line is not understood.
    """
    above: list[tuple[int, str, str]] = []
    asks_in, aliased = False, list[str]()
    for line in tree.rstrip("\n").split("\n"):
        match = _NODE.fullmatch(line)
        if match is None:
            raise _refused("what cannot be understood")
        depth, kind, name = len(match[1]), match[2], match[3] or ""
        above = [node for node in above if node[0] < depth]
        parent = above[-1] if above else (0, "", "")
        if kind == "TableIdentifier" and not _is_allowed(name):
            if "." in name:
                raise _refused(name)
            yield name
        if kind == "Function" and parent[1] == "TableExpression" and name.lower() not in _TABLE_FUNCTIONS:
            raise _refused(f"the table function {name}")
        function = above[-2] if len(above) > 1 else (0, "", "")
        if kind == "Identifier" and not _is_allowed(name):
            if function[1] == "Function" and _IN.fullmatch(function[2]):
                asks_in = True
                yield name
            elif match[4]:
                aliased.append(name)
        above.append((depth, kind, name))
    if asks_in:  # a name behind IN may be an alias of one of these
        yield from aliased


def _is_allowed(name: str) -> bool:
    return bool(_VIEW.fullmatch(name)) or name in _SYSTEM or name.lower().startswith("information_schema.")


def _refused(what: str) -> Failure:
    text = f"The reader reads views (v_..., event_log) only; refused: {what}"
    return failure(ACCESS_DENIED, text)
