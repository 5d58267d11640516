"""Interrupted work told apart: task A, set aside for B and taken up again, is one execution of A."""

from __future__ import annotations

from msgspec import Struct

from streams.discovery.edges import Weights
from streams.discovery.model import Model


class Lanes(Struct):
    """The undecided events by lane: ``order`` holds their places, ``strays`` the stray events after a place."""

    order: list[int]
    strays: dict[int, list[int]]

    def strays_of(self, members: list[int]) -> list[int]:
        """The stray events within a segment."""
        return [stray for place in members for stray in self.strays.get(place, ())]

    def remaining(self, count: int, size: int) -> list[int]:
        """Places in arrival order that are left when the first ``count`` of the order and their strays are decided."""
        members = self.order[:count]
        gone = {*members, *self.strays_of(members)}
        return [place for place in range(size) if place not in gone]


def unravel(acts: list[int], sources: list[int], model: Model, w: Weights) -> Lanes | None:
    """The lanes of the undecided events, or None when nothing shows that work was interrupted."""
    return None
