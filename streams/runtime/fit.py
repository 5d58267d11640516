"""Whether what a worker may need fits the machine that it runs on; said at its start and by ``taskstream doctor``."""

from __future__ import annotations

from typing import Final

from streams.runtime.room import most_agents
from taskstream.settings import StreamSettings

BASE_MB: Final = 200
"""A worker without partitions, and what it has taken in."""
PARTITION_MB: Final = 6
"""What a partition takes beside its agents: two producers, their queues, what is read ahead."""
BASE_FILES: Final = 200
PARTITION_FILES: Final = 16
"""Files and connections of a worker without partitions, and of a partition: two producers (7 each, measured)."""


def needed_mb(settings: StreamSettings, partitions: int) -> int:
    """Memory that one worker which owns all partitions may take (MB)."""
    return BASE_MB + partitions * PARTITION_MB + settings.agents_mb


def misfit(settings: StreamSettings, partitions: int, machine_mb: int, files: int) -> str:
    """What does not fit, and what to do about it, in one line; empty where all fits.

    ``machine_mb``  memory that this process may take (0: not known); ``files``  how many it may open at once
    """
    wanted = BASE_FILES + partitions * PARTITION_FILES
    if files < wanted:
        return (
            f"a worker with all {partitions} partitions opens up to {wanted:,} files and connections, and {files:,} "
            f"are allowed: raise the limit (`ulimit -n {wanted}`)"
        )
    agents = most_agents(settings)
    if agents < partitions:
        return (
            f"room for {agents} agents is less than one in each of {partitions} partitions: raise "
            f"{'max_agents' if settings.max_agents else 'agents_mb'}"
        )
    needed = needed_mb(settings, partitions)
    if settings.max_agents or not machine_mb or needed <= machine_mb:
        return ""
    fitting = machine_mb - (needed - settings.agents_mb)
    if fitting <= 0:
        return (
            f"{partitions} partitions take {needed - settings.agents_mb:,} MB without any agent, and this machine "
            f"has {machine_mb:,}: start more workers, each on a machine of its own"
        )
    return (
        f"a worker with all {partitions} partitions may take {needed:,} MB, and this machine has {machine_mb:,}: set "
        f"agents_mb to {fitting:,} (room for {most_agents(settings.model_copy(update={'agents_mb': fitting})):,} "
        "agents), or start more workers on other machines"
    )
