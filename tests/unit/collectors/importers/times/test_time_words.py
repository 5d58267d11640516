"""Dates in seven languages, of web servers and by weeks are the times that their year, month and day are."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.importers.times import LogClock

MONTHS = {
    "en": "jan feb mar apr may jun jul aug sep oct nov dec",
    "de": "Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez.",
    "fr": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "es": "ene. feb. mar. abr. may. jun. jul. ago. sept. oct. nov. dic.",
    "it": "gen feb mar apr mag giu lug ago set ott nov dic",
    "nl": "jan. feb. mrt. apr. mei jun. jul. aug. sep. okt. nov. dec.",
    "pt": "jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez.",
    "de long": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr long": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es long": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it long": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "nl long": "januari februari maart april mei juni juli augustus september oktober november december",
    "pt long": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
}
WEEKDAYS = {
    "en": "Mon Tue Wed Thu Fri Sat Sun",
    "de": "Mo Di Mi Do Fr Sa So",
    "fr": "lun. mar. mer. jeu. ven. sam. dim.",
    "es": "lun mar mié jue vie sáb dom",
    "it": "lun mar mer gio ven sab dom",
    "nl": "ma di wo do vr za zo",
    "pt": "seg. ter. qua. qui. sex. sáb. dom.",
    "de long": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "fr long": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "es long": "lunes martes miércoles jueves viernes sábado domingo",
    "it long": "lunedì martedì mercoledì giovedì venerdì sabato domenica",
    "nl long": "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
    "pt long": "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
}
moments = st.datetimes(datetime(1980, 1, 1), datetime(2080, 1, 1)).map(lambda one: one.replace(microsecond=123_000))


def read(*texts: str) -> int:
    clock = LogClock("t")
    clock.learn(texts, len(texts))
    clock.settle()
    return clock.read(texts[0])


def ms(moment: datetime) -> int:
    return round(moment.replace(tzinfo=UTC).timestamp() * 1000)


@given(
    moments,
    st.sampled_from(sorted(MONTHS)),
    st.sampled_from([
        "{d} {b} {y} {t}", "{a} {d} {b} {y} {t}", "{a}, {d} {b} {y}, {t}", "{d} de {b} de {y} {t}", "{d}. {b} {y} {t}",
        "{a}, {d} de {b} de {y}, {t}", "{a} {n} {t}", "{a}, {n} {t}", "{d} {b} {y} {t},123", "{n} - {t}",
    ]),
)  # fmt: skip
def test_every_language_gives_the_time(moment: datetime, language: str, form: str) -> None:
    month = MONTHS[language].split()[moment.month - 1]
    day = WEEKDAYS[language].split()[moment.weekday()]
    numbers = f"{moment.day:02}/{moment.month:02}/{moment.year}"
    text = form.format(d=moment.day, b=month, y=moment.year, t=f"{moment:%H:%M:%S}", a=day, n=numbers)
    expected = moment if text.endswith(",123") else moment.replace(microsecond=0)
    assert read(text, "13/01/2024 08:00:00") == ms(expected)


@given(
    moments,
    st.sampled_from([
        "{:%d/%b/%Y:%H:%M:%S} +0000", "[{:%d/%b/%Y:%H:%M:%S} +0000]", "{:%d%b%Y:%H:%M:%S}", "{:%G-W%V-%uT%H:%M:%S}Z",
        "{:%G-W%V-%u %H:%M:%S}", "{:%GW%V%uT%H%M%S}", "{:%Y-%jT%H:%M:%S}", "{:%Y-%j %H:%M:%S}", "{:%Y%jT%H%M%S}Z",
        "{:%Y%m%dT%H%M%S}Z", "{:%Y%m%d %H:%M:%S}", "{:%Y%m%dT%H:%M:%S}", "{:%Y-%m-%dt%H:%M:%S}z",
        "{:%Y-%m-%d - %H:%M:%S}", "{:%H:%M:%S - %Y-%m-%d}", "{:%d %b %Y %I:%M:%S %p}",
    ]),
)  # fmt: skip
def test_every_form_gives_the_time(moment: datetime, form: str) -> None:
    assert read(form.format(moment)) == ms(moment.replace(microsecond=0))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1er janvier 2026 à 19h50", "2026-01-01 19:50"), ("1° gennaio 2026 alle ore 19:50", "2026-01-01 19:50"),
        ("27 de novembro de 2026 às 19:50", "2026-11-27 19:50"), ("27 november 2026 om 19:50 uur", "2026-11-27 19:50"),
        ("27 de noviembre de 2026 a las 19:50 h", "2026-11-27 19:50"), ("27 nov. 2026 7:50 p. m.", "2026-11-27 19:50"),
        ("27/11/2026 07:50 a.m.", "2026-11-27 07:50"), ("27 ma\u0308rz 2026 19:50", "2026-03-27 19:50"),
        ("27/Nov/2026:20:50:00 +0100", "2026-11-27 19:50"), ("mar 3 mar 2026 19:50", "2026-03-03 19:50"),
    ],
)  # fmt: skip
def test_words_around_a_time(text: str, expected: str) -> None:
    assert read(text) == ms(datetime.fromisoformat(expected))


@pytest.mark.parametrize("text", ["2026-W54-5 19:50:23", "2026-W48-8T19:50:23", "2026-367T19:50:23", "2025-366 19:50"])
def test_a_week_or_day_that_does_not_exist_is_no_time(text: str) -> None:
    assert LogClock("t").read(text) == -1
