"""Why Kafka does not let us in, in a line that names TLS or the login and the setting to look at."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

from taskstream.settings import KafkaSettings
from taskstream.tls import connected, speaks_tls, wants_certificate

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

_NOISE: Final = re.compile(r"^\S+://\S+: |^\S+/(?:bootstrap|\d+): |\(after \d+ms in state [^)]*\)|error:[0-9A-F]+:")
_SASL_HANDSHAKE: Final = 17
_ILLEGAL_SASL_STATE: Final = 34


def reason_of(settings: KafkaSettings, error: KafkaError) -> str:
    """What ``error`` says about TLS or the login; empty when it is about neither, such as a broker that is away."""
    from confluent_kafka import KafkaError

    said = _NOISE.sub("", error.str()).strip().rstrip(":")
    if error.code() in (KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED):
        user = f" of {settings.kafka_user}" if settings.kafka_user else ""
        return f"Kafka at {settings.kafka} refuses the login{user} ({settings.kafka_sasl_mechanism}): {said}"
    if error.code() == KafkaError._SSL or "SSL" in said:
        return f"Kafka at {settings.kafka}: TLS failed: {said}; {_advice(said)}"
    return ""


def _advice(said: str) -> str:
    if "PLAINTEXT broker" in said or "wrong version number" in said:
        return "is that port one for TLS? see kafka_security_protocol"
    if "alert" in said:
        return "Kafka does not take our certificate: see kafka_certificate and kafka_key"
    if "verify failed" in said:
        return "Kafka's certificate is not trusted: see kafka_ca"
    return "see kafka_ca, kafka_certificate and kafka_key"


def probe(settings: KafkaSettings) -> str:
    """Ask a listener that only hangs up on us what it expects; empty when it does not tell."""
    host, _, port = settings.kafka.split(",")[0].strip().rpartition(":")
    place, protocol = (host.strip("[]"), int(port) if port.isdigit() else 0), settings.kafka_security_protocol
    tls = protocol.endswith("SSL")
    try:
        if speaks_tls(place) != tls:
            wants, choice = (
                ("does not speak TLS", "PLAINTEXT or SASL_PLAINTEXT") if tls else ("wants TLS", "SSL or SASL_SSL")
            )
            return f"Kafka at {settings.kafka} {wants}: set kafka_security_protocol to {choice} (it is {protocol})"
        if tls and wants_certificate(place):
            return f"Kafka at {settings.kafka} takes no certificate of ours: see kafka_certificate and kafka_key (TLS)"
        mechanisms = _mechanisms(place, tls)
    except OSError:
        return ""
    if mechanisms and not settings.kafka_sasl_mechanism:
        return (
            f"Kafka at {settings.kafka} wants a login ({mechanisms}): "
            f"set kafka_security_protocol to SASL_{protocol} (it is {protocol}), and kafka_sasl_mechanism"
        )
    return ""


def _mechanisms(place: tuple[str, int], tls: bool) -> str:
    """The kinds of login that the listener offers (Kafka's request SaslHandshake); empty where it wants none."""
    request = struct.pack(">hhih", _SASL_HANDSHAKE, 1, 1, -1) + struct.pack(">h5s", 5, b"PLAIN")
    with connected(place, tls=tls) as connection, connection.makefile("rwb") as stream:
        stream.write(struct.pack(">i", len(request)) + request)
        stream.flush()
        head = stream.read(14)
        if len(head) < 14:
            return ""
        _, _, error, count = struct.unpack(">iihi", head)
        if error == _ILLEGAL_SASL_STATE:
            return ""
        names = [stream.read(*struct.unpack(">h", stream.read(2))).decode() for _ in range(min(max(count, 0), 16))]
        return ", ".join(names)
