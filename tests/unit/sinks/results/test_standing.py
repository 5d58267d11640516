"""Why nothing is listed: one answer for page, command and JSON."""

from __future__ import annotations

import pytest

from sinks.results.kafka_lag import GroupLag, Kafka
from sinks.results.standing import Standing, reason

AWAY = Kafka(problem="no Kafka is named")


def kafka(messages_in: int = 100, streams: int | None = 0, sink: int | None = 0, catalogue: int | None = 0,
          *, running: bool = True) -> Kafka:  # fmt: skip
    """A broker with the groups that have ever joined (None: never), all of them at work or none."""
    found = {"streams": streams, "sink": sink, "catalogue": catalogue}
    groups = tuple(GroupLag(name, behind, running) for name, behind in found.items() if behind is not None)
    return Kafka(messages_in, groups)


@pytest.mark.parametrize(
    ("there", "broker", "code", "word"),
    [
        (Standing(floor=5), AWAY, "no events", "taskstream replay"),
        (Standing(floor=5), kafka(0), "no events", "taskstream simulate"),
        (Standing(floor=5), kafka(streams=None), "no worker", "taskstream worker"),
        (Standing(floor=5), kafka(running=False), "no worker", "100 messages"),
        (Standing(floor=5), kafka(sink=None), "no sink", "taskstream sink"),
        (Standing(floor=5), kafka(), "on its way", "are at it"),
        (Standing(10, people=9, floor=5), kafka(streams=7, running=False), "no worker", "7 messages wait"),
        (Standing(10, people=9, floor=5), kafka(streams=7), "undecided", "lock screen"),
        (Standing(10, people=9, floor=5), AWAY, "undecided", "taskstream worker"),
        (Standing(10, 5, floor=5), kafka(), "too few people", "fewer than 5 people"),
        (Standing(10, 5, people=9, floor=5), kafka(catalogue=None), "no catalogue", "taskstream catalogue"),
        (Standing(10, 5, people=9, floor=5), kafka(catalogue=3), "no catalogue", "3 messages wait"),
        (Standing(10, 5, people=9, floor=5), kafka(), "too few repetitions", "three times or more"),
        (Standing(10, 5, people=9, floor=5), AWAY, "too few repetitions", "taskstream catalogue"),
        (Standing(10, 5, 2, 9, 5), kafka(), "too few people", "migrate --k 1"),
    ],
)
def test_an_empty_list_says_why_and_what_to_do(there: Standing, broker: Kafka, code: str, word: str) -> None:
    why = reason(there, broker)
    assert (why.code, why.title != "") == (code, True)
    assert word in why.words
    assert why.said.endswith(why.words)
