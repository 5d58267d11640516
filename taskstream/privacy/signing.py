"""Ed25519 signatures (RFC 8032) and the key files for them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from taskstream.errors import InputError, TaskstreamError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def make_key(path: Path) -> Ed25519PrivateKey:
    """A new key, kept in ``path`` (PEM, readable by its owner alone).

    Raises:
        TaskstreamError: the file exists already, or cannot be written.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
            handle.write(pem)
    except OSError as error:
        raise TaskstreamError(f"the key {path} cannot be made: {error.strerror}") from error
    return key


def read_key(path: Path) -> Ed25519PrivateKey:
    """The key in a PEM file without a password.

    Raises:
        InputError: the file cannot be read or holds no Ed25519 key.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise InputError(f"the key {path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:  # no PEM; encrypted
        raise InputError(f"{path} holds no private key in PEM without a password") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"{path} holds a key of another kind than Ed25519")
    return key


def sign(key: Ed25519PrivateKey, message: bytes) -> tuple[str, str]:
    """The public key and the signature, in hexadecimal digits."""
    return key.public_key().public_bytes_raw().hex(), key.sign(message).hex()


def holds(public: str, signature: str, message: bytes) -> bool:
    """Whether ``signature`` was made over ``message`` by the holder of the key ``public``."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True
