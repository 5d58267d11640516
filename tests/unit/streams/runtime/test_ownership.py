"""Room for agents is dealt out over what is owned; topics that change are followed."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref
from collections.abc import Awaitable, Callable
from typing import Any
from unittest.mock import AsyncMock, Mock

import msgspec
import pytest
from prometheus_client import generate_latest

from streams.operator import InputRecord, Output
from streams.runtime.chunks import Chunk
from streams.runtime.ownership import DEAL_S, ID_S, INPUT_SIZED, Ownership
from streams.runtime.restore import Restored
from streams.stages.partition import PartitionState
from streams.stages.stage_settings import StageSettings
from streams.teams.team_partition import TeamPartitionState
from taskstream import metrics
from taskstream.kafka.topic_watch import TopicWatch
from taskstream.settings import Settings


class Owned:
    """A checkpoint that notes what it is told."""

    def __init__(self, operator: Any) -> None:
        self.operator, self.state, self.topic_id, self.partitions = operator, "ready", "id-1", 2
        self.settings: list[StageSettings] = []
        self.told: list[str] = []
        self.settles = True
        self.topic, self.partition = "ui-events", operator.partition

    def configure(self, settings: StageSettings) -> None:
        self.settings.append(settings)
        self.operator.configure(settings)

    async def restore(self) -> None:
        """It is."""

    restored = None

    def save_all(self) -> None:
        self.told.append("save all")

    async def close(self, timeout: float) -> None:
        self.told.append("close")

    async def settle(self, timeout: float) -> bool:
        self.told.append("settle")
        return self.settles

    def drop(self) -> None:
        self.told.append("drop")
        self.state = "gone"


class Topics(TopicWatch):
    """Answers as the test says."""

    def __init__(self) -> None:
        super().__init__([], Mock())
        self.ids: dict[str, str] = {}
        self.counts = dict.fromkeys(INPUT_SIZED, 2)

    def id_of(self, name: str) -> str:
        return self.ids.get(name, "id-1")

    def partitions_of(self, name: str) -> int:
        return self.counts[name]


Rig = tuple[Ownership, Topics, dict[int, Owned], list[tuple[str, int]]]


def with_ownership(body: Callable[[Rig], Awaitable[None]]) -> None:
    async def main() -> None:
        topics, begun = Topics(), list[tuple[str, int]]()
        settings = Settings(prefix="", partitions=2, max_agents=100, kafka="nowhere:1")
        subject: Any = Ownership(settings, list, Mock(), topics, lambda: 0.0)
        subject.begin = begun.append
        owned = {n: Owned(PartitionState(n, StageSettings(partitions=2))) for n in range(2)}
        for number, one in owned.items():
            subject.owned["ui-events", number] = one
        subject.owned["activity.partial", 0] = Owned(TeamPartitionState(0, 2, 5))
        await body((subject, topics, owned, begun))

    asyncio.run(main())


def fill(one: Owned, agents: int) -> None:
    one.operator.agents = dict.fromkeys(map(str, range(agents)))


def test_a_partition_is_not_restored_before_its_topics_id_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offsets of a former topic would be taken for those of the one created anew meanwhile."""
    monkeypatch.setattr("streams.runtime.ownership.ID_AGAIN_S", 0.001)
    topics, asked = Topics(), list[str]()
    now = [0.0]

    def soon(name: str) -> str:
        asked.append(name)
        return "id-2" if len(asked) > 3 else ""

    def never(name: str) -> str:
        now[0] += bool(name)
        return ""

    topics.id_of = soon  # type: ignore[method-assign]
    subject = Ownership(Settings(prefix="p.", kafka="nowhere:1"), list, Mock(), topics, lambda: now[0])
    assert subject._known_id("p.ui-events", lambda: True) == "id-2"
    assert asked == ["p.ui-events"] * 4
    topics.id_of = never  # type: ignore[method-assign]
    assert subject._known_id("p.ui-events", lambda: True) == ""  # Kafka hides it: not for ever
    assert now[0] == pytest.approx(ID_S, abs=1)
    assert subject._known_id("p.ui-events", lambda: False) == ""  # taken away meanwhile


def test_nothing_of_a_revoked_partition_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its producer goes, its figures go, and the commit that its end takes does not bring them back."""

    class Writer:
        clock = time.monotonic

        def put(self, outputs: list[Output]) -> int:
            return len(outputs)

        def commit(self) -> dict[str, int]:
            return {}

        def close(self) -> None:
            """Nothing is queued."""

    async def main() -> None:
        settings = Settings(prefix="", partitions=2, kafka="nowhere:1")
        ready = asyncio.Event()

        async def on_ready(*_: object) -> None:
            ready.set()

        subject = Ownership(settings, lambda _: [], on_ready, Topics(), lambda: 0.0)
        made: list[weakref.ref[Writer]] = []

        def open_(*_: object) -> tuple[Writer, Restored]:
            writer = Writer()
            made.append(weakref.ref(writer))
            return writer, Restored(PartitionState(77, StageSettings(partitions=2)), 5, 0, 0, [], 0.0)

        monkeypatch.setattr(subject, "_open", open_)
        tp = "ui-events", 77
        subject.begin(tp)
        await ready.wait()
        checkpoint = subject.owned[tp]
        checkpoint.apply(Chunk(5, 6, [InputRecord(5, 0, None, b"no batch")], 0))
        checkpoint.begin()
        while 'position{partition="77"} 6' not in generate_latest(metrics.REGISTRY).decode():
            await asyncio.sleep(0.001)
        checkpoint.apply(Chunk(6, 7, [InputRecord(6, 0, None, b"no batch")], 0))
        assert await subject.rest([tp]) == 1
        assert checkpoint.committed == 7
        subject.take_up([])
        assert 'partition="77"' not in generate_latest(metrics.REGISTRY).decode()
        del checkpoint
        for _ in range(100):
            gc.collect()
            if made[0]() is None:
                break
            await asyncio.sleep(0.01)
        assert made[0]() is None

    asyncio.run(main())


def test_a_partition_that_comes_back_is_not_restored() -> None:
    """Of three at rest one comes back, one goes to another worker, and one was not committed in time."""

    async def body(rig: Rig) -> None:
        subject, _, owned, begun = rig
        went_on: list[tuple[str, int]] = []

        async def on_ready(tp: tuple[str, int], checkpoint: object) -> None:
            assert subject.owned[tp] is checkpoint
            went_on.append(tp)

        subject._on_ready = on_ready
        late: Any = subject.owned["activity.partial", 0]
        late.settles = False
        assert await subject.rest(list(subject.owned)) == 3
        assert subject.owned == {}
        subject.take_up([("ui-events", 1), ("activity.partial", 0)])
        await asyncio.sleep(0)
        assert went_on == [("ui-events", 1)]
        assert begun == [("activity.partial", 0)]
        assert [one.told for one in (owned[0], owned[1], late)] == [["settle", "drop"], ["settle"], ["settle", "drop"]]
        assert owned[1].operator.settings.max_agents == 100, "the room of those that left is its own"

    with_ownership(body)


def test_a_partition_gets_what_it_needs_of_the_workers_room() -> None:
    async def body(rig: Rig) -> None:
        subject, _, owned, _ = rig
        fill(owned[0], 60)
        subject.deal_room()
        assert [one.operator.settings.max_agents for one in owned.values()] == [80, 20]
        fill(owned[1], 19)  # close to its bound
        subject.deal_room(now=DEAL_S)
        assert [one.operator.settings.max_agents for one in owned.values()] == [70, 29]
        fill(owned[1], 28)
        subject.deal_room(now=DEAL_S + 1)
        assert [len(one.settings) for one in owned.values()] == [2, 2], "not at every look: it costs a snapshot"

    with_ownership(body)


def test_a_restored_partition_goes_by_the_settings_of_now_before_all_others_are_restored() -> None:
    """Its snapshot was made with fewer partitions: what it gives teams must go where they are now."""

    async def body(rig: Rig) -> None:
        subject, _, owned, _ = rig
        subject._stages = msgspec.structs.replace(subject._stages, partitions=3, k=7)
        restored: Any = owned[0]
        restored.operator = PartitionState(0, StageSettings(partitions=2, max_agents=17, max_hot=4))
        team: Any = subject.owned["activity.partial", 0]
        restored.partitions = team.partitions = 3  # begun since
        owned[1].state = "restoring"
        subject._on_ready = AsyncMock()
        for one, tp in ((restored, ("ui-events", 0)), (team, ("activity.partial", 0))):
            await subject._restore(tp, one)
        assert restored.operator.settings == msgspec.structs.replace(subject._stages, max_agents=17, max_hot=4)
        assert (team.operator.sources, team.operator.k) == (3, 7)

    with_ownership(body)


def test_a_topic_created_anew_is_begun_again_with_the_state_of_now() -> None:
    async def body(rig: Rig) -> None:
        subject, topics, owned, begun = rig
        await subject.follow_topics()
        topics.ids["ui-events"] = ""  # deleted, and not there yet
        await subject.follow_topics()
        assert begun == []
        topics.ids["ui-events"] = "id-2"
        await subject.follow_topics()
        assert begun == [("ui-events", 0), ("ui-events", 1)]
        assert owned[0].told == owned[1].told == ["close"]

    with_ownership(body)


def test_a_state_topic_created_anew_is_written_again(caplog: pytest.LogCaptureFixture) -> None:
    async def body(rig: Rig) -> None:
        subject, topics, owned, begun = rig
        await subject.follow_topics()
        topics.ids["state"] = "id-2"
        for _ in range(3):
            await subject.follow_topics()
        assert owned[0].told == owned[1].told == ["save all"]
        assert begun == []

    with_ownership(body)
    assert caplog.text.count("writing all that was kept in it again") == 1


def test_added_partitions_are_used_once_all_topics_have_them() -> None:
    async def body(rig: Rig) -> None:
        subject, topics, owned, begun = rig
        topics.counts = dict.fromkeys(INPUT_SIZED, 6) | {"state": 2}
        await subject.follow_topics()
        assert owned[0].operator.settings.partitions == 2
        topics.counts["state"] = 6
        await subject.follow_topics()
        assert owned[0].told == ["close"]  # its producer knows two partitions only
        assert begun == [("ui-events", 0), ("ui-events", 1), ("activity.partial", 0)]
        team: Any = subject.owned["activity.partial", 0]
        subject._on_ready = AsyncMock()
        again: Any = owned[0]
        for one, tp in ((again, ("ui-events", 0)), (team, ("activity.partial", 0))):
            one.partitions = 6  # begun again
            await subject._restore(tp, one)
        assert owned[0].operator.settings.partitions == 6
        assert (team.operator.sources, team.operator.missing()) == (6, [0, 1, 2, 3, 4, 5])

    with_ownership(body)


@pytest.mark.parametrize("look", ["follows", "deals room", "is restored"])
def test_a_partition_writes_to_no_partition_that_its_producer_does_not_know(look: str) -> None:
    """Those begun with fewer are begun again one after the other: until then each goes by what it was begun with."""

    async def body(rig: Rig) -> None:
        subject, topics, owned, _ = rig
        topics.counts = dict.fromkeys(INPUT_SIZED, 6)
        seen: list[int] = []

        async def close(_: float) -> None:
            seen.extend(one.operator.settings.partitions for one in owned.values())

        closing: list[Any] = list(owned.values())
        for one in closing:
            one.close = close
        await subject.follow_topics()
        if look == "deals room":
            subject.deal_room()
        elif look == "is restored":
            restored: Any = owned[1]
            subject._on_ready = AsyncMock()
            await subject._restore(("ui-events", 1), restored)  # it was being restored when the others were added
        assert seen == [2] * 4
        assert [one.operator.settings.partitions for one in owned.values()] == [2, 2]
        assert subject.owned["activity.partial", 0].operator.sources == 2  # type: ignore[union-attr]

    with_ownership(body)
