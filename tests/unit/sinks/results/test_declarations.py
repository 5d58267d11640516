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
from tests.unit.sinks.results.samples import opportunity

QUERIES = Path(results.__file__).parent / "queries"


@pytest.mark.parametrize(("read", "record"), [(ListedOpportunity, Opportunity), (ListedRoutine, Routine)])
def test_every_field_is_one_of_the_record(read: type[Any], record: type[Any]) -> None:
    written = get_type_hints(record)
    for name, kind in get_type_hints(read).items():
        if name == "variants" and read is ListedRoutine:
            continue  # counted from the executions stored, and known to be shared by k people
        assert written[name] == kind, name


def test_a_record_reads_the_same_without_a_database() -> None:
    sample = msgspec.structs.asdict(opportunity())
    record = msgspec.convert(sample | {"updated_ms": 99}, Opportunity)
    assert listed(record) == opportunity()


@pytest.mark.parametrize("query", sorted(QUERIES.glob("*.sql")), ids=lambda path: path.stem)
def test_every_question_says_what_it_asks(query: Path) -> None:
    assert query.read_text(encoding="utf-8").startswith("-- ")
