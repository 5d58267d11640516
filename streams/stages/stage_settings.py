"""The settings that results depend on, in the form in which the stages take them."""

from __future__ import annotations

from msgspec import Struct

from taskstream.settings import Settings


class StageSettings(Struct, frozen=True):
    """Settings that results depend on. ``max_agents`` is this partition's share; see :mod:`streams.runtime.room`.

    ``max_hot``  agents whose segmenters are held ready for their next event; of the others the stored form alone, which
                 takes a fifth of the memory and 0.1 ms to make ready. It changes no result.
    ``accepted``  hashes of the policies whose batches are let in (empty text: batches without one); empty: all
    """

    partitions: int
    session_gap_ms: int = 900_000
    idle_ms: int = 30_000
    disorder_ms: int = 5_000
    lateness_ms: int = 60_000
    max_skew_ms: int = 600_000
    max_agents: int = 50_000
    max_hot: int = 2_000
    k: int = 5
    accepted: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> StageSettings:
        """What the stages need of ``settings``, whose ``accepted_policies`` are hashes by now.

        The share of agents is what it is until a worker deals out its own.
        """
        accepted = {"" if name == "none" else name for name in settings.accepted_policies.split(",") if name}
        return cls(
            partitions=settings.partitions,
            session_gap_ms=settings.session_gap_ms,
            idle_ms=settings.idle_ms,
            disorder_ms=settings.disorder_ms,
            lateness_ms=settings.lateness_ms,
            max_skew_ms=settings.max_skew_ms,
            k=settings.k,
            accepted=tuple(sorted(accepted)),
        )
