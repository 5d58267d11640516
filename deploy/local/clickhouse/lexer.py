"""SQL into tokens, without comments, as the ClickHouse lexer cuts it.

Anything that could be read in two ways is refused rather than guessed: the guard judges exactly the tokens that the
engine will see.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

from msgspec import Struct

from deploy.local.clickhouse.failures import SYNTAX_ERROR, failure

TokenKind = Literal["word", "quoted", "string", "number", "sign"]


class SqlToken(Struct, frozen=True):
    """One token. ``text`` is the name without quotes for ``quoted``; ``start`` and ``end`` are byte positions."""

    kind: TokenKind
    text: str
    start: int
    end: int

    def is_word(self, *words: str) -> bool:
        """Whether this is one of the given (upper-case) keywords: bare, in any case."""
        return self.kind == "word" and self.text.upper() in words

    @property
    def is_name(self) -> bool:
        """Whether this can be an identifier, bare or quoted."""
        return self.kind in ("word", "quoted")


END: Final = SqlToken("sign", "", 0, 0)
"""Stands behind the last token."""

_TOKEN: Final = re.compile(
    rb"""
    (?P<space>[ \t\r\n\f\v]+)
  | (?P<comment>(?:--|//|\#[ !])[^\n]*|/\*(?:(?!/\*)(?!\*/).)*\*/)
  | (?P<binary>[xXbB]'[0-9A-Fa-f]*')
  | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<number>[0-9][A-Za-z0-9_]*(?:\.[0-9][A-Za-z0-9_]*)?(?:(?<=[eEpP])[+-][0-9]+)?)
  | (?P<string>(?<![A-Za-z0-9_])'(?:[^'\\]|\\.|'')*')
  | (?P<backtick>`(?:[^`\\]|\\.|``)*`)
  | (?P<double>"(?:[^"\\]|\\.|"")*")
  | (?P<heredoc>(?<![A-Za-z0-9_$])(?P<tag>\$[A-Za-z0-9_]*\$).*?(?P=tag))
  | (?P<sign>/(?![*/])|[!%&()*+,\-.:;<=>?@\[\]^{|}~])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(.)|``|\"\"", re.DOTALL)


def tokens(sql: bytes) -> Iterator[SqlToken]:
    """The tokens of ``sql``, one at a time: the caller stops where the data of an INSERT begins.

    Raises:
        Failure: an unfinished quote or comment, a comment inside a comment, or a character that SQL has no use for.
    """
    at = 0
    while at < len(sql):
        found = _TOKEN.match(sql, at)
        if found is None:
            raise failure(SYNTAX_ERROR, f"Cannot read the statement at position {at + 1}")
        kind = found.lastgroup
        end = found.end()
        if kind in ("word", "number", "sign"):
            yield SqlToken(kind, found[0].decode(), at, end)  # type: ignore[arg-type]
        elif kind in ("string", "heredoc", "binary"):
            yield SqlToken("string", found[0].decode(errors="replace"), at, end)
        elif kind in ("backtick", "double"):
            yield SqlToken("quoted", _unquote(found[0].decode(errors="replace")), at, end)
        at = end


def _unquote(text: str) -> str:
    def plain(found: re.Match[str]) -> str:
        return found[1] if found[1] is not None else found[0][0]

    return _ESCAPE.sub(plain, text[1:-1])
