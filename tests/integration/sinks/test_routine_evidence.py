"""A routine's evidence comes back from ClickHouse as the catalogue wrote it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from collectors.importers import read_log
from deploy.offline.mine import Miner
from sinks.clickhouse.feeds import FEEDS, builder, layout
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.store import Store
from sinks.results import opportunities
from sinks.results import routine as results
from taskstream.errors import UsageError
from taskstream.events import encode
from taskstream.records import Opportunity, Routine
from taskstream.settings import Settings

pytestmark = pytest.mark.integration

LOG = Path(__file__).parents[3] / "deploy" / "demo" / "StudentRecord.csv"


@pytest.fixture(scope="module")
def mined() -> tuple[Routine, Opportunity]:
    miner = Miner(Settings(), k=1)
    miner.run("log", read_log(LOG, key=b"k" * 32), lambda _: None)
    (opportunity,) = miner.finish()
    return miner.routines()[0], opportunity


@pytest.fixture
def database(clickhouse: Any, mined: tuple[Routine, Opportunity], request: Any) -> Iterator[Any]:
    """A client of a database that holds the routine and its opportunity; the floor is the test's parameter."""
    name = f"e{uuid.uuid4().hex[:8]}"
    migrate(clickhouse.client(), name, k=request.param)
    client = clickhouse.client(name)
    for table, record in zip(("routines", "opportunities"), mined, strict=True):
        store = Store(client)
        block = builder(layout(next(feed for feed in FEEDS if feed.table == table), store.columns(table)))
        block.add(encode(record))
        block.seal()
        assert not block.refused
        store.insert(table, block.build(), uuid.uuid4().hex)
    yield client
    client.command(f"DROP DATABASE {name}")


@pytest.mark.parametrize("database", [1], indirect=True)
def test_it_is_found_by_rank_and_by_id(database: Any, mined: tuple[Routine, Opportunity]) -> None:
    routine, opportunity = mined
    found = results.read(database, str(opportunity.rank))
    assert found == results.read(database, routine.id)
    assert (found.id, found.name, found.executions) == (routine.id, routine.name, 50)
    assert replace(found, variants=()) == replace(results.listed(routine), variants=())


@pytest.mark.parametrize("database", [1], indirect=True)
def test_an_opportunity_is_the_same_with_and_without_a_database(
    database: Any, mined: tuple[Routine, Opportunity]
) -> None:
    assert opportunities.read(database, 9) == (opportunities.listed(mined[1]),)


@pytest.mark.parametrize("database", [1], indirect=True)
def test_an_unknown_one_is_refused_with_advice(database: Any) -> None:
    with pytest.raises(UsageError, match=r"there is no routine '7'.*taskstream opportunities"):
        results.read(database, "7")


@pytest.mark.parametrize("database", [2], indirect=True)
def test_below_the_floor_there_is_none(database: Any, mined: tuple[Routine, Opportunity]) -> None:
    with pytest.raises(UsageError):
        results.read(database, mined[0].id)
