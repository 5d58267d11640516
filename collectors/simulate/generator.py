"""Tasks drawn at random, plausible but never seen before, so that no miner can have been tuned on them."""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple

from collectors.simulate.phrases import Place, bridge, choose, click, fill, finish, open_window, rekey
from collectors.simulate.task_model import StepBlock, Task, TaskStep
from taskstream.events import Form

_SOURCES: Final = ("excel", "outlook", "acrobat", "docuware", "chrome", "sharepoint", "notes", "lotus")
_TARGETS: Final = ("sap", "chrome", "dynamics", "salesforce", "oracle", "navision", "edge", "citrix")
_OBJECTS: Final = (
    "shipment", "contract", "policy", "patient", "order", "invoice", "claim", "candidate", "vehicle", "asset", "lease",
    "permit", "booking", "sample", "meter", "loan", "student", "complaint", "return", "quote", "delivery", "licence",
)  # fmt: skip
_FIELDS: Final[tuple[tuple[str, Form], ...]] = (
    ("first name", "name"), ("last name", "name"), ("company", "name"), ("street", "text"), ("city", "text"),
    ("postcode", "number"), ("e-mail", "email"), ("phone", "phone"), ("reference", "id"), ("account", "iban"),
    ("amount", "money"), ("tax", "money"), ("discount", "percent"), ("due date", "date"), ("start date", "date:iso"),
    ("quantity", "number"), ("article", "id"), ("description", "text"), ("cost centre", "id"), ("weight", "number"),
    ("serial number", "id"), ("category", "text"), ("contact", "name"), ("project", "id"), ("location", "text"),
)  # fmt: skip
_ENDS: Final = (
    "submit",
    "save",
    "send",
    "post",
    "confirm",
    "finish",
    "approve",
    "ok",
    "book",
    "release",
    "close",
    "create",
)
_PATTERNS: Final = ("bridge", "rekey", "look-up", "reformat", "form", "round")


def generate_tasks(count: int, seed: int) -> tuple[Task, ...]:
    """``count`` tasks; the same seed gives the same tasks. Some share applications, none shares its screens."""
    rng = Random(f"tasks {seed}")
    objects = rng.sample(_OBJECTS, len(_OBJECTS))
    patterns = [_PATTERNS[number % len(_PATTERNS)] for number in range(count)]
    rng.shuffle(patterns)
    return tuple(_task(number, pattern, objects[number % len(objects)], rng) for number, pattern in enumerate(patterns))


def _task(number: int, pattern: str, thing: str, rng: Random) -> Task:
    fields = rng.sample(_FIELDS, rng.randint(3, 7))
    name = f"{pattern} {thing}" if number < len(_OBJECTS) else f"{pattern} {thing} {number}"
    source: Place = (
        rng.choice(_SOURCES),
        f"{thing} {rng.choice(('list', 'inbox', 'overview', 'file', 'document'))} {number}",
    )
    target: Place = (rng.choice(_TARGETS), f"{rng.choice(('new', 'edit', 'enter', 'maintain'))} {thing} {number}")
    compose = {
        "bridge": _moved,
        "rekey": _moved,
        "look-up": _looked_up,
        "reformat": _reformatted,
        "form": _form,
        "round": _round,
    }
    blocks, variants = compose[pattern](_Sketch(pattern, source, target, thing, fields), rng)
    return Task(
        name,
        tuple(blocks),
        dict(fields),
        variants,
        object=thing if rng.random() < 0.6 else "",
        weight=rng.uniform(0.7, 2),
    )


_Composed = tuple[list[StepBlock], dict[str, float]]


class _Sketch(NamedTuple):
    """What a task is to be about."""

    pattern: str
    source: Place
    target: Place
    thing: str
    fields: list[tuple[str, Form]]


def _begin(place: Place, thing: str, rng: Random) -> StepBlock:
    return StepBlock(
        (open_window(place), click(place, f"{rng.choice(('row', 'message', 'item'))}:{thing}", 2.0, shows=True))
    )


def _end(place: Place, rng: Random, *, back: Place | None = None) -> list[StepBlock]:
    """How the work is completed; sometimes with a remark where it began, rarely without any telling word."""
    word = rng.choice(_ENDS)
    last = finish(place, f"button:{word}") if rng.random() < 0.9 else TaskStep("navigate", *place, "link:overview")
    blocks = [StepBlock((open_window(place, 0.8), click(place, "button:check", p=0.5), last))]
    if back is not None and rng.random() < 0.4:
        blocks.append(StepBlock((open_window(back), click(back, "checkbox:done")), probability=0.8))
    return blocks


def _moved(sketch: _Sketch, rng: Random) -> _Composed:
    pattern, source, target, thing, fields = sketch
    blocks = [_begin(source, thing, rng)]
    group = "fields" if rng.random() < 0.5 else ""
    for position, (field, _) in enumerate(fields):
        shown = f"cell:{'abcdefgh'[position]}" if source[0] == "excel" else f"text:{field}"
        how = bridge if (pattern == "bridge") == (rng.random() < 0.85) else rekey
        optional = rng.uniform(0.4, 0.9) if position and rng.random() < 0.25 else 1.0
        times = (1, rng.randint(2, 4)) if position == len(fields) - 1 and rng.random() < 0.3 else (1, 1)
        blocks.append(StepBlock(how(source, shown, target, f"field:{field}", field), optional, times, group))
    if rng.random() < 0.5:
        blocks.append(StepBlock((open_window(target), *choose(target, "field:type")), rng.uniform(0.6, 1.0)))
    return blocks + _end(target, rng, back=source), {}


def _looked_up(sketch: _Sketch, rng: Random) -> _Composed:
    _, source, target, thing, fields = sketch
    key, answer = fields[0][0], fields[1][0]
    blocks = [
        _begin(source, thing, rng),
        StepBlock(bridge(source, f"text:{key}", target, "field:search", key)),
        StepBlock(
            (open_window(target, 0.6), click(target, "button:search"), click(target, "row:result", 1.8, shows=True))
        ),
    ]
    blocks += [StepBlock((click(target, f"tab:{field}", 2.0),), 0.7, group="tabs") for field, _ in fields[2:4]]
    blocks += [
        StepBlock(bridge(target, f"text:{answer}", source, "field:answer", answer), variant="copied"),
        StepBlock(rekey(target, f"text:{answer}", source, "field:answer", answer), variant="typed"),
    ]
    return blocks + _end(source, rng), {"copied": rng.uniform(0.3, 0.8), "typed": 0.4}


def _reformatted(sketch: _Sketch, rng: Random) -> _Composed:
    _, source, target, thing, _ = sketch
    sheet: Place = ("excel", f"{thing} report {target[1][-2:].strip()}.xlsx")
    blocks = [
        StepBlock((open_window(target), *choose(target, "field:period"), click(target, "button:export", 2.5))),
        StepBlock((TaskStep("open", *sheet, seconds=3.0),)),
    ]
    actions = [
        "delete column",
        "sort",
        "filter",
        "number format",
        "insert sum",
        "conditional format",
        "merge",
        "freeze",
    ]
    for action in rng.sample(actions, rng.randint(3, 6)):
        steps = (click(sheet, f"column:{rng.choice('abcdef')}"), click(sheet, f"menu:{action}", 1.8))
        blocks.append(StepBlock(steps, rng.choice((1.0, 1.0, 0.7)), (1, rng.randint(1, 3)), "shape"))
    blocks.append(StepBlock((TaskStep("save", *sheet, seconds=2.0),)))
    return blocks + _end((source[0], f"{thing} mail"), rng), {}


def _form(sketch: _Sketch, rng: Random) -> _Composed:
    _, _, target, thing, fields = sketch
    blocks = [StepBlock((open_window(target), click(target, f"link:new {thing}", 2.0)))]
    for field, _ in fields:
        steps = fill(target, f"field:{field}", field) if rng.random() < 0.8 else choose(target, f"field:{field}")
        blocks.append(StepBlock(steps, rng.choice((1.0, 1.0, 1.0, 0.6))))
    return blocks + _end(target, rng), {}


def _round(sketch: _Sketch, rng: Random) -> _Composed:
    _, _, target, thing, fields = sketch
    blocks = [
        _begin(target, thing, rng),
        StepBlock((click(target, "link:attachment", 2.0), TaskStep("scroll", *target, seconds=2.0, probability=0.5),
               click(target, "button:back", 2.0)), 1.0, (1, rng.randint(2, 4))),
        StepBlock((*fill(target, f"field:{fields[0][0]}", fields[0][0], 2.5),), 0.4),
        StepBlock((finish(target, "button:approve"),), variant="approve"),
        StepBlock((*choose(target, "field:reason"), finish(target, "button:reject")), variant="reject"),
    ]  # fmt: skip
    return blocks, {"approve": 0.8, "reject": 0.2}
