"""The private key: one PEM file (PKCS 8) that only its owner reads, ``DUDAO_SIGNING_KEY_FILE``."""

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from app.config import Settings
from app.infra.embedded_secrets import write_private
from app.kit.errors import Unavailable


def read_key(settings: Settings) -> Ed25519PrivateKey:
    """The key that signs now; read anew each time, since another process may exchange it."""
    path = settings.signing_key_file
    try:
        found = load_pem_private_key(path.read_bytes(), None) if path else None
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Unavailable("signing.key-unusable", path=str(path)) from error
    if not isinstance(found, Ed25519PrivateKey):
        raise Unavailable("signing.key-unusable", path=str(path or "DUDAO_SIGNING_KEY_FILE"))
    return found


def make_if_missing(settings: Settings) -> bool:
    """Makes the file that the settings name, where there is none; True where it did."""
    path = settings.signing_key_file
    if path is None or path.exists():
        return False
    write_new(path)
    return True


def write_new(path: Path) -> None:
    """Puts a new key into the place of the old one, whole or not at all."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    write_private(path, pem.decode("ascii"))
