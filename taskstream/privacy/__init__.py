"""Privacy by construction: values without content, redacted strings, keyed pseudonyms.

May import: taskstream.

    shortcuts     The keyboard shortcuts that may be named
    values        What may be known of a value without its content
    redact        Second-line redaction of the strings an event carries: application, screen, element
    screen_rules  Templates that name a screen: what they can say is a finite list, so that no free text gets through
    signing       Ed25519 signatures (RFC 8032) and the key files for them
    policy        The policy: what may be recorded on a desktop, and for how long
    personal      Policies to begin with: for one person, and a draft for a company
    explanation   A policy in plain language: what would be recorded
    pseudonym     Keyed pseudonyms of people and desktops, and the keys they need
"""
