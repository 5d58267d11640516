"""``make soak HOURS=2``: the whole pipeline through weeks of nights and days, compressed: does it stay as it is?

A company works on days of a few minutes: people start a new agent each morning, some laptops come online late, some
clocks are wrong, one routine after another is replaced. In every third week one of the processes is killed each night,
and a server at the weekend. Memory of each process and disk are sampled; at the end every event must be in ClickHouse
once.

``company``   who works when on what: events in order of arrival; a function of the seed
``parts``     Kafka, ClickHouse, worker, sink, catalogue
``nights``    which part is restarted in which night
``samples``   memory and disk, again and again; what an interrupted run goes on from
``slope``     how a curve grows
``drawing``   the curves as a picture
``run``       all of it in order; ``__main__``: command
"""
