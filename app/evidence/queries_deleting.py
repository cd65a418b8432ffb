"""Reads around deletion: what is held, and whose the bytes are."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.evidence.queries_holds import is_held
from app.evidence.rules import PhotoState
from app.evidence.tables import Blob, Photo


def held_among(tx: Session, ids: Sequence[UUID]) -> set[UUID]:
    """Which of these photos are under a hold."""
    return set(tx.exec(select(Photo.id).where(col(Photo.id).in_(ids), is_held())).all())


def lock_unused(tx: Session, digests: Sequence[str]) -> list[str]:
    """Bytes that no photo is, locked in the order of their digests."""
    used = sa.exists().where(col(Photo.blob_sha256) == col(Blob.sha256))
    rows = select(Blob.sha256).where(col(Blob.sha256).in_(digests), ~used)
    return list(tx.exec(rows.order_by(col(Blob.sha256)).with_for_update()).all())


def is_being_verified(tx: Session, sha256: str) -> bool:
    """Whether the same bytes are on their way to become another photo."""
    rows = select(Photo.id).where(Photo.sha256 == sha256, Photo.state == PhotoState.VERIFYING)
    return tx.exec(rows.limit(1)).first() is not None
