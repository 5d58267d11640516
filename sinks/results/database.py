"""Asks ClickHouse one of the questions in ``queries/*.sql``; rows come as they are declared."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from sinks.connect import faults, first_line
from taskstream.errors import ServiceError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

T = TypeVar("T")
TIMEOUT_S: Final = 20
"""Longest that ClickHouse may work on one question."""
_SETTINGS: Final = {
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_quote_denormals": 0,
    "output_format_json_named_tuples_as_objects": 1,
    "max_execution_time": TIMEOUT_S,
}
_MISSING: Final = frozenset({60, 81})
"""ClickHouse's codes for an unknown table and an unknown database."""


class NoTables(ServiceError):
    """The database or a view does not exist yet."""


class UnknownForm(ServiceError):
    """A view's rows are not what this version expects."""


def rows(client: Client, query: str, kind: type[T], **parameters: Any) -> tuple[T, ...]:
    """The rows of ``queries/QUERY.sql``; columns that ``kind`` does not declare are left out.

    Raises:
        NoTables: the database is not set up yet.
        UnknownForm: the rows are not what this version expects.
        ServiceError: ClickHouse does not answer, or not as it should.
    """
    try:
        data = client.raw_query(_text(query), parameters, settings=_SETTINGS, fmt="JSONEachRow")
        return tuple(msgspec.json.Decoder(kind).decode_lines(data))
    except faults() as error:
        if getattr(error, "code", None) in _MISSING:
            raise NoTables(
                f"the database {client.database} lacks tables or views: "
                "`taskstream up` or `taskstream migrate` makes them"
            ) from error
        raise ServiceError(f"ClickHouse does not answer: {first_line(error)}") from error
    except msgspec.MsgspecError as error:
        raise UnknownForm(
            f"ClickHouse answered {query} in a form that this version does not know: {error}; run `taskstream migrate`"
        ) from error


@cache
def _text(query: str) -> str:
    return files("sinks.results").joinpath("queries", f"{query}.sql").read_text(encoding="utf-8")
