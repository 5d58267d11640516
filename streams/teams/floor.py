"""The k-anonymity floor of phase 2: counts of a window are released only when they cover at least k people.

A count below the floor is merged into the row of its team and application, over all kinds; that row, if still below it,
into its team's ``(other)`` row; a team's row still below it, into the tenant's row (of this partition; rows of one key
add up). What is below the floor even then is held back for good.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from streams.stages.cells import add
from streams.stages.window import OTHER, Cell, Key


def release(cells: Mapping[Key, Cell], k: int) -> Iterator[tuple[Key, int, int, int]]:
    """The rows that may be seen, in order of key: key, events, active milliseconds, people (never fewer than ``k``)."""
    apps: dict[tuple[str, str, str], Cell] = {}
    teams: dict[tuple[str, str], Cell] = {}
    tenants: dict[str, Cell] = {}
    for key in sorted(cells):
        cell = cells[key]
        if len(cell.actors) >= k:
            yield key, cell.events, cell.active_ms, len(cell.actors)
        else:
            add(apps.setdefault(key[:3], Cell(0, 0, set())), cell)
    for app in sorted(apps):
        cell = apps[app]
        if len(cell.actors) >= k:
            yield (*app, OTHER), cell.events, cell.active_ms, len(cell.actors)
        else:
            add(teams.setdefault(app[:2], Cell(0, 0, set())), cell)
    for team in sorted(teams):
        cell = teams[team]
        if len(cell.actors) >= k:
            yield (*team, OTHER, OTHER), cell.events, cell.active_ms, len(cell.actors)
        else:
            add(tenants.setdefault(team[0], Cell(0, 0, set())), cell)
    for tenant in sorted(tenants):
        cell = tenants[tenant]
        if len(cell.actors) >= k:
            yield (tenant, OTHER, OTHER, OTHER), cell.events, cell.active_ms, len(cell.actors)
