"""What is measured, and on what: see README.md beside this file. Each module with a command can be run by itself.

``__main__``        ``make bench``: the parts below in turn, as one table; ``wanted``: what each figure must reach
``worker``          one worker beside its peers; ``streams_load``: its load; ``clean_reader``: counts what comes out
``stage_costs``     what each stage costs; ``growth``: how that grows
``recovery``        a killed worker and its successor
``sink``            the sink beside the engine alone; ``sink_load``: its load; ``sink_partitions``: over 96 partitions
``pipeline``        all of it on one machine
``storage``         bytes a row
``reading``         how fast large logs are read
``ending``          how a part ends when it is interrupted

``discovered``      the one function by which benchmarks call discovery; ``streamed``: the stream's path over a log;
                    ``learned_live``: what is learned meanwhile
``discovery``       accuracy on public logs and logs made from them
``discovery_logs``  the public logs with their truth (``ui-logs/``); ``discovery_variants``: harder logs made of them
``discovery_tasks`` generated people; ``discovery_metrics``: the measures
``routines``        the list of a simulated company
``figures``         every figure that users see beside the truth; ``figures_live``: those of the live list

``worlds``          logs drawn at random with known truth
``chaos``           faults under load
``size``            96 partitions, 100,000 agents, one worker; then a kill, and a second worker
``soak``            weeks of days and nights
"""
