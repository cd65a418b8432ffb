"""Passes: who has no sign-in may send some photos with a token, and no more of them.

A pass lets so many photos in until an instant; the database counts them. Of its token only the
digest is kept. What was announced may be announced again, sent and completed as long as the pass
lasts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from app.evidence import queries
from app.evidence.tables import PhotoPass
from app.kit import clock
from app.kit.errors import NotFound
from app.kit.ids import new_id, new_token, token_digest


@dataclass(frozen=True)
class Issued:
    """A pass with its token, which is told this once; None where it lets nothing in any more."""

    id: UUID
    token: str | None
    expires_at: datetime
    left: int


def issue(tx: Session, *, most: int, lasts_s: int) -> Issued:
    """A new pass for so many photos."""
    token, expires_at = new_token(), clock.real_now() + timedelta(seconds=lasts_s)
    row = PhotoPass(id=new_id(), digest=token_digest(token), most=most, expires_at=expires_at)
    tx.add(row)
    tx.flush()
    return Issued(row.id, token, expires_at, most)


def renew(tx: Session, pass_id: UUID) -> Issued:
    """A new token of a pass, which lasts no longer for it; the former token ends."""
    row = queries.lock_pass(tx, pass_id)
    token = None
    if row.expires_at > clock.real_now():
        token = new_token()
        row.digest = token_digest(token)
        tx.add(row)
        tx.flush()
    return Issued(row.id, token, row.expires_at, row.most - row.taken)


def open_pass(tx: Session, token: str) -> PhotoPass:
    """The pass of a token, held; for a false one and for one that has run out there is none."""
    row = queries.lock_pass_of(tx, token_digest(token), now=clock.real_now())
    if row is None:
        raise NotFound("photo-token.unknown")
    return row
