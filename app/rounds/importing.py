"""Loads campaigns and rounds with their sites and tasks from files.

Everything happens in the caller's transaction: a fault anywhere loads nothing. A round that is
there already is refused.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, select

from app.checklists import queries as checklists
from app.infra import business_time, events
from app.kit.errors import Conflict, Fault, Invalid
from app.kit.ids import new_id
from app.organisation import queries as organisation
from app.organisation.rules import UnitKind, codes_of
from app.organisation.tables import Unit
from app.people import queries as people
from app.rounds import queries, queries_tasks, rules
from app.rounds.rules import Period, RoundState, Source
from app.rounds.tables import Campaign, JudgingRow, Round, Task, TaskMember
from app.sites.importing import load_sites

Row = dict[str, Any]


def load_campaign(tx: Session, row: Row, *, unit: str) -> Campaign:
    """The campaign with this code, made where it is missing."""
    found = tx.exec(select(Campaign).where(Campaign.code == row["code"])).first()
    if found is not None:
        return found
    owner = organisation.find_units(tx, [unit])
    if unit not in owner:
        raise _unknown("unit", unit, "/root")
    campaign = Campaign(
        code=row["code"],
        name_zh=row["name_zh"],
        name_en=row.get("name_en"),
        unit_id=owner[unit].id,
    )
    tx.add(campaign)
    tx.flush()
    return campaign


def load_round(tx: Session, row: Row) -> Round:
    """A new round with its sites and tasks."""
    campaign = tx.exec(select(Campaign).where(Campaign.code == row["campaign"])).first()
    if campaign is None:
        raise _unknown("campaign", row["campaign"], "/campaign")
    present = select(Round.id).where(Round.campaign_id == campaign.id, Round.code == row["code"])
    if tx.exec(present).first() is not None:
        raise Conflict("round.exists", round=row["code"])
    unit, area = _frame(tx, campaign, row)
    if not rules.may_run(queries.read_judging(tx), Source(row["source"]), unit.kind):
        wrong = Fault("/source", "source.may-not-judge", {"source": row["source"]})
        raise Invalid("request.invalid", faults=(wrong,))
    state = RoundState(row["state"])
    new = Round(
        campaign_id=campaign.id,
        unit_id=unit.id,
        area_id=area.id,
        timed=row.get("timed", False),
        code=row["code"],
        name_zh=row["name_zh"],
        name_en=row.get("name_en"),
        source=Source(row["source"]),
        period=Period(row["period"]),
        announced=row["announced"],
        state=state,
        opens_at=datetime.fromisoformat(row["opens_at"]),
        closes_at=datetime.fromisoformat(row["closes_at"]),
        closed_at=business_time.now(tx) if state in rules.ENDED else None,
    )
    tx.add(new)
    tx.flush()
    sites = load_sites(tx, row["sites"])
    _load_tasks(tx, new, row["tasks"], sites, queries.judge_of(tx, new.source, unit, area))
    events.record(
        tx,
        "round.loaded",
        subject=("round", new.id),
        code=new.code,
        state=new.state.value,
        tasks=len(row["tasks"]),
    )
    tx.flush()
    return new


def load_judging(tx: Session, rows: Sequence[Row]) -> int:
    """Who may judge whom; the file's table takes the place of the one that is there."""
    values = [
        {
            "source": Source(row["source"]),
            "judge": UnitKind(row["judge"]),
            "judged": UnitKind(row["judged"]),
        }
        for row in rows
    ]
    tx.exec(sa.delete(JudgingRow))
    if values:
        tx.connection().execute(insert(JudgingRow).on_conflict_do_nothing(), values)
    return len(values)


def _frame(tx: Session, campaign: Campaign, row: Row) -> tuple[Unit, Unit]:
    """Who judges (the campaign's unit where the file is silent), and where."""
    named = [row[name] for name in ("unit", "area") if row.get(name)]
    found = organisation.find_units(tx, named)
    for code in named:
        if code not in found:
            raise _unknown("unit", code, "/unit" if code == row.get("unit") else "/area")
    owner = organisation.find_units_by_id(tx, [campaign.unit_id])[campaign.unit_id]
    unit = found[row["unit"]] if row.get("unit") else owner
    area = found[row["area"]] if row.get("area") else queries.territory_of(tx, unit)
    return unit, area


def _load_tasks(
    tx: Session, new: Round, rows: Sequence[Row], sites: dict[str, UUID], judge: rules.Judge
) -> None:
    known = people.find_people(tx, [login for row in rows for login in row["members"]])
    places = queries_tasks.find_places(tx, [row["site"] for row in rows])
    kinds = queries_tasks.kinds_by_code(tx, [place.area_path for place in places.values()])
    versions: dict[tuple[str, int], UUID] = {}
    tasks, members = [], []
    for index, row in enumerate(rows):
        at = f"/tasks/{index}"
        if row["site"] not in sites:
            raise _unknown("site", row["site"], f"{at}/site")
        path = places[row["site"]].area_path
        if not rules.is_judged(judge, path, [kinds[code] for code in codes_of(path)]):
            fault = Fault(f"{at}/site", "site.not-judged", {"site": row["site"]})
            raise Invalid("request.invalid", faults=(fault,))
        task_id = new_id()
        tasks.append(
            {
                "id": task_id,
                "round_id": new.id,
                "site_id": sites[row["site"]],
                "checklist_version_id": _version(tx, versions, row["checklist"], at),
                "blind": False,
                "area_path": path,
            }
        )
        for login in row["members"]:
            if login not in known:
                raise _unknown("person", login, f"{at}/members")
            members.append({"task_id": task_id, "person_id": known[login].id})
    if tasks:
        tx.connection().execute(insert(Task), tasks)
    if members:
        tx.connection().execute(insert(TaskMember), members)


def _version(tx: Session, known: dict[tuple[str, int], UUID], named: Row, at: str) -> UUID:
    key = (named["code"], named["version"])
    if key not in known:
        found = checklists.find_version(tx, *key)
        if found is None:
            raise _unknown("checklist", f"{key[0]}/{key[1]}", f"{at}/checklist")
        known[key] = found[1].id
    return known[key]


def _unknown(kind: str, value: str, at: str) -> Invalid:
    fault = Fault(at, "field.unknown-reference", {"kind": kind, "value": value})
    return Invalid("request.invalid", faults=(fault,))
