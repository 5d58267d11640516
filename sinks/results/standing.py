"""Why nothing is listed yet: the same answer on the page, from the command and in JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct, structs

from sinks.results.database import rows
from sinks.results.kafka_lag import Kafka

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

WORKER: Final = "streams"
SINK: Final = "sink"
CATALOGUE: Final = "catalogue"
"""Names of the consumer groups, without the prefix."""


class Standing(Struct, frozen=True):
    """What there is while nothing is listed: counts without persons (``people``: 0 below the floor), and the floor."""

    events: int = 0
    segments: int = 0
    routines: int = 0
    people: int = 0
    floor: int = 0


class Reason(Struct, frozen=True):
    """Why nothing is listed. ``code`` is for programs, ``title`` and ``words`` for people: what is so, what to do."""

    code: str
    title: str
    words: str

    @property
    def said(self) -> str:
        """Title and words in one line."""
        return f"{self.title[0].lower()}{self.title[1:]}. {self.words}"


def read(client: Client) -> Standing:
    """What there is.

    Raises:
        ServiceError: the database cannot be asked, or lacks the schema.
    """
    return rows(client, "standing", Standing)[0]


def reason(there: Standing, kafka: Kafka) -> Reason:
    """Why nothing is listed, by how far the data have come; ``kafka`` says who is at work on them."""
    if not there.events:
        return _nothing_stored(kafka)
    behind = kafka.behind(WORKER)
    if behind and not kafka.runs(WORKER):
        return Reason(
            "no worker", "No worker is running",
            f"{there.events:,} events are stored, and {behind:,} messages wait in Kafka: start `taskstream worker`, or "
            "`taskstream up`, which runs all parts.",
        )  # fmt: skip
    if not there.segments:
        return Reason(
            "undecided", "Waiting for the end of the work",
            f"{there.events:,} events are stored, but no execution of a task has been told apart. A person's "
            "executions are decided some 300 steps later, within a minute after the person stops (not the first 300), "
            "and at the latest with the lock screen or a pause of a quarter of an hour; later than that, "
            "see whether `taskstream worker` is running.",
        )  # fmt: skip
    if there.people < there.floor:
        return _with_help(too_few_people(there.floor, there.segments))
    if not there.routines:
        return _no_routine(there, kafka)
    return _with_help(not_shared(there.floor))


def _with_help(why: Reason) -> Reason:
    """Too few people, and what to do where the floor is the database's."""
    helps = "More people help; on a machine of your own, `taskstream migrate --k 1` lowers the floor."
    return structs.replace(why, words=f"{why.words} {helps}")


def too_few_people(floor: int, executions: int) -> Reason:
    """Fewer people are recorded than a routine must be of."""
    return Reason(
        "too few people", "Too few people",
        f"{executions:,} executions are told apart, but fewer than {floor} people are recorded, and nothing is shown "
        "of fewer.",
    )  # fmt: skip


def not_shared(floor: int) -> Reason:
    """Routines are there, but each is of fewer people than it must be of."""
    return Reason(
        "too few people", "Too few people share a routine",
        f"Routines are known, but none that would be listed is shared by {floor} people or more.",
    )  # fmt: skip


def _nothing_stored(kafka: Kafka) -> Reason:
    """Why no event is stored: none came, or nobody brings them on."""
    sent = f"{kafka.messages_in:,} messages are in Kafka, but no event is stored"
    if kafka.messages_in and not kafka.runs(WORKER):
        return Reason(
            "no worker", "No worker is running",
            f"{sent}: start `taskstream worker` and `taskstream sink`, or `taskstream up`, which runs both.",
        )  # fmt: skip
    if kafka.messages_in and not kafka.runs(SINK):
        return Reason("no sink", "No sink is running", f"{sent}: start `taskstream sink`, or `taskstream up`.")
    if kafka.messages_in:
        return Reason("on its way", "Events are on their way", f"{sent} yet: worker and sink are at it.")
    return Reason(
        "no events", "No events yet",
        "No events are stored. Replay a recording (`taskstream replay LOG`), simulate an office (`taskstream "
        "simulate`) or record this desktop (`taskstream collect`), with `taskstream worker` and `taskstream sink` "
        "running; `taskstream up` runs both.",
    )  # fmt: skip


def _no_routine(there: Standing, kafka: Kafka) -> Reason:
    """Why executions are of no routine."""
    behind = kafka.behind(CATALOGUE)
    if behind or (behind is None and not kafka.problem):
        waiting = f"{behind:,} messages wait for the catalogue" if behind else "no catalogue has begun"
        return Reason(
            "no catalogue", "Waiting for the catalogue",
            f"{there.segments:,} executions are stored, but {waiting}, which finds routines among them: is "
            "`taskstream catalogue` running? `taskstream up` runs all parts.",
        )  # fmt: skip
    return Reason(
        "too few repetitions", "Too few repetitions",
        f"{there.segments:,} executions of {there.people:,} people are stored, but none was done three times or more, "
        f"by {there.floor} people at least, in the same way. More recordings help; is `taskstream catalogue` running?",
    )  # fmt: skip
