"""What is worth automating, and why.

May import: taskstream, streams.discovery.evidence, streams.discovery.grouping.

    opportunities  Which routines are worth automating, and why
"""
