"""The decoder finds the best of all segmentations."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.discovery.semimarkov.decoder import Tables, decode

SHORT = [0.0, 2.0, 0.5]
SCORE = st.integers(-60, 0).map(lambda n: n / 8)
CUE = st.integers(-16, 16).map(lambda n: n / 8)


def best_by_trying(
    tables: Tables, acts: list[int], fresh: list[bool], cues: list[float], back: list[int], cost: float
) -> float:
    """The best score over all cuts and routines."""
    n = len(acts)
    best = [0.0] + [float("-inf")] * n
    for end in range(1, n + 1):
        for start, routine in product(range(end), range(tables.routines)):
            if end - start > tables.longest or any(fresh[start + 1 : end]):
                continue
            score = best[start] + (0.0 if fresh[start] else cues[start])
            score += tables.start[acts[start]][routine] + tables.end[acts[end - 1]][routine]
            score += sum(tables.step[place][routine] for place in range(start + 1, end))
            if routine != tables.null:
                score -= cost * sum(back[place] >= start for place in range(start + 1, end))
                score -= tables.short[end - start] if end - start < len(tables.short) else 0.0
            best[end] = max(best[end], score)
    return best[n]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_the_decoder_finds_the_best_explanation(data: st.DataObject) -> None:
    acts = data.draw(st.lists(st.integers(0, 2), min_size=1, max_size=9))
    n = len(acts)
    rows = st.lists(SCORE, min_size=3, max_size=3)
    steps, starts, ends = (data.draw(st.lists(rows, min_size=size, max_size=size)) for size in (n, 3, 3))
    tables = Tables(steps, starts, [[0, 1, 2]] * 3, ends, 2, SHORT, 6, 1e9)
    fresh = [True, *(data.draw(st.booleans()) for _ in range(n - 1))]
    cues = [data.draw(CUE) for _ in range(n)]
    back: list[int] = []
    last: dict[tuple[int, int], int] = {}
    for place in range(n):
        pair = (acts[place - 1], acts[place]) if place and not fresh[place] else None
        back.append(last.get(pair, -1) if pair else -1)
        if pair:
            last[pair] = place - 1
    found, score = decode(tables, acts, list(range(n)), fresh, cues, back, [1.5] * 3, [1.0] * n)
    assert abs(score - best_by_trying(tables, acts, fresh, cues, back, 1.5)) < 1e-9
    assert [one[0] for one in found] == [0, *(one[1] for one in found[:-1])]
    assert found[-1][1] == n
