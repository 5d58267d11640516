"""What is known of a routine: times, steps, values moved, its name.

May import: taskstream, streams.discovery.words, streams.discovery.grouping.

    record       A routine's public record, with all its evidence, from what the catalogue keeps of it
    timing       How long executions take
    process_map  The process map of a routine
    patterns     The kind of work a routine is, which decides what sort of automation fits it
    fitting      Fits a routine's record into the bound of its topic
    naming       A routine's human name, from what its activities say
    apart        Names that tell routines apart which would be called the same
"""
