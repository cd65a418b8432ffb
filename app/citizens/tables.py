"""What is kept of a citizen report beside its case."""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.infra.columns import Instant


class CitizenReport(SQLModel, table=True):
    """One report; ``number`` is what its sender asks by, and nobody guesses it.

    ``id`` comes of the sender's own id (``rules.CitizenSays.report_id``).
    """

    __tablename__ = "citizen_report"
    __table_args__ = (
        sa.UniqueConstraint("number"),
        sa.UniqueConstraint("problem_id"),
        sa.UniqueConstraint("pass_id"),
    )

    id: UUID = Field(primary_key=True)
    number: str = Field(max_length=20)
    problem_id: UUID = Field(foreign_key="problem.id")
    pass_id: UUID = Field(foreign_key="photo_pass.id")
    digest: str = Field(max_length=64)
    received_at: Instant


class CitizenContact(SQLModel, table=True):
    """How to reach who reported: sealed, and gone some time after the case is over."""

    __tablename__ = "citizen_contact"
    __table_args__ = (sa.Index("ix_citizen_contact_key_id", "key_id"),)

    report_id: UUID = Field(foreign_key="citizen_report.id", primary_key=True)
    key_id: str = Field(max_length=16)
    sealed: bytes
    kept_at: Instant
