"""My tasks, the tasks of a round, and its progress as polled feeds: coverage and matrix."""

from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from app.infra import business_time
from app.inspections import progress, queries_progress, queries_tasks
from app.inspections.presenting_progress import (
    categories_out,
    coverage_out,
    matrix_row_out,
    round_task_out,
    task_out,
    teams_out,
    unit_coverage_out,
)
from app.inspections.progress import Fate
from app.inspections.queries_tasks import TaskFilters
from app.inspections.schemas_progress import (
    MatrixOut,
    RoundCoverageOut,
    RoundTaskPage,
    TaskPage,
    TeamCoverageOut,
)
from app.kit.errors import NotFound
from app.kit.paging import encode_cursor
from app.organisation import queries as organisation
from app.organisation.rules import UnitKind
from app.rounds import queries_teams, rules
from app.rounds.presenting import round_ref
from app.rounds.queries import RoundView, get_round_feed, get_visible_round
from app.web.etag import FeedTag, feed_tag
from app.web.feature_router import FeatureRouter
from app.web.language import Lang, Language, pick
from app.web.openapi import UNCHANGED, error_replies
from app.web.paging import Paged, Paging
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code, Named

router = FeatureRouter(prefix="/v1", tags=["inspections"], responses=error_replies(401, 403))
Worker = Annotated[Principal, Needs("task.read")]
TaskReader = Annotated[Principal, Needs("task.read-round")]
RoundReader = Annotated[Principal, Needs("round.read")]


@router.get("/tasks", summary="我的任务 · My tasks")
def list_tasks(
    tx: Tx,
    worker: Worker,
    language: Lang,
    paging: Paged,
    round_id: UUID | None = None,
) -> TaskPage:
    """The caller's own tasks with sites and checklist versions."""
    page = queries_tasks.list_tasks(
        tx, person_id=worker.user_id, round_id=round_id, after=paging.after_id(), limit=paging.limit
    )
    items = [task_out(view, language) for view in page.items]
    return TaskPage(items=items, next_cursor=page.next_cursor)


@router.get(
    "/rounds/{round_id}/tasks",
    summary="轮次任务 · Tasks of a round",
    responses=error_replies(404),
)
def list_round_tasks(
    tx: Tx,
    reader: TaskReader,
    language: Lang,
    request: Request,
    round_id: UUID,
    paging: Paged,
    team: Code | None = None,
    area: Annotated[Code | None, Query(description="at or below this unit")] = None,
    state: Fate | None = None,
    cancelled: bool = False,
) -> RoundTaskPage:
    """For headquarters, auditors and who runs the round: all its tasks. For leads: their teams'."""
    view = get_visible_round(tx, round_id, reader)
    in_charge = _in_charge(view, reader)
    zone = ZoneInfo(request.app.state.settings.timezone)
    today = business_time.now(tx).astimezone(zone).date()
    led = None if in_charge else queries_teams.led_teams(tx, reader.user_id, on=today)
    if led == []:
        raise NotFound("round.not-found")
    filters = TaskFilters(
        teams=led,
        team=team,
        area=organisation.get_unit(tx, area).path if area else None,
        fate=state,
        cancelled=cancelled,
    )
    page = queries_tasks.list_round_tasks(
        tx, round_id, filters, after=paging.after_id(), limit=paging.limit
    )
    crews = queries_tasks.crews_of(tx, [one.task.id for one in page.items])
    items = [
        round_task_out(one, crews[one.task.id], language, in_charge=in_charge) for one in page.items
    ]
    return RoundTaskPage(items=items, next_cursor=page.next_cursor)


@router.get(
    "/rounds/{round_id}/coverage",
    summary="检查覆盖 · Coverage",
    response_model=RoundCoverageOut,
    responses=UNCHANGED | error_replies(404),
)
def get_coverage(
    tx: Tx,
    reader: RoundReader,
    language: Lang,
    request: Request,
    response: Response,
    round_id: UUID,
    paging: Paged,
    kind: Annotated[UnitKind | None, Query(description="only units of this kind")] = None,
) -> RoundCoverageOut | Response:
    """What became of the tasks, per unit and below, in the caller's areas. Paged by unit."""
    version, view, tag = _look_up(tx, round_id, reader, language, request)
    if (unchanged := tag.unchanged(request)) is not None:
        return unchanged
    over = view.round.state in rules.OVER
    areas = rules.areas_of(reader.postings)
    groups = progress.in_areas(queries_progress.read_task_groups(tx, round_id), areas)
    found = progress.by_unit(groups, areas)
    units = queries_progress.units_on(tx, [group.area_path for group in groups], kind=kind)
    codes, following = _page([code for code in found if code in units], paging)
    response.headers.update(tag.headers)
    return RoundCoverageOut(
        round=round_ref(view.round, language),
        as_of=business_time.now(tx),
        version=version,
        provisional=not over,
        tasks=coverage_out(progress.coverage(groups, over=over)),
        categories=categories_out(groups, over=over),
        teams=_teams(tx, groups, over=over) if _in_charge(view, reader) else [],
        units=[unit_coverage_out(units[code], found[code], language, over=over) for code in codes],
        next_cursor=following,
    )


@router.get(
    "/rounds/{round_id}/matrix",
    summary="条块矩阵 · Units by lines",
    response_model=MatrixOut,
    responses=UNCHANGED | error_replies(404),
)
def get_matrix(
    tx: Tx,
    reader: RoundReader,
    language: Lang,
    request: Request,
    response: Response,
    round_id: UUID,
    paging: Paged,
    kind: Annotated[UnitKind, Query(description="what a row is")] = UnitKind.STREET,
) -> MatrixOut | Response:
    """Units x lines: tasks, points lost and problems in the caller's reach. Paged by unit."""
    version, view, tag = _look_up(tx, round_id, reader, language, request)
    if (unchanged := tag.unchanged(request)) is not None:
        return unchanged
    over = view.round.state in rules.OVER
    tasks = queries_progress.read_task_groups(tx, round_id)
    answers = queries_progress.read_answer_groups(tx, round_id, reader)
    paths = [group.area_path for group in tasks] + [group.area_path for group in answers]
    units = queries_progress.units_on(tx, paths, kind=kind)
    versions = list({group.version_id for group in tasks})
    cells = progress.matrix(
        tasks,
        answers,
        queries_progress.lines_of_versions(tx, versions),
        postings=reader.postings,
        rows={unit.path: unit.code for unit in units.values()},
        over=over,
    )
    codes, following = _page([code for code, _ in cells], paging)
    seen = {line for _, line in cells}
    lines = [line for line in organisation.list_lines(tx) if line.id in seen]
    response.headers.update(tag.headers)
    return MatrixOut(
        round=round_ref(view.round, language),
        as_of=business_time.now(tx),
        version=version,
        provisional=not over,
        lines=[
            Named(code=line.code, name=pick(language, line.name_zh, line.name_en)) for line in lines
        ],
        rows=[matrix_row_out(units[code], cells, lines, language) for code in codes],
        next_cursor=following,
    )


def _look_up(
    tx: Session, round_id: UUID, reader: Principal, language: Language, request: Request
) -> tuple[int, RoundView, FeedTag]:
    """Version, round and tag; the version is read before the content. 404 for a secret round."""
    version, view = get_round_feed(tx, round_id, reader)
    scope = f"{rules.progress_feed(round_id)}:{request.url.path.rsplit('/', 1)[-1]}"
    named = f"{scope}:{view.round.state.value}"
    return version, view, feed_tag(named, version, reader, language, request)


def _in_charge(view: RoundView, reader: Principal) -> bool:
    """Who runs the round, and headquarters and auditors there, see teams and blind doubles."""
    if rules.manages(reader.postings, view.unit.path):
        return True
    return any(view.area.path.startswith(p) for p in rules.insider_areas(reader.postings))


def _teams(tx: Session, groups: list[progress.TaskGroup], *, over: bool) -> list[TeamCoverageOut]:
    ids = list({group.team_id for group in groups if group.team_id})
    return teams_out(groups, queries_progress.teams_by_id(tx, ids), over=over)


def _page(codes: list[str], paging: Paging) -> tuple[list[str], str | None]:
    """One page of units by code; everything is summed before, so only the reply is shorter."""
    after = paging.after_code()
    left = sorted({code for code in codes if code > after})
    page = left[: paging.limit]
    return page, encode_cursor(page[-1]) if len(left) > len(page) else None
