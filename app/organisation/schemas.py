"""Wire shapes of units and lines."""

from app.organisation.rules import UnitKind
from app.web.wire import Named, Wire


class UnitOut(Wire):
    code: str
    scheme: str
    kind: UnitKind
    name: str
    full_name: str | None
    path: list[str]


class UnitPage(Wire):
    items: list[UnitOut]
    next_cursor: str | None


class LinePage(Wire):
    items: list[Named]
    next_cursor: str | None
