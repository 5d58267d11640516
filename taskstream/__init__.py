"""What all parts of Taskstream share: the contract, records, topics, settings. Imports none of the parts."""

__version__ = "0.1.0"
