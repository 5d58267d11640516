"""What columns and rows say.

May import: taskstream, collectors.importers.names, collectors.importers.read_report, collectors.importers.times.

    vocabulary    What logs call things: columns and actions
    known_tables  Tables that are known by their columns
    proposal      Proposes a column that could hold what a log seems to lack
    guess         Guesses by content which column of a header that is not known holds what
    unknown_header  The refusal of a table whose header is not known
    columns       Which column is read for what
    convert       One row → what the event says, but for time and value
    templates     Rows with the same names share one template
    log_values    Values by what may be known of them
    people        Whose row it is
"""
