"""What the gate lets pass is coalesced and holds no content."""

from hypothesis import given
from hypothesis import strategies as st

from collectors.agent.gate import BURST_MS, COPY_MS, PAUSE_MS, SECURE_APP, Gate
from collectors.agent.screens import Screens
from collectors.sources.base import Click, Clipboard, Control, Idle, Key, Observation, Scroll, Shortcut, Window
from taskstream.events import KeyCounts, UiEvent


def _run(*seen: Observation, end: int | None = None) -> list[UiEvent]:
    gate = Gate(Screens())
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
    gate = Gate(Screens())
    gate.feed(Key(0, "letter"))
    assert gate.tick(PAUSE_MS - 1) == []
    assert len(gate.tick(PAUSE_MS)) == 1


def test_endless_typing_is_cut() -> None:
    events = _run(*(Key(at, "letter") for at in range(0, 4 * BURST_MS, 1_000)))
    assert len(events) >= 4
    assert sum(event.keys.letter for event in events if event.keys) == 4 * BURST_MS // 1_000


def test_scrolling_is_one_event() -> None:
    assert _run(*(Scroll(at) for at in range(0, 1_000, 50)), Click(1_200)) == [
        UiEvent(0, "scroll", active_ms=950),
        UiEvent(1_200, "click"),
    ]


def test_a_window_is_told_once() -> None:
    windows = [
        Window(at, "excel", title) for at, title in enumerate(["Save As", "Max Berg.xlsx", "Ann Lee.xlsx", "Save As"])
    ]
    assert [(event.app, event.screen) for event in _run(*windows)] == [
        ("excel", "save as"), ("excel", "window"), ("excel", "save as"),
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
    gate = Gate(Screens())
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
    assert {event.screen for event in events} <= {"", "window"}
    counted = sum(e.keys.letter + e.keys.digit + e.keys.edit for e in events if e.keys)
    assert counted == keys
