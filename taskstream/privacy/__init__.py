"""Privacy by construction: values without content, redacted strings, keyed pseudonyms.

May import: taskstream.

    shortcuts  The keyboard shortcuts that may be named
    values     What may be known of a value without its content
    redact     Second-line redaction of the strings an event carries: application, screen, element
    pseudonym  Keyed pseudonyms of people and desktops, and the keys they need
"""
