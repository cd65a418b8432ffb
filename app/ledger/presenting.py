"""Between cases and their wire shapes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from app.checklists.presenting import category_out
from app.evidence.presenting import address_of
from app.evidence.rules import Size
from app.evidence.tables import Photo
from app.infra.blobs import Blobs
from app.ledger import deadlines, labels
from app.ledger.case import Case
from app.ledger.labels import Audience
from app.ledger.lifecycle import Action, Step
from app.ledger.moves import BY_PEOPLE, MOVES, may
from app.ledger.queries import ProblemView
from app.ledger.queries_cases import Happened
from app.ledger.queries_likes import Like
from app.ledger.rules import ProblemState
from app.ledger.schemas import (
    ActionOut,
    CaseOut,
    HappenedOut,
    LikeOut,
    LimitOut,
    ProblemOut,
    ProblemPhotoOut,
    TimeOut,
    WorkOut,
)
from app.ledger.settings import LedgerRules, Likeness
from app.ledger.tables import Problem, WorkDone
from app.organisation.presenting import named
from app.organisation.rules import Role
from app.organisation.tables import Category
from app.web.language import Language, pick
from app.web.principal import Principal
from app.web.wire import Location, Named

_UNITS = frozenset({Role.UNIT_COORDINATOR, Role.UNIT_HANDLER})
_MILLI = Decimal(1000)
# What permission a move asks for where it is not ``ledger.`` and its name.
_PERMISSIONS = {
    Action.CHECK_PASS: "ledger.check",
    Action.CHECK_FAIL: "ledger.check",
    Action.CHECK_UNCLEAR: "ledger.check",
    Action.APPROVE_EXTENSION: "ledger.decide-extension",
    Action.REFUSE_EXTENSION: "ledger.decide-extension",
    Action.ACCEPT_APPEAL: "ledger.decide-appeal",
    Action.REFUSE_APPEAL: "ledger.decide-appeal",
}


@dataclass(frozen=True)
class Reader:
    """For whom it is shown, and as of when."""

    blobs: Blobs
    language: Language
    audience: Audience
    now: datetime


def audience_of(principal: Principal) -> Audience:
    """Who holds offices of units alone reads the words of units."""
    roles = principal.roles
    return Audience.UNIT if roles and roles <= _UNITS else Audience.OFFICE


def problem_out(view: ProblemView, reader: Reader) -> ProblemOut:
    """An entry as it is shown, with addresses of its photos."""
    problem, area, language = view.problem, view.area, reader.language
    site = view.site
    return ProblemOut(
        number=problem.number,
        version=problem.version,
        state=problem.state,
        state_label=pick(language, *labels.STATES[reader.audience][problem.state]),
        source=problem.source,
        external_ref=problem.external_ref,
        found_at=problem.found_at,
        opened_at=problem.opened_at,
        category=category_out(view.category, language),
        site=Named(code=site.code, name=site.name) if site else None,
        area=named(area.unit, language),
        district=named(area.district, language) if area.district else None,
        line=Named(code=view.line.code, name=pick(language, view.line.name_zh, view.line.name_en)),
        answerable_unit=named(view.answerable, language) if view.answerable else None,
        veto=problem.veto,
        note=problem.note,
        location=_location(problem),
        cancel_reason=problem.cancel_reason,
        photos=[_photo_out(photo, reader.blobs) for photo in view.photos],
        round_id=problem.round_id,
        visit_id=problem.visit_id,
        time=time_out(problem, reader),
        resolution=problem.resolution,
        check_result=problem.check_result,
        supervised=problem.supervised,
        urged=problem.urged,
        rework=problem.rework,
        reopened=problem.reopened,
        transfers=problem.transfers,
        appeal=problem.appeal,
        cancellation=problem.cancellation,
        merged_into=view.merged_into,
        filed_at=problem.filed_at,
        dispatched_at=problem.dispatched_at,
        signed_at=problem.signed_at,
        rectified_at=problem.rectified_at,
        closed_at=problem.closed_at,
    )


@dataclass(frozen=True)
class CaseParts:
    """What a case page shows beside the entry itself."""

    history: Sequence[Happened]
    work: Sequence[WorkDone]
    brought_by: dict[UUID, int | None]


def case_out(
    view: ProblemView, parts: CaseParts, reader: Reader, principal: Principal, step: Step
) -> CaseOut:
    """A case with its history, and what the caller may do to it now."""
    photos = [(photo, _photo_out(photo, reader.blobs)) for photo in view.photos]
    shows_who = principal.has("visit.read-people")
    return CaseOut(
        **dict(problem_out(view, reader)),
        before=[out for photo, out in photos if parts.brought_by.get(photo.id) is None],
        after=[out for photo, out in photos if parts.brought_by.get(photo.id) is not None],
        work=[_work_out(one) for one in parts.work],
        cost_fen=_cost_of(parts.history),
        history=[_happened_out(one, reader, shows_who=shows_who) for one in parts.history],
        actions=[
            ActionOut(
                action=action,
                label=pick(reader.language, *labels.ACTIONS[action]),
                needs=sorted(MOVES[action].needs),
            )
            for action in allowed(Case.of(view.problem), principal, step)
        ],
    )


def allowed(case: Case, principal: Principal, step: Step) -> Iterable[Action]:
    """The moves that the caller may make now, by permission, state and who he is."""
    return (
        action
        for action in BY_PEOPLE
        if principal.has(permission_of(action)) and may(case, action, step)
    )


def permission_of(action: Action) -> str:
    """What a caller must be allowed for a move, whoever may make it then."""
    return _PERMISSIONS.get(action, f"ledger.{action.value}")


def likeness_for(rules: LedgerRules, category: Category | None) -> Likeness:
    """How near two reports of a category are likely the same."""
    if category is None:
        return rules.likeness
    name = f"{category.scheme}/{category.code}/{category.version}"
    return rules.likeness_of.get(name, rules.likeness)


def like_out(like: Like, audience: Audience, language: Language) -> LikeOut:
    """Another case that is likely the same."""
    problem = like.problem
    return LikeOut(
        number=problem.number,
        state=problem.state,
        state_label=pick(language, *labels.STATES[audience][problem.state]),
        note=problem.note,
        found_at=problem.found_at,
        distance_m=like.distance_m,
        minutes_apart=int(like.apart.total_seconds() // 60),
        same_photo=like.same_photo,
    )


def _happened_out(one: Happened, reader: Reader, *, shows_who: bool) -> HappenedOut:
    event, person = one.event, one.actor
    data = dict(event.data)
    return HappenedOut(
        seq=event.seq,
        action=event.action,
        label=pick(reader.language, *labels.ACTIONS[event.action]),
        at=event.at,
        by=Named(code=person.login, name=person.name) if person and shows_who else None,
        reason=data.pop("reason", None),
        state=event.changed.get("state", ProblemState.REPORTED if event.seq == 1 else None),
        data=data,
    )


def _cost_of(history: Sequence[Happened]) -> int | None:
    told = [one.event.data for one in history if one.event.action is Action.RECTIFY]
    cost: int | None = told[-1].get("cost_fen") if told else None
    return cost


def _work_out(one: WorkDone) -> WorkOut:
    quantity = (Decimal(one.quantity_milli) / _MILLI).normalize()
    return WorkOut(kind=one.kind, quantity=f"{quantity:f}", unit=one.unit)


def time_out(problem: Problem, reader: Reader) -> TimeOut | None:
    """Its limit and its clock, as of the reader's now; None before it is filed."""
    case = Case.of(problem)
    if case.limit is None or case.limit_basis is None:
        return None
    basis = pick(reader.language, *labels.BASES[case.limit_basis])
    time = case.time
    late = case.overdue_at is not None
    if time is not None:
        running_late = time.running_since is not None and deadlines.is_late(time, reader.now)
        late = late or time.ran_out or running_late
    return TimeOut(
        limit=LimitOut(
            value=case.limit.value,
            unit=case.limit.unit,
            condition=case.condition,
            basis=case.limit_basis,
            basis_label=basis,
        ),
        deadline_at=case.deadline_at,
        running=case.running_since is not None,
        calendar_complete=case.calendar_complete,
        late=late,
        late_exempt=case.late_exempt,
        extensions=case.extensions,
        extension_open=case.extension_by is not None,
        suspended_until=case.suspended_until,
    )


def _location(problem: Problem) -> Location | None:
    if problem.lat is None or problem.lon is None or problem.crs is None:
        return None
    return Location(
        lat=problem.lat, lon=problem.lon, crs=problem.crs, accuracy_m=problem.accuracy_m
    )


def _photo_out(photo: Photo, blobs: Blobs) -> ProblemPhotoOut:
    url = address_of(blobs, photo, Size.THUMB)
    return ProblemPhotoOut(id=photo.id, role=photo.role, state=photo.state, thumb_url=url)
