"""What of an event the audit log shows: before, after and the rest, without secrets.

Events hold no secrets and no contacts of citizens to begin with; names that would hold them are
blanked here too, so that a slip elsewhere does not become readable by every auditor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BLANK = "***"
_SECRET = frozenset(
    {"password", "password_hash", "token", "secret", "key", "code_hash", "digest_key"}
)
_PERSONAL = frozenset(
    {"phone", "telephone", "mobile", "contact", "contact_name", "email", "id_card", "reporter"}
)


@dataclass(frozen=True)
class Shown:
    """The parts of an event's data."""

    before: dict[str, Any] | None
    after: dict[str, Any] | None
    data: dict[str, Any]


def shown(data: Mapping[str, Any]) -> Shown:
    """The data of an event as an auditor sees it."""
    clean = _without_secrets(data)
    before, after = clean.pop("before", None), clean.pop("after", None)
    return Shown(_object(before), _object(after), clean)


def _object(value: Any) -> dict[str, Any] | None:
    return value if value is None or isinstance(value, dict) else {"value": value}


def _without_secrets(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: BLANK if name in _SECRET | _PERSONAL and value is not None else _clean(value)
        for name, value in data.items()
    }


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return _without_secrets(value)
    if isinstance(value, list):
        return [_clean(one) for one in value]
    return value
