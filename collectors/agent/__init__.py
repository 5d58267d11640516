"""The recording. It knows no platform: sources are handed to it.

May import: taskstream, collectors.clock, collectors.sources, collectors.delivery.

    consent  Consent, asked once for a text
    screens  From window titles to screens, denying by default: a title passes only through a rule
    gate     The gate: from raw observations to UI events
    agent    The desktop agent: sources → gate → spool → publisher, with a visible notice and a pause
"""
