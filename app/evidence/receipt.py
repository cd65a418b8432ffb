"""What a receipt says: pure, so that whoever checks one needs neither service nor database."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.signing import rules
from app.signing.rules import Flaw, PublicKey, Statement, read_time, written

TYPE = "dudao.photo-receipt/1"
_HEX64 = re.compile(r"[0-9a-f]{64}")
_HEX16 = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Said:
    """By ``issued_at`` the bytes had been read a second time in the store, and were right."""

    photo_id: UUID
    sha256: str
    size: int
    issued_at: datetime
    key_id: str

    def statement(self) -> Statement:
        """As it is signed."""
        return {
            "type": TYPE,
            "photo_id": str(self.photo_id),
            "sha256": self.sha256,
            "size": self.size,
            "issued_at": written(self.issued_at),
            "key_id": self.key_id,
        }


def read(statement: Mapping[str, Any]) -> Said:
    """What a statement says; ``ValueError`` unless it is written exactly as ``statement`` would."""
    try:
        said = Said(
            UUID(statement["photo_id"]),
            statement["sha256"],
            statement["size"],
            read_time(statement["issued_at"]),
            statement["key_id"],
        )
        is_formed = _HEX64.fullmatch(said.sha256) and _HEX16.fullmatch(said.key_id)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a receipt") from error
    if not is_formed or type(said.size) is not int or said.size < 1:
        raise ValueError("not a receipt")
    if said.statement() != statement:
        raise ValueError("not a receipt, or of another kind")
    return said


def check(receipt: object, keys: Mapping[str, PublicKey]) -> tuple[Said | None, Flaw | None]:
    """What a receipt of the wire says, and why it proves nothing; one of the two is None."""
    try:
        statement, signature = _parts(receipt)
        said = read(statement)
    except ValueError:
        return None, Flaw.MALFORMED
    flaw = rules.flaw_of(statement, signature, keys, key_id=said.key_id, at=said.issued_at)
    return (None, flaw) if flaw else (said, None)


def _parts(receipt: object) -> tuple[dict[str, Any], str]:
    match receipt:
        case {"statement": dict() as statement, "signature": str() as signature}:
            return statement, signature
    raise ValueError("not a receipt")
