"""Faust's way to Kafka (aiokafka), made of the same settings as :func:`taskstream.kafka.clients.kafka_config`."""

from __future__ import annotations

import asyncio
import ssl
import time
from typing import Any, Final

from aiokafka.conn import AbstractTokenProvider

from taskstream.errors import ServiceError
from taskstream.files import readable, secret
from taskstream.kafka import tokens
from taskstream.settings import KafkaSettings

_EARLY_S: Final = 30.0
"""A token is asked for anew so long before it ends (seconds)."""


def faust_broker(settings: KafkaSettings, role: str) -> dict[str, Any]:
    """The arguments of :class:`faust.App` that say where Kafka is and how it is reached.

    Raises:
        UsageError: a file of the settings cannot be read.
        ServiceError: the certificate or its key cannot be used.
    """
    return {
        "broker": ";".join(f"kafka://{address.strip()}" for address in settings.kafka.split(",")),
        "broker_client_id": settings.prefix + role,
        "broker_credentials": _credentials(settings),
    }


def _credentials(settings: KafkaSettings) -> Any:
    """Faust's credentials; None for a plain listener."""
    import faust
    from faust.auth import OAuthCredentials

    context = tls_context(settings) if settings.kafka_security_protocol.endswith("SSL") else None
    if not settings.kafka_sasl_mechanism:
        return faust.SSLCredentials(context) if context else None
    if settings.kafka_sasl_mechanism == "OAUTHBEARER":
        return OAuthCredentials(oauth_cb=_Tokens(settings.kafka_token_command), ssl_context=context)
    return faust.SASLCredentials(
        username=settings.kafka_user,
        password=secret(settings.kafka_password, settings.kafka_password_file, "kafka_password_file"),
        ssl_context=context,
        mechanism=settings.kafka_sasl_mechanism,
    )


def tls_context(settings: KafkaSettings) -> ssl.SSLContext:
    """TLS as the settings say, for Python's own sockets; names in certificates are checked, as librdkafka does.

    Raises:
        UsageError: a file of the settings cannot be read.
        ServiceError: the certificate or its key cannot be used.
    """
    authorities = str(readable(settings.kafka_ca, "kafka_ca")) if settings.kafka_ca else None
    try:
        context = ssl.create_default_context(cafile=authorities)
        if settings.kafka_certificate:
            certificate = readable(settings.kafka_certificate, "kafka_certificate")
            key = readable(settings.kafka_key, "kafka_key") if settings.kafka_key else None
            password = secret(settings.kafka_key_password, settings.kafka_key_password_file, "kafka_key_password_file")
            context.load_cert_chain(certificate, key, password=password)  # empty: no question at the terminal
    except ssl.SSLError as error:
        raise ServiceError(
            f"TLS: the certificates for Kafka cannot be used: {error.reason or error}; "
            "see kafka_ca, kafka_certificate, kafka_key and kafka_key_password"
        ) from error
    return context


class _Tokens(AbstractTokenProvider):  # type: ignore[misc]
    """Gives aiokafka access tokens."""

    def __init__(self, command: str) -> None:
        self._command = command
        self._token: tokens.Token | None = None

    async def token(self) -> str:
        """The token, asked for anew when it soon ends."""
        if self._token is None or self._token.ends_s - time.time() < _EARLY_S:
            self._token = await asyncio.to_thread(tokens.fetch, self._command)
        return self._token.value
