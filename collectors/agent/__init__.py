"""The recording. It knows no platform: sources are handed to it.

May import: taskstream, collectors.clock, collectors.sources, collectors.delivery.

    consent  Consent to a text and a policy: who agreed to what and when
    terms    What a recording needs to go on, checked while it runs: policy and consent
    screens  From window titles and addresses to screens, denying by default: a text passes only through a rule
    gate     The gate: from raw observations to UI events
    agent    The desktop agent: sources → gate → spool → publisher, with a visible notice and a pause
"""
