"""What is read is what was written: every declared field is one of the record, and of its type."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import pytest

from sinks import results
from sinks.results.opportunities import ListedOpportunity, listed
from sinks.results.routine import ListedRoutine
from taskstream.records import Opportunity, Routine

QUERIES = Path(results.__file__).parent / "queries"


@pytest.mark.parametrize(("read", "record"), [(ListedOpportunity, Opportunity), (ListedRoutine, Routine)])
def test_every_field_is_one_of_the_record(read: type[Any], record: type[Any]) -> None:
    written = get_type_hints(record)
    for name, kind in get_type_hints(read).items():
        if name == "variants" and read is ListedRoutine:
            continue  # counted from the executions stored, and known to be shared by k people
        assert written[name] == kind, name


def test_a_record_reads_the_same_without_a_database() -> None:
    record = Opportunity(
        "r", "t", 1, "n", "p", ("a",), ("b",), 1, 2.0, 3, 4, 5, 6, 7, 8.0, 9.0, 0.1, 0.2, 3, 1.0, 2.0, 3.0, 4.0, 5.0,
        6.0, 7.0, 8.0, "worth it", 9.0, {"x": 1.0}, {"y": 2.0}, 99, version=2, exceptions=0.5,
    )  # fmt: skip
    found = msgspec.structs.asdict(listed(record))
    assert found == {name: getattr(record, name) for name in found}


@pytest.mark.parametrize("query", sorted(QUERIES.glob("*.sql")), ids=lambda path: path.stem)
def test_every_question_says_what_it_asks(query: Path) -> None:
    assert query.read_text(encoding="utf-8").startswith("-- ")
