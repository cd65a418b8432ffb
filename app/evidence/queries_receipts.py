"""Reads about receipts, and how photos stand with the store."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.evidence.rules import PhotoState
from app.evidence.tables import Custody, Photo, Receipt


@dataclass(frozen=True)
class Signed:
    """A receipt as it was signed: its canonical text, and the signature over it."""

    statement: str
    signature: str


@dataclass(frozen=True)
class Standing:
    """Of some photos: digests of bytes that are lost, and the receipts that count now."""

    lost: frozenset[str] = frozenset()
    receipts: Mapping[UUID, Signed] = field(default_factory=dict)


NOTHING_KEPT = Standing()


def standing_of(tx: Session, photos: Iterable[Photo]) -> Standing:
    """How these photos stand; asks only where one of them is stored.

    A receipt does not count while the bytes are lost or to be read again: who still has them is to
    keep them until then.
    """
    stored = [photo.id for photo in photos if photo.blob_sha256]
    if not stored:
        return NOTHING_KEPT
    custody = col(Custody.lost_at).is_not(None), col(Custody.recheck_at).is_not(None)
    rows = (
        sa.select(
            col(Photo.id),
            col(Photo.sha256),
            *custody,
            col(Receipt.statement),
            col(Receipt.signature),
        )
        .join(Custody, col(Custody.sha256) == col(Photo.blob_sha256))
        .outerjoin(Receipt, col(Receipt.photo_id) == col(Photo.id))
        .where(col(Photo.id).in_(stored))
    )
    lost, receipts = set(), {}
    for photo_id, sha256, is_lost, is_doubtful, statement, signature in tx.connection().execute(
        rows
    ):
        if is_lost:
            lost.add(sha256)
        elif statement and not is_doubtful:
            receipts[photo_id] = Signed(statement, signature)
    return Standing(frozenset(lost), receipts)


def owed_receipts(tx: Session, sha256: str) -> Sequence[tuple[UUID, int]]:
    """Id and size of the stored photos of these bytes that have no receipt."""
    given = sa.exists().where(col(Receipt.photo_id) == col(Photo.id))
    rows = select(Photo.id, Photo.size).where(
        Photo.sha256 == sha256, Photo.state == PhotoState.STORED, ~given
    )
    return [(row[0], row[1]) for row in tx.exec(rows.order_by(col(Photo.id)))]
