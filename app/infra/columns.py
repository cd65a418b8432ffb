"""Column types that every table uses, so that equal things are stored alike."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from app.kit.ids import new_id

Instant = datetime  # SQLModel stores it with a time zone and refuses a naive one
Json = Annotated[dict[str, Any], Field(sa_type=JSONB)]


def id_column() -> Any:
    """A primary key that we make ourselves, in order of time."""
    return Field(default_factory=new_id, primary_key=True)


def enum_column(kind: type[StrEnum], *, named: str | None = None) -> sa.Enum:
    """An enum kept as text with a CHECK: new values need no ALTER TYPE.

    ``named`` is for a second column of the same kind in one table.
    """
    return sa.Enum(
        kind,
        native_enum=False,
        length=40,
        create_constraint=True,
        name=named or kind.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )
