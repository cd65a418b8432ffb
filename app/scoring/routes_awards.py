"""Flags, and the award ledger (奖补台账) with its sheet and budgets."""

import io
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from app.infra.sheets import write_xlsx
from app.organisation import queries as organisation
from app.scoring import awarding, queries_awards
from app.scoring.presenting_awards import (
    award_out,
    budget_out,
    entered,
    flag_out,
    ledger_sheets,
    total_out,
)
from app.scoring.queries_awards import Filters
from app.scoring.rules_awards import totals
from app.scoring.schemas_awards import (
    AwardIn,
    AwardOut,
    AwardPage,
    BudgetIn,
    BudgetOut,
    BudgetsOut,
    FlagIn,
    FlagOut,
    FlagPage,
    PayIn,
    ReasonIn,
    TotalsBy,
    TotalsOut,
)
from app.web.feature_router import FeatureRouter
from app.web.language import Lang
from app.web.openapi import error_replies
from app.web.paging import Paged
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code

router = FeatureRouter(prefix="/v1", tags=["ranking"], responses=error_replies(401, 403))
FlagReader = Annotated[Principal, Needs("ranking.read")]
FlagGiver = Annotated[Principal, Needs("flag.give")]
AwardReader = Annotated[Principal, Needs("award.read")]
AwardManager = Annotated[Principal, Needs("award.manage")]
_FOUND = error_replies(404, 409)
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def _filters(
    issuer: Code | None = None,
    unit: Code | None = None,
    round_: Annotated[UUID | None, Query(alias="round")] = None,
    since: Annotated[date | None, Query(alias="from", description="decided on or after")] = None,
    until: Annotated[date | None, Query(alias="to", description="decided on or before")] = None,
    standing: Annotated[bool, Query(description="without those withdrawn")] = False,
) -> Filters:
    return Filters(issuer, unit, round_, since, until, standing)


Filtered = Annotated[Filters, Depends(_filters)]


@router.get("/flags", summary="红旗蓝旗 · Flags")
def list_flags(
    tx: Tx, reader: FlagReader, language: Lang, paging: Paged, filters: Filtered
) -> FlagPage:
    """Flags of every issuer in the order in which they were given, withdrawn ones too."""
    page = queries_awards.list_flags(
        tx, reader, filters, after=paging.after_id(), limit=paging.limit
    )
    items = [flag_out(view, language) for view in page.items]
    return FlagPage(items=items, next_cursor=page.next_cursor)


@router.post(
    "/flags", summary="颁发旗帜 · Give a flag", status_code=201, responses=error_replies(409)
)
def give_flag(tx: Tx, giver: FlagGiver, language: Lang, request: Request, body: FlagIn) -> FlagOut:
    """By an issuer of the caller's: on somebody's result, or at discretion with a reason."""
    settings = request.app.state.settings
    flag = awarding.give_flag(
        tx, settings, colour=body.colour, issuer=body.issuer, basis=body.basis(), by=giver
    )
    return flag_out(queries_awards.view_flag(tx, flag.id), language)


@router.post("/flags/{flag_id}/withdraw", summary="撤回旗帜 · Withdraw", responses=_FOUND)
def withdraw_flag(
    tx: Tx, giver: FlagGiver, language: Lang, flag_id: UUID, body: ReasonIn
) -> FlagOut:
    """A flag by rule is withdrawn by a correction of the result alone."""
    flag = awarding.managed_flag(tx, flag_id, giver)
    awarding.withdraw_flag(tx, flag=flag, reason=body.reason)
    return flag_out(queries_awards.view_flag(tx, flag_id), language)


@router.get("/awards", summary="奖补台账 · Award ledger")
def list_awards(
    tx: Tx, reader: AwardReader, language: Lang, paging: Paged, filters: Filtered
) -> AwardPage:
    """Who got how much for what place, decided and paid on which day, by which document."""
    page = queries_awards.list_awards(
        tx, reader, filters, after=paging.after_id(), limit=paging.limit
    )
    items = [award_out(view, language) for view in page.items]
    return AwardPage(items=items, next_cursor=page.next_cursor)


@router.post(
    "/awards", summary="决定奖补 · Decide on money", status_code=201, responses=error_replies(409)
)
def give_award(
    tx: Tx, manager: AwardManager, language: Lang, request: Request, body: AwardIn
) -> AwardOut:
    """By an issuer of the caller's; what its budget does not hold is refused."""
    settings = request.app.state.settings
    award = awarding.give_award(
        tx,
        settings,
        fen=body.fen,
        name=body.name,
        issuer=body.issuer,
        basis=body.basis(),
        by=manager,
    )
    return award_out(queries_awards.view_award(tx, award.id), language)


@router.get("/awards:totals", summary="奖补合计 · Totals")
def get_award_totals(
    tx: Tx, reader: AwardReader, language: Lang, filters: Filtered, by: TotalsBy = TotalsBy.UNIT
) -> TotalsOut:
    """Decided, paid, and paid though withdrawn since; by unit, round or year."""
    views = queries_awards.all_awards(tx, reader, filters)
    found = totals(entered(views, by, language))
    return TotalsOut(by=by, items=[total_out(one) for one in found])


@router.get(
    "/awards:export",
    summary="导出奖补台账 · Export the award ledger",
    response_class=Response,
    responses={200: {"content": {_XLSX: {"schema": {"type": "string", "format": "binary"}}}}},
)
def export_awards(tx: Tx, reader: AwardReader, language: Lang, filters: Filtered) -> Response:
    """A workbook: the ledger, and its totals by unit, round and year."""
    views = queries_awards.all_awards(tx, reader, filters)
    sums = {by.value: totals(entered(views, by, language)) for by in TotalsBy}
    out = io.BytesIO()
    write_xlsx(out, ledger_sheets(views, sums, language))
    headers = {
        "Content-Disposition": "attachment; filename=awards.xlsx",
        "Cache-Control": "no-store",
    }
    return Response(out.getvalue(), media_type=_XLSX, headers=headers)


@router.post("/awards/{award_id}/pay", summary="登记拨付 · Note a payment", responses=_FOUND)
def pay_award(
    tx: Tx, manager: AwardManager, language: Lang, award_id: UUID, body: PayIn
) -> AwardOut:
    """Once, with the document that says so."""
    award = awarding.managed_award(tx, award_id, manager)
    awarding.pay_award(tx, award=award, paid_on=body.paid_on, document=body.document, by=manager)
    return award_out(queries_awards.view_award(tx, award_id), language)


@router.post("/awards/{award_id}/withdraw", summary="撤回奖补 · Withdraw", responses=_FOUND)
def withdraw_award(
    tx: Tx, manager: AwardManager, language: Lang, award_id: UUID, body: ReasonIn
) -> AwardOut:
    """Money by rule is withdrawn by a correction of the result alone."""
    award = awarding.managed_award(tx, award_id, manager)
    awarding.withdraw_award(tx, award=award, reason=body.reason)
    return award_out(queries_awards.view_award(tx, award_id), language)


@router.get("/award-budgets", summary="奖补预算 · Budgets")
def list_budgets(tx: Tx, manager: AwardManager, language: Lang) -> BudgetsOut:
    """The budgets of the units in whose names the caller gives."""
    rows = queries_awards.list_budgets(tx, manager)
    return BudgetsOut(items=[budget_out(row, unit, language) for row, unit in rows])


@router.post(
    "/award-budgets",
    summary="设定预算 · Set a budget",
    status_code=201,
    responses=error_replies(409),
)
def set_budget(tx: Tx, manager: AwardManager, language: Lang, body: BudgetIn) -> BudgetOut:
    """At most so much per day, week, month or quarter, from a day on."""
    row = awarding.set_budget(tx, **dict(body), by=manager)
    unit = organisation.find_units_by_id(tx, [row.issuer_id])[row.issuer_id]
    return budget_out(row, unit, language)
