"""Loads checklist versions from files and publishes them.

A published version never changes: loading the same content again is nothing, loading other
content under the same number is refused.
"""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session

from app.checklists import document as documents
from app.checklists import queries, rules
from app.checklists.storing import checked, publish, store_draft
from app.checklists.tables import ChecklistVersion
from app.kit.errors import Fault, Invalid

Row = dict[str, Any]


def load_checklists(tx: Session, rows: Sequence[Row]) -> int:
    """Publish every version that is not there yet; returns how many were new."""
    new = 0
    for row in rows:
        at = f"/checklists/{row['code']}/versions/{row['version']}"
        present = queries.find_version(tx, row["code"], row["version"], drafts=True)
        if present is None:
            _publish(tx, row, at)
            new += 1
        elif not _is_same(present[1], row):
            raise Invalid("request.invalid", faults=(Fault(at, "field.differs"),))
    return new


def _is_same(version: ChecklistVersion, row: Row) -> bool:
    """Whether a file says what was published; early versions were digested as they were written."""
    digests = {documents.digest_of(row), documents.digest_of(documents.canonical(row))}
    return version.state is rules.VersionState.PUBLISHED and version.digest in digests


def _publish(tx: Session, row: Row, at: str) -> None:
    try:
        version = store_draft(tx, checked(tx, row, extra=documents.unknown_fields(row)))
    except Invalid as error:
        faults = tuple(Fault(at + one.pointer, one.code, one.data) for one in error.faults)
        raise Invalid("request.invalid", faults=faults) from error
    publish(tx, version, code=row["code"])
