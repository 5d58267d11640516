"""Names of months and weekdays, and words around times, in English, German, French, Spanish, Italian, Dutch and
Portuguese."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final

MONTHS: Final[Any] = [
    ("Jan", "January", "Januar", "Jän", "Jänner", "janvier", "janv", "enero", "ene", "gennaio", "gen", "januari",
     "janeiro"),
    ("Feb", "February", "Februar", "Feber", "février", "févr", "fév", "febrero", "febbraio", "februari", "fevereiro",
     "fev"),
    ("Mar", "March", "März", "Mrz", "mars", "marzo", "maart", "mrt", "março"),
    ("Apr", "April", "avril", "avr", "abril", "abr", "aprile"),
    ("May", "Mai", "mayo", "maggio", "mag", "mei", "maio"),
    ("Jun", "June", "Juni", "juin", "junio", "giugno", "giu", "junho"),
    ("Jul", "July", "Juli", "juillet", "juil", "julio", "luglio", "lug", "julho"),
    ("Aug", "August", "août", "aoû", "agosto", "ago", "augustus"),
    ("Sep", "Sept", "September", "septembre", "septiembre", "setiembre", "settembre", "sett", "set", "setembro"),
    ("Oct", "October", "Oktober", "Okt", "octobre", "octubre", "ottobre", "ott", "outubro", "out"),
    ("Nov", "November", "novembre", "noviembre", "novembro"),
    ("Dec", "December", "Dezember", "Dez", "décembre", "déc", "diciembre", "dic", "dicembre", "dezembro"),
]  # fmt: skip
WEEKDAYS: Final[Any] = [
    ("Mon", "Monday", "Montag", "Mo", "lundi", "lun", "lunes", "lunedì", "maandag", "ma", "segunda", "seg"),
    ("Tue", "Tues", "Tuesday", "Dienstag", "Di", "mardi", "martes", "martedì", "dinsdag", "terça", "ter"),
    ("Wed", "Wednesday", "Mittwoch", "Mi", "mercredi", "mer", "mercr", "miércoles", "mié", "mie", "mercoledì",
     "woensdag", "wo", "quarta", "qua"),
    ("Thu", "Thur", "Thurs", "Thursday", "Donnerstag", "Do", "jeudi", "jeu", "jueves", "jue", "giovedì", "gio",
     "donderdag", "quinta", "qui"),
    ("Fri", "Friday", "Freitag", "Fr", "vendredi", "ven", "viernes", "vie", "venerdì", "vrijdag", "vr", "sexta", "sex"),
    ("Sat", "Saturday", "Samstag", "Sonnabend", "Sa", "samedi", "sam", "sábado", "sáb", "sab", "sabato", "zaterdag",
     "za"),
    ("Sun", "Sunday", "Sonntag", "So", "dimanche", "dim", "domingo", "dom", "domenica", "zondag", "zo"),
]  # fmt: skip
JUMPS: Final = ("um", "uhr", "le", "à", "de", "del")
"""Words between the parts of a date, for dateutil."""

_MONTH_NAMES: Final = frozenset(name.lower() for names in MONTHS for name in names)
_WEEKDAY_OF: Final[dict[str, int]] = {
    name.lower(): number for number, names in enumerate(WEEKDAYS) for name in names
} | {"mar": 1}
"""Name → number of the weekday, Monday is 0. ``mar`` is Tuesday in French, Spanish and Italian, and March as well."""
_WORD: Final = re.compile(r"[^\W\d_]+")
_FEIRA: Final = re.compile(r"[ -]feira\b", re.IGNORECASE)
"""Behind the name of a weekday in Portuguese."""
_FILLER: Final = re.compile(
    r"(?<=\d)\s*\bUhr\b|(?<=:\d\d)\s*\b(?:uur|h|hs|hrs|horas|heures)\b"
    r"|(?<=[\s,])(?:um|at|à|a las?|às|as|alle(?: ore)?|ore|om)\s+(?=\d)",
    re.IGNORECASE,
)
_FIRST_OF: Final = re.compile(r"(?<!\d)(\d{1,2})\s?(?:er|[º°ª])(?=\s)", re.IGNORECASE)
"""``1er janvier``, ``1° gennaio``."""
_COLON: Final = re.compile(r"(\d{1,2}[-/]?[^\W\d_]{3,9}[-/]?(?:\d{4}|\d{2})):(\d{1,2}:\d{2})")
"""Between date and time of day, as web servers (``27/Nov/2026:19:50:23``) and SAS write it."""
_WEEK_DATE: Final = re.compile(r"(\d{4})-?W(\d{2})-?([1-7])(?=[T ])")
_YEAR_DAY: Final = re.compile(r"(\d{4})(?:-(\d{3})(?=[Tt ])|(\d{3})(?=T))")


def numbered_day(text: str) -> str:
    """A date of ISO 8601 by its week (``2026-W48-5``) or its day of the year (``2026-331``) as year, month and day;
    any other text as it is."""
    try:
        if match := _WEEK_DATE.match(text):
            day = date.fromisocalendar(*map(int, match.groups()))
        elif match := _YEAR_DAY.match(text):
            year, number = int(match[1]), int(match[2] or match[3])
            day = date.fromordinal(date(year, 1, 1).toordinal() + number - 1)
            if day.year != year:
                return text
        else:
            return text
    except ValueError:
        return text
    return f"{day:%Y%m%d}{text[match.end() :]}"


def without_fillers(text: str) -> str:
    """``text`` without words such as ``Uhr`` and ``at``, and with a blank between date and time of day."""
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1].strip()
    text = _COLON.sub(r"\1 \2", text)
    return _FIRST_OF.sub(r"\1", _FILLER.sub(" ", text))


def names_month(text: str) -> bool:
    """Whether a word of ``text`` is the name of a month."""
    return any(word.lower() in _MONTH_NAMES for word in _WORD.findall(text))


def without_weekday(text: str, *, dated: bool) -> str:
    """``text`` without the name of a weekday; ``dated``: a date in numbers stands in it."""
    found = find_weekday(text, dated=dated)
    if found is None:
        return text
    start, end, _ = found
    if behind := _FEIRA.match(text, end):
        end = behind.end()
    return f"{text[:start].rstrip(' ,')} {text[end:].lstrip(' .,')}"


def find_weekday(text: str, *, dated: bool) -> tuple[int, int, int] | None:
    """Where the name of a weekday stands, and which it is; it stands before all else or behind the date."""
    words = list(_WORD.finditer(text))
    for number, word in enumerate(words):
        day = _WEEKDAY_OF.get(word[0].lower())
        if day is not None and (
            word[0].lower() != "mar"
            or dated
            or any(other[0].lower() in _MONTH_NAMES for n, other in enumerate(words) if n != number)
        ):
            return word.start(), word.end(), day
    return None
