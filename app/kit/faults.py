"""What a validator found, in our words: one ``Fault`` per place, and never the input itself."""

from collections.abc import Mapping
from typing import Any

from app.kit.errors import Fault

_BY_TYPE: dict[str, tuple[str, str]] = {
    "missing": ("field.missing", ""),
    "extra_forbidden": ("field.extra", ""),
    "json_invalid": ("field.json", ""),
    "greater_than_equal": ("field.too-small", "ge"),
    "greater_than": ("field.too-small", "gt"),
    "less_than_equal": ("field.too-large", "le"),
    "less_than": ("field.too-large", "lt"),
    "string_too_short": ("field.too-short", "min_length"),
    "too_short": ("field.too-short", "min_length"),
    "string_too_long": ("field.too-long", "max_length"),
    "too_long": ("field.too-long", "max_length"),
    "enum": ("field.value", "expected"),
    "literal_error": ("field.value", "expected"),
    "string_pattern_mismatch": ("field.format", "pattern"),
}
_OF_THE_REQUEST = ("body", "query", "path")


def pointer_to(*parts: object) -> str:
    """An RFC 6901 pointer to a place."""
    place = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    return place.encode("utf-8", "replace").decode()  # a name may be half a surrogate pair


def fault_of(entry: Mapping[str, Any]) -> Fault:
    """One entry of pydantic's errors as a fault."""
    pointer = pointer_to(*(part for part in entry["loc"] if part not in _OF_THE_REQUEST))
    kind, context = str(entry["type"]), entry.get("ctx") or {}
    code, key = _BY_TYPE.get(kind, ("", ""))
    if code in {"field.value", "field.format"}:
        return Fault(pointer, code, {"expected": str(context.get(key, ""))})
    if code:
        return Fault(pointer, code, {"limit": _plain(context.get(key))} if key else {})
    if kind == "json_invalid" or kind.endswith("_type"):
        return Fault(pointer, "field.type", {"expected": kind.removesuffix("_type")})
    return Fault(pointer, "field.format", {"expected": kind.replace("_", " ")})


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float) else str(value)
