"""Checks a submitted visit against what is stored; every fault with its place in the body."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session

from app.checklists import queries as checklists
from app.config import Settings
from app.evidence.rules import PhotoState
from app.inspections import queries_ground, rules
from app.inspections.content import VisitContent, photo_places
from app.kit.errors import Fault, Invalid
from app.organisation.rules import is_at_or_below
from app.people import queries as people
from app.web.principal import Principal

PhotoStates = Mapping[UUID, tuple[PhotoState, UUID | None]]


@dataclass(frozen=True)
class Checked:
    """Content without fault: the answers with their marks, and who else was there."""

    marked: list[rules.Marked]
    crew: list[UUID]


def checked_ground(
    found: queries_ground.GroundFound, content: VisitContent, principal: Principal
) -> queries_ground.Ground:
    """The ground of a visit; raises ``Invalid`` where the body names what is not there."""
    faults = list(_ground_faults(found, content, principal))
    ground = found.whole()
    if faults or ground is None:
        raise Invalid("visit.invalid", faults=tuple(faults))
    return ground


def checked_content(
    tx: Session,
    settings: Settings,
    content: VisitContent,
    *,
    version_id: UUID,
    states: PhotoStates,
    by: UUID,
    carried: Collection[UUID] = (),
) -> Checked:
    """What the content says, marked; raises ``Invalid`` with every fault there is.

    ``carried`` photos were named by the revision before and may stay, whoever took them and
    whatever became of them.
    """
    given = [answer.given() for answer in content.answers]
    faults = list(
        rules.outcome_faults(
            content.outcome, note=content.note, photos=content.photos, answers=len(given)
        )
    )
    marked: list[rules.Marked] = []
    if content.outcome is rules.Outcome.INSPECTED:
        marked, found = rules.assess(_item_rules(tx, version_id), given)
        faults += found
    faults += rules.duplicate_faults(content.photos, given)
    faults += rules.finding_photo_faults(given, settings.photos_per_finding)
    new = {photo: state for photo, state in states.items() if photo not in carried}
    faults += _photo_faults(content, new, by)
    crew = people.find_people(tx, content.crew) if content.crew else {}
    faults += [
        _unknown(f"/crew/{index}", "person", login)
        for index, login in enumerate(content.crew)
        if login not in crew
    ]
    if content.ended_at < content.started_at:
        faults.append(Fault("/ended_at", "field.order"))
    if faults:
        raise Invalid("visit.invalid", faults=tuple(faults))
    return Checked(marked, sorted(person.id for person in crew.values()))


def _ground_faults(
    found: queries_ground.GroundFound, content: VisitContent, principal: Principal
) -> Iterator[Fault]:
    if found.round_state is None:
        yield _unknown("/round_id", "round", content.round_id)
    if found.site is None or found.area is None or not _may_inspect(found.area.path, principal):
        yield _unknown("/site", "site", content.site)
    elif content.task_id is not None and not found.on_task:
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
