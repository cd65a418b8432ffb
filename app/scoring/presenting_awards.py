"""Between flags, awards, budgets, appeals and their wire shapes and sheets."""

from collections.abc import Iterable, Sequence
from typing import Any

from app.infra.sheets import Table
from app.organisation.presenting import named
from app.organisation.tables import Unit
from app.rounds.presenting import round_ref
from app.scoring.presenting_results import league_named, subject_of
from app.scoring.queries_appeals import AppealView
from app.scoring.queries_awards import GivenView
from app.scoring.rules_awards import Entered, Total
from app.scoring.schemas_awards import (
    AppealOut,
    AwardOut,
    BudgetOut,
    FlagOut,
    TotalOut,
    TotalsBy,
)
from app.scoring.tables_awards import AwardBudget
from app.web.language import Language, pick
from app.web.wire import Named

_FEN = 100
_HEADS = {
    "zh": (
        "单位", "单项", "排序组", "轮次", "名次", "奖项", "金额（元）", "颁发单位", "依据",
        "决定日期", "拨付日期", "文件", "撤回原因",
    ),
    "en": (
        "Unit", "Line", "League", "Round", "Place", "Award", "Yuan", "Issuer", "Ground",
        "Decided on", "Paid on", "Document", "Withdrawn because",
    ),
}  # fmt: skip
_TOTAL_HEADS = {
    "zh": ("", "项数", "决定（元）", "已拨付（元）", "待追回（元）"),
    "en": ("", "Awards", "Decided (yuan)", "Paid (yuan)", "To claim back (yuan)"),
}
_SHEETS = {
    "zh": {"": "奖补台账", "unit": "按单位", "round": "按轮次", "year": "按年度"},
    "en": {"": "Award ledger", "unit": "By unit", "round": "By round", "year": "By year"},
}
_GROUNDS = {
    "zh": {"rule": "按规则", "basis": "依据排名", "discretion": "另行决定"},
    "en": {"rule": "by rule", "basis": "on a result", "discretion": "at discretion"},
}


def _given(view: GivenView, language: Language) -> dict[str, Any]:
    row = view.row
    return {
        "id": row.id,
        "ground": row.ground,
        "issuer": named(view.issuer, language),
        "unit": named(view.unit, language),
        "entrant_id": row.entrant_id,
        "label": view.entrant.label if view.entrant else None,
        "league": league_named(view.league, language) if view.league else None,
        **subject_of(view.round, view.period, language),
        "run_id": row.run_id,
        "place": row.place,
        "reason": row.reason,
        "withdrawn_at": row.withdrawn_at,
        "withdraw_reason": row.withdraw_reason,
    }


def flag_out(view: GivenView, language: Language) -> FlagOut:
    """A flag on the wire."""
    return FlagOut(**_given(view, language), colour=view.row.colour, given_on=view.row.given_on)


def award_out(view: GivenView, language: Language) -> AwardOut:
    """An award on the wire."""
    row = view.row
    return AwardOut(
        **_given(view, language),
        name=row.name,
        fen=row.fen,
        decided_on=row.decided_on,
        paid_on=row.paid_on,
        document=row.document,
    )


def entered(views: Iterable[GivenView], by: TotalsBy, language: Language) -> list[Entered]:
    """Awards as totals add them up."""
    return [
        Entered(
            *_key(view, by, language),
            fen=view.row.fen,
            paid=view.row.paid_on is not None,
            withdrawn=view.row.withdrawn_at is not None,
        )
        for view in views
    ]


def _key(view: GivenView, by: TotalsBy, language: Language) -> tuple[str, str]:
    if by is TotalsBy.UNIT:
        return view.unit.code, pick(language, view.unit.name_zh, view.unit.name_en)
    if by is TotalsBy.YEAR:
        year = str(view.row.decided_on.year)
        return year, year
    about = view.round or view.period
    if about is None:
        return "", ""
    return str(about.id), pick(language, about.name_zh, about.name_en)


def total_out(total: Total) -> TotalOut:
    """A total on the wire."""
    return TotalOut(**vars(total))


def ledger_sheets(
    views: Sequence[GivenView], totals: dict[str, list[Total]], language: Language
) -> list[Table]:
    """The award ledger and its totals as the sheets of one workbook."""
    names = _SHEETS[language]
    rows = [_sheet_row(view, language) for view in views]
    sums = [
        Table(names[by], _TOTAL_HEADS[language], [_total_row(one) for one in found])
        for by, found in totals.items()
    ]
    return [Table(names[""], _HEADS[language], rows), *sums]


def _sheet_row(view: GivenView, language: Language) -> list[str]:
    row, about = view.row, view.round or view.period
    return [
        pick(language, view.unit.name_zh, view.unit.name_en),
        (view.entrant.label if view.entrant else None) or "",
        league_named(view.league, language).name if view.league else "",
        pick(language, about.name_zh, about.name_en) if about else "",
        str(row.place or ""),
        row.name or "",
        yuan(row.fen),
        pick(language, view.issuer.name_zh, view.issuer.name_en),
        _GROUNDS[language][row.ground],
        row.decided_on.isoformat(),
        row.paid_on.isoformat() if row.paid_on else "",
        row.document or "",
        row.withdraw_reason or "",
    ]


def _total_row(one: Total) -> list[str]:
    sums = (one.decided_fen, one.paid_fen, one.to_claim_back_fen)
    return [one.name, str(one.awards), *(yuan(fen) for fen in sums)]


def yuan(fen: int) -> str:
    """Fen as yuan, for instance ``400000.00``."""
    return f"{fen // _FEN}.{fen % _FEN:02d}"


def budget_out(row: AwardBudget, issuer: Unit, language: Language) -> BudgetOut:
    """A budget on the wire."""
    return BudgetOut(
        id=row.id,
        issuer=named(issuer, language),
        period=row.period,
        fen=row.fen,
        valid_from=row.valid_from,
    )


def appeal_out(view: AppealView, language: Language) -> AppealOut:
    """An appeal on the wire."""
    row = view.appeal
    return AppealOut(
        id=row.id,
        round=round_ref(view.round, language),
        visit_id=row.visit_id,
        revision_id=row.revision_id,
        site=Named(code=view.site.code, name=view.site.name),
        item=Named(code=view.item.code, name=pick(language, view.item.text_zh, view.item.text_en)),
        line=Named(code=view.line.code, name=pick(language, view.line.name_zh, view.line.name_en)),
        unit=named(view.unit, language),
        text=row.text,
        photos=list(row.photos),
        state=row.state,
        filed_at=row.filed_at,
        decided_at=row.decided_at,
        decision=row.decision,
        new_revision_id=row.new_revision_id,
    )
