"""Representatives of a routine's executions."""

from streams.discovery.variants import representatives


def test_the_most_frequent_bag_stands_for_its_like() -> None:
    assert representatives([0b1111, 0b1110, 0b110000], [10, 1, 9], 3) == [0, 2]


def test_of_nothing_there_is_no_representative() -> None:
    """All activities of a routine may be rarer than the floor allows to show."""
    assert representatives([], [], 3) == []
