"""What the tests need beyond pip. Filled by ``make test``."""
