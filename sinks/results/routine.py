"""One routine with its evidence, as ClickHouse has it now; never of fewer than k people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sinks.connect import first_line
from taskstream.errors import ServiceError, UsageError
from taskstream.records import Edge, Flow, Routine, RoutineStep, RoutineVariant

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_NESTED: Final = {"flows": Flow, "steps": RoutineStep, "edges": Edge}
_TIMES: Final = ("first_ms", "last_ms")
_ID: Final = "SELECT id FROM v_opportunities WHERE toString(rank) = {which:String} OR id = {which:String} ORDER BY rank"
_KNOWN: Final = "SELECT id FROM v_routines WHERE id = {which:String}"
_VARIANTS: Final = (
    "SELECT variant AS id, steps, executions, share FROM v_routine_variants "
    "WHERE routine = {id:String} AND tenant = {tenant:String} AND notEmpty(steps) ORDER BY executions DESC, id"
)


def read(client: Client, which: str) -> Routine:
    """The routine of an opportunity, by its rank in the list or its id.

    Raises:
        UsageError: there is none of that name (or it is of fewer than k people).
        ServiceError: the database cannot be asked, or lacks the schema.
    """
    found = _ask(client, _ID, {"which": which}) or _ask(client, _KNOWN, {"which": which})
    if not found:
        raise UsageError(f"there is no routine {which!r}: give a rank or an id of `taskstream opportunities`")
    row = _ask(client, f"SELECT {_columns()} FROM v_routines WHERE id = {{id:String}} LIMIT 1", found[0])[0]
    variants = _ask(client, _VARIANTS, {"id": row["id"], "tenant": row["tenant"]})
    return _routine(row, [msgspec.convert(variant, RoutineVariant, strict=False) for variant in variants])


def _columns() -> str:
    absent = {"presence", "variants", "parts", "merged", "into", "split_from", "withdrawn", "partial"}
    names: list[str] = []
    for field in Routine.__struct_fields__:
        if field in _NESTED:
            names += [f"{field}.{inner}" for inner in _NESTED[field].__struct_fields__]
        elif field in _TIMES:
            names.append(f"toUnixTimestamp64Milli({field}) AS {field}")
        elif field not in absent:
            names.append(field)
    return ", ".join(names)


def _routine(row: Mapping[str, Any], variants: list[RoutineVariant]) -> Routine:
    fields: dict[str, Any] = {name: value for name, value in row.items() if "." not in name}
    for name, kind in _NESTED.items():
        columns = [row[f"{name}.{inner}"] for inner in kind.__struct_fields__]
        fields[name] = [dict(zip(kind.__struct_fields__, values, strict=True)) for values in zip(*columns, strict=True)]
    return msgspec.convert(fields | {"presence": {}, "variants": variants}, Routine, strict=False)


def _ask(client: Client, sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    from clickhouse_connect.driver.exceptions import ClickHouseError

    try:
        answer = client.query(sql, parameters=dict(parameters))
    except (ClickHouseError, OSError) as error:
        raise ServiceError(f"the routine cannot be read: {first_line(error)}; run `taskstream migrate`?") from error
    return [dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows]
