"""Between units and their wire shapes."""

from app.organisation.tables import Unit
from app.web.language import Language, pick
from app.web.wire import Named


def named(unit: Unit, language: Language) -> Named:
    """A unit as code and name."""
    return Named(code=unit.code, name=pick(language, unit.name_zh, unit.name_en))
