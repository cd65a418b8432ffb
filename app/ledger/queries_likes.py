"""Cases that are likely the same: of one category, near in place and time; or of one photo."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.evidence.tables import Photo
from app.kit.geo import Point, distance_m
from app.ledger import queries
from app.ledger.rules import ProblemState
from app.ledger.settings import Likeness
from app.ledger.tables import Problem, ProblemPhoto
from app.sites.rules import box_around
from app.web.principal import Principal

_MOST = 50


@dataclass(frozen=True)
class Like:
    """Another case, how far it is, how long before or after, and whether a photo is the same."""

    problem: Problem
    distance_m: float | None
    apart: timedelta
    same_photo: bool


def find_likes(
    tx: Session, principal: Principal, problem: Problem, likeness: Likeness
) -> list[Like]:
    """At most fifty in the caller's reach, the likeliest first; cancelled ones are left out."""
    same = set(tx.execute(_of_same_photo(problem)).scalars())
    near = _near(problem, likeness)
    either = col(Problem.id).in_(same)
    query = select(Problem).where(
        queries.is_visible(principal),
        col(Problem.id) != problem.id,
        col(Problem.state) != ProblemState.CANCELLED,
        either if near is None else sa.or_(either, near),
    )
    rows = tx.exec(query.order_by(col(Problem.id).desc()).limit(_MOST * 2)).all()
    likes = [
        Like(one, _distance(problem, one), abs(one.found_at - problem.found_at), one.id in same)
        for one in rows
    ]
    kept = [
        one
        for one in likes
        if one.same_photo or (one.distance_m is not None and one.distance_m <= likeness.within_m)
    ]
    return sorted(kept, key=lambda one: (not one.same_photo, one.distance_m or 0.0))[:_MOST]


def _near(problem: Problem, likeness: Likeness) -> sa.ColumnElement[bool] | None:
    if problem.wgs84_lat is None or problem.wgs84_lon is None or problem.category_id is None:
        return None
    box = box_around(Point(problem.wgs84_lat, problem.wgs84_lon), likeness.within_m)
    span = timedelta(hours=likeness.within_hours)
    return sa.and_(
        col(Problem.category_id) == problem.category_id,
        col(Problem.found_at).between(problem.found_at - span, problem.found_at + span),
        col(Problem.wgs84_lat).between(box.south, box.north),
        col(Problem.wgs84_lon).between(box.west, box.east),
    )


def _of_same_photo(problem: Problem) -> Any:
    own: Any = sa.orm.aliased(Photo)
    other: Any = sa.orm.aliased(Photo)
    mine: Any = sa.orm.aliased(ProblemPhoto)
    theirs: Any = sa.orm.aliased(ProblemPhoto)
    return (
        sa.select(theirs.problem_id)
        .join(other, other.id == theirs.photo_id)
        .join(own, own.blob_sha256 == other.blob_sha256)
        .join(mine, mine.photo_id == own.id)
        .where(mine.problem_id == problem.id, theirs.problem_id != problem.id)
        .distinct()
        .limit(_MOST)
    )


def _distance(one: Problem, other: Problem) -> float | None:
    places = [
        Point(each.wgs84_lat, each.wgs84_lon)
        for each in (one, other)
        if each.wgs84_lat is not None and each.wgs84_lon is not None
    ]
    return round(distance_m(*places), 1) if len(places) == len((one, other)) else None
