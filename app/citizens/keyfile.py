"""The keys of contacts: one file that only its owner reads, ``DUDAO_CONTACT_KEYS_FILE``.

Read anew each time, since another process may put a new key into it.
"""

from app.citizens import sealing
from app.citizens.sealing import KeyRing
from app.config import Settings
from app.infra.embedded_secrets import write_private
from app.kit.errors import Unavailable


def find_ring(settings: Settings) -> KeyRing | None:
    """The keys; None where none are configured. ``Unavailable`` where the file is of no use."""
    path = settings.contact_keys_file
    if path is None:
        return None
    try:
        return sealing.read_ring(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise Unavailable("contact.keys-unusable") from error


def make_if_missing(settings: Settings) -> bool:
    """Makes the file that the settings name, where there is none; True where it did."""
    path = settings.contact_keys_file
    if path is None or path.exists():
        return False
    write_private(path, sealing.new_key() + "\n")
    return True


def write_ring(settings: Settings, ring: KeyRing) -> None:
    """Puts these keys into the place of those in the file, whole or not at all."""
    if settings.contact_keys_file is not None:
        write_private(settings.contact_keys_file, sealing.write_ring(ring))
