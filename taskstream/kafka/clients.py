"""Settings that every confluent-kafka client here shares."""

from __future__ import annotations

import logging
from typing import Any

log = logging.getLogger("taskstream.kafka")
_librdkafka = logging.getLogger("taskstream.librdkafka")
_librdkafka.addHandler(logging.NullHandler())
_librdkafka.propagate = False


def quiet(config: dict[str, Any]) -> dict[str, Any]:
    """``config`` with librdkafka's own log lines kept off stderr: it writes one for every reconnect (facts: 72 in 9 s).

    They go to the logger ``taskstream.librdkafka``, which a process may attach to its log file.
    """
    return config | {"logger": _librdkafka, "log_level": 3}


def reading(kafka: str, name: str) -> dict[str, Any]:
    """Settings of a consumer whose partitions are assigned by hand: committed records, from the offsets it is given.

    ``name`` is no group: none is joined and nothing is committed, but the client wants one.
    """
    return quiet(
        {
            "bootstrap.servers": kafka,
            "group.id": name,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
        }
    )
