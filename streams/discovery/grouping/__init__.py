"""Routines: what executions of all people have in common.

May import: taskstream, streams.discovery.words.

    execution      One execution as the catalogue keeps it: compact, since thousands of them are remembered
    transfer_join  Which values were moved within a segment
    hashing        Hashes that are the same in every process and on every machine, unlike Python's own
    distinct       Counting distinct things in bounded memory, independent of order
    days           Work by day: how many executions, and the active time they took
    shapes         Recognising what an execution is of: online leader clustering on the activities it holds
    routines       What is kept of a routine, or of what may become one
    variants       The ways in which a routine is carried out
    coherence      Whether a group of executions is a routine at all
    chains         Tasks that come cut apart
    refine         Mending the grouping: routines that are one are merged, fragments absorbed, mixtures split
    recognise      Recognising known routines in the stream, from the catalogue's records alone
"""
