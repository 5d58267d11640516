"""Loopback ports."""

from __future__ import annotations

import random
import socket

LOOPBACK = "127.0.0.1"
# Below the range from which systems take the ports of outgoing connections. A client that retries a server's port from
# that range while the server is away can otherwise be given the very port, and connects to itself.
CHOICE = range(20_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Different ports that nobody listens on right now."""
    ports = [port for port in random.sample(CHOICE, 200) if is_free(port)]
    return ports[:count]


def is_free(port: int) -> bool:
    """Whether a server could listen there now (an earlier server's connections that still close do not count)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
        return True


def accepts(port: int, timeout_s: float = 0.5) -> bool:
    """Whether a server listens there."""
    try:
        socket.create_connection((LOOPBACK, port), timeout_s).close()
    except OSError:
        return False
    return True
