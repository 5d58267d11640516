"""Ways to run it.

May import: taskstream, collectors, streams, sinks.

    local/    All of it on one machine: embedded Kafka and ClickHouse, and what keeps them running
    demo/     The demo: two public recordings and a simulated team, through everything, with counts
    offline/  Log files through the same stages, without Kafka
    cli/      The commands that run it
"""
