"""Signing with the present key, publishing it, exchanging it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.config import Settings
from app.infra import events
from app.infra.db import Database
from app.kit import clock
from app.kit.errors import Unavailable
from app.kit.ids import new_id
from app.signing import keyfile, queries, rules
from app.signing.tables import SigningKey


@dataclass(frozen=True)
class Signer:
    """The present key, until the end of the transaction; ``at`` is the real time, whole seconds."""

    key_id: str
    at: datetime
    _key: Ed25519PrivateKey

    def sign(self, statement: rules.Statement) -> str:
        """The signature of a statement, which names ``key_id`` and ``at``."""
        return rules.sign(self._key, statement)


def signer(tx: Session, settings: Settings) -> Signer:
    """Who signs now; ``Unavailable`` where the key cannot be read or was retired elsewhere.

    A key that nobody has published is published here, so every signature can be checked.
    """
    key = keyfile.read_key(settings)
    held = publish(tx, key)
    if held.valid_to is not None:
        raise Unavailable("signing.key-retired", key_id=held.key_id)
    return Signer(held.key_id, max(_now(), held.valid_from), key)


def publish(tx: Session, key: Ed25519PrivateKey) -> SigningKey:
    """Makes a key known, once; returns its row, held until the transaction ends."""
    public = key.public_key().public_bytes_raw()
    key_id = rules.key_id_of(public)
    if known := queries.hold_key(tx, key_id):
        return known
    fresh = insert(SigningKey).values(
        id=new_id(), key_id=key_id, public_key=rules.encode(public), valid_from=_now()
    )
    made = fresh.on_conflict_do_nothing().returning(col(SigningKey.id))
    if row := tx.connection().execute(made).first():
        events.record(tx, "signing-key.published", subject=("signing-key", row[0]), key_id=key_id)
    return queries.hold_known_key(tx, key_id)


def prepare(tx: Session, settings: Settings) -> str | None:
    """Makes the key that the settings name, where there is none, and publishes it.

    None where no file is named; then nothing can be signed.
    """
    if settings.signing_key_file is None:
        return None
    keyfile.make_if_missing(settings)
    return publish(tx, keyfile.read_key(settings)).key_id


def concerns(database: Database) -> list[str]:
    """What ``/readyz`` names: that there is no key in use, so nobody gets a receipt."""
    with database.transaction() as tx:
        return [] if queries.has_key_in_use(tx) else ["signing-key"]


def rotate(tx: Session, settings: Settings) -> tuple[str, Sequence[str]]:
    """A new key signs from now on; returns its id and the ids of those that it replaces.

    The file comes first: killed after it, the new key publishes itself when it first signs.
    """
    if settings.signing_key_file is None:
        raise Unavailable("signing.key-unusable", path="DUDAO_SIGNING_KEY_FILE")
    keyfile.write_new(settings.signing_key_file)
    retired = queries.lock_open_keys(tx)
    for old in retired:
        old.valid_to = max(_now(), old.valid_from)
        tx.add(old)
        events.record(tx, "signing-key.retired", subject=("signing-key", old.id), key_id=old.key_id)
    tx.flush()
    return publish(tx, keyfile.read_key(settings)).key_id, [old.key_id for old in retired]


def _now() -> datetime:
    return clock.real_now().replace(microsecond=0)
