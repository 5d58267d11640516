"""The second phase: windows by team, let out only for k people or more. Pure.

May import: taskstream, streams.operator, streams.dead_letter, streams.stages.

    team_partition  Phase 2: one partition of `activity.partial`, keyed by team. Pure, like phase 1
    floor           Phase 2's floor: counts of one window are let out only where they cover at least k people
"""
