"""A number tells something where what is done before or next goes by it."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np

from streams.discovery.semimarkov.names import ElementKey, names_of
from streams.discovery.semimarkov.surroundings import SHARE, Surroundings
from taskstream.activity import coarse


def _names(people: list[list[ElementKey]]) -> dict[ElementKey, str]:
    """Names by all that people did in order."""
    counts = dict(Counter(key for person in people for key in person))
    number = {key: n for n, key in enumerate(counts)}
    texts = list(dict.fromkeys(f"{key.app}|{key.screen}|{key.element}" for key in counts))
    element = np.array([texts.index(f"{key.app}|{key.screen}|{key.element}") if key.element else -1 for key in counts])
    return names_of(
        counts, Surroundings([np.array([number[key] for key in person], np.int32) for person in people], element, texts)
    )


def _click(element: str, screen: str = "s") -> ElementKey:
    return ElementKey("app", "click", screen, element)


def _row_work(draw: random.Random, element: str) -> list[ElementKey]:
    done = [_click("button:mail", "inbox")] if draw.random() < 0.3 else []
    return [*done, _click(element, "list"), _click("button:assign", "case"), _click("button:save", "case")]


def test_rows_of_a_list_that_is_worked_on_every_day_are_one_activity() -> None:
    draw = random.Random(1)
    for form in ("row-{}-open", "tr[{}]/a", "open item {}"):
        work = [key for _ in range(100) for row in range(20) for key in _row_work(draw, form.format(row))]
        assert {name for key, name in _names([work]).items() if key.screen == "list"} == {
            f"app|click|list|{coarse(form.format(0))}"
        }


def test_fields_of_a_form_that_lead_to_each_other_stay_apart() -> None:
    fields = [_click(f"field:{n}") for n in (7, 3, 9, 12, 1, 5, 8, 2, 11, 10)]
    work = [key for _ in range(50) for at in zip(fields, "abcdefghij", strict=True) for key in (at[0], _click(at[1]))]
    assert len({name for key, name in _names([work]).items() if "field" in key.element}) == 10


def test_of_two_numbers_the_row_goes_and_the_column_stays() -> None:
    work = [
        key
        for _ in range(30)
        for row in range(20)
        for column, next_ in ((1, "name"), (2, "mail"), (5, "town"))
        for key in (_click(f"tr[{row}]/td[{column}]", "table"), _click(f"field:{next_}", "form"))
    ]
    found = {name for key, name in _names([work]).items() if key.screen == "table"}
    assert found == {f"app|click|table|tr[#]/td[{column}]" for column in (1, 2, 5)}


def test_rows_that_stand_beside_each_other_as_namesakes_are_one_with_the_first() -> None:
    draw = random.Random(2)
    named = ["link:open", *(f"link:open ({n})" for n in range(2, 21))]
    work = [key for _ in range(50) for name in named for key in _row_work(draw, name)]
    assert {name for key, name in _names([work]).items() if key.screen == "list"} == {"app|click|list|link:open"}


def test_elements_of_which_only_a_number_is_told_stay_apart() -> None:
    draw = random.Random(3)
    tasks = [draw.sample(range(100, 200), 8) for _ in range(3)]
    work = [_click(f"element c{n}") for _ in range(60) for n in draw.choice(tasks)]
    assert len(set(_names([work]).values())) == len({n for task in tasks for n in task})


def test_the_next_cell_of_the_same_row_is_one_thing_in_every_row() -> None:
    draw = random.Random(4)
    rows = [row for _ in range(30) for row in draw.sample(range(20), 20)]
    work = [_click(f"tr[{row}]/{what}") for row in rows for what in ("name", "mail", "town")]
    assert set(_names([work]).values()) == {f"app|click|s|tr[#]/{what}" for what in ("name", "mail", "town")}


def test_numbers_drawn_at_random_tell_less_than_the_bound_and_an_order_tells_more() -> None:
    for seed in range(20):
        draw = random.Random(seed)
        rows, size = draw.randint(9, 40), draw.randint(200, 3_000)
        texts = [f"row {n}" for n in range(rows)] + [f"other {'abcde'[n % 5]}{n}" for n in range(rows)]
        keys = [draw.randrange(rows) if n % 2 else rows + draw.randrange(5) for n in range(size)]
        number = {key: str(key) for key in set(keys) if key < rows}
        around = Surroundings([np.array(keys, np.int32)], np.arange(2 * rows), texts)
        assert around.tells(number, dict.fromkeys(number, 0)) < SHARE / 2
        order = [n // 2 % rows if n % 2 else rows + n // 2 % rows for n in range(size)]
        texts = texts[:rows] + [f"other {chr(97 + n)}" for n in range(rows)]
        around = Surroundings([np.array(order, np.int32)], np.arange(2 * rows), texts)
        assert around.tells(number, dict.fromkeys(number, 0)) > 3 * SHARE


def test_nothing_is_told_of_nothing() -> None:
    empty = Surroundings([], np.zeros(0, np.int64), [])
    assert empty.tells({}, {}) == 0.0
    alone = Surroundings([np.array([0], np.int32)], np.array([-1]), [])
    assert alone.tells({0: "1"}, {0: 0}) == 0.0
