"""Reads of published keys."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from app.signing.rules import PublicKey
from app.signing.tables import SigningKey


def list_keys(tx: Session) -> list[PublicKey]:
    """Every key that ever signed, the newest first."""
    rows = tx.exec(select(SigningKey).order_by(col(SigningKey.id).desc())).all()
    return [PublicKey(one.key_id, one.public_key, one.valid_from, one.valid_to) for one in rows]


def has_key_in_use(tx: Session) -> bool:
    """Whether any key signs now."""
    return (
        tx.exec(select(SigningKey.id).where(col(SigningKey.valid_to).is_(None))).first() is not None
    )


def hold_key(tx: Session, key_id: str) -> SigningKey | None:
    """A key that nobody retires before this transaction has ended; None where it is not known."""
    row = select(SigningKey).where(SigningKey.key_id == key_id)
    return tx.exec(row.with_for_update(read=True)).first()


def hold_known_key(tx: Session, key_id: str) -> SigningKey:
    """The same for a key that was published before."""
    row = select(SigningKey).where(SigningKey.key_id == key_id)
    return tx.exec(row.with_for_update(read=True)).one()


def lock_open_keys(tx: Session) -> Sequence[SigningKey]:
    """The keys in use, once nobody signs with them any more."""
    rows = select(SigningKey).where(col(SigningKey.valid_to).is_(None)).order_by(col(SigningKey.id))
    return tx.exec(rows.with_for_update()).all()
