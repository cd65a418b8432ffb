"""From the body of a command to the move, and back to the case page."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from sqlmodel import Session
from starlette.requests import Request

from app.kit.errors import DudaoError
from app.ledger import acting, showing
from app.ledger.acting import Given, Stage, Stale, Work
from app.ledger.history import open_desk
from app.ledger.lifecycle import Action
from app.ledger.opening import touch_ledger
from app.ledger.schemas import CaseOut
from app.ledger.schemas_moves import CheckIn, DoneManyOut, DoneOneOut, FileIn, RectifyIn
from app.ledger.tables import Problem
from app.web import messages
from app.web.language import Lang, Language
from app.web.principal import Principal
from app.web.transaction import Tx
from app.web.wire import Code

CHECKS = {
    "pass": Action.CHECK_PASS,
    "fail": Action.CHECK_FAIL,
    "unclear": Action.CHECK_UNCLEAR,
}


@dataclass(frozen=True)
class Command:
    """A command on the case in the path: the route says by whom, what, and with what."""

    tx: Session
    request: Request
    language: Language
    number: str

    def __call__(
        self, by: Principal, action: Action, version: int | None, given: Given | None = None
    ) -> CaseOut:
        """Make a move and show the case after it."""
        tx, request, language = self.tx, self.request, self.language
        settings = request.app.state.settings
        desk = open_desk(tx, settings)
        with showing.current_if_stale(tx, request, by, language):
            problem = acting.act(
                tx,
                settings,
                by=by,
                number=self.number,
                version=version,
                action=action,
                given=given or Given(),
                desk=desk,
            )
        shown = showing.show(tx, request, by, language, acting.view_of(tx, by, problem), desk)
        touch_ledger(tx)
        return shown


async def _command(tx: Tx, request: Request, language: Lang, number: Code) -> Command:
    return Command(tx, request, language, number)


Commanded = Annotated[Command, Depends(_command)]


def command_many(
    tx: Session,
    request: Request,
    by: Principal,
    language: Language,
    commands: list[tuple[str, int, Action, Given]],
) -> DoneManyOut:
    """Make a move on each of many cases; each has its own result."""
    results = acting.act_on_many(tx, request.app.state.settings, by=by, commands=commands)
    items = [_done(number, result, language) for number, result in results]
    return DoneManyOut(items=items)


def _done(number: str, result: Problem | Stale | DudaoError, language: Language) -> DoneOneOut:
    if isinstance(result, Problem):
        return DoneOneOut(
            number=number,
            done=True,
            code=None,
            message=None,
            version=result.version,
            deadline_at=result.deadline_at,
        )
    code = "problem.stale" if isinstance(result, Stale) else result.code
    data: dict[str, Any] = {} if isinstance(result, Stale) else result.data
    message = messages.detail_of(code, language, data)
    return DoneOneOut(
        number=number, done=False, code=code, message=message, version=None, deadline_at=None
    )


def filing(body: FileIn) -> Given:
    """What filing comes with."""
    category = body.category
    return Given(
        category=(category.scheme, category.code, category.version) if category else None,
        line=body.line,
        condition=body.condition,
        unit=body.unit,
    )


def report_back(body: RectifyIn) -> Given:
    """What a report-back comes with."""
    return Given(
        reason=body.reason,
        resolution=body.resolution,
        plan=[Stage(one.on, one.text) for one in body.plan],
        photos=body.photos,
        work=[Work(one.kind, one.quantity, one.unit) for one in body.work],
        cost_fen=body.cost_fen,
    )


def check(body: CheckIn) -> Given:
    """What a check comes with."""
    return Given(result=body.result, reason=body.reason, photos=body.photos)
