"""Shows a case after a command, or instead of one that came too late."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlmodel import Session
from starlette.requests import Request

from app.infra import business_time
from app.kit.errors import Conflict, Fault
from app.ledger import presenting, queries, queries_cases
from app.ledger.acting import Stale
from app.ledger.history import Desk, open_desk
from app.ledger.lifecycle import Actor
from app.ledger.presenting import CaseParts, Reader
from app.ledger.queries import ProblemView
from app.ledger.schemas import CaseOut
from app.web.language import Language
from app.web.principal import Principal


def reader_of(tx: Session, request: Request, principal: Principal, language: Language) -> Reader:
    """For whom this request shows something."""
    return Reader(
        blobs=request.app.state.blobs,
        language=language,
        audience=presenting.audience_of(principal),
        now=business_time.now(tx),
    )


def show(
    tx: Session,
    request: Request,
    principal: Principal,
    language: Language,
    view: ProblemView,
    desk: Desk | None = None,
) -> CaseOut:
    """A case page. ``desk``: one of this transaction."""
    problem = view.problem
    parts = CaseParts(
        history=queries_cases.history_of(tx, problem.id),
        work=queries_cases.work_of(tx, problem.id),
        brought_by=queries_cases.brought_by(tx, problem.id),
    )
    desk = desk or open_desk(tx, request.app.state.settings)
    step = desk.step(by=Actor(principal.user_id, principal.postings), found_by=problem.reported_by)
    reader = reader_of(tx, request, principal, language)
    return presenting.case_out(view, parts, reader, principal, step)


@contextmanager
def current_if_stale(
    tx: Session, request: Request, principal: Principal, language: Language
) -> Iterator[None]:
    """A command on a case that has moved meanwhile is a 409 that holds the case as it is now."""
    try:
        yield
    except Stale as stale:
        view = queries.get_problem(tx, principal, stale.number)
        current = show(tx, request, principal, language, view)
        data = {"present": current.version, "current": current.model_dump(mode="json")}
        fault = Fault("/version", "field.stale", data)
        raise Conflict("problem.stale", faults=(fault,)) from stale
