"""Loopback ports."""

from __future__ import annotations

import socket

from deploy.local.ports import CHOICE, accepts, free_ports, is_free


def test_free_ports_differ_and_are_not_those_of_outgoing_connections() -> None:
    ports = free_ports(6)
    assert len(set(ports)) == 6
    assert all(port in CHOICE and is_free(port) for port in ports)


def test_taken_and_free_again() -> None:
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(1)
    port = server.getsockname()[1]
    assert accepts(port)
    assert not is_free(port)
    server.close()
    assert is_free(port)
    assert not accepts(port)
