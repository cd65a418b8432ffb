"""Requests made up from the OpenAPI document: the least that each operation accepts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.support import INTERFACE

_UNKNOWN = UUID(int=1)
_MADE_UP = {
    "uuid": str(_UNKNOWN),
    "date-time": "2018-09-10T09:00:00+08:00",
    "date": "2018-09-10",
    "time": "09:00:00",
    "uri": "https://example.org/",
    "binary": b"x",
}
_JSON = ("application/json", "application/geo+json")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True)
class Operation:
    """One method of one path, as the document describes it."""

    method: str
    path: str
    described: dict[str, Any]
    components: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def name(self) -> str:
        return str(self.described["operationId"])

    def parameters(self, place: str) -> Iterator[dict[str, Any]]:
        """The parameters in the path, the query or the header."""
        return (one for one in self.described.get("parameters", ()) if one["in"] == place)

    def url(self, values: Mapping[str, str] | None = None) -> str:
        """The path with its parameters filled: as given, else with what names nothing."""
        url = self.path
        for one in self.parameters("path"):
            filler = str(example(one["schema"], self.components))
            url = url.replace("{" + one["name"] + "}", (values or {}).get(one["name"], filler))
        return url

    def query(self) -> dict[str, Any]:
        """The query parameters that must be there."""
        return {
            one["name"]: example(one["schema"], self.components)
            for one in self.parameters("query")
            if one.get("required")
        }

    def body(self) -> dict[str, Any]:
        """The keyword arguments of a request with the least body that the schema accepts."""
        content = self.described.get("requestBody", {}).get("content", {})
        for kind, media in content.items():
            made = example(media["schema"], self.components)
            if kind in _FORMS:
                files = {name: part for name, part in made.items() if isinstance(part, bytes)}
                data = {name: part for name, part in made.items() if name not in files}
                return {"data": data} | ({"files": files} if files else {})
            if isinstance(made, bytes | str):
                raw = made if isinstance(made, bytes) else made.encode()
                return {"content": raw, "headers": {"Content-Type": kind}}
            return {"json": made}
        return {}

    def replies(self, status: int) -> dict[str, Any]:
        """The schema of a JSON reply, whatever it refers to filled in; empty without one."""
        content = self.described["responses"].get(str(status), {}).get("content", {})
        media = next((content[kind] for kind in _JSON if kind in content), {})
        schema = media.get("schema", {})
        return _resolved(schema, self.components)


def operations() -> list[Operation]:
    """All operations of the committed document, which another test holds current."""
    components = INTERFACE["components"]["schemas"]
    return [
        Operation(method, path, described, components)
        for path, found in INTERFACE["paths"].items()
        for method, described in found.items()
    ]


def example(schema: Mapping[str, Any], components: Mapping[str, Any]) -> Any:
    """The least value that fits a schema. Patterns are beyond it: they need a written example."""
    found = _resolved(schema, components)
    for key in ("anyOf", "oneOf"):
        if key in found:
            return example(_first_plain(found[key]), components)
    if "const" in found or "enum" in found:
        return found["const"] if "const" in found else found["enum"][0]
    if found.get("examples"):
        return found["examples"][0]
    kind = found.get("type")
    if kind == "object":
        wanted = found.get("required", ())
        return {name: example(found["properties"][name], components) for name in wanted}
    if kind == "array":
        return [example(found["items"], components)] * found.get("minItems", 0)
    return _plain(kind, found)


def _plain(kind: str | None, schema: Mapping[str, Any]) -> Any:
    if kind in {"integer", "number"}:
        least = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        return int(least) if kind == "integer" else least
    if kind == "boolean":
        return False
    if kind == "null":
        return None
    if "contentMediaType" in schema:
        return _MADE_UP["binary"]
    filler = "x" * max(1, schema.get("minLength", 1))
    return _MADE_UP.get(schema.get("format", ""), filler)


def _first_plain(choices: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    return next((one for one in choices if one.get("type") != "null"), choices[0])


def _resolved(schema: Mapping[str, Any], components: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(schema)
    while "$ref" in found:
        found = dict(components[found.pop("$ref").rsplit("/", 1)[1]]) | found
    for part in found.pop("allOf", ()):
        found = _resolved(part, components) | found
    return found
