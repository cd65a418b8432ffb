"""Version counters of polled feeds, so that an unchanged feed costs one primary-key read.

A handler ``touch``es the feeds that its change may alter; touching is cheap and repeatable. Once
within a second the worker turns all touched marks into new versions. A reader takes the version
*before* the content: it may then send newer content under an older version, never the reverse.
"""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, Session, SQLModel, col


class FeedVersion(SQLModel, table=True):
    """The version of one feed, named by its scope such as ``rankings:<round>``."""

    __tablename__ = "feed_version"
    __table_args__ = (
        sa.Index("ix_feed_version_touched", "scope", postgresql_where=sa.text("touched")),
    )

    scope: str = Field(primary_key=True, max_length=100)
    version: int = Field(default=1, sa_type=sa.BigInteger)
    touched: bool = False


def touch(tx: Session, scopes: Iterable[str]) -> None:
    """Mark feeds as changed by this transaction; call it once, as its last step.

    The row stays locked until the transaction ends, even where it was marked already: the bump
    waits for us, so no content is committed behind a version that has been counted up before it.
    """
    table = FeedVersion.__table__  # type: ignore[attr-defined]
    for scope in sorted(set(scopes)):
        statement = insert(table).values(scope=scope, version=1, touched=True)
        tx.connection().execute(
            statement.on_conflict_do_update(
                index_elements=[table.c.scope],
                set_={"touched": True},
                where=sa.not_(table.c.touched),
            )
        )


def bump_touched(tx: Session) -> int:
    """Give every touched feed its next version; returns how many there were."""
    table = FeedVersion.__table__  # type: ignore[attr-defined]
    ready = sa.select(table.c.scope).where(table.c.touched)
    ready = ready.order_by(table.c.scope).with_for_update()
    statement = (
        sa.update(table)
        .where(table.c.scope.in_(ready))
        .values(version=table.c.version + 1, touched=False)
    )
    return tx.connection().execute(statement).rowcount


def version_of(tx: Session, scope: str) -> int:
    """The present version of a feed; 0 when nothing was ever written to it."""
    found = tx.connection().execute(
        sa.select(col(FeedVersion.version)).where(col(FeedVersion.scope) == scope)
    )
    return int(found.scalar_one_or_none() or 0)
