"""Routines of one name are told apart."""

from __future__ import annotations

from msgspec import structs

from streams.discovery.catalogue import Catalogue
from streams.discovery.evidence.apart import bare, told_apart
from taskstream.records import Routine
from tests.unit.streams.discovery.routine_samples import DAY_MS, START_MS, segment

OPEN, PRINT, CLOSE = (f"erp|click|orders|button:{word}" for word in ("open", "print", "close"))


def routines(*tasks: tuple[str, ...]) -> tuple[Catalogue, list[Routine]]:
    catalogue = Catalogue("acme", k=1)
    for number, steps in enumerate(tasks):
        for i in range(20):
            catalogue.add(
                segment(
                    steps, actor=f"p{i % 3}", agent=f"pc{number}", first_seq=100 * i,
                    start_ms=START_MS + (i % 5) * DAY_MS + i * 20_000,
                )
            )  # fmt: skip
    catalogue.refine()
    return catalogue, catalogue.routines()


def called(*labels: tuple[str, ...]) -> list[str]:
    """Names of routines called the same, with these steps."""
    _, [one] = routines((OPEN, PRINT, CLOSE))
    step = one.steps[0]
    made = [
        structs.replace(
            one,
            id=f"r{n}",
            name="Go through ERP",
            steps=tuple(structs.replace(step, label=label, presence=1.0) for label in steps),
        )
        for n, steps in enumerate(labels)
    ]
    names = told_apart(made)
    again = told_apart([structs.replace(one, name=names[one.id]) for one in made])
    assert names == again
    assert {bare(name) for name in names.values()} == {"Go through ERP"}
    return list(names.values())


def test_by_the_last_step_else_the_first_else_one_of_its_own_else_a_number() -> None:
    assert called(("a", "b")) == ["Go through ERP"]
    assert called(("a", "click Save (ERP)"), ("a", "c")) == [
        "Go through ERP (ends with click Save (ERP))", "Go through ERP (ends with c)",
    ]  # fmt: skip
    assert called(("a", "c"), ("b", "c")) == ["Go through ERP (begins with a)", "Go through ERP (begins with b)"]
    assert called(("a", "b", "c"), ("a", "x", "c")) == ["Go through ERP (with b)", "Go through ERP (with x)"]
    assert called(("a", "b"), ("a", "b")) == ["Go through ERP (1)", "Go through ERP (2)"]


def test_a_list_holds_no_name_twice_and_tells_it_once() -> None:
    first = tuple(f"erp|click|orders|link:{word}" for word in ("north", "south", "east", "west"))
    other = tuple(f"erp|click|orders|link:{word}" for word in ("red", "green", "blue", "black"))
    catalogue, found = routines(first, other)
    names = [routine.name for routine in found]
    assert len(names) == len({*names}) == 2
    assert len({bare(name) for name in names}) == 1, "else this test tells nothing"
    assert catalogue.refine().routines == []
    catalogue.add(segment(first, actor="p1", agent="pc0", first_seq=9_000, start_ms=START_MS + DAY_MS))
    assert all(routine.name in names for routine in catalogue.refine().routines)
    assert [routine.name for routine in catalogue.routines()].count(names[0]) == 1
