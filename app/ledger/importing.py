"""Loads how the city runs its ledger from a file."""

from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from app.infra import events
from app.kit.ids import new_id
from app.ledger.queries_cases import read_document
from app.ledger.settings import LedgerRules
from app.ledger.tables import LedgerSettings
from app.organisation import queries as organisation


def load_rules(tx: Session, document: dict[str, Any]) -> LedgerRules:
    """Take a document over as it is; KeyError, TypeError or ValueError where it is none."""
    rules = LedgerRules.read(document)
    _require_lines(tx, rules)
    before = read_document(tx)
    if before == document:
        return rules
    statement = insert(LedgerSettings).values(id=1, document=document)
    statement = statement.on_conflict_do_update(index_elements=["id"], set_={"document": document})
    tx.connection().execute(statement)
    subject = ("ledger_settings", new_id())
    events.record(tx, "ledger.rules-loaded", subject=subject, before=before, after=document)
    return rules


def _require_lines(tx: Session, rules: LedgerRules) -> None:
    named = {*rules.lines_of.values(), *([rules.citizens.line] if rules.citizens else [])}
    unknown = named - set(organisation.find_lines(tx, sorted(named)))
    if unknown:
        raise ValueError(f"unknown lines: {', '.join(sorted(unknown))}")
