"""From one person's steps to a ranked list. Pure: no Kafka, no clock.

May import: taskstream.

    words/         What labels say
    segmentation/  Cuts one person's stream into executions
    semimarkov/    Explains whole logs: all segments and routines at once
    reservoir      Steps of many people, from which the catalogue learns
    grouping/      Routines: what executions of all people have in common
    evidence/      What is known of a routine: times, steps, values moved, its name
    ranking/       What is worth automating, and why
    catalogue      The catalogue of one tenant's routines
"""
