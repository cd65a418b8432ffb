"""Loads a campaign's rulebook and leagues, and enters its entrants for a round."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from app.infra import business_time, events
from app.infra.bulk import insert_rows
from app.kit.errors import Fault, Invalid
from app.kit.ids import new_id
from app.organisation import queries as organisation
from app.rounds.tables import Campaign, Round
from app.scoring.rules import RulebookState, read_rulebook
from app.scoring.rules_inputs import digest_of
from app.scoring.tables import Entrant, League, Membership, RulebookRow

Row = dict[str, Any]


def load_rulebook(tx: Session, campaign: Campaign, rules: Row) -> None:
    """A new version where the rules are not the newest version's already."""
    try:
        read_rulebook(rules)
    except Invalid as error:
        faults = tuple(
            replace(fault, pointer=f"/rulebook{fault.pointer}") for fault in error.faults
        )
        raise Invalid("request.invalid", faults=faults) from error
    versions = tx.exec(
        select(RulebookRow)
        .where(RulebookRow.campaign_id == campaign.id)
        .order_by(col(RulebookRow.number).desc())
    ).all()
    newest = next((row for row in versions if row.state is RulebookState.PUBLISHED), None)
    if newest is not None and newest.rules == rules:
        return
    now = business_time.now(tx)
    row = RulebookRow(
        campaign_id=campaign.id,
        number=versions[0].number + 1 if versions else 1,
        state=RulebookState.PUBLISHED,
        rules=rules,
        digest=digest_of(rules),
        made_by=None,
        made_at=now,
        published_at=now,
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
    """Enter the entrants of all leagues for a round; returns how many.

    Entrants of earlier rounds are met again; what is new is made. Six statements at most.
    """
    entries = [
        _Entry(league["code"], position, row, _scope_key(row))
        for league in rows
        for position, row in enumerate(league["entrants"])
    ]
    leagues = dict(
        tx.exec(select(League.code, League.id).where(League.campaign_id == new.campaign_id)).all()
    )
    known = _entrant_ids(tx, new.campaign_id, {entry.key: entry for entry in entries})
    insert_rows(
        tx,
        Membership,
        [
            {
                "id": new_id(),
                "round_id": new.id,
                "league_id": leagues[entry.league],
                "entrant_id": known[entry.key],
                "position": entry.position,
            }
            for entry in entries
        ],
    )
    return len(entries)


def make_entrants(tx: Session, campaign_id: UUID, rows: Sequence[Row]) -> list[UUID]:
    """The ids of the entrants that these rows describe, in their order; what is new is made."""
    entries = [_Entry("", position, row, _scope_key(row)) for position, row in enumerate(rows)]
    known = _entrant_ids(tx, campaign_id, {entry.key: entry for entry in entries})
    return [known[entry.key] for entry in entries]


def _entrant_ids(
    tx: Session, campaign_id: UUID, entries: "Mapping[str, _Entry]"
) -> dict[str, UUID]:
    known = dict(
        tx.exec(
            select(Entrant.scope_key, Entrant.id).where(
                Entrant.campaign_id == campaign_id, col(Entrant.scope_key).in_(set(entries))
            )
        ).all()
    )
    missing = {key: entry for key, entry in entries.items() if key not in known}
    return known | _make_entrants(tx, campaign_id, missing)


@dataclass(frozen=True)
class _Entry:
    """One entrant as a league's file names it; its key is the same in every round."""

    league: str
    position: int
    row: Row
    key: str

    @property
    def places(self) -> list[str]:
        return [self.row["unit"], *self.row["areas"]]

    @property
    def at(self) -> str:
        return f"/leagues/{self.league}/{self.position}"


def _scope_key(row: Row) -> str:
    canonical = json.dumps(
        [row["unit"], row.get("label"), sorted(row["lines"]), sorted(row["areas"])],
        ensure_ascii=False,
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def _make_entrants(
    tx: Session, campaign_id: UUID, entries: Mapping[str, _Entry]
) -> dict[str, UUID]:
    """Insert entrants that no earlier round had; returns their ids by key."""
    if not entries:
        return {}
    units = organisation.find_units(tx, [code for one in entries.values() for code in one.places])
    lines = organisation.find_lines(
        tx, [code for one in entries.values() for code in one.row["lines"]]
    )
    new = {
        key: Entrant(
            campaign_id=campaign_id,
            unit_id=_known(units, "unit", one.row["unit"], one.at),
            label=one.row.get("label"),
            scope_key=key,
            area_ids=[_known(units, "unit", code, one.at) for code in one.row["areas"]],
            line_ids=[_known(lines, "line", code, one.at) for code in one.row["lines"]],
        )
        for key, one in entries.items()
    }
    tx.add_all(new.values())
    tx.flush()
    return {key: entrant.id for key, entrant in new.items()}


def _known(found: Mapping[str, Any], kind: str, code: str, at: str) -> UUID:
    if code not in found:
        fault = Fault(at, "field.unknown-reference", {"kind": kind, "value": code})
        raise Invalid("request.invalid", faults=(fault,))
    key: UUID = found[code].id
    return key
