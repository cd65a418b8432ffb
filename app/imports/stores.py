"""What each kind of sheet reads from and writes to the folders below."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from app.auth.accounts import set_password
from app.checklists import importing_sheets as checklists
from app.checklists.tables import Checklist, ChecklistVersion
from app.imports.kinds import EVERY_KIND
from app.imports.rules import Key, Plan
from app.kit.changes import Change, Row
from app.organisation import importing_boundaries as boundaries
from app.organisation import importing_sheets as organisation
from app.organisation.tables import Category, Line, Responsibility, Unit, UnitBoundary
from app.people import importing_responsibilities as responsibilities
from app.people import importing_sheets as people
from app.people.importing_sheets import NewPerson
from app.people.tables import Person, PostingRow
from app.rounds import importing_sheets as rounds
from app.rounds.tables import Campaign, Round, Task
from app.scoring import importing_sheets as scoring
from app.scoring.tables import Entrant, League, Membership, RulebookRow
from app.sites import importing_sheets as sites
from app.sites.tables import Site

Stored = Mapping[Key, Row]


@dataclass(frozen=True)
class Store:
    """How the rows of a kind are read and written, and which tables that touches."""

    stored: Callable[[Session, Collection[Key]], Stored]
    apply: Callable[[Session, Sequence[Change]], Sequence[NewPerson] | None]
    tables: tuple[Any, ...]


def _whole(read: Callable[[Session], Stored]) -> Callable[[Session, Collection[Key]], Stored]:
    return lambda tx, _rounds: read(tx)


def _apply_users(tx: Session, changes: Sequence[Change]) -> Sequence[NewPerson]:
    new = people.apply_users(tx, changes)
    for person in new:
        if person.password:
            set_password(tx, person_id=person.id, password=person.password)
    return new


STORES: dict[str, Store] = {
    "units": Store(_whole(organisation.stored_units), organisation.apply_units, (Unit,)),
    "lines": Store(_whole(organisation.stored_lines), organisation.apply_lines, (Line,)),
    "categories": Store(
        _whole(organisation.stored_categories), organisation.apply_categories, (Category,)
    ),
    "users": Store(_whole(people.stored_users), _apply_users, (Person, PostingRow)),
    "responsibilities": Store(
        _whole(responsibilities.stored_responsibilities),
        responsibilities.apply_responsibilities,
        (Responsibility,),
    ),
    "checklists": Store(
        _whole(checklists.stored_checklists),
        checklists.apply_checklists,
        (Checklist, ChecklistVersion),
    ),
    "sites": Store(_whole(sites.stored_sites), sites.apply_sites, (Site,)),
    "campaigns": Store(
        _whole(scoring.stored_rated_campaigns),
        scoring.apply_rated_campaigns,
        (Campaign, RulebookRow),
    ),
    "leagues": Store(_whole(scoring.stored_leagues), scoring.apply_leagues, (League,)),
    "rounds": Store(_whole(rounds.stored_rounds), rounds.apply_rounds, (Round,)),
    "entrants": Store(scoring.stored_entrants, scoring.apply_entrants, (Entrant, Membership)),
    "tasks": Store(rounds.stored_tasks, rounds.apply_tasks, (Task,)),
    "boundaries": Store(
        _whole(boundaries.stored_boundaries), boundaries.apply_boundaries, (UnitBoundary,)
    ),
}


def read_snapshot(
    tx: Session, kinds: Iterable[str], rounds_of: Collection[Key]
) -> dict[str, Stored]:
    """What the database holds of these kinds and of what they refer to.

    Of entrants and tasks, only those of the named rounds are read.
    """
    needed = {name for kind in kinds for name in EVERY_KIND[kind].looks_at}
    return {name: STORES[name].stored(tx, rounds_of) for name in EVERY_KIND if name in needed}


def lock_tables(tx: Session, kinds: Iterable[str]) -> None:
    """Nobody else writes these tables until the transaction ends; readers and references go on."""
    names = sorted({table.__tablename__ for kind in kinds for table in STORES[kind].tables})
    if names:
        listed = ", ".join(f'"{name}"' for name in names)
        tx.connection().execute(sa.text(f"LOCK TABLE {listed} IN SHARE ROW EXCLUSIVE MODE"))


def write_plan(tx: Session, plan: Plan) -> list[NewPerson]:
    """Write all differences of a plan without faults, kind by kind; returns who is new."""
    new: list[NewPerson] = []
    for found in plan.kinds:
        if found.changes:
            new += STORES[found.kind].apply(tx, found.changes) or ()
    return new
