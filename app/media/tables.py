"""Retention classes: how long photos are kept, as data."""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.infra.columns import Instant, id_column


class RetentionClass(SQLModel, table=True):
    """How many days photos of a campaign, of a category of sites, of both, or of neither are kept.

    Days count from the day on which a photo was stored; None is for good.
    """

    __tablename__ = "retention_class"
    __table_args__ = (
        sa.UniqueConstraint("code"),
        sa.UniqueConstraint(
            "campaign_id",
            "category",
            name="uq_retention_class_scope",
            postgresql_nulls_not_distinct=True,
        ),
        sa.CheckConstraint("keep_days > 0", name="days"),
    )

    id: UUID = id_column()
    code: str = Field(max_length=40)
    name_zh: str = Field(max_length=100)
    name_en: str | None = Field(max_length=200)
    campaign_id: UUID | None = Field(foreign_key="campaign.id")
    category: str | None = Field(max_length=40)
    keep_days: int | None
    made_at: Instant
