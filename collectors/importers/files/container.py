"""What a path holds: a file, a compressed file, or an archive with several; each is opened as often as needed."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

from msgspec import Struct

from taskstream.errors import InputError

_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_MAX_MEMBERS: Final = 10_000
CONTENT_TYPES: Final = "[Content_Types].xml"
"""A file within every workbook, and within no other archive."""
_NOT_LOGS: Final = ("__MACOSX/", ".")


class Member(Struct, frozen=True):
    """One file to read: the path itself, or a file within an archive."""

    path: Path
    inside: str = ""
    container: str = ""
    """"gzip", "zip", or empty."""

    @property
    def name(self) -> str:
        """What the file is called in messages and reports."""
        return f"{self.path.name}/{self.inside}" if self.inside else self.path.name

    @contextmanager
    def open(self) -> Iterator[io.BufferedReader]:
        """The uncompressed bytes.

        Raises:
            InputError: missing, unreadable, or damaged (also while reading within the context).
        """
        try:
            with self.path.open("rb") as raw:
                if self.inside:
                    with zipfile.ZipFile(raw) as archive, archive.open(self.inside) as stream:
                        yield _unpacked(io.BufferedReader(cast(io.RawIOBase, stream)))
                else:
                    yield _unpacked(raw)
        except (gzip.BadGzipFile, EOFError, zlib.error, zipfile.BadZipFile) as error:
            raise InputError(
                f"{self.name} is damaged: its compressed data ends early or is corrupt ({error})"
            ) from error
        except NotImplementedError as error:
            raise InputError(f"{self.name}: this way of compression is not known ({error}); unpack it first") from error
        except RuntimeError as error:
            if "password" not in str(error):
                raise
            raise InputError(f"{self.name} is encrypted: unpack it first") from error
        except OSError as error:
            raise InputError(f"{self.path} cannot be read: {error.strerror or error}") from error


def _unpacked(stream: io.BufferedReader) -> io.BufferedReader:
    if stream.peek(2)[:2] != _GZIP:
        return stream
    return io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=cast(BinaryIO, stream))), 1 << 18)


def members(path: Path) -> list[Member]:
    """The files that ``path`` holds, in the order of their names.

    Raises:
        InputError: missing, unreadable, or an archive that is damaged or empty.
    """
    try:
        with path.open("rb") as raw:
            start = raw.read(4)
            if start[:2] == _GZIP:
                return [Member(path, container="gzip")]
            if start != _ZIP:
                return [Member(path)]
            with zipfile.ZipFile(raw) as archive:
                names = sorted(entry.filename for entry in archive.infolist() if not entry.is_dir())
    except FileNotFoundError as error:
        raise InputError(f"there is no file {path}") from error
    except zipfile.BadZipFile as error:
        raise InputError(f"{path.name} is damaged: {error}") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    if CONTENT_TYPES in names:
        return [Member(path)]  # a workbook is an archive of parts, none of which is a log
    kept = [name for name in names if not name.startswith(_NOT_LOGS) and not name.rpartition("/")[2].startswith(".")]
    if not kept:
        raise InputError(f"{path.name} is an archive without files")
    if len(kept) > _MAX_MEMBERS:
        raise InputError(f"{path.name} holds {len(kept):,} files; at most {_MAX_MEMBERS:,} are read")
    return [Member(path, name, "zip") for name in kept]
