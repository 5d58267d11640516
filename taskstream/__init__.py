"""What all parts share: the contract, records, topics, settings.

May import: nobody.

    events         The contract between desktops and streams: UI events, version 1
    event_columns  The contract between streams and sinks
    records        What the streams emit
    letter_bounds  Keeps dead letters within the bound of their topic, whatever the input brought
    activity       Names of activities, `app | kind | screen | element`
    topics         Every Kafka topic, declared once
    settings       Every setting, declared once
    endpoints      Where Kafka and ClickHouse are
    files          Files that settings name
    tls            Whether a listener speaks TLS
    errors         The errors a user can meet
    extras         Which extra holds a missing package
    metrics        Every metric, declared once
    interning      Numbers for strings
    faults         Where an exception came from, in words that may be logged
    memory         Memory settings of a busy process: few malloc arenas, rare garbage collection; and how much there is
    descriptors    How many files a process may open
    privacy/       Privacy by construction: values without content, redacted strings, keyed pseudonyms
    kafka/         Kafka at the edges
    cli/           The command `taskstream`, and the commands that belong to no part
    __main__       The command `taskstream`, and `python -m taskstream`: what happens before anything else is imported
"""

__version__ = "0.1.0"
