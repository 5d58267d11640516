"""Who is named: what stands for an empty cell names nobody, and case tells nobody apart."""

from __future__ import annotations

import pytest

from collectors.importers.meaning.people import NOBODY, LogPeople


@pytest.mark.parametrize("text", ["", "  ", "NULL", "null", " NaN", "None", "n/a", "N/A", "-", "\\N"])
def test_what_stands_for_an_empty_cell_names_nobody(text: str) -> None:
    people = LogPeople()
    people.read([people.numbers[text]])
    assert people.numbers[text] == NOBODY
    assert (people.named, people.count) == (0, 1)


def test_names_that_differ_in_case_alone_are_one_person() -> None:
    people = LogPeople()
    numbers = [people.numbers[name] for name in ("Anna", "ANNA", "anna ", "Nan Li", "anna")]
    people.read(numbers)
    assert numbers == [1, 1, 1, 2, 1]
    assert (people.name(1), people.named) == ("Anna", 2)


def test_only_whoever_has_rows_that_are_read_counts() -> None:
    people = LogPeople()
    user, anna = people.numbers["user"], people.numbers["anna"]
    people.read([NOBODY, anna])
    assert user < anna
    assert (people.named, people.count, people.name(NOBODY)) == (1, 1, "anna")
