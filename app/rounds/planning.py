"""Planning the tasks of a round: one by one, or by a double-random draw with a recorded seed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from uuid import UUID

from sqlmodel import Session

from app.infra import business_time, events
from app.infra.bulk import insert_rows
from app.kit.errors import Conflict, Fault, Invalid
from app.kit.ids import new_id
from app.organisation import queries as organisation
from app.organisation.rules import UnitKind, codes_of, is_at_or_below
from app.people import queries as people
from app.rounds import drawing, queries, queries_tasks, queries_teams, rules
from app.rounds.queries_tasks import Edition, Place
from app.rounds.rules import RoundState
from app.rounds.tables import Round, Task, TaskDraw, TaskMember
from app.rounds.terms import MOST_DRAWN, DrawRule, TaskWish

_PLANNABLE = (RoundState.PLANNED, RoundState.OPEN)


@dataclass(frozen=True)
class Known:
    """Everything that wishes name, looked up at once."""

    places: Mapping[str, Place]
    editions: Mapping[tuple[str, int], Edition]
    teams: Mapping[str, UUID]
    crews: Mapping[UUID, Sequence[UUID]]
    people: Mapping[str, UUID]
    judge: rules.Judge
    kinds: Mapping[str, UnitKind]


@dataclass
class _Plan:
    """Rows that are to be inserted, and every fault that was found on the way."""

    taken: set[queries_tasks.Key]
    tasks: list[dict[str, object]] = field(default_factory=list)
    members: list[dict[str, object]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def plan_tasks(tx: Session, *, found: Round, wishes: Sequence[TaskWish], on: date) -> list[UUID]:
    """Plan these tasks, all or none; returns their ids in the order of the wishes.

    ``found`` is locked, ``on`` the day in the city's zone. Every fault has its pointer.
    """
    _demand_plannable(found)
    known = _look_up(tx, found, wishes, on)
    plan = _Plan(queries_tasks.planned_keys(tx, found.id))
    for index, wish in enumerate(wishes):
        _add(plan, found, known, wish, f"/tasks/{index}", None)
    return _store(tx, found, plan, None)


def draw_tasks(
    tx: Session, *, found: Round, rule: DrawRule, seed: str, on: date, by: UUID
) -> TaskDraw:
    """Draw sites and deal them over the teams; the seed and the rule are recorded.

    A site that the round has a task at already is left out, so that drawing again adds what is
    missing. ``Invalid`` where nothing is left to draw, or more than can be.
    """
    _demand_plannable(found)
    areas = organisation.find_units(tx, rule.areas)
    faults = [
        _unknown("unit", code, f"/areas/{index}")
        for index, code in enumerate(rule.areas)
        if code not in areas
    ]
    editions = queries_tasks.find_editions(tx, rule.checklists)
    faults += [
        _unknown("checklist", f"{code}/{number}", f"/checklists/{index}")
        for index, (code, number) in enumerate(rule.checklists)
        if (code, number) not in editions
    ]
    if rule.blind and len(set(rule.teams)) < 2:  # noqa: PLR2004 - a second team
        faults.append(Fault("/blind", "task.blind-needs-teams"))
    if faults:
        raise Invalid("request.invalid", faults=tuple(faults))
    by_category = {editions[name].site_category: name for name in rule.checklists}
    paths = [areas[code].path for code in rule.areas]
    sites = queries_tasks.list_places(
        tx, categories=list(by_category), areas=paths, limit=MOST_DRAWN + 1
    )
    if len(sites) > MOST_DRAWN:
        too_many = Fault("/areas", "field.too-large", {"limit": MOST_DRAWN})
        raise Invalid("request.invalid", faults=(too_many,))
    plan = _Plan(queries_tasks.planned_keys(tx, found.id))
    free = _free(sites, editions, by_category, plan.taken)
    dealt = drawing.deal(
        [place.code for place in free], rule.teams, seed=seed, most=rule.most, blind=rule.blind
    )
    if not dealt:
        raise Invalid("request.invalid", faults=(Fault("/areas", "task.nothing-to-draw"),))
    category = {place.code: place.category for place in free}
    wishes = [
        TaskWish(one.place, by_category[category[one.place]], one.team, blind=one.blind)
        for one in dealt
    ]
    draw = TaskDraw(
        round_id=found.id,
        seed=seed,
        rule=asdict(rule),
        tasks=len(wishes),
        made_by=by,
        made_at=business_time.now(tx),
    )
    tx.add(draw)
    tx.flush()
    known = _look_up(tx, found, wishes, on)
    for wish in wishes:
        _add(plan, found, known, wish, "/teams" if wish.team not in known.teams else "/areas", draw)
    _store(tx, found, plan, draw)
    return draw


def _free(
    sites: Sequence[Place],
    editions: Mapping[tuple[str, int], Edition],
    by_category: Mapping[str, tuple[str, int]],
    taken: set[queries_tasks.Key],
) -> list[Place]:
    return [
        place
        for place in sites
        if (place.id, editions[by_category[place.category]].id, False) not in taken
    ]


def _demand_plannable(found: Round) -> None:
    if found.state not in _PLANNABLE:
        raise Conflict("round.wrong-state", state=found.state.value, needed="planned, open")


def _look_up(tx: Session, found: Round, wishes: Sequence[TaskWish], on: date) -> Known:
    """Six statements, however many wishes."""
    places = queries_tasks.find_places(tx, [wish.site for wish in wishes])
    units = organisation.find_units_by_id(tx, [found.unit_id, found.area_id])
    owner, area = units[found.unit_id], units[found.area_id]
    teams = {
        code: team.id
        for code, (team, unit) in queries_teams.find_teams(
            tx, [wish.team for wish in wishes if wish.team]
        ).items()
        if is_at_or_below(unit.path, owner.path) or is_at_or_below(owner.path, unit.path)
    }
    logins = [login for wish in wishes for login in wish.members]
    return Known(
        places=places,
        editions=queries_tasks.find_editions(tx, [wish.checklist for wish in wishes]),
        teams=teams,
        crews=queries_teams.present_members(tx, list(teams.values()), on=on),
        people={login: one.id for login, one in people.find_people(tx, logins).items()},
        judge=queries.judge_of(tx, found.source, owner, area),
        kinds=queries_tasks.kinds_by_code(tx, [place.area_path for place in places.values()]),
    )


def _add(
    plan: _Plan, found: Round, known: Known, wish: TaskWish, at: str, draw: TaskDraw | None
) -> None:
    """One task with its members, or its faults."""
    place, edition = known.places.get(wish.site), known.editions.get(wish.checklist)
    faults = _faults(known, wish, at)
    if place is not None and edition is not None and not faults:
        faults += _place_faults(plan, known, wish, at)
    plan.faults += faults
    if faults or place is None or edition is None:
        return
    plan.taken.add((place.id, edition.id, wish.blind))
    task_id = new_id()
    team_id = known.teams[wish.team] if wish.team else None
    plan.tasks.append(
        {
            "id": task_id,
            "round_id": found.id,
            "site_id": place.id,
            "checklist_version_id": edition.id,
            "team_id": team_id,
            "draw_id": draw.id if draw else None,
            "blind": wish.blind,
            "area_path": place.area_path,
        }
    )
    crew = [known.people[login] for login in wish.members]
    if not crew and team_id is not None:
        crew = list(known.crews[team_id])
    plan.members += [{"task_id": task_id, "person_id": person} for person in dict.fromkeys(crew)]


def _faults(known: Known, wish: TaskWish, at: str) -> list[Fault]:
    """What the wish names and is not there."""
    faults = []
    if wish.site not in known.places:
        faults.append(_unknown("site", wish.site, f"{at}/site"))
    if wish.checklist not in known.editions:
        named = f"{wish.checklist[0]}/{wish.checklist[1]}"
        faults.append(_unknown("checklist", named, f"{at}/checklist"))
    if wish.team is not None and wish.team not in known.teams:
        faults.append(_unknown("team", wish.team, f"{at}/team"))
    faults += [
        _unknown("person", login, f"{at}/members/{index}")
        for index, login in enumerate(wish.members)
        if login not in known.people
    ]
    return faults


def _place_faults(plan: _Plan, known: Known, wish: TaskWish, at: str) -> list[Fault]:
    """Whether the judge may judge this site, with this checklist, and has not planned it yet."""
    place, edition = known.places[wish.site], known.editions[wish.checklist]
    kinds = [known.kinds[code] for code in codes_of(place.area_path)]
    if not rules.is_judged(known.judge, place.area_path, kinds):
        return [Fault(f"{at}/site", "site.not-judged", {"site": wish.site})]
    if place.category != edition.site_category:
        return [Fault(f"{at}/checklist", "site.other-category")]
    if (place.id, edition.id, wish.blind) in plan.taken:
        return [Fault(f"{at}/site", "task.planned-already", {"site": wish.site})]
    if wish.blind and (place.id, edition.id, False) not in plan.taken:
        return [Fault(f"{at}/blind", "task.blind-needs-first", {"site": wish.site})]
    return []


def _store(tx: Session, found: Round, plan: _Plan, draw: TaskDraw | None) -> list[UUID]:
    if plan.faults:
        raise Invalid("request.invalid", faults=tuple(plan.faults))
    insert_rows(tx, Task, plan.tasks)
    insert_rows(tx, TaskMember, plan.members)
    ids = [UUID(str(row["id"])) for row in plan.tasks]
    events.record(
        tx,
        "task.planned",
        subject=("round", found.id),
        tasks=len(ids),
        draw=str(draw.id) if draw else None,
        seed=draw.seed if draw else None,
    )
    tx.flush()
    return ids


def _unknown(kind: str, value: str, at: str) -> Fault:
    return Fault(at, "field.unknown-reference", {"kind": kind, "value": value})
