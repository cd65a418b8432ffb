"""Campaigns, rounds and tasks as the rows of sheets."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import tuple_
from sqlmodel import Session, col, select

from app.checklists.rules import VersionState
from app.checklists.tables import Checklist, ChecklistVersion
from app.infra import business_time, events
from app.infra.bulk import insert_rows, upsert_rows
from app.kit.changes import Change, Row
from app.kit.ids import new_id
from app.organisation.queries import find_units_by_id
from app.organisation.tables import Unit
from app.people.tables import Person
from app.rounds.queries import territory_of
from app.rounds.rules import ENDED, Period, RoundState, Source
from app.rounds.tables import Campaign, Round, Task, TaskMember
from app.sites.tables import Site

Key = tuple[Any, ...]
_COUNTED = (col(Task.cancelled_at).is_(None), ~col(Task.blind))  # one per place


def stored_campaigns(tx: Session) -> dict[Key, Row]:
    """All campaigns by code, without their rulebooks."""
    rows = tx.exec(select(Campaign, Unit.code).join(Unit, col(Unit.id) == Campaign.unit_id)).all()
    return {
        (campaign.code,): {
            "code": campaign.code,
            "name_zh": campaign.name_zh,
            "name_en": campaign.name_en,
            "unit": unit,
        }
        for campaign, unit in rows
    }


def apply_campaigns(tx: Session, changes: Sequence[Change]) -> dict[Key, UUID]:
    """Write campaigns; returns their ids by key."""
    units = dict(tx.exec(select(Unit.code, Unit.id)).all())
    values = [
        {
            "id": new_id(),
            "code": change.after["code"],
            "name_zh": change.after["name_zh"],
            "name_en": change.after["name_en"],
            "unit_id": units[change.after["unit"]],
        }
        for change in changes
    ]
    upsert_rows(tx, Campaign, values, key=("code",))
    ids = {(code,): found for code, found in tx.exec(select(Campaign.code, Campaign.id)).all()}
    told = [(ids[change.key], change.told()) for change in changes]
    events.record_many(tx, "row.imported", "campaign", told)
    return ids


def stored_rounds(tx: Session) -> dict[Key, Row]:
    """All rounds by campaign and code; with whose they are and where, which no sheet says."""
    units = dict(tx.exec(select(Unit.id, Unit.code)).all())
    rows = tx.exec(
        select(Round, Campaign.code).join(Campaign, col(Campaign.id) == Round.campaign_id)
    ).all()
    return {
        (campaign, one.code): {
            "campaign": campaign,
            "code": one.code,
            "name_zh": one.name_zh,
            "name_en": one.name_en,
            "source": one.source.value,
            "period": one.period.value,
            "announced": one.announced,
            "opens_at": one.opens_at.astimezone(UTC).isoformat(),
            "closes_at": one.closes_at.astimezone(UTC).isoformat(),
            "state": one.state.value,
            "unit": units[one.unit_id],
            "area": units[one.area_id],
        }
        for one, campaign in rows
    }


def apply_rounds(tx: Session, changes: Sequence[Change]) -> None:
    """Make rounds, or bring them up to date but for their state."""
    campaigns = {one.code: one for one in tx.exec(select(Campaign)).all()}
    for change in changes:
        row, campaign = change.after, campaigns[change.after["campaign"]]
        values: dict[str, Any] = {
            "name_zh": row["name_zh"],
            "name_en": row["name_en"],
            "source": Source(row["source"]),
            "period": Period(row["period"]),
            "announced": row["announced"],
            "opens_at": datetime.fromisoformat(row["opens_at"]),
            "closes_at": datetime.fromisoformat(row["closes_at"]),
        }
        query = select(Round).where(Round.campaign_id == campaign.id, Round.code == row["code"])
        found = tx.exec(query).first()
        if found is None:
            state = RoundState(row["state"])
            found = Round(
                campaign_id=campaign.id,
                unit_id=campaign.unit_id,
                area_id=_territory(tx, campaign).id,
                code=row["code"],
                state=state,
                closed_at=business_time.now(tx) if state in ENDED else None,
                **values,
            )
        else:
            found.sqlmodel_update(values)
        tx.add(found)
        tx.flush()
        events.record_many(tx, "row.imported", "round", [(found.id, change.told())])


def _territory(tx: Session, campaign: Campaign) -> Unit:
    return territory_of(tx, find_units_by_id(tx, [campaign.unit_id])[campaign.unit_id])


def round_ids(tx: Session, keys: Collection[Key]) -> dict[Key, UUID]:
    """The ids of rounds by campaign and code."""
    rows = tx.exec(
        select(Campaign.code, Round.code, Round.id)
        .join(Campaign, col(Campaign.id) == Round.campaign_id)
        .where(tuple_(col(Campaign.code), col(Round.code)).in_(list(keys)))
    ).all()
    return {(campaign, code): found for campaign, code, found in rows}


def stored_tasks(tx: Session, rounds: Collection[Key]) -> dict[Key, Row]:
    """The tasks of these rounds, by round, site and checklist, whatever its version."""
    ids = {found: key for key, found in round_ids(tx, rounds).items()}
    members = defaultdict(list)
    people = (
        select(TaskMember.task_id, Person.login)
        .join(Person, col(Person.id) == TaskMember.person_id)
        .join(Task, col(Task.id) == TaskMember.task_id)
        .where(col(Task.round_id).in_(list(ids)), col(TaskMember.handed_over_at).is_(None))
    )
    for task_id, login in tx.exec(people).all():
        members[task_id].append(login)
    rows = tx.exec(
        select(Task.id, Task.round_id, Site.code, Checklist.code)
        .join(Site, col(Site.id) == Task.site_id)
        .join(ChecklistVersion, col(ChecklistVersion.id) == Task.checklist_version_id)
        .join(Checklist, col(Checklist.id) == ChecklistVersion.checklist_id)
        .where(col(Task.round_id).in_(list(ids)), *_COUNTED)
    ).all()
    return {
        (*ids[round_id], site, checklist): {
            "campaign": ids[round_id][0],
            "round": ids[round_id][1],
            "site": site,
            "checklist": checklist,
            "members": sorted(members[task_id]),
        }
        for task_id, round_id, site, checklist in rows
    }


def apply_tasks(tx: Session, changes: Sequence[Change]) -> None:
    """Make tasks with the newest versions of their checklists; put who goes there right."""
    rounds = round_ids(tx, {change.key[:2] for change in changes})
    sites = _known(tx, Site.code, Site.id, {change.after["site"] for change in changes})
    paths = _paths(tx, sites)
    logins = {login for change in changes for login in change.after["members"]}
    people = _known(tx, Person.login, Person.id, logins)
    versions = _newest_versions(tx)
    known = _task_ids(tx, set(rounds.values()))
    ids = {}
    values = []
    for change in changes:
        row, round_id = change.after, rounds[change.key[:2]]
        found = known.get((round_id, sites[row["site"]], row["checklist"]))
        ids[change.key] = found or new_id()
        if found is None:
            values.append(
                {
                    "id": ids[change.key],
                    "round_id": round_id,
                    "site_id": sites[row["site"]],
                    "checklist_version_id": versions[row["checklist"]],
                    "blind": False,
                    "area_path": paths[row["site"]],
                }
            )
    insert_rows(tx, Task, values)
    tx.connection().execute(
        sa.delete(TaskMember).where(
            col(TaskMember.task_id) == sa.any_(sa.literal(list(ids.values()), sa.ARRAY(sa.Uuid))),
            col(TaskMember.handed_over_at).is_(None),
        )
    )
    going = [
        {"task_id": ids[change.key], "person_id": people[login]}
        for change in changes
        for login in change.after["members"]
    ]
    insert_rows(tx, TaskMember, going, skip_known=True)
    told = [(ids[change.key], change.told()) for change in changes]
    events.record_many(tx, "row.imported", "task", told)


def _known(tx: Session, name: Any, key: Any, names: Collection[str]) -> dict[str, UUID]:
    given = sa.literal(list(names), sa.ARRAY(sa.String))
    return dict(tx.exec(select(name, key).where(name == sa.any_(given))).all())


def _paths(tx: Session, sites: Mapping[str, UUID]) -> dict[str, str]:
    """Per site the area that its tasks are planned in."""
    ids = sa.literal(list(sites.values()), sa.ARRAY(sa.Uuid))
    query = select(Site.code, Unit.path).join(Unit, col(Unit.id) == Site.unit_id)
    return dict(tx.exec(query.where(col(Site.id) == sa.any_(ids))).all())


def _newest_versions(tx: Session) -> dict[str, UUID]:
    rows = tx.exec(
        select(Checklist.code, ChecklistVersion.id)
        .join(ChecklistVersion, col(ChecklistVersion.checklist_id) == Checklist.id)
        .where(ChecklistVersion.state == VersionState.PUBLISHED)
        .order_by(col(ChecklistVersion.number))
    ).all()
    return dict(rows)


def _task_ids(tx: Session, rounds: Collection[UUID]) -> dict[tuple[UUID, UUID, str], UUID]:
    rows = tx.exec(
        select(Task.round_id, Task.site_id, Checklist.code, Task.id)
        .join(ChecklistVersion, col(ChecklistVersion.id) == Task.checklist_version_id)
        .join(Checklist, col(Checklist.id) == ChecklistVersion.checklist_id)
        .where(col(Task.round_id).in_(list(rounds)), *_COUNTED)
    ).all()
    return {(round_id, site_id, code): found for round_id, site_id, code, found in rows}
