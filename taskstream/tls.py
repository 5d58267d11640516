"""What a listener speaks, asked without believing it or telling it anything secret."""

from __future__ import annotations

import socket
import ssl
from typing import Final

PROBE_S: Final = 1.5
"""How long a listener may take to answer a step (seconds)."""


def speaks_tls(place: tuple[str, int]) -> bool:
    """Whether TLS is spoken at host and port.

    Raises:
        OSError: nobody is there, or it says nothing in time.
    """
    try:
        with connected(place, tls=True):
            return True
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")  # it refuses our certificate, in TLS
    except ConnectionError:
        with connected(place, tls=False):  # it is there, and hung up on TLS
            return False


def wants_certificate(place: tuple[str, int]) -> bool:
    """Whether the TLS listener at host and port refuses whoever shows no certificate.

    It says so after the handshake (TLS 1.3), and who has written by then may only see a connection that is cut. So
    nothing is written here, and its refusal waited for.

    Raises:
        OSError: nobody is there, or it hangs up.
    """
    try:
        with connected(place, tls=True) as connection:
            connection.recv(1)
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")
    except TimeoutError:
        return False
    return False


def connected(place: tuple[str, int], *, tls: bool) -> socket.socket:
    """A connection to host and port; the certificate is not checked.

    Raises:
        OSError: there is none.
    """
    plain = socket.create_connection(place, PROBE_S)
    if not tls:
        return plain
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        return context.wrap_socket(plain, server_hostname=place[0])
    except BaseException:
        plain.close()
        raise
