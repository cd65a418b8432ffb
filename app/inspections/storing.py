"""Writes a checked visit or revision: crew, answers, findings, photo references and grants.

Rows of one table go in one statement. Nothing here decides; see ``service`` and ``rules``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from app.evidence.service import GrantTo, grant
from app.infra.bulk import insert_rows
from app.inspections.content import AnswerContent, PlaceGiven, VisitContent
from app.inspections.rules import ItemRule, Marked
from app.inspections.tables import (
    Answer,
    Finding,
    Visit,
    VisitCrew,
    VisitPhoto,
    VisitRevision,
)
from app.kit.ids import new_id

Row = dict[str, Any]


@dataclass(frozen=True)
class Answerable:
    """Who answers for an item at a place, as of the day on which that was frozen."""

    unit_id: UUID
    unit_path: str


@dataclass(frozen=True)
class Attribution:
    """What is frozen into every answer: where it was, and who answers for it there.

    ``frozen`` holds the items that an earlier revision answered, which stay with whom they were;
    other items go by their line.
    """

    area_path: str
    by_line: Mapping[UUID, Answerable]
    frozen: Mapping[UUID, Answerable | None] = field(default_factory=dict)

    def of(self, item: ItemRule) -> Answerable | None:
        """Who answers for an item, if anybody does."""
        return self.frozen[item.id] if item.id in self.frozen else self.by_line.get(item.line_id)


@dataclass(frozen=True)
class Sheet:
    """The checked content of one revision, ready to be written."""

    content: VisitContent
    parts: dict[str, str]
    marked: Sequence[Marked]
    attribution: Attribution
    crew: Sequence[UUID]

    def companions(self, submitter: UUID) -> list[UUID]:
        """Who was there beside the one who submitted the visit."""
        return [person for person in self.crew if person != submitter]


def store_visit(tx: Session, head: Visit, version_id: UUID, sheet: Sheet) -> VisitRevision:
    """A visit with its first revision and all its rows; head and revision in one statement."""
    revision = new_revision(
        sheet,
        id_=head.current_revision_id,
        visit_id=head.id,
        version_id=version_id,
        submitted_by=head.submitted_by,
        received_at=head.received_at,
    )
    whole = sa.insert(_table(VisitRevision)).values(_row_of(VisitRevision, revision))
    tx.connection().execute(
        whole.add_cte(sa.insert(_table(Visit)).values(_row_of(Visit, head)).cte("head"))
    )
    _store_rows(tx, head, revision, sheet)
    return revision


def store_revision(tx: Session, head: Visit, revision: VisitRevision, sheet: Sheet) -> None:
    """A later revision with all its rows."""
    tx.connection().execute(
        sa.insert(_table(VisitRevision)).values(_row_of(VisitRevision, revision))
    )
    _store_rows(tx, head, revision, sheet)


def _store_rows(tx: Session, head: Visit, revision: VisitRevision, sheet: Sheet) -> None:
    """One statement per table that has rows."""
    crew = sheet.companions(head.submitted_by)
    insert_rows(
        tx, VisitCrew, [{"revision_id": revision.id, "person_id": person} for person in crew]
    )
    insert_rows(tx, Answer, _answer_rows(revision, head.round_id, sheet))
    insert_rows(tx, Finding, _finding_rows(revision, sheet))
    insert_rows(tx, VisitPhoto, _photo_rows(revision, sheet))
    grant(tx, _grants(sheet))


def _table(entity: Any) -> sa.Table:
    table: sa.Table = entity.__table__
    return table


def _row_of(entity: Any, row: Any) -> Row:
    return {column.name: getattr(row, column.name) for column in _table(entity).columns}


def new_revision(
    sheet: Sheet,
    *,
    id_: UUID,
    visit_id: UUID,
    version_id: UUID,
    submitted_by: UUID,
    received_at: datetime,
    number: int = 1,
    reason: str | None = None,
) -> VisitRevision:
    """The row of a revision; ``reason`` for every one but the first."""
    content = sheet.content
    scored = {one.item.line_id for one in sheet.marked if one.mark.possible}
    return VisitRevision(
        id=id_,
        visit_id=visit_id,
        number=number,
        checklist_version_id=version_id,
        outcome=content.outcome,
        content_parts=sheet.parts,
        submitted_by=submitted_by,
        started_at=content.started_at,
        ended_at=content.ended_at,
        received_at=received_at,
        note=content.note,
        reason=reason,
        area_path=sheet.attribution.area_path,
        scored_lines=sorted(scored),
        earned=sum(one.mark.earned for one in sheet.marked),
        possible=sum(one.mark.possible for one in sheet.marked),
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


def _answer_rows(revision: VisitRevision, round_id: UUID, sheet: Sheet) -> list[Row]:
    rows = []
    for one in sheet.marked:
        answer = sheet.content.answers[one.position]
        answerable = sheet.attribution.of(one.item)
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
                "area_path": sheet.attribution.area_path,
                "line_id": one.item.line_id,
                "answerable_unit_id": answerable.unit_id if answerable else None,
            }
        )
    return rows


def _finding_rows(revision: VisitRevision, sheet: Sheet) -> list[Row]:
    return [
        {
            "id": finding.id,
            "revision_id": revision.id,
            "item_id": one.item.id,
            "position": position,
            "note": finding.note,
            **_place(finding.place),
        }
        for one in sheet.marked
        for position, finding in enumerate(sheet.content.answers[one.position].findings)
    ]


def _photo_rows(revision: VisitRevision, sheet: Sheet) -> list[Row]:
    rows = [_photo_row(revision, photo, None, None) for photo in sheet.content.photos]
    for one in sheet.marked:
        answer = sheet.content.answers[one.position]
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


def _grants(sheet: Sheet) -> list[GrantTo]:
    """Site photos go to who answers for the area; an answer's photos to its line and unit too."""
    area_path = sheet.attribution.area_path
    grants = [GrantTo(photo, area_path, None, None) for photo in sheet.content.photos]
    for one in sheet.marked:
        answerable = sheet.attribution.of(one.item)
        unit_path = answerable.unit_path if answerable else None
        grants += [
            GrantTo(photo, area_path, one.item.line_id, unit_path)
            for photo in _photos_of(sheet.content.answers[one.position])
        ]
    return grants


def _photos_of(answer: AnswerContent) -> list[UUID]:
    return [*answer.photos, *(photo for finding in answer.findings for photo in finding.photos)]
