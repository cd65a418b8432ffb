"""Writes a checked visit: head, revision, answers, findings, photo references and grants.

Rows of one table go in one statement. Nothing here decides; see ``service`` and ``rules``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from app.evidence.service import GrantTo, grant
from app.infra.bulk import insert_rows
from app.inspections.content import AnswerContent, PlaceGiven, VisitContent
from app.inspections.rules import Marked, Outcome
from app.inspections.tables import Answer, Finding, Visit, VisitPhoto, VisitRevision
from app.kit.ids import new_id
from app.organisation.rules import Responsibility

Row = dict[str, Any]


@dataclass(frozen=True)
class Attribution:
    """What is frozen into every answer: where it was, and who answers for which line there."""

    area_path: str
    version_id: UUID
    answerable: Mapping[UUID, Responsibility]


def store(
    tx: Session,
    head: Visit,
    content: VisitContent,
    parts: dict[str, str],
    marked: Sequence[Marked],
    attribution: Attribution,
) -> VisitRevision:
    """The first revision of a visit with all its rows, in six statements."""
    revision = _revision(head, content, parts, marked, attribution)
    _insert_one(tx, Visit, head)
    _insert_one(tx, VisitRevision, revision)
    insert_rows(tx, Answer, _answer_rows(revision, content, head.round_id, marked, attribution))
    insert_rows(tx, Finding, _finding_rows(revision, content, marked))
    insert_rows(tx, VisitPhoto, _photo_rows(revision, content, marked))
    grant(tx, _grants(content, marked, attribution))
    return revision


def _insert_one(tx: Session, table: Any, entity: Any) -> None:
    row = {column.name: getattr(entity, column.name) for column in table.__table__.columns}
    tx.connection().execute(sa.insert(table.__table__), row)


def _revision(
    head: Visit,
    content: VisitContent,
    parts: dict[str, str],
    marked: Sequence[Marked],
    attribution: Attribution,
) -> VisitRevision:
    scored = {one.item.line_id for one in marked if one.mark.possible}
    return VisitRevision(
        id=head.current_revision_id,
        visit_id=head.id,
        number=1,
        checklist_version_id=attribution.version_id,
        outcome=Outcome.INSPECTED,
        content_parts=parts,
        submitted_by=head.submitted_by,
        started_at=content.started_at,
        ended_at=content.ended_at,
        received_at=head.received_at,
        note=content.note,
        area_path=attribution.area_path,
        scored_lines=sorted(scored),
        earned=sum(one.mark.earned for one in marked),
        possible=sum(one.mark.possible for one in marked),
        **_place(content.place),
    )


def _place(place: PlaceGiven | None) -> Row:
    if place is None:
        return dict.fromkeys(("lat", "lon", "crs", "accuracy_m"))
    return {
        "lat": place.lat,
        "lon": place.lon,
        "crs": place.crs,
        "accuracy_m": place.accuracy_m,
    }


def _answer_rows(
    revision: VisitRevision,
    content: VisitContent,
    round_id: UUID,
    marked: Sequence[Marked],
    attribution: Attribution,
) -> list[Row]:
    rows = []
    for one in marked:
        answer = content.answers[one.position]
        responsible = attribution.answerable.get(one.item.line_id)
        rows.append(
            {
                "revision_id": revision.id,
                "item_id": one.item.id,
                "round_id": round_id,
                "position": one.position,
                "value": str(answer.value),
                "na_reason": answer.na_reason,
                "earned": one.mark.earned,
                "possible": one.mark.possible,
                "area_path": attribution.area_path,
                "line_id": one.item.line_id,
                "answerable_unit_id": responsible.unit_id if responsible else None,
            }
        )
    return rows


def _finding_rows(
    revision: VisitRevision, content: VisitContent, marked: Sequence[Marked]
) -> list[Row]:
    return [
        {
            "id": finding.id,
            "revision_id": revision.id,
            "item_id": one.item.id,
            "position": position,
            "note": finding.note,
            **_place(finding.place),
        }
        for one in marked
        for position, finding in enumerate(content.answers[one.position].findings)
    ]


def _photo_rows(
    revision: VisitRevision, content: VisitContent, marked: Sequence[Marked]
) -> list[Row]:
    rows = [_photo_row(revision, photo, None, None) for photo in content.photos]
    for one in marked:
        answer = content.answers[one.position]
        rows += [_photo_row(revision, photo, one.item.id, None) for photo in answer.photos]
        rows += [
            _photo_row(revision, photo, one.item.id, finding.id)
            for finding in answer.findings
            for photo in finding.photos
        ]
    return rows


def _photo_row(
    revision: VisitRevision, photo_id: UUID, item_id: UUID | None, finding_id: UUID | None
) -> Row:
    return {
        "id": new_id(),
        "revision_id": revision.id,
        "photo_id": photo_id,
        "item_id": item_id,
        "finding_id": finding_id,
    }


def _grants(
    content: VisitContent, marked: Sequence[Marked], attribution: Attribution
) -> list[GrantTo]:
    """Site photos go to who answers for the area; an answer's photos to its line and unit too."""
    grants = [GrantTo(photo, attribution.area_path, None, None) for photo in content.photos]
    for one in marked:
        responsible = attribution.answerable.get(one.item.line_id)
        unit_path = responsible.unit_path if responsible else None
        grants += [
            GrantTo(photo, attribution.area_path, one.item.line_id, unit_path)
            for photo in _photos_of(content.answers[one.position])
        ]
    return grants


def _photos_of(answer: AnswerContent) -> list[UUID]:
    return [*answer.photos, *(photo for finding in answer.findings for photo in finding.photos)]
