"""What a listener says of itself."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import BaseRequestHandler, TCPServer
from typing import Any

import pytest

from deploy.local.ports import free_ports
from taskstream import tls
from taskstream.tls import speaks_tls, wants_certificate
from tests.fixtures.certificates import Authority


class Silent(BaseRequestHandler):
    """Takes the connection and waits for the other side to end it."""

    def handle(self) -> None:
        while self.request.recv(1):
            pass


@contextmanager
def listener(context: ssl.SSLContext | None) -> Iterator[tuple[str, int]]:
    class Server(TCPServer):
        def handle_error(self, *_: object) -> None:
            """A refused client is what the test is about."""

    with Server(("127.0.0.1", 0), Silent) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield ("127.0.0.1", server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_it_is_seen_who_wants_a_certificate(tmp_path: Path, version: ssl.TLSVersion) -> None:
    authority = Authority(tmp_path)
    authority.issue("server")
    for wanted in (False, True):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = context.minimum_version = version
        context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
        if wanted:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(authority.path)
        with listener(context) as place:
            assert wants_certificate(place) is wanted
            assert speaks_tls(place)


def test_a_listener_without_tls_is_no_refusal_of_a_certificate() -> None:
    with listener(None) as place:
        assert not wants_certificate(place)


class Curt(BaseRequestHandler):
    """Ends the connection at once, as a proxy whose service is away does."""


def test_who_hangs_up_after_the_handshake_for_other_reasons_wants_no_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "Silent", Curt)
    Authority(tmp_path).issue("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    with listener(context) as place:
        assert not wants_certificate(place)


class Ended:
    """A connection whose other side has gone after the handshake."""

    def __enter__(self) -> Ended:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def recv(self, size: int) -> bytes:
        raise ConnectionResetError


def test_who_is_away_or_hangs_up_on_tls_wants_no_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConnectionRefusedError):
        wants_certificate(("127.0.0.1", free_ports(1)[0]))
    monkeypatch.setitem(globals(), "Silent", Curt)
    with listener(None) as place:
        try:
            assert not wants_certificate(place)
        except ConnectionError:
            assert not speaks_tls(place)


def test_a_refusal_without_a_word_is_seen_with_an_older_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    authority.issue("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.path)
    plain = tls.connected

    def without_a_word(place: tuple[str, int], **given: Any) -> Any:
        return plain(place, **given) if "newest" in given else Ended()

    monkeypatch.setattr(tls, "connected", without_a_word)
    with listener(context) as place:
        assert wants_certificate(place)
