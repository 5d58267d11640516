"""What the columns of a header that is not known could hold."""

from __future__ import annotations

from collectors.importers.meaning.guess import guess, telling_people

NAMES = ("wo", "wann", "wer", "was", "nr", "notiz")
ROWS = [
    (
        ("sap", "mail")[i % 2],
        f"2024-03-05 08:{i:02}:00",
        ("ann", "bob")[i // 20],
        ("a", "b", "c")[i % 3],
        str(i),
        f"x{i}",
    )
    for i in range(40)
]


def test_times_are_what_parses_and_people_what_stays_the_same() -> None:
    found = guess(NAMES, ROWS, {})
    assert (found["time"], found["action"], found["person"]) == ("wann", "was", "wer")
    assert "app" not in found, "nothing in its name or values says so"


def test_what_is_known_stays_and_is_not_guessed_again() -> None:
    found = guess(NAMES, ROWS, {"time": "nr", "action": "wer"})
    assert (found["time"], found["action"]) == ("nr", "wer")
    assert found.get("person") != "wer"


def test_a_word_of_the_name_tells_the_application() -> None:
    names = ("Program name", *NAMES[1:])
    assert guess(names, ROWS, {})["app"] == "Program name"


def test_nothing_is_guessed_where_nothing_fits() -> None:
    assert guess(("a", "b"), [(str(i), f"text {i}") for i in range(40)], {}) == {}


def test_a_column_named_after_people_that_holds_a_few_of_them_tells_people() -> None:
    rows = [(f"C{i}", ("ann", "bob")[i % 2], "x") for i in range(40)]
    assert telling_people(("case", "Assigned user", "note"), rows) == "Assigned user"
    assert telling_people(("case", "assignedUser.mail", "note"), rows) == "assignedUser.mail"
    assert telling_people(("case", "colour", "note"), rows) == ""
    assert telling_people(("User case", "colour", "User type"), rows) == "", "all different, or all the same"
