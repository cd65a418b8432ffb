"""The checklist document: a whole version as JSON, in one canonical form.

A file, the body of a draft, and what is read back are the same shape. In its canonical form every
field of the first edition stands, and each later one only where it says something: so the digest
of a version that was published before a field existed stays what it was.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.checklists.rules import (
    AnswerType,
    BadValue,
    PhotoRule,
    Scale,
    mark,
    read_scale,
    thousandths,
    written,
)
from app.kit.errors import Fault
from app.kit.workdays import LimitUnit

Row = dict[str, Any]

_HEAD = ("code", "version", "site_category", "title_zh", "title_en", "items")
_ITEM = (
    "code", "text_zh", "text_en", "weight", "answer_type", "params", "line", "problem_category",
    "veto", "veto_class", "photo_rule", "photo_min",
)  # fmt: skip
_WHERE_SAID: Row = {  # and what silence means
    "na_allowed": True,
    "applies_if": None,
    "exemption_zh": None,
    "exemption_en": None,
    "photo_max": None,
    "rectification_limit": None,
}
_COUNTS = ("observations", "per_length_m")
_EMPTY: Row = {"params": {}, "photo_min": 1}


def canonical(row: Mapping[str, Any]) -> Row:
    """The document in its one form; KeyError names a field that must be there."""
    optional: Row = {"title_en": None}
    head = {
        name: row.get(name, optional[name]) if name in optional else row[name] for name in _HEAD
    }
    return head | {"items": [_item(item) for item in row["items"]]}


def _item(row: Mapping[str, Any]) -> Row:
    optional: Row = {"text_en": None, "problem_category": None, "veto_class": None} | _EMPTY
    item = {
        name: row.get(name, optional[name]) if name in optional else row[name] for name in _ITEM
    }
    item["params"] = item["params"] or {}
    item["weight"] = plain_points(item["weight"])
    said = {name: row.get(name, silent) for name, silent in _WHERE_SAID.items()}
    for name in ("applies_if", "rectification_limit"):
        if isinstance(said[name], Mapping):
            said[name] = {key: value for key, value in said[name].items() if value is not None}
    return item | {name: value for name, value in said.items() if value != _WHERE_SAID[name]}


def plain_points(points: str) -> str:
    """Points as people write them: ``8`` and ``2.5``, without zeros at the end."""
    return written(thousandths(points)).rstrip("0").rstrip(".")


def digest_of(document: Mapping[str, Any]) -> str:
    """SHA-256 over the JSON of a document: keys in order, no spaces, UTF-8."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def unknown_fields(row: Mapping[str, Any]) -> Iterator[Fault]:
    """Names in a file that mean nothing here, most likely misspelt."""
    yield from (Fault(f"/{name}", "field.extra") for name in row if name not in _HEAD)
    for index, item in enumerate(row["items"]):
        known = {*_ITEM, *_WHERE_SAID}
        yield from (Fault(f"/items/{index}/{name}", "field.extra") for name in item.keys() - known)


def faults_of(document: Mapping[str, Any]) -> list[Fault]:
    """What contradicts itself in a canonical document; pointers into it."""
    faults: list[Fault] = []
    scales: dict[str, Scale] = {}
    for index, item in enumerate(document["items"]):
        at = f"/items/{index}"
        if item["code"] in scales:
            faults.append(Fault(f"{at}/code", "field.duplicate", {"value": item["code"]}))
        faults += _condition_faults(at, item.get("applies_if"), scales)
        faults += _photo_faults(at, item)
        faults += _note_faults(at, item)
        faults += _limit_faults(at, item.get("rectification_limit"))
        try:
            scales[item["code"]] = _scale(item)
        except ValueError as error:
            faults.append(Fault(at, "field.value", {"expected": str(error)}))
    return faults


def _scale(item: Row) -> Scale:
    for name in _COUNTS:
        count = item["params"].get(name, 1)
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ValueError(f"params.{name} is a whole number >= 1")
    return read_scale(AnswerType(item["answer_type"]), item["weight"], item["params"])


def _condition_faults(
    at: str, condition: Row | None, scales: Mapping[str, Scale]
) -> Iterator[Fault]:
    """A condition looks at an earlier item only, so that conditions cannot run in a circle."""
    if condition is None:
        return
    scale = scales.get(condition["item"])
    if scale is None:
        yield Fault(f"{at}/applies_if/item", "item.not-earlier", {"item": condition["item"]})
        return
    values: Sequence[Any] | None = condition.get("any_of")
    if values is not None and not values:
        yield Fault(f"{at}/applies_if/any_of", "field.too-short", {"limit": 1})
    for index, value in enumerate(values or ()):
        try:
            mark(scale, value)
        except BadValue as error:
            wrong = {"item": condition["item"], "expected": str(error)}
            yield Fault(f"{at}/applies_if/any_of/{index}", "item.bad-value", wrong)


def _photo_faults(at: str, item: Row) -> Iterator[Fault]:
    PhotoRule(item["photo_rule"])
    if item["photo_min"] < 1:
        yield Fault(f"{at}/photo_min", "field.too-small", {"limit": 1})
    if item.get("photo_max", item["photo_min"]) < item["photo_min"]:
        yield Fault(f"{at}/photo_max", "field.too-small", {"limit": item["photo_min"]})


def _note_faults(at: str, item: Row) -> Iterator[Fault]:
    if item["veto_class"] is not None and not item["veto"]:
        yield Fault(f"{at}/veto_class", "field.value", {"expected": "null where veto is false"})
    if item.get("exemption_en") and not item.get("exemption_zh"):
        yield Fault(f"{at}/exemption_zh", "field.missing")


def _limit_faults(at: str, limit: Row | None) -> Iterator[Fault]:
    if limit is None:
        return
    LimitUnit(limit["unit"])
    if limit["quantity"] < 1:
        yield Fault(f"{at}/rectification_limit/quantity", "field.too-small", {"limit": 1})
