"""Privacy by construction: values without content, redacted strings, keyed pseudonyms, allow-listed shortcuts."""
