"""Retention classes and holds as they are shown."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session

from app.evidence.queries_holds import HoldView
from app.media.schemas_retention import CauseOut, HoldOut, RetentionClassOut
from app.media.tables import RetentionClass
from app.people.queries import find_people_by_id
from app.people.tables import Person
from app.rounds.tables import Campaign
from app.web.language import Language, pick
from app.web.wire import Named


def class_out(
    row: RetentionClass, campaign: Campaign | None, language: Language
) -> RetentionClassOut:
    """A class with the name of its campaign."""
    of = None
    if campaign is not None:
        name = pick(language, campaign.name_zh, campaign.name_en)
        of = Named(code=campaign.code, name=name)
    return RetentionClassOut(
        code=row.code,
        name=pick(language, row.name_zh, row.name_en),
        campaign=of,
        category=row.category,
        keep_days=row.keep_days,
    )


def holds_out(tx: Session, views: Sequence[HoldView]) -> list[HoldOut]:
    """Holds with the names of who set and lifted them; one statement whatever their number."""
    ids = {one for view in views for one in (view.hold.set_by, view.hold.lifted_by) if one}
    people = find_people_by_id(tx, sorted(ids))
    return [_hold_out(view, people) for view in views]


def _hold_out(view: HoldView, people: dict[UUID, Person]) -> HoldOut:
    hold = view.hold
    return HoldOut(
        id=hold.id,
        reason=hold.reason,
        cause=CauseOut(kind=hold.cause_kind, id=hold.cause_id),
        photos=view.photos,
        set_by=_named(hold.set_by, people),
        set_at=hold.set_at,
        lifted_by=_named(hold.lifted_by, people),
        lifted_at=hold.lifted_at,
        lift_reason=hold.lift_reason,
    )


def _named(person_id: UUID | None, people: dict[UUID, Person]) -> Named | None:
    person = people.get(person_id) if person_id else None
    return Named(code=person.login, name=person.name) if person else None
