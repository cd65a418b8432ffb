"""Alembic environment: all tables, one transaction, and a lock against two migrations at once."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Engine, text
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

import app.auth.tables
import app.checklists.tables
import app.citizens.tables
import app.evidence.tables
import app.imports.tables
import app.infra.business_time
import app.infra.events
import app.infra.feeds
import app.infra.jobs
import app.infra.throttles
import app.inspections.tables
import app.rounds.tables
import app.signing.tables
import app.sites.tables
import app.ledger.tables
import app.ledger.tables_exports
import app.ledger.tables_sums
import app.media.tables
import app.organisation.tables
import app.people.tables
import app.scoring.tables
import app.scoring.tables_awards
import app.scoring.tables_results  # noqa: F401 - importing registers the tables
from app.config import read_settings
from app.infra.db import make_engine

_MIGRATION_LOCK = 0x44554D47


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Plain SQLAlchemy types, so that old migrations do not depend on SQLModel."""
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String(length={item.length})"
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run() -> None:
    engine: Engine = context.config.attributes.get("engine") or make_engine(read_settings())
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=SQLModel.metadata,
            compare_type=True,
            render_item=_render,
            transaction_per_migration=False,
        )
        with context.begin_transaction():
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
            context.run_migrations()


run()
