"""The query parameters by which the ledger is narrowed, as one dependency."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from app.kit.errors import Fault, Invalid
from app.ledger.asking import Asked, Order
from app.ledger.queries_filters import Box
from app.ledger.rules import ProblemSource, ProblemState
from app.web.wire import Code, Text, When

_Hours = Annotated[int, Query(ge=1, le=8784)]
_Words = Annotated[Text, Query(min_length=1, max_length=100)]
_Box = Annotated[str, Query(max_length=100, description="west,south,east,north in WGS-84")]
_Category = Annotated[Text, Query(min_length=1, max_length=102)]
_HALF, _WHOLE = 90.0, 180.0


async def _asked(  # noqa: PLR0917 - each is a query parameter
    round_id: UUID | None = None,
    state: Annotated[list[ProblemState] | None, Query(max_length=9)] = None,
    area: Code | None = None,
    unit: Code | None = None,
    line: Code | None = None,
    group: Code | None = None,
    category: _Category | None = None,
    source: ProblemSource | None = None,
    overdue: bool | None = None,
    due_within_h: _Hours | None = None,
    text: _Words | None = None,
    bbox: _Box | None = None,
    found_from: When | None = None,
    found_to: When | None = None,
    mine: bool = False,
) -> Asked:
    return Asked(
        round_id=round_id,
        state=tuple(state or ()),
        area=area,
        unit=unit,
        line=line,
        group=group,
        category=category,
        source=source,
        overdue=overdue,
        due_within_h=due_within_h,
        text=text,
        box=_read_box(bbox) if bbox is not None else None,
        found_from=found_from,
        found_to=found_to,
        to_do=mine,
    )


def _read_box(text: str) -> Box:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise _no_box() from error
    if not (-_WHOLE <= west <= east <= _WHOLE and -_HALF <= south <= north <= _HALF):
        raise _no_box()
    return Box(west, south, east, north)


def _no_box() -> Invalid:
    expected = {"expected": "west,south,east,north"}
    return Invalid("request.invalid", faults=(Fault("/bbox", "field.format", expected),))


Narrowed = Annotated[Asked, Depends(_asked)]


async def _order(order: Order | None = None) -> Order | None:
    return order


Ordered = Annotated[Order | None, Depends(_order)]
