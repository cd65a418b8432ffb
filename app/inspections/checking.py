"""Checks a submitted visit against what is stored; every fault with its place in the body."""

from collections.abc import Iterator, Mapping
from uuid import UUID

from sqlmodel import Session

from app.checklists import queries as checklists
from app.evidence.rules import PhotoState
from app.inspections import queries, rules
from app.inspections.content import VisitContent, photo_places
from app.kit.errors import Fault, Invalid
from app.organisation.rules import is_at_or_below
from app.rounds import queries_tasks as tasks
from app.web.principal import Principal

PhotoStates = Mapping[UUID, tuple[PhotoState, UUID]]


def checked_ground(
    tx: Session, found: queries.GroundFound, content: VisitContent, principal: Principal
) -> queries.Ground:
    """The ground of a visit; raises ``Invalid`` where the body names what is not there."""
    faults = list(_ground_faults(tx, found, content, principal))
    ground = found.whole()
    if faults or ground is None:
        raise Invalid("visit.invalid", faults=tuple(faults))
    return ground


def checked_answers(
    tx: Session,
    ground: queries.Ground,
    content: VisitContent,
    states: PhotoStates,
    principal: Principal,
) -> list[rules.Marked]:
    """The answers with their marks; raises ``Invalid`` with every fault there is."""
    given = [answer.given() for answer in content.answers]
    marked, faults = rules.assess(_item_rules(tx, ground.version_id), given)
    faults += rules.duplicate_faults(content.photos, given)
    faults += _photo_faults(content, states, principal.user_id)
    if faults:
        raise Invalid("visit.invalid", faults=tuple(faults))
    return marked


def _ground_faults(
    tx: Session, found: queries.GroundFound, content: VisitContent, principal: Principal
) -> Iterator[Fault]:
    if found.round_state is None:
        yield _unknown("/round_id", "round", content.round_id)
    if found.site is None or found.area is None or not _may_inspect(found.area.path, principal):
        yield _unknown("/site", "site", content.site)
    elif content.task_id is not None and not tasks.is_member(
        tx,
        task_id=content.task_id,
        person_id=principal.user_id,
        site_id=found.site.id,
        round_id=content.round_id,
    ):
        yield _unknown("/task_id", "task", content.task_id)
    if found.version_id is None:
        yield _unknown("/checklist", "checklist", f"{content.checklist}/{content.version}")
    elif found.site is not None and found.site.category != found.site_category:
        yield Fault("/checklist/code", "site.other-category")
    if content.ended_at < content.started_at:
        yield Fault("/ended_at", "field.order")


def _may_inspect(area_path: str, principal: Principal) -> bool:
    """Inspectors are sent to areas; a site outside of them does not exist for them."""
    areas = [area for posting in principal.postings for area in posting.area_paths]
    return any(is_at_or_below(area_path, area) for area in areas)


def _unknown(pointer: str, kind: str, value: object) -> Fault:
    return Fault(pointer, "field.unknown-reference", {"kind": kind, "value": str(value)})


def _photo_faults(content: VisitContent, states: PhotoStates, owner_id: UUID) -> Iterator[Fault]:
    """Photos that can never become this visit's evidence, at each place that names them."""
    for pointer, photo in photo_places(content):
        if photo not in states:
            continue
        state, owner = states[photo]
        if owner != owner_id:
            yield Fault(pointer, "photo.not-yours")
        elif state is PhotoState.REJECTED:
            yield Fault(pointer, "photo.refused")


def _item_rules(tx: Session, version_id: UUID) -> dict[str, rules.ItemRule]:
    return {
        view.item.code: rules.ItemRule(
            id=view.item.id,
            code=view.item.code,
            scale=view.scale,
            line_id=view.item.line_id,
            category_id=view.item.category_id,
            veto=view.item.veto,
            photo_rule=view.item.photo_rule,
            photo_min=view.item.photo_min,
            photo_max=view.item.photo_max,
            na_allowed=view.item.na_allowed,
            condition=view.condition,
        )
        for view in checklists.items_of(tx, version_id)
    }
