"""The rows of an export, batch by batch, and the exports that were asked for.

All wording is done by the database, so that a row goes from it into the file untouched; a CSV is
even written by it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.infra.copying import copy_rows, guarded
from app.infra.db import plan_each_time
from app.kit.errors import NotFound
from app.kit.paging import Page, encode_cursor
from app.ledger import queries
from app.ledger.exports import ExportState
from app.ledger.labels import CANCELLATIONS, RESOLUTIONS
from app.ledger.queries_filters import Filters, is_running, predicates
from app.ledger.rules import SOURCE_LABELS, STATE_LABELS
from app.ledger.tables import Problem, WorkDone
from app.ledger.tables_exports import LedgerExport
from app.organisation.tables import Category, Line, Unit
from app.sites.tables import Site
from app.web.language import Language, pick
from app.web.principal import Principal

_AsCell = Callable[[Any], Any]
_MOMENT = len("2018-09-10 07:30:00")
# Heads of the sheet in the order of its columns: Chinese, English.
HEADS: tuple[tuple[str, str], ...] = (
    ("编号", "number"),
    ("状态", "state"),
    ("来源", "source"),
    ("问题类别", "category"),
    ("类别代码", "category code"),
    ("专项", "line"),
    ("城区", "district"),
    ("所在单位", "area"),
    ("点位编号", "site code"),
    ("点位", "site"),
    ("责任单位", "answerable unit"),
    ("问题描述", "note"),
    ("发现时间", "found at"),
    ("上报时间", "opened at"),
    ("立案时间", "filed at"),
    ("派遣时间", "dispatched at"),
    ("整改时限", "deadline"),
    ("反馈时间", "rectified at"),
    ("结案时间", "closed at"),
    ("是否超期", "late"),
    ("延期次数", "extensions"),
    ("返工次数", "rework"),
    ("转办次数", "transfers"),
    ("办结方式", "resolution"),
    ("作废原因", "cancelled because"),
    ("并入", "merged into"),
    ("完成工作量", "work done"),
    ("外部编号", "external number"),
    ("经度(WGS-84)", "longitude (WGS-84)"),
    ("纬度(WGS-84)", "latitude (WGS-84)"),
)


def count_rows(tx: Session, principal: Principal, filters: Filters, *, most: int | None) -> int:
    """How many cases an export will hold; counting ends at ``most``."""
    plan_each_time(tx)
    chosen = sa.select(col(Problem.id)).where(*_chosen(tx, principal, filters))
    rows = (chosen if most is None else chosen.limit(most)).subquery()
    return int(tx.execute(sa.select(sa.func.count()).select_from(rows)).scalar_one())


@dataclass(frozen=True)
class Order:
    """What is to be written: whose rows, narrowed to what, in which language and time zone."""

    principal: Principal
    filters: Filters
    language: Language
    timezone: str


def read_rows(
    tx: Session, order: Order, *, after: UUID | None, limit: int
) -> tuple[list[Sequence[Any]], UUID | None]:
    """The next cases in the order in which they were opened, and where to go on; None at the end.

    Only what was opened until ``filters.now``: an export ends, however busy the city is.
    """
    query = _sheet(tx, order, after, limit, as_cell=lambda text: text)
    rows = tx.connection().execute(query).all()
    return [row[1:] for row in rows], rows[-1][0] if len(rows) == limit else None


def copy_csv(
    tx: Session, order: Order, *, after: UUID | None, limit: int
) -> tuple[bytes, int, UUID | None]:
    """The same as lines of CSV, and how many they are."""
    lines, count, last = copy_rows(tx, _sheet(tx, order, after, limit, as_cell=guarded))
    return lines, count, last if count == limit else None


def _sheet(tx: Session, order: Order, after: UUID | None, limit: int, *, as_cell: _AsCell) -> Any:
    """A batch of the sheet. Texts of a session are in its time zone: that of the city."""
    plan_each_time(tx)
    tx.connection().execute(sa.func.set_config("TimeZone", order.timezone, True))
    chosen = sa.select(Problem).where(*_chosen(tx, order.principal, order.filters))
    chosen = chosen.order_by(col(Problem.id)).limit(limit)
    if after is not None:
        chosen = chosen.where(col(Problem.id) > after)
    one: Any = sa.orm.aliased(Problem, chosen.subquery())
    return _shown(one, order.filters.now, order.language, as_cell)


def _chosen(tx: Session, principal: Principal, filters: Filters) -> list[Any]:
    until = col(Problem.opened_at) <= filters.now
    return [queries.is_visible(principal), *predicates(tx, principal, filters), until]


def _shown(one: Any, now: datetime, language: Language, as_cell: _AsCell) -> Any:
    """The id of a case, and its cells. ``as_cell`` is for what people have written."""

    def label(column: Any, words: Any) -> Any:
        named = {key.value: pick(language, *both) for key, both in words.items()}
        return sa.case(named, value=sa.type_coerce(column, sa.String))

    def moment(column: Any) -> Any:
        return sa.func.left(sa.cast(column, sa.Text), _MOMENT)

    def name(table: Any) -> Any:
        names = (table.name_zh, table.name_en)
        return as_cell(sa.func.coalesce(*(reversed(names) if language == "en" else names)))

    area: Any = sa.orm.aliased(Unit)
    district: Any = sa.orm.aliased(Unit)
    unit: Any = sa.orm.aliased(Unit)
    into: Any = sa.orm.aliased(Problem)
    late = sa.or_(
        one.overdue_at.is_not(None),
        one.ran_out,
        sa.func.coalesce(sa.and_(is_running(one), one.deadline_at < now), sa.false()),
    )
    return (
        sa.select(
            one.id,
            one.number,
            label(one.state, STATE_LABELS),
            label(one.source, SOURCE_LABELS),
            name(Category),
            as_cell(col(Category.code)),
            name(Line),
            name(district),
            name(area),
            as_cell(col(Site.code)),
            as_cell(col(Site.name)),
            name(unit),
            as_cell(one.note),
            moment(one.found_at),
            moment(one.opened_at),
            moment(one.filed_at),
            moment(one.dispatched_at),
            moment(one.deadline_at),
            moment(one.rectified_at),
            moment(one.closed_at),
            sa.case((late, pick(language, "是", "yes")), else_=pick(language, "否", "no")),
            one.extensions,
            one.rework,
            one.transfers,
            label(one.resolution, RESOLUTIONS),
            label(one.cancellation, CANCELLATIONS),
            into.number,
            _work_of(one, as_cell),
            as_cell(one.external_ref),
            one.wgs84_lon,
            one.wgs84_lat,
        )
        .join(Category, col(Category.id) == one.category_id, isouter=True)
        .join(Line, col(Line.id) == one.line_id)
        .join(area, area.id == one.area_id)
        .join(district, district.code == sa.func.split_part(one.area_path, "/", 3), isouter=True)
        .join(Site, col(Site.id) == one.site_id, isouter=True)
        .join(unit, unit.id == one.answerable_unit_id, isouter=True)
        .join(into, into.id == one.merged_into_id, isouter=True)
        .order_by(one.id)
    )


def _work_of(one: Any, as_cell: _AsCell) -> Any:
    """What was done, as people write it: 清运垃圾 2.5 立方米；修补路面 3 平方米."""
    quantity = sa.func.trim_scale(sa.cast(WorkDone.quantity_milli, sa.Numeric) / 1000)
    told = sa.func.concat_ws(" ", WorkDone.kind, quantity, WorkDone.unit)
    return (
        sa.select(as_cell(sa.func.string_agg(told, "；")))
        .where(col(WorkDone.problem_id) == one.id)
        .scalar_subquery()
    )


def get_own(tx: Session, principal: Principal, export_id: UUID, *, lock: bool = False) -> Any:
    """An export of the caller's; somebody else's does not exist for him."""
    query = select(LedgerExport).where(
        LedgerExport.id == export_id, LedgerExport.person_id == principal.user_id
    )
    found = tx.exec(query.with_for_update() if lock else query).first()
    if found is None:
        raise NotFound("export.not-found")
    return found


def find(tx: Session, export_id: UUID, *, lock: bool = False) -> LedgerExport | None:
    """An export, whoever asked for it."""
    query = select(LedgerExport).where(LedgerExport.id == export_id)
    return tx.exec(query.with_for_update() if lock else query).first()


def list_own(
    tx: Session, principal: Principal, *, before: UUID | None, limit: int
) -> Page[LedgerExport]:
    """The caller's exports, the newest first."""
    query = select(LedgerExport).where(LedgerExport.person_id == principal.user_id)
    query = query.order_by(col(LedgerExport.id).desc()).limit(limit + 1)
    if before is not None:
        query = query.where(col(LedgerExport.id) < before)
    rows = tx.exec(query).all()
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(str(rows[limit - 1].id)) if more else None)


def count_unfinished(tx: Session, person_id: UUID) -> int:
    """How many exports somebody waits for."""
    query = select(sa.func.count()).where(
        LedgerExport.person_id == person_id,
        col(LedgerExport.state).in_([ExportState.WAITING, ExportState.RUNNING]),
    )
    return tx.exec(query).one()


def list_expired(tx: Session, *, now: datetime, limit: int) -> Sequence[UUID]:
    """Exports whose files have been kept for long enough."""
    query = select(LedgerExport.id).where(
        LedgerExport.state == ExportState.DONE, col(LedgerExport.expires_at) <= now
    )
    return tx.exec(query.order_by(col(LedgerExport.expires_at)).limit(limit)).all()
