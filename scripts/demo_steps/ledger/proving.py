"""Holds the service against the demo's book: its summary, its lists, its tables, its histories.

Four accounts of the same cases have to agree in every count: the book, the summary and the lists
that anybody reads over HTTP, and the rows of the database, counted in SQL of the demo's own. And
each case has to come out of its events.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.ledger.replaying import differing
from scripts.demo_steps import stage
from scripts.demo_steps.ledger import book
from scripts.demo_steps.ledger.book import NAMES, Sums
from scripts.demo_steps.ledger.desks import Desk
from scripts.demo_steps.ledger.fates import Act
from scripts.demo_steps.ledger.scenes import Played

Json = dict[str, Any]
# What a summary calls the counts, where it is not as in the report.
_IN_SUMMARY = {"extended": "extension"}
_MILLI = 1000
_COUNT = sa.text("""
SELECT split_part(area_path, '/', 3) AS district,
  count(*) AS problems,
  count(*) FILTER (WHERE state = 'closed') AS closed,
  count(*) FILTER (WHERE state NOT IN ('closed', 'cancelled')) AS open,
  count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
  count(*) FILTER (WHERE state IN ('dispatched', 'rectifying') AND deadline_at < :now) AS overdue,
  count(*) FILTER (WHERE EXISTS (SELECT FROM problem_event e WHERE e.problem_id = problem.id
    AND e.action IN ('check-fail', 'rework'))) AS rework,
  count(*) FILTER (WHERE EXISTS (SELECT FROM problem_event e WHERE e.problem_id = problem.id
    AND e.action = 'approve-extension')) AS extended,
  count(*) FILTER (WHERE EXISTS (SELECT FROM problem_event e WHERE e.problem_id = problem.id
    AND e.action = 'suspend')) AS suspended,
  count(*) FILTER (WHERE EXISTS (SELECT FROM problem_event e WHERE e.problem_id = problem.id
    AND e.action = 'transfer')) AS transferred,
  count(*) FILTER (WHERE state = 'cancelled' AND merged_into_id IS NOT NULL) AS merged,
  count(*) FILTER (WHERE state = 'closed' AND resolution = 'solved') AS solved,
  count(*) FILTER (WHERE state = 'closed' AND resolution = 'staged') AS staged,
  count(*) FILTER (WHERE state = 'closed' AND resolution = 'explained') AS explained
FROM problem GROUP BY 1 ORDER BY 1
""")


@dataclass(frozen=True)
class Proof:
    """What the service says in the end, and everything in which the accounts differ."""

    whole: Sums
    by_district: dict[str, Sums]
    summary: Json
    overdue: list[Json]
    replayed: int
    faults: list[str]

    def report(self) -> Json:
        """The ledger's part of the machine-readable result."""
        districts = {code: sums.as_json() for code, sums in self.by_district.items()}
        return {"ledger": {"all": self.whole.as_json(), "by_district": districts}}


def prove(running: stage.Stage, office: Desk, played: Played) -> Proof:
    """Read all accounts and compare them."""
    summary = office.get("/v1/ledger/summary")
    overdue = list(office.pages("/v1/ledger", overdue="true"))
    now = datetime.fromisoformat(summary["as_of"])
    whole = _sums(summary["all"])
    by_district = {
        (row["about"] or {"code": ""})["code"]: _sums(row["counts"])
        for row in summary["by_district"]
    }
    wanted = book.sums_by_district(played.entries.values(), now)
    counted, differ, replayed = _of_database(running, now)
    faults = [
        *played.faults,
        *book.faults_of_sums(whole, by_district),
        *book.differences("summary", by_district, wanted),
        *book.differences("database", counted, wanted),
        *_faults_of_states(office, played),
        *_faults_of_overdue(overdue, played, now),
        *_faults_of_work(summary["work"], played),
        *(f"{number} is not what its history says: {fields}" for number, fields in differ.items()),
    ]
    if replayed != len(played.entries):
        faults.append(f"{replayed} cases were replayed instead of {len(played.entries)}")
    return Proof(whole, by_district, summary, overdue, replayed, faults)


def _sums(counts: Json) -> Sums:
    return Sums(**{name: counts[_IN_SUMMARY.get(name, name)] for name in NAMES})


def _of_database(
    running: stage.Stage, now: datetime
) -> tuple[dict[str, Sums], dict[str, tuple[str, ...]], int]:
    """Counts in SQL, cases that their events do not give back, and how many were replayed."""
    with stage.opened(running) as database, database.transaction() as tx:
        rows = tx.connection().execute(_COUNT, {"now": now}).mappings()
        counted = {
            str(row["district"]): Sums(**{name: row[name] for name in NAMES}) for row in rows
        }
        found = list(differing(tx))
    return counted, {one.number: one.fields for one in found if one is not None}, len(found)


def _faults_of_states(office: Desk, played: Played) -> list[str]:
    """Each case of the list stands where the book has it, and all of them are there."""
    found = {case["number"]: case["state"] for case in office.pages("/v1/ledger")}
    faults = [
        f"{number}: {found.get(number)} in the list instead of {entry.state}"
        for number, entry in played.entries.items()
        if found.get(number) != entry.state
    ]
    left = [number for number, entry in played.entries.items() if entry.next_step is not None]
    return faults + [f"{number}: its course has not come to its end" for number in left]


def _faults_of_overdue(overdue: list[Json], played: Played, now: datetime) -> list[str]:
    """The table of the overdue names those that the book has as overdue, and no others."""
    wanted = {number for number, one in played.entries.items() if one.sums(now).overdue}
    listed = {case["number"] for case in overdue}
    return [f"{number}: overdue in one account only" for number in sorted(wanted ^ listed)]


def _faults_of_work(work: list[Json], played: Played) -> list[str]:
    """Quantities are those of the last report-back of each closed case."""
    wanted: Counter[tuple[str, str]] = Counter()
    for number, (kind, unit, milli) in played.work.items():
        if played.entries[number].state == "closed":
            wanted[kind, unit] += milli
    said: Mapping[tuple[str, str], int] = {
        (one["kind"], one["unit"]): int(Decimal(one["quantity"]) * _MILLI) for one in work
    }
    return [
        f"work, {kind}: {said.get((kind, unit), 0)} instead of {wanted[kind, unit]} thousandths"
        for kind, unit in sorted({*wanted, *said})
        if said.get((kind, unit), 0) != wanted[kind, unit]
    ]


def unused_acts(played: Played) -> list[str]:
    """Moves that no case has made: the demo shows all of them."""
    made = {act for entry in played.entries.values() for act in entry.done}
    return [f"nobody has made the move {act.value}" for act in Act if act not in made]
