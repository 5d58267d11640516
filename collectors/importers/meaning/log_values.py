"""Values of a log by what may be known of them; a value is seen several times in a row, so that they are remembered."""

from __future__ import annotations

from typing import Final, get_args

from taskstream.events import Form
from taskstream.privacy.values import describe

REMEMBERED: Final = 16_384
_FORMS: Final[tuple[Form, ...]] = get_args(Form)
_NUMBER: Final = {form: number for number, form in enumerate(_FORMS)}
NONE: Final = 0
"""Shape of no value at all."""
SHAPES: Final[dict[int, tuple[int, Form]]] = {
    (length << 8 | number) + 1: (length, form) for length in range(33) for number, form in enumerate(_FORMS)
}
"""Shape → length and form."""


class Values(dict[str, tuple[int, int]]):
    """Text → digest and shape; the shape holds length and form and is never 0. A full memory starts afresh."""

    def __init__(self, key: bytes) -> None:
        super().__init__()
        self._key = key

    def __missing__(self, text: str) -> tuple[int, int]:
        value = describe(text, self._key)
        made = (0, NONE) if value is None else (value.digest, (value.length << 8 | _NUMBER[value.form]) + 1)
        if len(self) >= REMEMBERED:
            self.clear()
        self[text] = made
        return made
