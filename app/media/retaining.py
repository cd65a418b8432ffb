"""Retention classes: made, changed, removed; and the deletion of what is due by them."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from sqlmodel import Session

from app.evidence import deleting
from app.infra import business_time, events
from app.infra.db import Database, conflicts
from app.kit.errors import Conflict
from app.media import queries_retention as queries
from app.media.queries_retention import Aged
from app.media.retention import KeptFor, due_by
from app.media.tables import RetentionClass
from app.rounds.queries import get_visible_campaign
from app.web.principal import Principal

_BATCH = 200
_log = structlog.get_logger("dudao.retention")


@dataclass(frozen=True)
class NewClass:
    """What a class is made of; ``campaign`` by its code."""

    code: str
    name_zh: str
    name_en: str | None
    campaign: str | None
    category: str | None
    keep_days: int | None


def make_class(tx: Session, new: NewClass, *, by: Principal) -> RetentionClass:
    """A new class; raises ``Conflict`` where its code or its scope has one already."""
    found = get_visible_campaign(tx, new.campaign, by) if new.campaign else None
    row = RetentionClass(
        code=new.code,
        name_zh=new.name_zh,
        name_en=new.name_en,
        campaign_id=found.campaign.id if found else None,
        category=new.category,
        keep_days=new.keep_days,
        made_at=business_time.now(tx),
    )
    clashes = {
        "uq_retention_class_code": Conflict("retention-class.exists"),
        "uq_retention_class_scope": Conflict("retention-class.scope-taken"),
    }
    with conflicts(tx, clashes):
        tx.add(row)
    after = {"code": row.code, "keep_days": row.keep_days, "campaign": new.campaign}
    after["category"] = row.category
    events.record(tx, "retention-class.made", subject=_subject(row), after=after)
    return row


def change_class(tx: Session, *, code: str, keep_days: int | None) -> RetentionClass:
    """Another time to keep; what is due by it goes with the next run."""
    row = queries.lock_class(tx, code)
    before, row.keep_days = row.keep_days, keep_days
    if before != keep_days:
        tx.add(row)
        told = {"before": {"keep_days": before}, "after": {"keep_days": keep_days}}
        events.record(tx, "retention-class.changed", subject=_subject(row), **told)
        tx.flush()
    return row


def remove_class(tx: Session, *, code: str) -> None:
    """What it held for falls to the next wider class, or is kept for good."""
    row = queries.lock_class(tx, code)
    before = {"code": row.code, "keep_days": row.keep_days, "category": row.category}
    events.record(tx, "retention-class.removed", subject=_subject(row), before=before)
    tx.delete(row)
    tx.flush()


def _subject(row: RetentionClass) -> tuple[str, UUID]:
    return ("retention-class", row.id)


def delete_due(database: Database) -> int:
    """Deletes all photos that are due, some at a time in transactions of their own."""
    deleted, after = 0, None
    while True:
        with database.transaction() as tx:
            count, after = _delete_some(tx, after)
        deleted += count
        if after is None:
            break
    if deleted:
        _log.info("photos_deleted", count=deleted)
    return deleted


def _delete_some(tx: Session, after: Aged | None) -> tuple[int, Aged | None]:
    """The due ones of the next old photos, and where to go on; None at the end."""
    classes = [
        KeptFor(row.code, row.campaign_id, row.category, row.keep_days)
        for row, _ in queries.list_classes(tx)
    ]
    days = [one.keep_days for one in classes if one.keep_days is not None]
    if not days:
        return 0, None
    now = business_time.now(tx)
    before = now - timedelta(days=min(days))
    found = queries.old_photos(tx, before=before, after=after, limit=_BATCH)
    uses = queries.uses_of(tx, [photo_id for photo_id, _ in found])
    because = {}
    for photo_id, stored_at in found:
        kept = due_by(stored_at, uses[photo_id], classes, now)
        if kept is not None:
            because[photo_id] = {"retention_class": kept.code, "keep_days": kept.keep_days}
    deleted = deleting.delete(tx, because)
    if len(found) < _BATCH:
        return deleted, None
    last_id, last_at = found[-1]
    return deleted, (last_at, last_id)
