"""The charts, as options for ECharts: plain data from plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sinks.dashboard.page_data import FreshMinute, Minute, Moved
from sinks.dashboard.theme import Theme, colours

MINUTE_MS = 60_000
SHOWN_APPS = 7
REST = "(all others)"
FONT = 'Inter, "Segoe UI", system-ui, -apple-system, Roboto, "Helvetica Neue", sans-serif'


def activity(minutes: Sequence[Minute], span_minutes: int, theme: Theme, known: Mapping[str, int]) -> dict[str, Any]:
    """Events per minute by application, stacked, over the last ``span_minutes`` of the data."""
    newest = max((each.minute_ms for each in minutes), default=0)
    step = max(1, span_minutes // 60) * MINUTE_MS
    first = (newest - (span_minutes - 1) * MINUTE_MS) // step * step
    shown = [each for each in minutes if each.minute_ms >= first]
    totals = Counter[str]()
    for each in shown:
        totals[each.app] += each.events
    names = [app for app, _ in sorted(totals.items(), key=lambda item: (-item[1], item[0]))[:SHOWN_APPS]]
    if len(totals) > len(names):
        names.append(REST)
    slots = range(first, newest + 1, step)
    counts: dict[str, dict[int, int]] = {name: dict.fromkeys(slots, 0) for name in names}
    for each in shown:
        series = counts.get(each.app) or counts[REST]
        series[each.minute_ms // step * step] = series.get(each.minute_ms // step * step, 0) + each.events
    paint = colours(names, theme, known)
    per = step // MINUTE_MS
    return _base(theme) | {
        "legend": {"type": "scroll", "bottom": 0, "icon": "roundRect", "itemWidth": 10, "itemHeight": 10,
                   "textStyle": {"color": theme.faint}, "pageTextStyle": {"color": theme.faint}},
        "grid": {"left": 8, "right": 28, "top": 28, "bottom": 36, "containLabel": True},
        "xAxis": {"type": "time", "axisLine": {"lineStyle": {"color": theme.line}}, "splitLine": {"show": False},
                  "axisLabel": {"color": theme.faint, "hideOverlap": True}},
        "yAxis": {"type": "value", "name": "events a minute", "nameTextStyle": {"color": theme.faint, "align": "left"},
                  "axisLabel": {"color": theme.faint}, "splitLine": {"lineStyle": {"color": theme.line}},
                  "minInterval": 1},
        "series": [
            {"name": name, "type": "bar", "stack": "all", "barCategoryGap": "15%", "color": paint[name],
             "emphasis": {"focus": "series"},
             "data": [[at, round(n / per, 1)] for at, n in sorted(counts[name].items())]}
            for name in names
        ],
    }  # fmt: skip


def transfers(moved: Sequence[Moved], theme: Theme, known: Mapping[str, int]) -> dict[str, Any]:
    """Values that move between applications: from the left to the right (an application can be on both sides)."""
    sources = sorted({each.source for each in moved})
    targets = sorted({each.target for each in moved})
    paint = colours({*sources, *targets}, theme, known)
    nodes = [_node(f"from {app}", app, paint[app], theme, "right") for app in sources]
    nodes += [_node(f"to {app}", app, paint[app], theme, "left") for app in targets]
    return _base(theme) | {
        "tooltip": {"trigger": "item", "backgroundColor": theme.surface, "borderColor": theme.line,
                    "textStyle": {"color": theme.text}},
        "series": [
            {
                "type": "sankey", "left": 8, "right": 8, "top": 12, "bottom": 12, "nodeWidth": 14, "nodeGap": 14,
                "draggable": False, "emphasis": {"focus": "adjacency"},
                "lineStyle": {"color": "gradient", "opacity": 0.35, "curveness": 0.5},
                "data": nodes,
                "links": [
                    {"source": f"from {each.source}", "target": f"to {each.target}", "value": each.values}
                    for each in moved
                ],
            }
        ],
    }  # fmt: skip


def freshness(minutes: Sequence[FreshMinute], theme: Theme) -> dict[str, Any]:
    """Time from the desktop to the database by minute of arrival: median and 99 %, in seconds."""
    lines = (
        ("99 % within", theme.palette[1], [(each.minute_ms, each.p99_ms) for each in minutes]),
        ("half within", theme.palette[0], [(each.minute_ms, each.p50_ms) for each in minutes]),
    )
    return _base(theme) | {
        "legend": {"bottom": 0, "icon": "roundRect", "itemWidth": 10, "itemHeight": 10,
                   "textStyle": {"color": theme.faint}},
        "grid": {"left": 8, "right": 28, "top": 28, "bottom": 32, "containLabel": True},
        "xAxis": {"type": "time", "axisLine": {"lineStyle": {"color": theme.line}}, "splitLine": {"show": False},
                  "axisLabel": {"color": theme.faint, "hideOverlap": True}},
        "yAxis": {"type": "value", "name": "seconds", "nameTextStyle": {"color": theme.faint, "align": "left"},
                  "axisLabel": {"color": theme.faint}, "splitLine": {"lineStyle": {"color": theme.line}}},
        "series": [
            {"name": name, "type": "line", "color": colour, "showSymbol": len(minutes) < 3, "smooth": 0.2,
             "lineStyle": {"width": 2}, "areaStyle": {"opacity": 0.08},
             "data": [[at, round(ms / 1000, 3)] for at, ms in points]}
            for name, colour, points in lines
        ],
    }  # fmt: skip


def _node(name: str, label: str, colour: str, theme: Theme, side: str) -> dict[str, Any]:
    return {
        "name": name,
        "itemStyle": {"color": colour, "borderWidth": 0},
        "label": {"formatter": label, "color": theme.text, "position": side, "fontSize": 12},
    }


def _base(theme: Theme) -> dict[str, Any]:
    return {
        "animationDuration": 300,
        "animationDurationUpdate": 300,
        "textStyle": {"fontFamily": FONT},
        "tooltip": {
            "trigger": "axis",
            "backgroundColor": theme.surface,
            "borderColor": theme.line,
            "textStyle": {"color": theme.text},
        },
    }
