"""The live page.

May import: taskstream, sinks.connect, sinks.results.

    page_server  Serves the page and its JSON on loopback until told to stop
    safety       Keeps the page on this machine
    overview     The page: built once for each viewer, then only what has changed is sent
    parts/       The parts of the overview, from top to bottom
    page_data    What the page shows, as data
    page_store   Reads the views that are made for people; nothing below k people, no person's own rows
    poller       Looks at the database for everybody who has the page open
    listing      The list of opportunities as rows of a table
    charts       The charts, as options for ECharts: plain data from plain data
    theme        Colours: one set for light, one for dark
"""
