"""Rulebooks, leagues and the entrants of rounds as the rows of sheets."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from app.infra import events
from app.infra.bulk import upsert_rows
from app.kit.changes import Change, Row
from app.kit.ids import new_id
from app.organisation.tables import Line, Unit
from app.rounds.importing_sheets import apply_campaigns, round_ids, stored_campaigns
from app.rounds.tables import Campaign, Round
from app.scoring.importing import load_rulebook, make_entrants
from app.scoring.rules import RulebookState
from app.scoring.tables import Entrant, League, Membership, RulebookRow

Key = tuple[Any, ...]
_STATES = ("planned", "open", "closed", "appeal", "published")
_USUAL = {"aggregation": "score_rate", "tie_basis": "published"}


def stored_rated_campaigns(tx: Session) -> dict[Key, Row]:
    """All campaigns by code, with who sees their standings."""
    rules = _newest_rules(tx)
    codes = dict(tx.exec(select(Campaign.code, Campaign.id)).all())
    found = {}
    for key, row in stored_campaigns(tx).items():
        visible = rules.get(codes[row["code"]], {}).get("visible_to", {})
        found[key] = row | {f"visible_{state}": sorted(visible.get(state, [])) for state in _STATES}
    return found


def _newest_rules(tx: Session) -> dict[UUID, Row]:
    rows = tx.exec(
        select(RulebookRow.campaign_id, RulebookRow.rules)
        .where(RulebookRow.state == RulebookState.PUBLISHED)
        .order_by(col(RulebookRow.number))
    ).all()
    return {campaign_id: dict(rules) for campaign_id, rules in rows}


def apply_rated_campaigns(tx: Session, changes: Sequence[Change]) -> None:
    """Write campaigns; a rulebook that differs becomes a new version."""
    ids = apply_campaigns(tx, changes)
    rules = _newest_rules(tx)
    for change in changes:
        campaign = tx.get_one(Campaign, ids[change.key])
        visible = {state: change.after[f"visible_{state}"] for state in _STATES}
        load_rulebook(tx, campaign, _USUAL | rules.get(campaign.id, {}) | {"visible_to": visible})


def stored_leagues(tx: Session) -> dict[Key, Row]:
    """All leagues by campaign and code."""
    rows = tx.exec(
        select(League, Campaign.code).join(Campaign, col(Campaign.id) == League.campaign_id)
    ).all()
    return {
        (campaign, league.code): {
            "campaign": campaign,
            "code": league.code,
            "name_zh": league.name_zh,
            "name_en": league.name_en,
            "position": league.position,
            "red": league.red_quota,
            "blue": league.blue_quota,
        }
        for league, campaign in rows
    }


def apply_leagues(tx: Session, changes: Sequence[Change]) -> None:
    """Write leagues."""
    campaigns = dict(tx.exec(select(Campaign.code, Campaign.id)).all())
    values = [
        {
            "id": new_id(),
            "campaign_id": campaigns[change.after["campaign"]],
            "position": change.after["position"],
            "code": change.after["code"],
            "name_zh": change.after["name_zh"],
            "name_en": change.after["name_en"],
            "red_quota": change.after["red"],
            "blue_quota": change.after["blue"],
        }
        for change in changes
    ]
    upsert_rows(tx, League, values, key=("campaign_id", "code"))
    ids = _league_ids(tx)
    told = [(ids[change.key], change.told()) for change in changes]
    events.record_many(tx, "row.imported", "league", told)


def _league_ids(tx: Session) -> dict[Key, UUID]:
    rows = tx.exec(
        select(Campaign.code, League.code, League.id).join(
            Campaign, col(Campaign.id) == League.campaign_id
        )
    ).all()
    return {(campaign, code): found for campaign, code, found in rows}


def stored_entrants(tx: Session, rounds: Collection[Key]) -> dict[Key, Row]:
    """The entrants of these rounds, by round, unit and label."""
    units = dict(tx.exec(select(Unit.id, Unit.code)).all())
    lines = dict(tx.exec(select(Line.id, Line.code)).all())
    keys = {found: key for key, found in round_ids(tx, rounds).items()}
    rows = tx.exec(
        select(Membership, Entrant, League.code)
        .join(Entrant, col(Entrant.id) == Membership.entrant_id)
        .join(League, col(League.id) == Membership.league_id)
        .where(col(Membership.round_id).in_(list(keys)))
    ).all()
    found = {}
    for membership, entrant, league in rows:
        campaign, code = keys[membership.round_id]
        unit, label = units[entrant.unit_id], entrant.label or ""
        found[campaign, code, unit, label] = {
            "campaign": campaign,
            "round": code,
            "league": league,
            "unit": unit,
            "label": label,
            "lines": sorted(lines[one] for one in entrant.line_ids),
            "areas": sorted(units[one] for one in entrant.area_ids),
            "position": membership.position,
        }
    return found


def apply_entrants(tx: Session, changes: Sequence[Change]) -> None:
    """Enter entrants for their rounds; of those that are in it, only the position moves."""
    rounds = round_ids(tx, {change.key[:2] for change in changes})
    leagues = _league_ids(tx)
    entrants = _make(tx, changes, rounds)
    values = [
        {
            "id": new_id(),
            "round_id": rounds[change.key[:2]],
            "league_id": leagues[change.after["campaign"], change.after["league"]],
            "entrant_id": entrants[change.key],
            "position": change.after["position"],
        }
        for change in changes
    ]
    upsert_rows(tx, Membership, values, key=("round_id", "entrant_id"))
    told = [(entrants[change.key], change.told()) for change in changes]
    events.record_many(tx, "row.imported", "entrant", told)


def _make(tx: Session, changes: Sequence[Change], rounds: Mapping[Key, UUID]) -> dict[Key, UUID]:
    """The entrants of the changed rows, made where no earlier round had them."""
    campaigns = {one.id: one.campaign_id for one in _rounds(tx, rounds.values())}
    found: dict[Key, UUID] = {}
    for campaign_id in set(campaigns.values()):
        mine = [c for c in changes if campaigns[rounds[c.key[:2]]] == campaign_id]
        rows = [
            {
                "unit": change.after["unit"],
                "label": change.after["label"] or None,
                "lines": change.after["lines"],
                "areas": change.after["areas"],
            }
            for change in mine
        ]
        ids = make_entrants(tx, campaign_id, rows)
        found |= {change.key: one for change, one in zip(mine, ids, strict=True)}
    return found


def _rounds(tx: Session, ids: Collection[UUID]) -> Sequence[Round]:
    return tx.exec(select(Round).where(col(Round.id).in_(list(ids)))).all()
