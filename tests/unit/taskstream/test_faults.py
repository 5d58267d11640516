"""What is logged of an exception names places, never values."""

from __future__ import annotations

from taskstream.faults import SaidOnce, place_of


def fails(secret: str) -> None:
    raise ValueError(f"cannot read {secret}")


def test_a_place_names_type_file_line_and_function_and_no_value() -> None:
    try:
        fails("hunter2")
    except ValueError as error:
        place = place_of(error)
    assert place.startswith("ValueError at unit/taskstream/test_faults.py:")
    assert "in fails < unit/taskstream/test_faults.py:" in place
    assert "hunter2" not in place


def test_a_place_is_said_once_and_what_is_remembered_is_bounded() -> None:
    said = SaidOnce(most=2)
    assert [said.is_new(place) for place in "aabacc"] == [True, False, True, False, True, False]
