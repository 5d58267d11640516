"""One HTTP request as data: what is asked, with which settings and parameters, and where the data of an INSERT are."""

from __future__ import annotations

import gzip
import importlib
import re
import sys
import uuid
import zlib
from collections.abc import Callable, Mapping

from aiohttp import web
from msgspec import Struct

from deploy.local.clickhouse.failures import BAD_ARGUMENTS, CANNOT_DECOMPRESS, NOT_IMPLEMENTED, Failure, failure
from deploy.local.clickhouse.limits import EndpointLimits

# Parameters that belong to the protocol; every other one is a setting.
_PROTOCOL = frozenset(
    {"query", "database", "default_format", "user", "password", "query_id", "session_id", "session_timeout",
     "session_check", "close_session", "buffer_size", "wait_end_of_query", "compress", "decompress", "stacktrace",
     "quota_key", "role", "enable_http_compression", "send_progress_in_http_headers", "client_protocol_version",
     "http_headers_progress_interval_ms", "cancel_http_readonly_queries_on_client_close", "readonly",
     "http_zlib_compression_level", "http_native_compression_disable_checksumming_on_decompress",
     "add_http_cors_header", "log_comment", "implicit_select", "allow_introspection_functions"}
)  # fmt: skip
_ID = re.compile(r"^[\x21-\x7e]{1,128}$")


class Asked(Struct, frozen=True):
    """What a request asks for, before the body is read.

    ``form``      output format where the statement names none
    ``hold``      whether the client wants final counts in the headers (``wait_end_of_query``)
    ``session``   id of a session, or empty; ``session_seconds``: how long it may rest
    """

    query: bytes
    query_id: str
    database: str
    form: str
    settings: dict[str, str]
    params: dict[str, str]
    hold: bool
    session: str
    session_seconds: int


class External(Struct, frozen=True):
    """A table that the client sends along: name, column list, format and data."""

    name: str
    structure: str
    form: str
    data: bytes


def read_url(request: web.Request, limits: EndpointLimits, *, readonly: bool) -> Asked:
    """What the URL and the headers say.

    Raises:
        Failure: a parameter that this endpoint does not serve.
    """
    query = request.query
    if query.get("compress", "0") not in ("0", "") or query.get("decompress", "0") not in ("0", ""):
        raise failure(NOT_IMPLEMENTED, "compress=1 and decompress=1 are not served: use Content-Encoding")
    if "role" in query:
        raise failure(NOT_IMPLEMENTED, "Roles are not served by this endpoint")
    settings = {name: value for name, value in query.items() if name not in _PROTOCOL and not name.startswith("param_")}
    query_id = query.get("query_id") or request.headers.get("X-ClickHouse-Query-Id") or str(uuid.uuid4())
    if not _ID.match(query_id):
        raise failure(BAD_ARGUMENTS, "query_id is printable ASCII of at most 128 characters")
    seconds = limits.read_seconds if readonly else limits.write_seconds
    bounded = {
        "max_execution_time": _bounded(settings.get("max_execution_time"), seconds),
        "max_memory_usage": _bounded(settings.get("max_memory_usage"), limits.query_memory_bytes),
    }
    return Asked(
        query=query.get("query", "").encode(),
        query_id=query_id,
        database=query.get("database", "") or request.headers.get("X-ClickHouse-Database", ""),
        form=query.get("default_format", "") or request.headers.get("X-ClickHouse-Format", ""),
        settings=settings
        | bounded
        | {"log_comment": query_id, "implicit_select": "0"}
        | ({"readonly": "2"} if readonly else {}),
        params={name[6:]: value for name, value in query.items() if name.startswith("param_")},
        hold=query.get("wait_end_of_query", "0") not in ("0", ""),
        session=query.get("session_id", ""),
        session_seconds=min(_seconds(query.get("session_timeout")), limits.session_seconds),
    )


def _bounded(given: str | None, most: int) -> str:
    """``given`` where it is a number from 1 to ``most``, else ``most`` (0 would mean without limit)."""
    try:
        number = float(given or 0)
    except ValueError as error:
        raise failure(BAD_ARGUMENTS, f"Not a number: {given}") from error
    return given if given and 0 < number < most else str(most)


def _seconds(given: str | None) -> int:
    if given is None:
        return 60
    if not given.isascii() or not given.isdigit():
        raise failure(BAD_ARGUMENTS, f"Invalid session timeout: {given}")
    return int(given)


def decompressor(encoding: str) -> Callable[[bytes], bytes]:
    """What turns a whole request body in this ``Content-Encoding`` into plain bytes."""
    try:
        return _DECOMPRESS[encoding.strip().lower()]
    except KeyError:
        raise failure(NOT_IMPLEMENTED, f"Unknown Content-Encoding {encoding}") from None


def decompress(encoding: str, data: bytes) -> bytes:
    """The plain bytes of a whole body.

    Raises:
        Failure: the encoding is unknown or the data are damaged.
    """
    plain = decompressor(encoding)
    try:
        return plain(data)
    except Failure:
        raise
    except Exception as error:
        raise failure(CANNOT_DECOMPRESS, f"Cannot decompress the body ({encoding}): {error}") from error


def _zstd(data: bytes) -> bytes:
    zstd = importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    plain: bytes = zstd.decompress(data)
    return plain


def _lz4(data: bytes) -> bytes:
    plain: bytes = importlib.import_module("lz4.frame").decompress(data)
    return plain


_DECOMPRESS: Mapping[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    "identity": lambda data: data,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "zstd": _zstd,
    "lz4": _lz4,
}


async def read_form(request: web.Request) -> tuple[dict[str, str], list[External]]:
    """The fields and the tables of a multipart body, as clients send parameters and external data."""
    fields: dict[str, str] = {}
    files: dict[str, tuple[str, bytes]] = {}
    reader = await request.multipart()
    async for part in reader:
        name = getattr(part, "name", None) or ""
        data = bytes(await part.read())  # type: ignore[union-attr]
        if getattr(part, "filename", None):
            files[name] = (name, data)
        else:
            fields[name] = data.decode()
    known = dict(request.query) | fields
    tables = []
    for name, data in files.values():
        structure = known.get(f"{name}_structure", "")
        if not structure and (types := known.get(f"{name}_types", "")):
            structure = ", ".join(f"_{at + 1} {kind}" for at, kind in enumerate(types.split(",")))
        if not structure:
            raise failure(BAD_ARGUMENTS, f"The external table {name} has neither structure nor types")
        tables.append(External(name, structure, known.get(f"{name}_format", "TabSeparated"), data))
    return fields, tables


def without_external(settings: Mapping[str, str], tables: list[External]) -> dict[str, str]:
    """The settings without those that describe external tables."""
    described = {f"{table.name}_{what}" for table in tables for what in ("structure", "types", "format")}
    return {name: value for name, value in settings.items() if name not in described}
