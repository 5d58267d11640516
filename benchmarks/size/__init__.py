"""``python -m benchmarks.size``: 96 partitions, 100,000 agents, one worker; then a kill, and a second worker.

Everybody has a model of yesterday's work, logs in, and works: events come as their desktops would send them, at a rate
that does not depend on how fast the pipeline is. Nobody is at lunch, so all sessions are open at a time.

``company``     who works when: messages in the order in which they are sent; pure
``yesterday``   what was learned of each person, written where the worker keeps it
``feeder``      the process that sends the messages when they are due
``watching``    what is looked at meanwhile: new results by partition, metrics, memory
``run``         all of it in order; ``__main__``: command
"""
