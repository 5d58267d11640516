"""The demo: two public recordings and a simulated team, through everything, with counts.

May import: taskstream, sinks, deploy.

    run      The demo from start to end: start all, play, wait until all is stored and found, report
    players  Who sends events in the demo
    sampler  Samples the demo's progress in a thread of its own
    measure  What arrived, asked from ClickHouse with plain SELECTs, and what is on its way
    view     The demo's progress: one live view on a terminal, lines elsewhere
    report   What a run of the demo has shown, as numbers
"""
