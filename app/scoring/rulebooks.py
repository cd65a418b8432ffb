"""Rulebooks as they are drafted, tried on past rounds, and published for good."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from app.infra import business_time, events
from app.kit.errors import Conflict, Fault, Invalid, NotFound
from app.kit.paging import MAX_LIMIT
from app.rounds import rules as round_rules
from app.scoring import (
    queries_freezing,
    queries_marks,
    queries_rulebooks,
    queries_runs,
)
from app.scoring.queries_rulebooks import RulebookView
from app.scoring.queries_runs import RunView
from app.scoring.rules import Rulebook, RulebookState, read_rulebook
from app.scoring.rules_changes import Moved, moved
from app.scoring.rules_deciding import decided, wants_support
from app.scoring.rules_inputs import Inputs, digest_of
from app.scoring.rules_official import official
from app.scoring.rules_written import read_leagues
from app.scoring.tables import RulebookRow
from app.web.principal import Principal

Rules = Mapping[str, Any]
MOST_TRIED = 50


def draft_rulebook(tx: Session, *, campaign: str, rules: Rules, by: Principal) -> RulebookRow:
    """A draft for a campaign that the caller runs; at most one at a time."""
    found = queries_rulebooks.lock_campaign(tx, campaign)
    if found is None or not round_rules.manages(by.postings, found[1].path):
        named = {"kind": "campaign", "value": campaign}
        fault = Fault("/campaign", "field.unknown-reference", named)
        raise Invalid("request.invalid", faults=(fault,))
    _read(rules)
    versions = queries_rulebooks.list_versions(tx, found[0].id)
    if any(row.state is RulebookState.DRAFT for row in versions):
        raise Conflict("rulebook.draft-exists")
    row = RulebookRow(
        campaign_id=found[0].id,
        number=1 + max((row.number for row in versions), default=0),
        state=RulebookState.DRAFT,
        rules=dict(rules),
        digest=digest_of(rules),
        made_by=by.user_id,
        made_at=business_time.now(tx),
        published_at=None,
    )
    tx.add(row)
    tx.flush()
    events.record(tx, "rulebook.drafted", **_about(row), after=row.rules)
    return row


def replace_draft(tx: Session, *, rulebook_id: UUID, rules: Rules, by: Principal) -> RulebookRow:
    """Other rules for a draft, whole."""
    row = _managed_draft(tx, rulebook_id, by)
    _read(rules)
    before = row.rules
    row.rules, row.digest = dict(rules), digest_of(rules)
    tx.add(row)
    tx.flush()
    changed = {key for key in before.keys() | row.rules.keys() if before.get(key) != rules.get(key)}
    events.record(
        tx,
        "rulebook.changed",
        **_about(row),
        before={key: before.get(key) for key in sorted(changed)},
        after={key: rules.get(key) for key in sorted(changed)},
    )
    return row


def publish_rulebook(tx: Session, *, rulebook_id: UUID, by: Principal) -> RulebookRow:
    """From now on it counts and never changes; rounds that are published keep theirs."""
    row = _managed_draft(tx, rulebook_id, by)
    row.state, row.published_at = RulebookState.PUBLISHED, business_time.now(tx)
    tx.add(row)
    tx.flush()
    events.record(
        tx,
        "rulebook.published",
        **_about(row),
        before={"state": "draft"},
        after={"state": "published", "digest": row.digest},
    )
    return row


def discard_draft(tx: Session, *, rulebook_id: UUID, by: Principal) -> None:
    """Throw a draft away."""
    row = _managed_draft(tx, rulebook_id, by)
    events.record(tx, "rulebook.discarded", **_about(row), before=row.rules)
    tx.delete(row)
    tx.flush()


def rulebook_for(
    tx: Session, campaign_id: UUID, *, closed_at: datetime, reason: str | None
) -> RulebookRow:
    """The rulebook that a first result follows: the newest that was published before the close.

    Rules are set before the answers are known, or they could be chosen by them. Both instants are
    of the business clock, which in production is the real one. Where a campaign had no rulebook
    in time, the newest counts only with a reason, which stays with the result.
    """
    found = queries_runs.rulebook_in_force(tx, campaign_id, closed_at)
    if found is not None:
        return found
    late = queries_runs.newest_rulebook(tx, campaign_id)
    if not reason:
        raise Conflict("run.rulebook-late", rulebook=late.number)
    return late


def _about(row: RulebookRow) -> dict[str, Any]:
    """What every event about a rulebook says of it."""
    return {"subject": ("rulebook", row.id), "number": row.number}


def _read(rules: Rules) -> Rulebook:
    """Faults point into the body, where the rules stand under ``rules``."""
    try:
        return read_rulebook(rules)
    except Invalid as error:
        faults = tuple(Fault(f"/rules{one.pointer}", one.code, one.data) for one in error.faults)
        raise Invalid("request.invalid", faults=faults) from error


def managed_rulebook(tx: Session, rulebook_id: UUID, by: Principal) -> RulebookView:
    """A rulebook of a campaign that the caller runs; else there is none."""
    view = queries_rulebooks.find_rulebook(tx, rulebook_id)
    if view is None or not round_rules.manages(by.postings, view.unit.path):
        raise NotFound("rulebook.not-found")
    return view


def _managed_draft(tx: Session, rulebook_id: UUID, by: Principal) -> RulebookRow:
    row = managed_rulebook(tx, rulebook_id, by).rulebook
    queries_rulebooks.lock_rulebook(tx, row)
    if row.state is not RulebookState.DRAFT:
        raise Conflict("rulebook.published")
    return row


@dataclass(frozen=True)
class Tried:
    """What a rulebook would have moved in one published result."""

    view: RunView
    moved: Sequence[Moved]


def what_if(
    tx: Session, *, rulebook_id: UUID, rounds: Sequence[UUID], by: Principal
) -> list[Tried]:
    """A rulebook applied to published rounds of its campaign (all, where none is named).

    Nothing is changed; every place, score, flag and yuan that would move is told.
    """
    view = managed_rulebook(tx, rulebook_id, by)
    book = read_rulebook(view.rulebook.rules)
    runs = queries_rulebooks.newest_runs(
        tx, view.rulebook.campaign_id, limit=MOST_TRIED if not rounds else MAX_LIMIT
    )
    chosen = [one for one in runs if not rounds or one.run.round_id in set(rounds)]
    return [Tried(one, _moved_by(tx, one, view.rulebook.rules, book)) for one in chosen]


def _moved_by(tx: Session, view: RunView, rules: Rules, book: Rulebook) -> list[Moved]:
    run = view.run
    freezes = [one.id for one in queries_runs.freezes_of(tx, run.id)]
    named = run.period_id is not None
    marks = queries_marks.read_marks(tx, freezes, book, named=named)
    inputs = Inputs(read_leagues(run.inputs), marks.sites)
    if wants_support(inputs, book):
        visits = queries_freezing.read_inspections(tx, freezes, named=named)
        return moved(run.official, decided(inputs, book, rules, visits).result.data)
    return moved(run.official, official(inputs, book, rules).data)
