"""The parts of the overview, from top to bottom. Each builds its elements once, then shows what has changed.

May import: taskstream, sinks.results, sinks.dashboard.

    head              The head of the page
    figures           The cards on top
    opportunity_list  The table of opportunities; while there are none, what to do
    activity_chart    Activity by application, over a span that the viewer chooses
    transfer_chart    Values carried between applications
    pipeline          The path of the events from the desktops to the database
    drawing           What the charts share
"""
