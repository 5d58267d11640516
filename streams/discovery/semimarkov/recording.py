"""The events of a log as columns, until all are there: names and cuts depend on the whole log. 40 bytes an event."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Final, NamedTuple, cast

import numpy as np
from msgspec import Struct

from streams.discovery.segmentation.folding import IDLE_MS, Folder
from streams.discovery.segmentation.model import CLICK, COPY, WRITE, Model
from streams.discovery.segmentation.steps import RawStep
from streams.discovery.semimarkov import priors
from streams.discovery.semimarkov.names import ElementKey, names_of
from streams.discovery.semimarkov.step_log import Ints, Steps
from streams.discovery.semimarkov.surroundings import Surroundings
from streams.discovery.words.completion import signs_in
from taskstream.activity import Activities
from taskstream.events import Kind, UiEvent, Value

NIGHT_MS: Final = 4 * 3_600_000
"""No execution goes on over a pause so long: it is longer than a lunch, and shorter than a night."""
_FIELD: Final = "field"
"""Cells are left out: a click on one in a sheet that is only read leads to what is written elsewhere."""


class RecordedPerson:
    """Events of one person in their order; an event's number in it is its sequence number."""

    __slots__ = ("active", "at_ms", "digest", "key", "name", "object", "rows")

    def __init__(self, name: str) -> None:
        self.name = name
        self.key = array("i")
        self.at_ms = array("q")
        self.active = array("i")
        self.digest = array("q")
        self.object = array("q")
        self.rows = array("q")


class Folded(Struct):
    """Steps as the model sees them, and the names and classes of their activities (``model``)."""

    steps: Steps
    model: Model


class Recording:
    """Events of many people.

    ``resolution_ms``  how fine their times are told: of times to the minute a gap is a minute or none, and counting
                       it in part would halve all durations
    """

    def __init__(self) -> None:
        self.resolution_ms = 1
        self.people: list[RecordedPerson] = []
        self._keys: dict[ElementKey, int] = {}
        self._counts = array("q")
        self._told: list[ToldEvent] = []
        self._model = Model()

    def person(self, name: str) -> RecordedPerson:
        """A new person."""
        made = RecordedPerson(name)
        self.people.append(made)
        return made

    def add(self, person: RecordedPerson, event: UiEvent, row: int) -> None:
        """Take in the next event of a person."""
        key = ElementKey(event.app, event.kind, event.screen, event.element)
        number = self._keys.get(key)
        if number is None:
            number = self._keys[key] = len(self._keys)
            self._counts.append(0)
        self._counts[number] += 1
        person.key.append(number)
        person.at_ms.append(event.at_ms)
        person.active.append(event.active_ms)
        person.digest.append(0 if event.value is None else event.value.digest)
        person.object.append(event.objects[-1].digest if event.objects else 0)
        person.rows.append(row)

    def folded(self) -> Folded:
        """All events as steps with their activities' final names."""
        keys = list(self._keys)
        names = names_of(dict(zip(keys, self._counts, strict=True)), self._surroundings(keys))
        self._told = [_told(key) for key in keys]
        self._model = model = _model(list(dict.fromkeys(names.values())), keys, self._told, names)
        columns = StepColumns()
        for number, person in enumerate(self.people):
            for step in self._fold(person):
                columns.add(step.act, number, step.head_ms, step.digest, _object(person, step))
        return Folded(columns.steps(model), model)

    def _surroundings(self, keys: list[ElementKey]) -> Surroundings:
        """What is done before and after each of ``keys``."""
        elements: dict[str, int] = {}
        texts = [f"{key.app}|{key.screen}|{key.element}" if key.element else "" for key in keys]
        element = np.array([elements.setdefault(text, len(elements)) if text else -1 for text in texts], np.int64)
        people = [np.frombuffer(person.key, np.int32) for person in self.people if len(person.key)]
        return Surroundings(people, element, list(elements))

    def raw_steps(self) -> Iterator[tuple[RecordedPerson, RawStep]]:
        """The steps once more, with what the public records need: they are not kept, for there may be millions."""
        for person in self.people:
            for step in self._fold(person):
                yield person, step

    def _fold(self, person: RecordedPerson) -> Iterator[RawStep]:
        folder = Folder(self._model, max(IDLE_MS, self.resolution_ms))
        told = self._told
        columns = zip(person.key, person.at_ms, person.active, person.digest, strict=True)
        for seq, (key, at_ms, active, digest) in enumerate(columns):
            app, kind, screen, element = told[key]
            value = Value(digest=digest) if digest else None
            event = UiEvent(at_ms, kind, app, screen, element, active, value=value)
            step = folder.push(seq, event)
            if step is not None:
                yield step
        last = folder.finish()
        if last is not None:
            yield last


class StepColumns:
    """Steps under collection, person by person in the order of time."""

    def __init__(self) -> None:
        self.act = array("q")
        self.person = array("q")
        self.at_ms = array("q")
        self.digest = array("q")
        self.object = array("q")

    def add(self, act: int, person: int, at_ms: int, digest: int, key: int = -1) -> None:
        """Take the next step; ``digest``: of its value, 0 for none; ``key``: the business key in it, -1 for none."""
        self.act.append(act)
        self.person.append(person)
        self.at_ms.append(at_ms)
        self.digest.append(digest)
        self.object.append(key)

    def steps(self, model: Model) -> Steps:
        """All of them; their activities are those of ``model``."""
        act, person, at_ms = _ints(self.act), _ints(self.person), _ints(self.at_ms)
        screens: dict[str, int] = {}
        apps: dict[str, int] = {}
        screen_of, app_of, signing = [], [], []
        for name in model.activities.names:
            app, _, screen, element = name.split("|", 3)
            screen_of.append(screens.setdefault(f"{app}|{screen}", len(screens)))
            signing.append(signs_in(screen, element))
            app_of.append(apps.setdefault(app, len(apps)))
        completion = np.array(model.completion, np.int64)
        fresh = np.ones(len(act), np.bool_)
        fresh[1:] = (person[1:] != person[:-1]) | (at_ms[1:] - at_ms[:-1] > NIGHT_MS)
        return Steps(
            act=act,
            person=person,
            session=np.cumsum(fresh) - 1,
            at_ms=at_ms,
            value=_telling(person, _ints(self.digest)),
            key=_ints(self.object),
            screen=np.array(screen_of, np.int64)[act],
            app=np.array(app_of, np.int64)[act],
            completion=completion,
            signing=np.array(signing, np.bool_),
            works=np.isin(np.array(model.classes, np.int64), (COPY, WRITE)) | (completion > 0),
        )


def _ints(values: array[int]) -> Ints:
    return np.frombuffer(values, np.int64) if len(values) else np.zeros(0, np.int64)


def _object(person: RecordedPerson, step: RawStep) -> int:
    """The business key last seen in a step, or -1."""
    objects = person.object
    for seq in range(step.head + step.tail, step.head - 1, -1):
        if objects[seq]:
            return objects[seq]
    return -1


class ToldEvent(NamedTuple):
    """What the event that stands for a key says."""

    app: str
    kind: Kind
    screen: str
    element: str


def _told(key: ElementKey) -> ToldEvent:
    return ToldEvent(key.app, cast(Kind, key.kind), key.screen, key.element)


def _model(names: list[str], keys: list[ElementKey], told: list[ToldEvent], name_of: dict[ElementKey, str]) -> Model:
    number = {name: place for place, name in enumerate(names)}
    model = Model()
    model.activities = Activities.given(names, {one: number[name_of[key]] for key, one in zip(keys, told, strict=True)})
    model.grow()
    _let_fields_stand(model)
    return model


def _let_fields_stand(model: Model) -> None:
    """Take clicks on fields for clicks like any other in applications of which no writing is told.

    Elsewhere such a click leads to what is written next; here nothing would ever follow, and the work would be lost.
    """
    writes = {app for app, kind in zip(model.apps, model.classes, strict=True) if kind in (COPY, WRITE)}
    for act, name in enumerate(model.activities.names):
        _, kind, _, element = name.split("|", 3)
        if kind == "click" and element.startswith(_FIELD) and model.apps[act] not in writes:
            model.classes[act] = CLICK


def _telling(person: Ints, digest: Ints) -> Ints:
    """Digest of the value of each step, -1 where there is none or the person's steps hold it too often."""
    if not len(digest):
        return digest
    _, number, times = np.unique(
        np.stack([person, digest]), axis=1, return_inverse=True, return_counts=True
    )  # fmt: skip
    return np.where((digest != 0) & (times[number.reshape(-1)] <= priors.OFTEN), digest, -1)
