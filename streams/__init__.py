"""From UI events to sessions, executions, routines and opportunities.

May import: taskstream.

    operator     The interface that the checkpoint drives
    dead_letter  Refused input with its reason and its place in the log
    discovery/   From one person's steps to a ranked list. Pure: no Kafka, no clock
    stages/      One partition of `ui-events`
    teams/       The second phase: windows by team, let out only for k people or more. Pure
    runtime/     The worker: Faust, Kafka, transactions, health. All that is not pure
    catalogue/   The process around discovery: Kafka in and out, its snapshots
    cli/         The commands of the streams
"""
