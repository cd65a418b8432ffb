"""Receipts: signed once the bytes of a photo were read a second time and were right."""

from sqlmodel import Session

from app.config import Settings
from app.evidence.queries_receipts import owed_receipts
from app.evidence.receipt import Said
from app.evidence.tables import Receipt
from app.infra import events
from app.infra.bulk import insert_rows
from app.signing import service as signing
from app.signing.rules import canonical


def issue(tx: Session, settings: Settings, sha256: str) -> None:
    """A receipt for each stored photo of these bytes that has none; the caller holds their custody.

    ``Unavailable`` where the service cannot sign now: then nothing of the transaction stands, and
    the bytes are read again later.
    """
    owed = owed_receipts(tx, sha256)
    if not owed:
        return
    signer = signing.signer(tx, settings)
    rows = []
    for photo_id, size in owed:
        statement = Said(photo_id, sha256, size, signer.at, signer.key_id).statement()
        rows.append(
            {
                "photo_id": photo_id,
                "key_id": signer.key_id,
                "issued_at": signer.at,
                "statement": canonical(statement).decode("ascii"),
                "signature": signer.sign(statement),
            }
        )
    insert_rows(tx, Receipt, rows)
    told = {"sha256": sha256, "key_id": signer.key_id}
    events.record_many(tx, "photo.receipt-issued", "photo", [(one[0], told) for one in owed])
