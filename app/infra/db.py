"""The database: engine, naming of constraints, and the only place that commits.

One request or one job is one transaction. ``Database.transaction`` opens it, commits at the end
and rolls back on any exception; nobody else calls ``commit``.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from psycopg.errors import Diagnostic
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel

from app.config import Environment, Settings

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

_SHIFT = "business_shift"
MAY_SHIFT = "may_shift"
_PLANNING = text(
    "SELECT set_config('plan_cache_mode', 'force_custom_plan', true),"
    " set_config('random_page_cost', '1.1', true)"
)


def make_engine(settings: Settings) -> Engine:
    """An engine over psycopg 3 with a pool of ``database_pool`` connections."""
    url = settings.database_url.get_secret_value()
    if url.startswith("postgresql://"):
        url = "postgresql+psycopg://" + url.removeprefix("postgresql://")
    return create_engine(
        url,
        pool_size=settings.database_pool,
        max_overflow=0,
        pool_pre_ping=False,
        pool_recycle=1800,
        connect_args={
            "connect_timeout": 5,
            "application_name": "dudao",
            "options": "-c timezone=UTC -c statement_timeout=60000"
            " -c idle_in_transaction_session_timeout=300000",
        },
    )


class Database:
    """Hands out transactions. Only those of demo and test may see a shifted business clock."""

    def __init__(self, engine: Engine, env: Environment) -> None:
        self.engine = engine
        self.may_shift = env is not Environment.PRODUCTION

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits when the block ends well and rolls back when it raises.

        Entering costs nothing: a session connects with its first statement.
        """
        with Session(self.engine, expire_on_commit=False) as tx, tx.begin():
            tx.info[MAY_SHIFT] = self.may_shift
            yield tx

    def dispose(self) -> None:
        self.engine.dispose()


def shift_of(tx: Session) -> timedelta:
    """By how much the business clock of this transaction runs beside the real one.

    Read at the first question and kept for the transaction; production never reads it.
    """
    if not tx.info.get(MAY_SHIFT):
        return timedelta(0)
    if _SHIFT not in tx.info:
        row = tx.connection().execute(text("SELECT shift_s FROM business_clock")).first()
        tx.info[_SHIFT] = timedelta(seconds=float(row[0]) if row else 0.0)
    shift: timedelta = tx.info[_SHIFT]
    return shift


def plan_each_time(tx: Session) -> None:
    """Plan every statement of this transaction for its own values.

    For lists that many filters narrow: a plan for all values would be none for these. And a page
    that an index leads to costs little more than the next one, in memory or on a solid-state disk;
    by PostgreSQL's own figure for spinning ones it would sooner read everything.
    """
    tx.connection().execute(_PLANNING)


def violated_constraint(error: IntegrityError) -> str | None:
    """The name of the constraint that a statement broke, as PostgreSQL reports it."""
    diagnostic: Diagnostic | None = getattr(error.orig, "diag", None)
    return diagnostic.constraint_name if diagnostic else None


@contextmanager
def conflicts(tx: Session, clashes: Mapping[str, Exception]) -> Iterator[None]:
    """Write out what the block adds; who breaks one of these constraints is told so by its error.

    Any other broken constraint is a fault of ours and goes up as it is.
    """
    try:
        yield
        tx.flush()
    except IntegrityError as error:
        known = clashes.get(violated_constraint(error) or "")
        if known is None:
            raise
        raise known from error
