"""Whether a listener speaks TLS, found out without trusting it and without sending it a secret."""

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
    """Whether the TLS listener at host and port refuses clients without a certificate.

    With TLS 1.3 the refusal comes after the handshake, and a client that has already written something may see no more
    than a broken connection. So nothing is written here before the refusal is read.

    Raises:
        OSError: nobody is there, or it hangs up.
    """
    try:
        with connected(place, tls=True) as connection:
            try:
                said = connection.recv(1)
            except ConnectionError:
                said = b""  # as at an end without a word: the alert may have been lost with the connection
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")
    except TimeoutError:
        return False
    return not said and _refuses_before_tls_1_3(place)


def _refuses_before_tls_1_3(place: tuple[str, int]) -> bool:
    """Whether the handshake fails with TLS 1.2, where the certificate is part of it: who hangs up without a word after
    a handshake of TLS 1.3 may do so for any reason.

    Raises:
        OSError: nobody is there any more.
    """
    try:
        with connected(place, tls=True, newest=ssl.TLSVersion.TLSv1_2):
            return False
    except ssl.SSLError as error:
        return "PROTOCOL_VERSION" not in (error.reason or "")
    except (BrokenPipeError, ConnectionAbortedError, ConnectionResetError):
        return True


def connected(
    place: tuple[str, int], *, tls: bool, newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED
) -> socket.socket:
    """A connection to host and port, by TLS of version ``newest`` at most; the certificate is not checked.

    Raises:
        OSError: there is none.
    """
    plain = socket.create_connection(place, PROBE_S)
    if not tls:
        return plain
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = newest
    try:
        return context.wrap_socket(plain, server_hostname=place[0])
    except BaseException:
        plain.close()
        raise
