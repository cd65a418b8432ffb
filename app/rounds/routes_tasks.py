"""Teams, and the planning and passing on of tasks."""

from datetime import date
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session
from starlette.requests import Request

from app.infra import business_time
from app.kit.ids import new_token
from app.rounds import planning, queries_teams, service, tasks, teams
from app.rounds.presenting import team_out
from app.rounds.schemas import ReasonIn
from app.rounds.schemas_tasks import (
    DrawOrderIn,
    DrawOut,
    HandOverIn,
    HandOverOut,
    LeaveIn,
    MemberIn,
    TasksIn,
    TasksPlannedOut,
    TeamIn,
    TeamOut,
    TeamPage,
)
from app.rounds.tables import Round
from app.web.feature_router import FeatureRouter
from app.web.language import Lang
from app.web.openapi import error_replies
from app.web.paging import Paged
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code

router = FeatureRouter(prefix="/v1", tags=["inspections"], responses=error_replies(401, 403))
TeamReader = Annotated[Principal, Needs("team.read")]
TeamManager = Annotated[Principal, Needs("team.manage")]
Planner = Annotated[Principal, Needs("task.plan")]
Canceller = Annotated[Principal, Needs("task.cancel")]
Giver = Annotated[Principal, Needs("task.hand-over")]
_FOUND = error_replies(404, 409)
_SEED_CHARS = 22


@router.get("/teams", summary="督导组列表 · Teams")
def list_teams(tx: Tx, reader: TeamReader, language: Lang, paging: Paged) -> TeamPage:
    """The teams of the caller's units, and those he is in; who inspects is nobody else's."""
    page = queries_teams.list_teams(tx, reader, after=paging.after_code(), limit=paging.limit)
    return TeamPage(
        items=[team_out(view, language) for view in page.items], next_cursor=page.next_cursor
    )


@router.post("/teams", summary="新建督导组 · New team", status_code=201, responses=_FOUND)
def create_team(tx: Tx, manager: TeamManager, language: Lang, body: TeamIn) -> TeamOut:
    """A team of a unit that the caller manages."""
    teams.create_team(tx, **dict(body), by=manager)
    return team_out(queries_teams.get_team(tx, body.code, manager), language)


@router.get("/teams/{code}", summary="督导组 · One team", responses=error_replies(404))
def get_team(tx: Tx, reader: TeamReader, language: Lang, code: Code) -> TeamOut:
    """A team with everybody who is or was in it."""
    return team_out(queries_teams.get_team(tx, code, reader), language)


@router.post("/teams/{code}/join", summary="加入督导组 · Join", responses=_FOUND)
def join_team(
    tx: Tx, manager: TeamManager, language: Lang, request: Request, code: Code, body: MemberIn
) -> TeamOut:
    """Somebody is in the team from a day on, or comes to lead it."""
    teams.join_team(
        tx,
        code=code,
        login=body.person,
        leads=body.leads,
        since=body.since or _today(tx, request),
        by=manager,
    )
    return team_out(queries_teams.get_team(tx, code, manager), language)


@router.post("/teams/{code}/leave", summary="退出督导组 · Leave", responses=_FOUND)
def leave_team(
    tx: Tx, manager: TeamManager, language: Lang, request: Request, code: Code, body: LeaveIn
) -> TeamOut:
    """Somebody is in the team until a day; his tasks stay his until he hands them over."""
    until = body.until or _today(tx, request)
    teams.leave_team(tx, code=code, login=body.person, until=until, by=manager)
    return team_out(queries_teams.get_team(tx, code, manager), language)


@router.post("/teams/{code}/end", summary="撤销督导组 · End a team", responses=error_replies(404))
def end_team(tx: Tx, manager: TeamManager, language: Lang, code: Code) -> TeamOut:
    """The team gets no more tasks."""
    teams.end_team(tx, code=code, by=manager)
    return team_out(queries_teams.get_team(tx, code, manager), language)


@router.post(
    "/rounds/{round_id}/tasks", summary="派任务 · Plan tasks", status_code=201, responses=_FOUND
)
def plan_tasks(
    tx: Tx, planner: Planner, request: Request, round_id: UUID, body: TasksIn
) -> TasksPlannedOut:
    """Up to 500 tasks, all or none; every fault is named."""
    found = service.managed_round(tx, round_id, planner)
    wishes = [task.wish() for task in body.tasks]
    day = _first_day(tx, request, found)
    return TasksPlannedOut(ids=planning.plan_tasks(tx, found=found, wishes=wishes, on=day))


@router.post(
    "/rounds/{round_id}/draw",
    summary="双随机抽取 · Draw tasks",
    status_code=201,
    responses=_FOUND,
)
def draw_tasks(
    tx: Tx, planner: Planner, request: Request, round_id: UUID, body: DrawOrderIn
) -> DrawOut:
    """Draw sites and deal them evenly over the teams; the seed is recorded.

    Sites that have their task in the round already are left out.
    """
    found = service.managed_round(tx, round_id, planner)
    seed = body.seed or new_token()[:_SEED_CHARS]
    draw = planning.draw_tasks(
        tx,
        found=found,
        rule=body.rule(),
        seed=seed,
        on=_first_day(tx, request, found),
        by=planner.user_id,
    )
    return DrawOut(id=draw.id, seed=draw.seed, tasks=draw.tasks, made_at=draw.made_at)


@router.post("/tasks/{task_id}/hand-over", summary="移交任务 · Hand over", responses=_FOUND)
def hand_over_task(
    tx: Tx, giver: Giver, request: Request, task_id: UUID, body: HandOverIn
) -> HandOverOut:
    """To a colleague of the same team, or of the same unit where the task has no team.

    The phone makes the id and may send it again, or late. A visit that the giver made before he
    knew is accepted all the same.
    """
    done = tasks.hand_over(
        tx,
        task_id=task_id,
        hand_over_id=body.id,
        giver=body.giver,
        to=body.to,
        reason=body.reason,
        on=_today(tx, request),
        by=giver,
    )
    return HandOverOut(id=done.id, task_id=done.task_id, to=body.to, handed_at=done.handed_at)


@router.post(
    "/tasks/{task_id}/cancel",
    summary="取消任务 · Cancel a task",
    status_code=204,
    responses=error_replies(404),
)
def cancel_task(
    tx: Tx, canceller: Canceller, request: Request, task_id: UUID, body: ReasonIn
) -> None:
    """The task need not be done; a visit that comes for it none the less is stored."""
    tasks.cancel_task(tx, task_id=task_id, reason=body.reason, on=_today(tx, request), by=canceller)


def _zone(request: Request) -> ZoneInfo:
    return ZoneInfo(request.app.state.settings.timezone)


def _today(tx: Session, request: Request) -> date:
    return business_time.now(tx).astimezone(_zone(request)).date()


def _first_day(tx: Session, request: Request, found: Round) -> date:
    """Crews are those of the day on which the round begins, or of today if it has begun."""
    return max(found.opens_at.astimezone(_zone(request)).date(), _today(tx, request))
