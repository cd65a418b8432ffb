"""Loads a campaign's rulebook and leagues, and enters its entrants for a round."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from app.infra import events
from app.inspections.tables import Campaign, Round
from app.kit.errors import Fault, Invalid
from app.kit.ids import new_id
from app.organisation import queries as organisation
from app.scoring.rules import read_rulebook
from app.scoring.tables import Entrant, League, Membership, RulebookRow

Row = dict[str, Any]


def load_rulebook(tx: Session, campaign: Campaign, rules: Row) -> None:
    """A new version where the rules are not the newest version's already."""
    try:
        read_rulebook(rules)
    except (KeyError, ValueError) as error:
        fault = Fault("/rulebook", "field.value", {"expected": str(error)})
        raise Invalid("request.invalid", faults=(fault,)) from error
    newest = tx.exec(
        select(RulebookRow)
        .where(RulebookRow.campaign_id == campaign.id)
        .order_by(col(RulebookRow.number).desc())
    ).first()
    if newest is not None and newest.rules == rules:
        return
    row = RulebookRow(
        campaign_id=campaign.id, number=newest.number + 1 if newest else 1, rules=rules
    )
    tx.add(row)
    tx.flush()
    events.record(tx, "rulebook.loaded", subject=("rulebook", row.id), number=row.number)


def load_leagues(tx: Session, campaign: Campaign, rows: Sequence[Row]) -> int:
    """Insert the leagues of a campaign or bring them up to date; returns how many."""
    values = [
        {
            "id": new_id(),
            "campaign_id": campaign.id,
            "position": position,
            "code": row["code"],
            "name_zh": row["name_zh"],
            "name_en": row.get("name_en"),
            "red_quota": row["flag_quota"]["red"],
            "blue_quota": row["flag_quota"]["blue"],
        }
        for position, row in enumerate(rows)
    ]
    statement = insert(League).values(values)
    names = ("position", "name_zh", "name_en", "red_quota", "blue_quota")
    updates = {name: statement.excluded[name] for name in names}
    tx.connection().execute(
        statement.on_conflict_do_update(index_elements=["campaign_id", "code"], set_=updates)
    )
    return len(values)


def enter_round(tx: Session, new: Round, rows: Sequence[Row]) -> int:
    """Enter the entrants of all leagues for a round; returns how many."""
    leagues = {
        league.code: league
        for league in tx.exec(select(League).where(League.campaign_id == new.campaign_id)).all()
    }
    count = 0
    for row in rows:
        for position, entry in enumerate(row["entrants"]):
            entrant_id = _entrant(tx, new.campaign_id, entry, f"/leagues/{row['code']}/{position}")
            tx.add(
                Membership(
                    round_id=new.id,
                    league_id=leagues[row["code"]].id,
                    entrant_id=entrant_id,
                    position=position,
                )
            )
            count += 1
    tx.flush()
    return count


def _entrant(tx: Session, campaign_id: UUID, entry: Row, at: str) -> UUID:
    canonical = json.dumps(
        [entry["unit"], entry.get("label"), sorted(entry["lines"]), sorted(entry["areas"])],
        ensure_ascii=False,
    )
    key = hashlib.sha256(canonical.encode()).hexdigest()
    found = tx.exec(
        select(Entrant.id).where(Entrant.campaign_id == campaign_id, Entrant.scope_key == key)
    ).first()
    if found is not None:
        return found
    units = organisation.find_units(tx, [entry["unit"], *entry["areas"]])
    lines = organisation.find_lines(tx, entry["lines"])
    unknown = [code for code in (entry["unit"], *entry["areas"]) if code not in units]
    unknown += [code for code in entry["lines"] if code not in lines]
    if unknown:
        fault = Fault(at, "field.unknown-reference", {"kind": "unit", "value": unknown[0]})
        raise Invalid("request.invalid", faults=(fault,))
    entrant = Entrant(
        campaign_id=campaign_id,
        unit_id=units[entry["unit"]].id,
        label=entry.get("label"),
        scope_key=key,
        area_ids=[units[code].id for code in entry["areas"]],
        line_ids=[lines[code].id for code in entry["lines"]],
    )
    tx.add(entrant)
    tx.flush()
    return entrant.id
