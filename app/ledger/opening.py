"""Opening ledger entries: one path for all sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.config import Settings
from app.evidence.service import GrantTo, grant
from app.infra import business_time, events, feeds
from app.infra.bulk import insert_rows
from app.kit.geo import Crs, Point, to_wgs84
from app.kit.ids import document_number
from app.ledger import history, queries, queries_cases
from app.ledger.rules import ProblemSource, ProblemState
from app.ledger.tables import Problem, ProblemPhoto

FEED = "ledger"


@dataclass(frozen=True)
class NewProblem:
    """A fault that is to be opened: columns of ``problem`` by name, and its photos in order.

    ``because`` says in its history why it stands where it does, and with whom.
    """

    source: ProblemSource
    found_at: datetime
    values: dict[str, Any]
    photos: Sequence[UUID]
    because: Mapping[str, Any] = field(default_factory=dict)


def open_problems(tx: Session, settings: Settings, new: Sequence[NewProblem]) -> list[Problem]:
    """Number the faults and write them as *reported*, each with its event."""
    if not new:
        return []
    now = business_time.now(tx)
    year = now.astimezone(ZoneInfo(settings.timezone)).year
    opened = []
    for serial, one in zip(queries.next_serials(tx, len(new)), new, strict=True):
        problem = Problem(
            number=document_number(year, serial),
            source=one.source,
            state=ProblemState.REPORTED,
            found_at=one.found_at,
            opened_at=now,
            **one.values,
        )
        tx.add(problem)
        opened.append(problem)
        events.record(
            tx,
            "problem.opened",
            subject=("problem", problem.id),
            number=problem.number,
            source=problem.source.value,
        )
    because = [one.because for one in new]
    history.begin_history(tx, opened, because, at=now.replace(microsecond=0))
    write_photos(tx, [(problem.id, one.photos) for problem, one in zip(opened, new, strict=True)])
    return opened


def placed(
    lat: float | None, lon: float | None, crs: Crs | None, *, site: Point | None = None
) -> dict[str, float | None]:
    """Where a case is in WGS-84: by its own point, else by its site; columns of ``problem``."""
    found = site
    if lat is not None and lon is not None and crs is not None:
        found = to_wgs84(Point(lat, lon), crs)
    return {
        "wgs84_lat": found.lat if found else None,
        "wgs84_lon": found.lon if found else None,
    }


def write_photos(tx: Session, named: Sequence[tuple[UUID, Sequence[UUID]]]) -> None:
    """The photos of entries that have none yet."""
    rows = [
        {"problem_id": problem_id, "photo_id": photo_id, "position": position, "event_seq": None}
        for problem_id, photos in named
        for position, photo_id in enumerate(dict.fromkeys(photos))
    ]
    insert_rows(tx, ProblemPhoto, rows)


def add_photos(tx: Session, problem: Problem, photos: Sequence[UUID]) -> None:
    """Photos of a fault that come after its report; those that stand there already do no harm."""
    first = queries_cases.next_photo_position(tx, problem.id)
    rows = [
        {"problem_id": problem.id, "photo_id": photo, "position": place, "event_seq": None}
        for place, photo in enumerate(photos, start=first)
    ]
    insert_rows(tx, ProblemPhoto, rows, skip_known=True)
    unit_path = problem.answerable_path
    grant(tx, [GrantTo(one, problem.area_path, problem.line_id, unit_path) for one in photos])
    touch_ledger(tx)


def touch_ledger(tx: Session) -> None:
    """What the ledger shows may have changed; the last step of a transaction."""
    feeds.touch(tx, [FEED])
