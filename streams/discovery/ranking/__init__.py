"""What is worth automating, and why.

May import: taskstream, streams.discovery.evidence, streams.discovery.grouping.

    ranked_list  Which routines are worth automating, and why
    weekly       How much of a routine there is in a working week, with its interval
    savings      What automating a routine would save: what is uncertain is drawn at random again and again
"""
