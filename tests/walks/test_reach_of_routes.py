"""Roles x routes x rows: every operation answers every caller as the tables say, and leaks nothing.

The permission comes from the dependency of the route and the permission table, the reach from
``doors.py``; whoever lacks the permission gets 403 before anything else is looked at, and a row out
of reach is told apart from one that does not exist by nothing at all.
"""

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any
from zlib import crc32

import pytest

from app.organisation.rules import Role
from tests.house.test_routes import PEOPLE_ONLY, needs
from tests.walks import doors
from tests.walks.city import CALLER_NAMES, CALLERS, Caller, City
from tests.walks.requests import Operation, operations

_PAGE = 50
_MANY = 4  # rows


@pytest.fixture(params=CALLER_NAMES)
def caller(request, city) -> Caller:
    return city.callers[request.param]


@pytest.fixture(scope="module")
def speakers():
    """Per test and question the names of those who ask it."""
    return {}


@pytest.fixture
def asks(request, city, caller, speakers):
    """Whether the caller is one to ask: in the short run one of each kind asks each question.

    What is asked may be several things, each with kinds of its own; who speaks for his kind
    changes from question to question, so that everybody asks. With ``--long`` everybody asks
    everything.
    """
    everybody = request.config.getoption("--long")

    def asks(question: Operation, *kinds: Callable[[Caller], Hashable]) -> bool:
        known = (request.node.originalname, question.name)
        if known not in speakers:
            speakers[known] = {one.name for one in city.heard_on(question.name, kinds)}
        return everybody or caller.name in speakers[known]

    return asks


@pytest.fixture(scope="module")
def tried(request):
    """The rows that are tried: of a command, in the short run, every second; its name says which.

    All commands on a case find it in the same way, so each row is tried by a dozen of them.
    """
    everything = request.config.getoption("--long")

    def tried(operation: Operation, examples: list[doors.Row]) -> list[doors.Row]:
        if everything or operation.method == "get" or len(examples) < _MANY:
            return examples
        return examples[crc32(operation.name.encode()) % 2 :: 2]

    return tried


@pytest.fixture(scope="module")
def listings(city):
    return doors.listed_rows(city)


def guarded(app) -> list[tuple[Operation, str | None]]:
    """The operations that ask who is calling, each with the permission that it needs."""
    required = needs()
    return [(one, required[one.name]) for one in operations() if one.name in required]


def with_parameters(app) -> list[tuple[Operation, str | None]]:
    return [(one, need) for one, need in guarded(app) if "{" in one.path]


def admitted(caller: Caller, operation: Operation, permission: str | None) -> bool:
    """Whether the door opens to the caller; what he finds behind it is another question."""
    if permission is not None:
        return permission in caller.permissions
    return not (caller.is_machine and operation.name in PEOPLE_ONLY)


def examples_for(rows: dict[str, Any], operation: Operation) -> list[doors.Row]:
    """The rows of the longest beginning of the operation's path."""
    parts = operation.path.split("/")
    for length in range(len(parts), 1, -1):
        found = rows.get("/".join(parts[:length]))
        if found is not None:
            return list(found)
    raise AssertionError(f"{operation}: name its rows in tests/walks/doors.py, named_rows")


def ask(city: City, operation: Operation, caller: Caller, values=None, **query: Any):
    """The least request that the operation accepts, undone afterwards."""
    arguments = operation.body()
    if operation.path in doors.BODIES:
        arguments = {"json": doors.BODIES[operation.path]}
    headers = {**arguments.pop("headers", {}), **caller.headers}
    params = operation.query() | doors.queries(city).get(operation.path, {}) | query
    with city.undone():
        return city.client.request(
            operation.method, operation.url(values), headers=headers, params=params, **arguments
        )


@pytest.fixture(scope="module")
def unknown(city):
    """What an operation says of a row that does not exist; the same to all, so asked once."""
    known: dict[str, Any] = {}

    def said(operation: Operation, caller: Caller) -> Any:
        if operation.name not in known:
            known[operation.name] = ask(city, operation, caller)
        return known[operation.name]

    return said


def test_the_callers_hold_every_role():
    assert {role for role, *_ in CALLERS.values()} == set(Role)


def test_every_parameter_of_a_path_has_its_rows(app, rows):
    for operation, _ in with_parameters(app):
        names = {one["name"] for one in operation.parameters("path")}
        for row in examples_for(rows, operation):
            assert set(row.values) >= names, f"{operation}: named_rows says no {names}"


def test_each_row_is_in_reach_of_one_and_out_of_reach_of_another(city, rows):
    """Else the table would prove nothing about rows that are not everybody's."""
    for path, found in rows.items():
        for row in found:
            if row.reached is not doors.everybody:
                answers = {row.reached(caller) for caller in city.callers.values()}
                assert answers == {True, False}, f"{path} {row.values}"


def test_who_lacks_the_permission_gets_403_and_nobody_else(app, city, caller, asks):
    """Asked without body or query: whoever may not use a route learns nothing of what it takes.

    That rows and lists open to whoever may use their route is seen in the next tests.
    """
    wrong = []
    listed = {operation.name for operation, _ in lists_of(app)}
    for operation, permission in guarded(app):
        seen_below = "{" in operation.path or operation.name in listed
        if seen_below and admitted(caller, operation, permission):
            continue
        if not asks(operation, partial(admitted, operation=operation, permission=permission)):
            continue
        with city.undone():
            answer = city.client.request(operation.method, operation.url(), headers=caller.headers)
        code = answer.json()["code"] if answer.status_code == 403 else ""
        refused = code in {"auth.forbidden", "auth.people-only"}
        if refused is admitted(caller, operation, permission):
            wrong.append(f"{operation} -> {answer.status_code}")
        if code == "auth.forbidden" and str(permission) not in answer.json()["detail"]:
            wrong.append(f"{operation}: the refusal does not say {permission}")
        if answer.status_code == 401 or answer.status_code >= 500:
            wrong.append(f"{operation} -> {answer.text}")
    assert not wrong, "\n".join(wrong)


def test_rows_in_reach_are_there_and_all_others_are_not(
    app, city, rows, caller, asks, unknown, tried
):
    wrong = []
    for operation, permission in with_parameters(app):
        if not admitted(caller, operation, permission):
            continue
        examples = tried(operation, examples_for(rows, operation))
        if not asks(operation, *kinds_by_row(examples, operation, permission)):
            continue
        for row, expected in [(row, row.reached(caller)) for row in examples]:
            answer = ask(city, operation, caller, row.values)
            if expected is (answer.status_code in {401, 403, 404}):
                word = "in" if expected else "out of"
                wrong.append(f"{operation} {row.values} {word} reach -> {answer.status_code}")
            elif operation.method == "get" and expected and answer.status_code >= 400:
                wrong.append(f"{operation} {row.values} -> {answer.status_code}")
            elif not expected:
                wrong += _told_apart(operation, answer, unknown(operation, caller))
    assert not wrong, "\n".join(wrong)


def kinds_by_row(
    examples: list[doors.Row], operation: Operation, permission: str | None
) -> list[Callable[[Caller], tuple[bool, ...] | None]]:
    """For each row: those who reach it, those who do not, and those who do not get that far."""
    return [kind_by_rows([row], operation, permission) for row in examples]


def kind_by_rows(
    examples: list[doors.Row], operation: Operation, permission: str | None
) -> Callable[[Caller], tuple[bool, ...] | None]:
    """Callers are of a kind if they reach the same rows; None where the door does not open."""

    def kind(one: Caller) -> tuple[bool, ...] | None:
        opens = admitted(one, operation, permission)
        return tuple(row.reached(one) for row in examples) if opens else None

    return kind


def _told_apart(operation: Operation, foreign: Any, unknown: Any) -> list[str]:
    """What a caller could learn about a row that he may not see."""
    if foreign.status_code != 404:
        return [f"{operation} on a foreign row -> {foreign.status_code}: {foreign.text}"]
    if unknown.status_code != 404:
        return [f"{operation} on no row -> {unknown.status_code}: {unknown.text}"]
    one, other = foreign.json(), unknown.json()
    same = all(one[key] == other[key] for key in ("code", "title", "detail", "errors"))
    return [] if same else [f"{operation} tells a foreign row from none: {one} {other}"]


def lists_of(app) -> list[tuple[Operation, str | None]]:
    """Every GET that answers with rows, but for those that ``doors.NO_LISTS`` excuses."""
    return [
        (operation, permission)
        for operation, permission in guarded(app)
        if operation.method == "get" and operation.path not in doors.NO_LISTS
        if _is_list(operation)
    ]


def _is_list(operation: Operation) -> bool:
    """Pages, and anything else with rows in it that is not about one row."""
    shape = operation.replies(200).get("properties", {})
    rows_in_it = any(one.get("type") == "array" for one in shape.values())
    return "next_cursor" in shape or (rows_in_it and "{" not in operation.path)


def test_every_list_is_compared_with_the_reference(app, listings):
    listed = {operation.path for operation, _ in lists_of(app)}
    missing = listed - set(listings)
    assert not missing, f"say what stands in {missing}: tests/walks/doors.py, listed_rows"


def test_a_list_holds_what_is_in_reach_and_nothing_else(app, city, rows, listings, caller, asks):
    wrong = []
    for operation, permission in lists_of(app):
        listing = listings.get(operation.path)
        if listing is None:
            continue
        above = examples_for(rows, operation)[:1] if "{" in operation.path else []
        kind = kind_by_list(listing, kind_by_rows(above, operation, permission))
        expected = kind(caller)
        if expected is None or not asks(operation, kind):
            continue
        found = pages(city, operation, caller, above[0].values if above else None, listing)
        if set(found) != expected:
            wrong.append(f"{operation}: {sorted(set(found) ^ expected)[:5]} wrongly there or not")
        if len(set(found)) != len(found):
            wrong.append(f"{operation} shows a row twice")
    assert not wrong, "\n".join(wrong)


def kind_by_list(
    listing: doors.Listing, door: Callable[[Caller], Sequence[bool] | None]
) -> Callable[[Caller], frozenset[str] | None]:
    """Callers are of a kind if they find the same rows; None where they do not get that far."""

    def kind(one: Caller) -> frozenset[str] | None:
        opens = door(one)
        return frozenset(listing.expected(one)) if opens is not None and all(opens) else None

    return kind


def pages(city, operation, caller, values, listing) -> list[str]:
    """The keys of all pages of a list."""
    names = {one["name"] for one in operation.parameters("query")}
    more: dict[str, Any] = {"limit": _PAGE} if "limit" in names else {}
    keys: list[str] = []
    while True:
        answer = ask(city, operation, caller, values, **more)
        assert answer.status_code == 200, f"{operation}: {answer.text}"
        page = answer.json()
        keys += [listing.key(entry) for entry in page[listing.items]]
        if not page.get("next_cursor"):
            return keys
        more["cursor"] = page["next_cursor"]


def test_a_visit_shows_the_answers_in_reach_and_no_others(city, caller):
    if "visit.read" not in caller.permissions:
        return
    for visit in city.visits.values():
        answer = city.client.get(f"/v1/visits/{visit}", headers=caller.headers)
        own = caller.name == "inspector"
        expected = {
            code for code, fact in city.answers(visit).items() if own or caller.reaches(fact)
        }
        if not expected:
            assert answer.status_code == 404
            continue
        assert {one["item"] for one in answer.json()["answers"]} == expected
