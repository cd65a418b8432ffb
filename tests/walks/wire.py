"""Requests that the OpenAPI document allows, that it forbids, and that nobody thought of.

``cases`` draws three kinds for each operation: bodies and parameters that fit the document, ones
that do not, and fitting ones in which one value is exchanged for something that has broken services
before. Where a name says what it names, the ids of rows that exist are fed in, so that what lies
behind the checks is reached too.
"""

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core import NotSet

_HOST = "http://testserver"
_LONG = "督" * 70_000
# What the database, Python's dates or JSON readers choke on.
NASTY: tuple[Any, ...] = (
    "\x00",
    "a\x00b",
    "\ud800",
    "%",
    "_" * 40,
    "' OR 1=1 --",
    "../../etc/passwd",
    "",
    " ",
    _LONG,
    2**31,
    2**63,
    -(2**63) - 1,
    10**40,
    -1,
    0,
    1e308,
    float("nan"),
    float("inf"),
    True,
    None,
    [],
    {},
    [[[[]]]],
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59.999999-23:59",
    "9999-12-31",
    "0001-01-01",
    "2018-02-30",
    "1e400",
    "00000000-0000-0000-0000-000000000000",
    "bm90IGEgY3Vyc29y",
    "WyJcdTAwMDAiXQ",
    "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5XQ",
    "WyI5OTk5LTEyLTMxVDIzOjU5OjU5WiIsIiJd",
    "W251bGxd",
    "W3RydWVd",
    "W05hTl0",
    "Wy0xXQ",
    "e30",
)


@dataclass(frozen=True)
class Known:
    """Values of rows that exist, by the name of a parameter or field that would hold them."""

    values: Mapping[str, Sequence[Any]]

    def __repr__(self) -> str:
        return "known"


@dataclass(frozen=True)
class Sent:
    """A request as it goes over the wire."""

    method: str
    url: str
    headers: dict[str, str]
    content: bytes

    def __str__(self) -> str:
        return f"{self.method} {self.url} {self.content[:2000]!r}"


@st.composite
def cases(draw: st.DrawFn, operation: Any, known: Known) -> Sent:
    """One request of any kind."""
    kind = draw(st.sampled_from(("fits", "fits", "forbidden", "nasty")))
    mode = GenerationMode.NEGATIVE if kind == "forbidden" else GenerationMode.POSITIVE
    case = _own(draw(_strategy(operation, mode)))
    if draw(st.integers(0, 3)):
        _feed(case, known, lambda choices: draw(st.sampled_from(choices)))
    if kind == "nasty":
        _spoil(case, draw)
    return sent(case)


def _strategy(operation: Any, mode: GenerationMode) -> st.SearchStrategy[Case]:
    """What takes nothing cannot be given anything wrong."""
    takes = bool(operation.body) or any(
        one.name.lower() != "authorization" for one in operation.iter_parameters()
    )
    return operation.as_strategy(generation_mode=mode if takes else GenerationMode.POSITIVE)


def _own(case: Case) -> Case:
    """With values of its own: drawn ones may be shared with other examples."""
    case.path_parameters = copy.deepcopy(case.path_parameters)
    case.query = copy.deepcopy(case.query)
    if not isinstance(case.body, NotSet):
        case.body = copy.deepcopy(case.body)
    return case


def sent(case: Case) -> Sent:
    """The bytes that a case stands for."""
    if isinstance(case.body, NotSet) or case.media_type != "application/json":
        return Sent(*_prepared(case))
    body, case.body = case.body, NotSet()
    method, url, headers, _ = _prepared(case)
    # NaN and halves of surrogate pairs as they are; what is no JSON at all as raw bytes.
    content = json.dumps(body, default=str).encode() if _is_json(body) else _raw(body)
    return Sent(method, url, {**headers, "Content-Type": "application/json"}, content)


def _is_json(body: Any) -> bool:
    return isinstance(body, dict | list | str | int | float | None)


def _raw(body: Any) -> bytes:
    return bytes(getattr(body, "data", b"\xff"))


def _prepared(case: Case) -> tuple[str, str, dict[str, str], bytes]:
    arguments = case.as_transport_kwargs(base_url=_HOST)
    accepted = ("method", "url", "headers", "files", "data", "json", "params", "cookies")
    wanted = {key: value for key, value in arguments.items() if key in accepted}
    prepared = requests.Request(**wanted).prepare()
    body = prepared.body or b""
    raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else bytes(body)
    kept = {
        str(key): str(value)
        for key, value in prepared.headers.items()
        if key.lower() in {"content-type", "accept-language", "if-none-match"}
    }
    return str(prepared.method), str(prepared.url), kept, raw


def _feed(case: Case, known: Known, choose: Callable[[Sequence[Any]], Any]) -> None:
    """Exchange made-up ids and codes for those of rows that exist, by their names."""
    for holder, name in _places(case):
        choices = known.values.get(_plain(name))
        if choices and isinstance(holder[name], str | int):
            holder[name] = choose(choices)


def _plain(name: Any) -> str:
    return str(name).removesuffix("_code").removesuffix("_number")


def _spoil(case: Case, draw: st.DrawFn) -> None:
    """Exchange one value."""
    places = list(_places(case))
    if places:
        holder, name = draw(st.sampled_from(places))
        value = draw(st.sampled_from(NASTY))
        is_json = case.media_type == "application/json"
        inside_body = not any(holder is one for one in (case.path_parameters, case.query))
        holder[name] = value if inside_body and is_json else _as_text(value)


def _as_text(value: Any) -> str:
    """Parameters are text; half a surrogate pair cannot stand in an address."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text[:2000].encode("utf-8", "replace").decode() or "-"


def _places(case: Case) -> Iterator[tuple[Any, Any]]:
    """Every place of a value: its holder and its name or position in it."""
    for holder in (case.path_parameters, case.query):
        yield from ((holder, name) for name in holder or ())
    if not isinstance(case.body, NotSet):
        yield from _inside(case.body)


def _inside(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict | list):
        for name, part in list(value.items() if isinstance(value, dict) else enumerate(value)):
            yield value, name
            yield from _inside(part)
