"""Keys of machines: shown once, kept as SHA-256, for a role's permissions inside a reach."""

from collections.abc import Container, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from app.auth import queries
from app.auth.permissions import MACHINES, ROLE_PERMISSIONS
from app.auth.tables import ApiKey, ApiKeyArea, ApiKeyLine
from app.infra import events
from app.kit import clock
from app.kit.errors import Fault, Invalid
from app.kit.ids import new_token, token_digest
from app.organisation import queries as organisation
from app.organisation.rules import Role

PREFIX = "dudao_"
_SHOWN = len(PREFIX) + 8


def create_key(
    tx: Session,
    *,
    name: str,
    role: Role,
    scopes: Sequence[str],
    unit: str,
    areas: Sequence[str],
    lines: Sequence[str],
    expires_at: datetime,
    by: UUID,
) -> tuple[UUID, str]:
    """A new key: its id, and the key itself, which nobody can be shown again."""
    units = organisation.find_units(tx, [unit, *areas])
    known = organisation.find_lines(tx, lines)
    now = clock.real_now()
    faults = [
        *_unknown("/unit", "unit", [unit], units),
        *_unknown("/areas", "unit", areas, units),
        *_unknown("/lines", "line", lines, known),
        *_not_allowed(role, scopes),
    ]
    if expires_at <= now:
        faults.append(Fault("/expires_at", "field.in-the-past"))
    if faults:
        raise Invalid("request.invalid", faults=tuple(faults))
    secret = PREFIX + new_token()
    row = ApiKey(
        name=name,
        prefix=secret[:_SHOWN],
        digest=token_digest(secret),
        role=role.value,
        scopes=sorted(set(scopes)),
        unit_id=units[unit].id,
        created_by=by,
        created_at=now,
        expires_at=expires_at,
    )
    tx.add(row)
    tx.flush()
    tx.add_all(ApiKeyArea(key_id=row.id, unit_id=units[code].id) for code in set(areas))
    tx.add_all(ApiKeyLine(key_id=row.id, line_id=known[code].id) for code in set(lines))
    after = {
        "name": name,
        "prefix": row.prefix,
        "role": role.value,
        "scopes": row.scopes,
        "unit": unit,
        "areas": list(areas),
        "lines": list(lines),
        "expires_at": expires_at.isoformat(),
    }
    events.record(tx, "api-key.created", subject=("api_key", row.id), before={}, after=after)
    tx.flush()
    return row.id, secret


def revoke_key(tx: Session, *, key_id: UUID) -> None:
    """End a key at once. Twice is once."""
    row = queries.lock_key(tx, key_id)
    if row.revoked_at is not None:
        return
    row.revoked_at = clock.real_now()
    tx.add(row)
    change = {"before": {"revoked": False}, "after": {"revoked": True}}
    events.record(tx, "api-key.revoked", subject=("api_key", row.id), **change)
    tx.flush()


_NOTE_USE = sa.text("""
UPDATE api_key SET last_used_at = :hour
WHERE id = (SELECT id FROM api_key WHERE id = :id FOR NO KEY UPDATE SKIP LOCKED)
""")


def note_use(tx: Session, key: queries.KeyRow, *, now: datetime) -> None:
    """Keep the hour in which a key was last used: one write an hour, and nobody waits for it."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    if key.last_used_at is None or key.last_used_at < hour:
        tx.connection().execute(_NOTE_USE, {"hour": hour, "id": key.id})


def _unknown(at: str, kind: str, codes: Sequence[str], known: Container[str]) -> list[Fault]:
    return [
        Fault(at, "field.unknown-reference", {"kind": kind, "value": code})
        for code in codes
        if code not in known
    ]


def _not_allowed(role: Role, scopes: Sequence[str]) -> list[Fault]:
    if role not in MACHINES:
        expected = " | ".join(sorted(MACHINES))
        return [Fault("/role", "field.value", {"expected": expected})]
    allowed = ROLE_PERMISSIONS[role]
    expected = " | ".join(sorted(allowed))
    return [
        Fault(f"/scopes/{index}", "field.value", {"expected": expected})
        for index, scope in enumerate(scopes)
        if scope not in allowed
    ]
