"""``make chaos``: kill, pause and cut everything while events flow, then show that nothing was lost or doubled.

Two workers, two sinks and the catalogue share eight partitions under load. At random moments one of the faults strikes.
Afterwards the log that was written is given, message for message, to one worker that nobody disturbs: sessions,
segments, samples of steps, transfers and activity must be the same bytes, ClickHouse must hold each event once in a
plain SELECT, and the catalogue must have counted each segment of the undisturbed run once.
Where a fault removed something that had not been read, exactly that is missing, and dead letters name it.

``load``          the events: a function of the seed; ``sender``: sends them to Kafka at a rate
``proxy``         the network in between, which can refuse and delay
``wall_clock``    a clock for each process that can be set (``clock_shim.c``)
``child``         a process that is started again whenever it ends
``testbed``       everything that runs
``pack``          which faults there are, how often each; dealing them
``scene``         what a fault needs to know, and what it removed
``strikes``       what each fault does; ``topic_strikes``: those of topics
``delete_records``  removes records, in a process of its own
``topic_log``     what is in the topics; ``kept_log``: what is kept of it before a fault removes it
``catalogue_facts``  what the catalogue made, and what of it must be so whatever the order
``accounting``    what must be equal, what dead letters must tell, and what went wrong in words
``experiment``    all of it in order; ``report``: its tables; ``__main__``: command
"""
