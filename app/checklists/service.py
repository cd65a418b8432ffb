"""Drafting, publishing and discarding checklist versions.

A draft is a whole document that its authors replace until they publish it. Publication freezes it:
from then on the database refuses every change.
"""

from typing import Any

from sqlmodel import Session

from app.checklists import document as documents
from app.checklists import queries
from app.checklists.rules import VersionState
from app.checklists.storing import checked, drop_items, publish, store_draft, store_items
from app.checklists.tables import Checklist, ChecklistVersion
from app.infra import events
from app.infra.db import conflicts
from app.kit.errors import Conflict

Row = dict[str, Any]
_TAKEN = ("uq_checklist_version_checklist_id_number", "uq_checklist_code")


def draft_version(tx: Session, *, document: Row) -> None:
    """A new draft; ``Conflict`` where the number is taken, ``Invalid`` with every fault."""
    if queries.find_version(tx, document["code"], document["version"], drafts=True) is not None:
        raise Conflict("checklist.version-exists")
    with conflicts(tx, dict.fromkeys(_TAKEN, Conflict("checklist.version-exists"))):
        version = store_draft(tx, checked(tx, document))
    _record_draft(tx, version, document["code"], None)


def replace_draft(tx: Session, *, document: Row) -> None:
    """Another content for a draft; the same content again changes nothing."""
    version = _lock_draft(tx, document["code"], document["version"])
    new = checked(tx, document)
    digest, before = documents.digest_of(new), version.digest
    if digest == before:
        return
    drop_items(tx, version)
    version.title_zh, version.title_en = new["title_zh"], new["title_en"]
    version.digest = digest
    tx.add(version)
    tx.flush()
    store_items(tx, version, new)
    _record_draft(tx, version, document["code"], before)


def publish_draft(tx: Session, *, code: str, number: int) -> None:
    """A draft becomes a version that visits may answer."""
    publish(tx, _lock_draft(tx, code, number), code=code)


def discard_draft(tx: Session, *, code: str, number: int) -> None:
    """A draft that was not wanted; a checklist without any other version goes with it."""
    version = _lock_draft(tx, code, number)
    drop_items(tx, version)
    tx.delete(version)
    tx.flush()
    if not queries.has_versions(tx, version.checklist_id):
        tx.delete(tx.get_one(Checklist, version.checklist_id))
    events.record(
        tx,
        "checklist.draft-discarded",
        subject=("checklist_version", version.id),
        code=code,
        number=number,
        before={"digest": version.digest},
        after=None,
    )
    tx.flush()


def _lock_draft(tx: Session, code: str, number: int) -> ChecklistVersion:
    version = queries.lock_version(tx, code, number)
    if version.state is VersionState.PUBLISHED:
        raise Conflict("checklist.published")
    return version


def _record_draft(tx: Session, version: ChecklistVersion, code: str, before: str | None) -> None:
    events.record(
        tx,
        "checklist.drafted",
        subject=("checklist_version", version.id),
        code=code,
        number=version.number,
        before={"digest": before} if before else None,
        after={"digest": version.digest},
    )
    tx.flush()
