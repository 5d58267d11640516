"""Worlds drawn at random: UI logs with known truth of companies that nobody has seen, to judge discovery by.

In the order in which a log comes about, one concept a file:

``traits``      what makes a log easy or hard, and how often it is so; ``seeds``: which seeds are for what
``names``       words of eight languages, and names that no other seed has
``screens``     applications, screens and the elements on them
``tasks``       what is done in which order: sequences, choices, loops, transfers of values
``people``      habits; executions one after the other or woven into each other
``recording``   time, breaks, noise, chatter: who did what when, with the truth
``rendering``   the recording as three recorders would write it
``logs``        a world as discovery sees it beside its truth, from a seed or from files
``make``        command: write worlds as files

``knockouts``   takes cues away from what discovery sees
``scores``      one log's figures against the truth; ``oracle``: what the true order of steps alone would reach
``tables``      figures by trait, by pairs of traits, of the worst; ``__main__``: command that judges
``stream``      what is found while work goes on, before and after learning
``guard``       floors on twelve small worlds for the normal tests
"""
