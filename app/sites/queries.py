"""Reads of sites. Everything is narrowed to the reader's reach."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.kit.errors import NotFound
from app.kit.geo import EARTH_RADIUS_M, Point
from app.kit.paging import Page, encode_cursor
from app.kit.reach import Posting
from app.organisation.queries import at_or_below
from app.organisation.tables import Line, Unit
from app.people.tables import Person
from app.sites import rules
from app.sites.tables import RoadStandard, Site, SiteLine, SiteMove


@dataclass(frozen=True)
class SiteFilter:
    """What a list of sites is narrowed to; None does not narrow."""

    unit_path: str | None = None
    category: str | None = None
    line: str | None = None
    road_class: rules.RoadClass | None = None
    state: rules.SiteState | None = None
    text: str | None = None
    box: rules.Box | None = None


@dataclass(frozen=True)
class SiteView:
    """A site with what its columns refer to."""

    site: Site
    unit: Unit
    responsible_unit: Unit | None
    responsible_login: str | None
    lines: Sequence[Line]
    move: SiteMove | None


def visible(postings: Sequence[Posting], unit_path: Any) -> sa.ColumnElement[bool]:
    """Sites whose unit is in reach; the same as ``rules.sees``."""
    paths = {path for posting in postings for path in (*posting.area_paths, posting.unit_path)}
    return sa.or_(*(at_or_below(unit_path, path) for path in sorted(paths)), sa.false())


def get_site(tx: Session, code: str, postings: Sequence[Posting]) -> SiteView:
    """A site in the reader's reach; else there is none."""
    found = _views(tx, _query(postings).where(col(Site.code) == code))
    if not found:
        raise NotFound("site.not-found")
    return found[0]


def list_sites(
    tx: Session, postings: Sequence[Posting], only: SiteFilter, *, after: str, limit: int
) -> Page[SiteView]:
    """Sites by code."""
    query = _query(postings).where(col(Site.code) > after, *_narrowed(only))
    rows = _views(tx, query.order_by(col(Site.code)).limit(limit + 1))
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(rows[limit - 1].site.code) if more else None)


@dataclass(frozen=True)
class Near:
    view: SiteView
    distance_m: float


def list_near(
    tx: Session, postings: Sequence[Posting], centre: Point, *, radius_m: float, limit: int
) -> list[Near]:
    """Sites that are not closed within a radius of a WGS-84 point, the nearest first."""
    distance = _distance_m(centre)
    query = (
        _query(postings)
        .where(
            col(Site.state) != rules.SiteState.CLOSED,
            _inside(rules.box_around(centre, radius_m)),
            distance <= radius_m,
        )
        .order_by(distance, col(Site.code))
        .limit(limit)
        .add_columns(distance)
    )
    rows = tx.execute(query).all()
    views = _dressed(tx, [tuple(row)[:-1] for row in rows])
    return [Near(view, float(row[-1])) for view, row in zip(views, rows, strict=True)]


def lock_site(tx: Session, code: str) -> tuple[Site, Unit]:
    """A site that is about to change, and its unit; whose it is, the caller looks at."""
    row = tx.exec(
        select(Site, Unit)
        .join(Unit, col(Unit.id) == Site.unit_id)
        .where(Site.code == code)
        .with_for_update(of=Site)
    ).first()
    if row is None:
        raise NotFound("site.not-found")
    return row


def find_by_id(tx: Session, site_id: UUID) -> Site | None:
    """The site with this client-made id."""
    return tx.exec(select(Site).where(Site.id == site_id)).first()


def find_move(tx: Session, move_id: UUID) -> SiteMove | None:
    """The move with this client-made id."""
    return tx.exec(select(SiteMove).where(SiteMove.id == move_id)).first()


def waiting_move(tx: Session, site_id: UUID) -> SiteMove | None:
    """The move of a site that nobody has decided on yet."""
    waits = SiteMove.state == rules.MoveState.PROPOSED
    return tx.exec(select(SiteMove).where(SiteMove.site_id == site_id, waits)).first()


def line_codes(tx: Session, site_id: UUID) -> list[str]:
    """The codes of a site's lines, in order."""
    query = select(Line.code).join(SiteLine, col(SiteLine.line_id) == Line.id)
    return sorted(tx.exec(query.where(SiteLine.site_id == site_id)).all())


def road_standards(tx: Session) -> dict[rules.RoadClass, RoadStandard]:
    """To what each class of roads is kept, as far as the city says so."""
    return {row.road_class: row for row in tx.exec(select(RoadStandard)).all()}


def _query(postings: Sequence[Posting]) -> Any:
    answers: Any = sa.orm.aliased(Unit)
    return (
        sa.select(Site, Unit, answers, col(Person.login), SiteMove)
        .join(Unit, col(Unit.id) == col(Site.unit_id))
        .join(answers, answers.id == col(Site.responsible_unit_id), isouter=True)
        .join(Person, col(Person.id) == col(Site.responsible_person_id), isouter=True)
        .join(
            SiteMove,
            sa.and_(
                col(SiteMove.site_id) == col(Site.id),
                col(SiteMove.state) == rules.MoveState.PROPOSED,
            ),
            isouter=True,
        )
        .where(visible(postings, col(Unit.path)))
    )


def _narrowed(only: SiteFilter) -> list[Any]:
    found: list[Any] = []
    if only.unit_path is not None:
        found.append(at_or_below(col(Unit.path), only.unit_path))
    for column, value in (
        (col(Site.category), only.category),
        (col(Site.road_class), only.road_class),
        (col(Site.state), only.state),
    ):
        if value is not None:
            found.append(column == value)
    if only.line is not None:
        found.append(
            sa.exists().where(
                col(SiteLine.site_id) == col(Site.id),
                col(SiteLine.line_id) == col(Line.id),
                col(Line.code) == only.line,
            )
        )
    if only.text is not None:
        name, code = col(Site.name), col(Site.code)
        holds = [column.icontains(only.text, autoescape=True) for column in (name, code)]
        found.append(sa.or_(*holds))
    if only.box is not None:
        found.append(_inside(only.box))
    return found


def _inside(box: rules.Box) -> sa.ColumnElement[bool]:
    return sa.and_(
        col(Site.wgs84_lat).between(box.south, box.north),
        col(Site.wgs84_lon).between(box.west, box.east),
    )


def _distance_m(centre: Point) -> sa.ColumnElement[float]:
    """``kit.geo.distance_m`` in SQL."""
    lat, lon = sa.func.radians(col(Site.wgs84_lat)), col(Site.wgs84_lon)
    half_lat = sa.func.sin((lat - sa.func.radians(centre.lat)) / 2)
    half_lon = sa.func.sin(sa.func.radians(lon - centre.lon) / 2)
    cosines = sa.func.cos(lat) * sa.func.cos(sa.func.radians(centre.lat))
    a = half_lat * half_lat + cosines * half_lon * half_lon
    distance: sa.ColumnElement[float] = 2 * EARTH_RADIUS_M * sa.func.asin(sa.func.sqrt(a))
    return distance


def _views(tx: Session, query: Any) -> list[SiteView]:
    return _dressed(tx, [tuple(row) for row in tx.execute(query).all()])


def _dressed(tx: Session, rows: Sequence[tuple[Any, ...]]) -> list[SiteView]:
    """Rows of ``_query`` with their lines: one statement more, whatever their number."""
    lines: dict[UUID, list[Line]] = {row[0].id: [] for row in rows}
    if lines:
        query = select(SiteLine.site_id, Line).join(Line, col(Line.id) == SiteLine.line_id)
        query = query.where(col(SiteLine.site_id).in_(lines)).order_by(col(Line.code))
        for site_id, line in tx.exec(query).all():
            lines[site_id].append(line)
    return [
        SiteView(site, unit, answers, login, lines[site.id], move)
        for site, unit, answers, login, move in rows
    ]
