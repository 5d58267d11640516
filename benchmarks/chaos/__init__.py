"""``make chaos``: kill, pause and cut everything while events flow, then show that nothing was lost or doubled.

Two workers and two sinks share eight partitions under load. At random moments one of the faults strikes.
Afterwards the log that was written is given, message for message, to one worker that nobody disturbs: sessions,
segments, transfers and activity must be the same bytes, and ClickHouse must hold each event once in a plain SELECT.

``load``        the events: a function of the seed; ``sender``: sends them to Kafka at a rate
``proxy``       the network in between, which can refuse and delay
``child``       a process that is started again whenever it ends
``world``       everything that runs
``pack``        which faults there are, how often each; dealing them
``strikes``     what each fault does to the world
``topic_log``   what is in the topics; the same log given to a second set of topics
``accounting``  what must be equal, and what went wrong in words
``experiment``  all of it in order; ``report``: its tables; ``__main__``: command
"""
