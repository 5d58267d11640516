"""Explains a whole log: segments by Markov chains whose cues the log teaches, routines by what segments hold.

May import: taskstream, streams.discovery.segmentation, streams.discovery.words.

    recording       The events of a log as columns, then as steps with final names
    names           Names of activities: the finest detail that recurs
    surroundings    Which numbers of an element tell what is done before or next
    step_log        Steps as the model sees them, and cuts
    priors          What is believed before a log is seen
    cues            What an edge says of a cut there, learned
    routine_chains  Chains with START and END, counted and scored
    decoder         The best segmentation under given tables (compiled)
    description     How long a log's description is: compares solutions
    learning        Tables from cuts, cuts from tables, again
    beam            Open executions told apart (compiled)
    interleaving    Lanes, where the description gets shorter
    contents        Routines by what segments hold
    joins           Tasks that come cut in two
    merges          One task taken for several
    splits          Two executions taken for one; what chance explains
    phases          Where the cycle of a routine is cut
    loops           Repeats that are no executions of their own
    asides          A task in the midst of another is an execution of its own
    solving         The order of these
    strays          What people do between tasks and not in them
    certainty       How sure each execution is
    whole           A whole log, or a large one by a sample
    served          What was learned of a tenant's work, as the stream uses it
    teaching        Tables from the steps of a sample of people
    set_aside       A task in the midst of another, among a few steps: what :mod:`asides` does with a whole log
    tables_record   What was learned of a tenant's work, as it travels from the catalogue into each partition's state
    undecided       A few steps of one person, explained by tables that were learned before
"""
