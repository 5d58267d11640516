"""The id of a topic: which of its creations it is."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import Any, Final, TypeVar

from confluent_kafka import Uuid

T = TypeVar("T")

HELD: Final = 2
"""References to an id that nothing else holds, as ``sys.getrefcount`` counts them in here."""


def read_id(described: Any, read: Callable[[Any], T]) -> T:
    """What ``read`` makes of the id in a topic's description, which holds it no longer afterwards.

    confluent-kafka (2.12 to 2.16) never lets go of an id: 107 bytes each time a topic is described, so that a process
    that watches topics grows by some 10 MB a day. Where the count shows that reference it is given back.
    """
    topic_id = described.topic_id
    found = read(topic_id)
    if isinstance(topic_id, Uuid):
        described.topic_id = None
        if sys.getrefcount(topic_id) > HELD:
            ctypes.pythonapi.Py_DecRef(ctypes.py_object(topic_id))
    return found
