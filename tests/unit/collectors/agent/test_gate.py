"""What the gate lets pass is coalesced and holds no content."""

from datetime import UTC, date, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from collectors.agent.gate import BURST_MS, COPY_MS, PAUSE_MS, SECURE_APP, Gate
from collectors.sources.base import Click, Clipboard, Control, Idle, Key, Observation, Scroll, Shortcut, Window
from taskstream.events import KeyCounts, UiEvent
from taskstream.privacy.explanation import screens_of
from taskstream.privacy.personal import personal_policy
from taskstream.privacy.policy import Hours, Policy

POLICY = personal_policy(date(2026, 1, 1), k=5, applications=["excel", "mail"])


def _gate(policy: Policy = POLICY) -> Gate:
    """A gate that knows the window in front already."""
    gate = Gate(policy, UTC)
    gate.feed(Window(0, "excel", ""))
    return gate


def _run(*seen: Observation, end: int | None = None, policy: Policy = POLICY) -> list[UiEvent]:
    gate = _gate(policy)
    events = [event for observation in seen for event in gate.feed(observation)]
    if end is not None:
        events += gate.tick(end)
    return events + gate.flush()


EXCEL = Window(0, "excel", "Save As")


def test_keys_become_a_burst_with_counts() -> None:
    typed = [Key(10, "letter"), Key(200, "letter"), Key(400, "digit"), Key(500, "edit")]
    assert _run(EXCEL, *typed)[1:] == [
        UiEvent(10, "keys", "excel", "save as", active_ms=490, keys=KeyCounts(letter=2, digit=1, edit=1))
    ]


def test_a_pause_closes_a_burst() -> None:
    events = _run(Key(0, "letter"), Key(100, "letter"), Key(100 + PAUSE_MS, "letter"))
    assert [event.keys for event in events] == [KeyCounts(letter=2), KeyCounts(letter=1)]
    gate = _gate()
    gate.feed(Key(0, "letter"))
    assert gate.tick(PAUSE_MS - 1) == []
    assert len(gate.tick(PAUSE_MS)) == 1


def test_endless_typing_is_cut() -> None:
    events = _run(*(Key(at, "letter") for at in range(0, 4 * BURST_MS, 1_000)))
    assert len(events) >= 4
    assert sum(event.keys.letter for event in events if event.keys) == 4 * BURST_MS // 1_000


def test_scrolling_is_one_event() -> None:
    assert _run(*(Scroll(at) for at in range(0, 1_000, 50)), Click(1_200)) == [
        UiEvent(0, "scroll", "excel", active_ms=950),
        UiEvent(1_200, "click", "excel"),
    ]


def test_a_window_is_told_once() -> None:
    windows = [
        Window(at, "excel", title) for at, title in enumerate(["Save As", "Max Berg.xlsx", "Ann Lee.xlsx", "Save As"])
    ]
    assert [(event.app, event.screen) for event in _run(*windows)] == [
        ("excel", "save as"), ("excel", "other"), ("excel", "save as"),
    ]  # fmt: skip


def test_copy_and_cut_are_what_the_clipboard_says() -> None:
    assert [event.kind for event in _run(Shortcut(0, "ctrl+c"), Clipboard(20))] == ["copy"]
    assert [event.kind for event in _run(Shortcut(0, "ctrl+x"), Clipboard(20))] == ["cut"]
    assert [event.kind for event in _run(Clipboard(20))] == ["copy"]
    late = _run(Shortcut(0, "ctrl+c"), end=COPY_MS)  # in a terminal it copies nothing
    assert [(event.kind, event.shortcut) for event in late] == [("shortcut", "ctrl+c")]
    assert [(e.kind, e.shortcut) for e in _run(Shortcut(0, "ctrl+v"))] == [("paste", "ctrl+v")]


def test_in_password_prompts_nothing_is_counted() -> None:
    for window in (Window(0, "pinentry-gtk-2", ""), Window(0, "zenity", "Enter your Password")):
        events = _run(EXCEL, window, *(Key(at, "letter") for at in range(100)), Click(100), Shortcut(101, "ctrl+v"))
        assert events[1:] == [UiEvent(0, "window", SECURE_APP), UiEvent(0, "keys", SECURE_APP)]


def test_the_recorders_own_window_is_left_out() -> None:
    assert _run(Window(0, "taskstream", "x", own=True), Click(1), Key(2, "letter")) == []


def test_a_pause_records_nothing_and_says_so() -> None:
    events = _run(Key(0, "letter"), Control(5, "paused"), Key(6, "letter"), Click(7), Control(9, "resumed"), Click(10))
    assert [(event.kind, event.element) for event in events] == [
        ("keys", ""), ("health", "recording:paused"), ("health", "recording:resumed"), ("click", ""),
    ]  # fmt: skip


def test_absence_is_told_once() -> None:
    events = _run(Idle(60_000, 0), Idle(61_000, 0), Click(62_000), Idle(200_000, 130_000))
    assert [event.kind for event in events] == ["idle", "click", "idle"]


observations = st.one_of(
    st.builds(Key, st.just(0), st.sampled_from(["letter", "digit", "edit"])),
    st.builds(Shortcut, st.just(0), st.sampled_from(["ctrl+c", "ctrl+v", "ctrl+s", "other"])),
    st.builds(Click, st.just(0)),
    st.builds(Scroll, st.just(0)),
    st.builds(Clipboard, st.just(0)),
    st.builds(Window, st.just(0), st.sampled_from(["excel", "pinentry", "mail"]), st.text(max_size=20)),
    st.builds(Idle, st.just(0), st.just(0)),
)


@given(st.lists(st.tuples(observations, st.integers(0, 3_000)), max_size=60), st.text(min_size=4, max_size=12))
def test_times_never_step_back_and_no_title_passes(steps: list[tuple[Observation, int]], secret: str) -> None:
    gate = _gate()
    now, keys = 0, 0
    events: list[UiEvent] = []
    secure = False
    for observation, wait in steps:
        now += wait
        fields = {name: getattr(observation, name) for name in observation.__struct_fields__} | {"at_ms": now}
        if isinstance(observation, Window):
            fields["title"] = f"{secret} {fields['title']}"
            secure = fields["app"] == "pinentry" or "unlock" in fields["title"].lower()
        keys += isinstance(observation, Key) and not secure
        events += gate.feed(type(observation)(**fields))
    events += gate.flush()
    assert [event.at_ms for event in events] == sorted(event.at_ms for event in events)
    assert {event.screen for event in events} <= {"", *screens_of(POLICY)}
    counted = sum(e.keys.letter + e.keys.digit + e.keys.edit for e in events if e.keys)
    assert counted == keys


HOUR = 3_600_000
MONDAY = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp() * 1000)
OFFICE = msgspec.structs.replace(POLICY, hours=(Hours(("mon",), "08:00", "18:00"),))


def test_of_an_application_that_is_not_allowed_only_its_being_there_is_told() -> None:
    seen: list[Observation] = [
        Window(1, "signal", "Max"),
        Key(2, "letter"),
        Click(3),
        Shortcut(4, "ctrl+v"),
        Clipboard(5),
        Scroll(6),
    ]
    back: list[Observation] = [Window(7, "excel", "Max"), Click(8)]
    assert _run(*seen, *back) == [
        UiEvent(1, "window", "other"), UiEvent(7, "window", "excel", "other"), UiEvent(8, "click", "excel", "other"),
    ]  # fmt: skip


def test_before_a_window_is_known_nothing_is_counted() -> None:
    gate = Gate(POLICY, UTC)
    assert [event for at in range(9) for event in gate.feed(Key(at, "letter"))] + gate.flush() == []


def test_kinds_that_are_not_allowed_are_left_out() -> None:
    policy = msgspec.structs.replace(POLICY, kinds=("click",))
    events = _run(EXCEL, Key(1, "letter"), Click(2), Shortcut(3, "ctrl+v"), Control(4, "paused"), policy=policy)
    assert [event.kind for event in events] == ["click", "health"]


def test_outside_the_working_hours_nothing_is_told() -> None:
    early, late = MONDAY + 7 * HOUR, MONDAY + 18 * HOUR
    events = _run(
        Window(early, "excel", "Save As"), Key(early + 1, "letter"), Click(early + 2),
        Click(MONDAY + 9 * HOUR), Key(late - 1, "letter"), Key(late, "letter"), Window(late + 1, "mail", "Inbox"),
        Idle(late + HOUR, late + 2), policy=OFFICE,
    )  # fmt: skip
    at = MONDAY + 9 * HOUR
    assert events == [
        UiEvent(at, "window", "excel", "save as"),
        UiEvent(at, "click", "excel", "save as"),
        UiEvent(late - 1, "keys", "excel", "save as", keys=KeyCounts(letter=1)),
    ]


def test_an_absence_since_before_the_working_hours_begins_with_them() -> None:
    at = MONDAY + 8 * HOUR + 5
    assert [(e.kind, e.at_ms) for e in _run(Idle(at, at - HOUR), policy=OFFICE)] == [("window", at), ("idle", at)]


@given(
    st.lists(
        st.tuples(st.sampled_from(["excel", "signal", "mail", "x"]), st.text(max_size=12), st.integers(0, 3 * 24 * 60)),
        max_size=40,
    )
)
def test_no_name_and_no_hour_passes_that_the_policy_does_not_list(windows: list[tuple[str, str, int]]) -> None:
    gate = Gate(OFFICE, UTC)
    seen = sorted((MONDAY + minute * 60_000, app, title) for app, title, minute in windows)
    events = [
        event for at, app, title in seen for one in (Window(at, app, title), Click(at + 1)) for event in gate.feed(one)
    ]
    assert {event.app for event in events} <= {"other", SECURE_APP, *OFFICE.applications}
    assert {event.screen for event in events} <= {"", *screens_of(OFFICE)}
    assert all(OFFICE.within(event.at_ms, UTC) for event in events)
    assert not any(event.kind == "click" and event.app == "other" for event in events)
