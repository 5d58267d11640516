"""An id that was read is gone, whether or not the client library holds on to it."""

from __future__ import annotations

import ctypes
import gc
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import Uuid

from taskstream.kafka.topic_id import read_id


def alive() -> int:
    gc.collect()
    return sum(isinstance(one, Uuid) for one in gc.get_objects())


def described(number: int, *, held: bool) -> Any:
    topic_id = Uuid(number, number)
    if held:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(topic_id))
    return SimpleNamespace(topic_id=topic_id)


@pytest.mark.parametrize("held", [False, True])
def test_nothing_is_left_of_it(*, held: bool) -> None:
    before = alive()
    found = [read_id(described(number, held=held), Uuid.get_most_significant_bits) for number in range(1, 101)]
    assert found == list(range(1, 101))
    assert alive() == before


def test_what_is_no_id_is_read_as_it_is() -> None:
    one = SimpleNamespace(topic_id="known")
    assert (read_id(one, str), read_id(one, str)) == ("known", "known")
