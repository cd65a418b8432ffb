"""What the tests must be told about paths: which rows they name, and who has those in reach.

A new route below a path that stands here is covered without a word. One with a new parameter makes
``test_reach_of_routes.py`` fail and ask for a line in ``named_rows``; a new list asks for one in
``listed_rows``; one whose query or body cannot be made up from its schema for one in ``QUERIES`` or
``BODIES``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests import factories as make
from tests.walks.city import DRAFT, Caller, City, Fact

Reached = Callable[[Caller], bool]


@dataclass(frozen=True)
class Row:
    """An example of what a path names, and who may see that it is there."""

    values: Mapping[str, str]
    reached: Reached


@dataclass(frozen=True)
class Listing:
    """What a list shows: the key of an entry, and the keys that a caller is to find."""

    key: Callable[[Any], str]
    expected: Callable[[Caller], set[str]]
    items: str = "items"


def everybody(_: Caller) -> bool:
    """Reference data: whoever has the permission may see it."""
    return True


_RANKED_ENTRANTS = """
SELECT e.entrant_id FROM ranking_entry e JOIN league l ON l.id = e.league_id
WHERE l.code = 'districts'
"""


def named_rows(city: City) -> dict[str, Sequence[Row]]:
    """Rows by the beginning of the paths that name them; the longest beginning counts."""
    headquarters = frozenset({"hq_admin", "hq_editor", "auditor"})

    def standing(caller: Caller) -> bool:
        return not caller.roles.isdisjoint(headquarters)

    def runs(caller: Caller) -> bool:
        return "hq_admin" in caller.roles

    round_ = {"round_id": city.round_id}
    seen = [Row({"code": code}, _sees_site(city, name)) for name, code in city.sites.items()]
    decided = [Row({"code": code}, _decides(city, name)) for name, code in city.sites.items()]
    parts = {
        "posting_id": _only(city, "posting", "street"),
        "session_id": _only(city, "auth_session", "street"),
        "deputy_id": city.deputy_id,
    }
    asked = {"export_id": city.export_id}
    headquarters_own = city.callers["headquarters"].id
    return {
        "/v1/sites/{code}": seen,
        **{
            f"/v1/sites/{{code}}/{verb}": decided
            for verb in ("confirm", "refuse", "close", "reopen", "edit")
        },
        "/v1/ledger-exports/{export_id}": [
            Row(asked, lambda caller: caller.id == headquarters_own)
        ],
        "/v1/units/{code}": [Row({"code": make.MINSHENG}, everybody)],
        "/v1/groups/{code}": [Row({"code": "OFFICE"}, everybody)],
        "/v1/grid-cells/{scheme}/{code}": [Row({"scheme": "local", "code": "1"}, everybody)],
        "/v1/responsibilities/{responsibility_id}": [
            Row({"responsibility_id": one}, everybody)
            for one in sorted(city.codes("SELECT id FROM responsibility"))[:1]
        ],
        "/v1/checklists/{code}": [Row({"code": "bj"}, everybody)],
        "/v1/checklists/{code}/versions/{number}": [
            Row({"code": "bj", "number": "1"}, everybody),
            Row({"code": "bj", "number": DRAFT}, _authors),
        ],
        "/v1/campaigns/{code}": [Row({"code": make.CAMPAIGN}, everybody)],
        **_commands("/v1/campaigns/{code}", {"code": make.CAMPAIGN}, runs, ("rename", "end")),
        "/v1/rounds/{round_id}": [Row(round_, everybody)],
        **_commands("/v1/rounds/{round_id}", round_, runs, _ROUND_COMMANDS),
        "/v1/rounds/{round_id}/tasks": [Row(round_, standing)],
        "/v1/round-series/{series_id}": [Row({"series_id": city.series_id}, runs)],
        "/v1/tasks/{task_id}": [Row({"task_id": city.task_id}, runs)],
        "/v1/tasks/{task_id}/hand-over": [
            Row({"task_id": city.task_id}, lambda caller: runs(caller) or _owner(city)(caller))
        ],
        "/v1/teams/{code}": [
            Row(
                {"code": city.team},
                standing,
            )
        ],
        **_commands("/v1/teams/{code}", {"code": city.team}, runs, ("join", "leave", "end")),
        "/v1/rounds/{round_id}/rankings": [Row(round_, standing)],
        "/v1/rounds/{round_id}/rankings/{league}": [
            Row(round_ | {"league": "districts"}, standing)
        ],
        "/v1/rounds/{round_id}/rankings/{league}/entries/{entrant_id}": [
            Row(
                {"round_id": city.ranked_round_id, "league": "districts", "entrant_id": one},
                everybody,
            )
            for one in sorted(city.codes(_RANKED_ENTRANTS))[:1]
        ],
        "/v1/rounds/{round_id}/runs": [Row({"round_id": city.ranked_round_id}, everybody)],
        **{
            f"/v1/rulebooks/{{rulebook_id}}{verb}": [Row({"rulebook_id": city.rulebook_id}, runs)]
            for verb in ("", "/replace", "/publish", "/discard", "/what-if")
        },
        "/v1/ranking-runs/{run_id}": [Row({"run_id": city.run_id}, everybody)],
        "/v1/ranking-runs/{run_id}/rankings/{league}/entries/{entrant_id}": [
            Row({"run_id": city.run_id, "league": "districts", "entrant_id": one}, everybody)
            for one in sorted(city.codes(_RANKED_ENTRANTS))[:1]
        ],
        "/v1/standing-periods/{period_id}": [Row({"period_id": city.period_id}, everybody)],
        "/v1/standing-periods/{period_id}/publish": [Row({"period_id": city.period_id}, runs)],
        "/v1/entrants/{entrant_id}": [
            Row({"entrant_id": one}, everybody)
            for one in sorted(city.codes("SELECT id FROM entrant"))[:1]
        ],
        "/v1/flags/{flag_id}": [Row({"flag_id": city.flag_id}, runs)],
        "/v1/awards/{award_id}": [Row({"award_id": city.award_id}, runs)],
        "/v1/appeals/{appeal_id}": [Row({"appeal_id": city.appeal_id}, _reaching(city.appeal()))],
        "/v1/visits/{visit_id}": [
            Row({"visit_id": visit}, _sees_visit(city, visit)) for visit in city.visits.values()
        ],
        "/v1/visits/{visit_id}/revisions/{number}": [
            Row({"visit_id": visit, "number": "1"}, _sees_visit(city, visit))
            for visit in city.visits.values()
        ],
        "/v1/retakes/{retake_id}": [
            Row({"retake_id": retake}, _sees_visit(city, visit))
            for visit, retake in city.retakes().items()
        ],
        "/v1/photos/{photo_id}": [
            Row({"photo_id": photo}, _sees_photo(city, photo)) for photo in city.photos.values()
        ],
        "/v1/photos/{photo_id}/complete": [
            Row({"photo_id": photo}, _owner(city)) for photo in city.photos.values()
        ],
        "/v1/users/{login}": [
            Row({"login": city.login_of("street")} | parts, _sees_people(city, "street"))
        ],
        "/v1/auth/sessions/{session_id}": [
            Row({"session_id": parts["session_id"]}, lambda caller: caller.name == "street")
        ],
        "/v1/api-keys/{key_id}": [Row({"key_id": city.key_id}, everybody)],
        "/v1/imports/{import_id}": [Row({"import_id": city.import_id}, everybody)],
        "/v1/imports/templates/{kind}": [Row({"kind": "units"}, everybody)],
        "/v1/exports/{kind}": [Row({"kind": "sites"}, everybody)],
        "/v1/photo-holds/{hold_id}": [Row({"hold_id": city.hold_id}, everybody)],
        "/v1/retention-classes/{code}": [Row({"code": "REACH"}, everybody)],
        "/v1/ledger/{number}/contact": [
            Row({"number": city.citizens_case()}, _reaching(city.problems()[city.citizens_case()]))
        ],
        "/v1/ledger/{number}": [
            Row({"number": number}, _reaching(fact)) for number, fact in city.problems().items()
        ],
    }


def listed_rows(city: City) -> dict[str, Listing]:
    """What stands in each list, by its path."""
    problems = city.problems()
    headquarters = city.callers["headquarters"].id

    def cases(caller: Caller) -> set[str]:
        return {number for number, fact in problems.items() if caller.reaches(fact)}

    sites = Listing(
        _field("code"),
        lambda caller: {
            code for name, code in city.sites.items() if _sees_site(city, name)(caller)
        },
    )
    return {
        "/v1/sites": sites,
        "/v1/sites:near": sites,
        "/v1/sites/{code}/visits": Listing(
            _field("id"),
            lambda caller: {
                visit for visit in [city.visits["home"]] if _sees_visit(city, visit)(caller)
            },
        ),
        "/v1/units": _whole("code", city.codes("SELECT code FROM unit")),
        "/v1/responsibilities": _whole("id", city.codes("SELECT id FROM responsibility")),
        "/v1/groups": _whole("code", {"OFFICE"}),
        "/v1/grid-cells": _whole("code", {"1"}),
        "/v1/lines": _whole("code", city.codes("SELECT code FROM line")),
        "/v1/checklists": _whole("code", city.codes("SELECT code FROM checklist")),
        "/v1/checklists/{code}/versions": Listing(
            _field("version"), lambda caller: {"1", DRAFT} if _authors(caller) else {"1"}
        ),
        "/v1/categories": Listing(
            lambda entry: "|".join(entry[name] for name in ("scheme", "code", "version")),
            lambda _: city.codes("SELECT scheme || '|' || code || '|' || version FROM category"),
        ),
        "/v1/rulebooks": Listing(
            _field("state"),
            lambda caller: {"published", "draft"} if _runs_city(caller) else {"published"},
        ),
        "/v1/standing-periods": _whole("id", {city.period_id}),
        "/v1/entrants": _whole("id", city.codes("SELECT id FROM entrant")),
        "/v1/flags": _whole("id", city.codes("SELECT id FROM flag")),
        "/v1/awards": _whole("id", city.codes("SELECT id FROM award")),
        "/v1/awards:totals": _whole("key", {make.FENGHUAYUAN}),
        "/v1/award-budgets": Listing(
            _field("fen"), lambda caller: {"1000000000"} if _runs_city(caller) else set()
        ),
        "/v1/appeals": Listing(
            _field("id"),
            lambda caller: {city.appeal_id} if caller.reaches(city.appeal()) else set(),
        ),
        "/v1/campaigns": _whole("code", city.codes("SELECT code FROM campaign")),
        "/v1/round-series": Listing(
            _field("id"), lambda caller: {city.series_id} if "hq_admin" in caller.roles else set()
        ),
        "/v1/teams": Listing(
            _field("code"),
            lambda caller: (
                {city.team} if caller.roles & {"hq_admin", "hq_editor", "auditor"} else set()
            ),
        ),
        "/v1/rounds/{round_id}/tasks": Listing(
            _field("id"),
            lambda caller: (
                city.codes("SELECT id FROM task")
                if caller.roles & {"hq_admin", "hq_editor", "auditor"}
                else set()
            ),
        ),
        "/v1/imports": _whole("id", {city.import_id}),
        "/v1/imports/{import_id}/differences": _whole("key", {"reach"}),
        "/v1/imports/{import_id}/faults": _whole("code", set()),
        "/v1/rounds": _whole("id", city.codes("SELECT id FROM round")),
        "/v1/users": Listing(_field("login"), lambda caller: _people_seen(city, caller)),
        "/v1/users/{login}/deputies": _whole("id", {city.deputy_id}),
        "/v1/users/{login}/sessions": _whole("id", {_only(city, "auth_session", "street")}),
        "/v1/auth/sessions": Listing(
            _field("id"),
            lambda caller: city.codes(
                f"SELECT id FROM auth_session WHERE person_id = '{caller.id}'"
            ),
        ),
        "/v1/api-keys": _whole("id", city.codes("SELECT id FROM api_key")),
        "/v1/audit": _whole("id", city.codes("SELECT id FROM event WHERE seq IS NOT NULL")),
        "/v1/tasks": Listing(
            _field("id"),
            lambda caller: {
                str(row[0])
                for row in city.rows(
                    "SELECT task_id FROM task_member WHERE person_id = :id", id=caller.id
                )
            },
        ),
        "/v1/visits": Listing(
            _field("id"),
            lambda caller: {
                visit for visit in city.visits.values() if _sees_visit(city, visit)(caller)
            },
        ),
        "/v1/retakes": Listing(
            _field("visit_id"),
            lambda caller: {visit for visit in city.retakes() if _sees_visit(city, visit)(caller)},
        ),
        "/v1/photos": Listing(
            _field("id"),
            lambda caller: set(city.photos.values()) if _owner(city)(caller) else set(),
            items="photos",
        ),
        "/v1/photo-holds": _whole("id", {city.hold_id}),
        "/v1/retention-classes": _whole("code", {"REACH"}),
        "/v1/photos:manifest": Listing(
            _field("id"),
            lambda caller: {
                photo
                for photo in city.codes("SELECT id FROM photo")
                if _sees_photo(city, photo)(caller)
            },
        ),
        "/v1/ledger": Listing(_field("number"), cases),
        "/v1/ledger:geojson": Listing(_field("id"), cases, items="features"),
        "/v1/ledger-exports": Listing(
            _field("id"),
            lambda caller: {city.export_id} if caller.id == headquarters else set(),
        ),
    }


def sees_photo(city: City, photo: str) -> Reached:
    """Who took a photo, or was granted it."""
    return _sees_photo(city, photo)


def queries(city: City) -> dict[str, dict[str, Any]]:
    """Query parameters that a route needs and that its schema cannot make up."""
    return {
        "/v1/photos": {"id": list(city.photos.values())},
        "/v1/sites:near": {"lat": 35.2392, "lon": 113.2418, "crs": "gcj02"},
        **{
            path: {"campaign": make.CAMPAIGN}
            for path in ("/v1/rulebooks", "/v1/standing-periods", "/v1/entrants")
        },
    }


def known_values(city: City) -> dict[str, list[Any]]:
    """Values of rows that exist, by the name of a parameter or of a field that would hold them."""
    found: dict[str, list[Any]] = {
        "site": sorted(city.sites.values()),
        "unit": [make.CITY, make.JIEFANG, make.MINSHENG, make.URBAN_MANAGEMENT],
        "area": [make.CITY, make.JIEFANG, make.MINSHENG],
        "parent": [make.CITY, make.JIEFANG],
        "line": ["sanitation", "public-toilets"],
        "category": ["背街小巷"],
        "checklist": ["bj", "gc"],
        "version": [1],
        "item": ["BJ-01", "BJ-02"],
        "campaign": [make.CAMPAIGN],
    }
    for rows in named_rows(city).values():
        for row in rows:
            for name, value in row.values.items():
                if value not in found.setdefault(name, []):
                    found[name].append(value)
    found["person_id"] = [str(caller.id) for caller in city.callers.values()]
    return found


# Bodies of commands on a named row that their schema cannot make up: path -> body.
_BJ = {"code": "bj", "version": 1}
BODIES: dict[str, Any] = {
    "/v1/photo-holds": {"reason": "x", "problem": "x"},
    "/v1/rounds/{round_id}/tasks": {"tasks": [{"site": "x", "checklist": _BJ}]},
    "/v1/rounds/{round_id}/draw": {"areas": [make.MINSHENG], "checklists": [_BJ]},
    "/v1/users/{login}/postings": {"role": "unit_handler", "unit": make.MINSHENG},
    "/v1/users/{login}/deputies": {
        "deputy": "nobody",
        "posting_id": "00000000-0000-0000-0000-000000000001",
        "valid_from": "2018-09-10",
        "valid_to": "2018-09-11",
    },
}

# What a GET answers that looks like a list of rows and is none, each with its reason.
NO_LISTS = frozenset(
    {
        "/v1/me",  # the caller himself
        "/v1/ledger/summary",  # sums: tests/api/test_summary.py has the figures
        "/v1/calendar",  # one year, the same for everybody
        "/v1/rounds/{round_id}/coverage",  # sums: tests/api/test_coverage.py has the figures
        "/v1/rounds/{round_id}/matrix",
        "/v1/rounds/{round_id}/rankings",  # a standing is seen whole or not at all
        "/v1/rounds/{round_id}/rankings/{league}",
        "/v1/units:locate",  # one place, with who else it could be
        "/v1/responsibilities:answerable",  # one answer, with its reasons
        "/v1/groups/{code}",  # one group, with its members
        "/v1/sync/changes",  # from a cursor on: tests/api/test_changes.py
    }
)


_ROUND_COMMANDS = ("change", "open", "close", "cancel", "draw", "open-appeals", "publish", "reopen")


def _commands(
    path: str, values: Mapping[str, str], reached: Reached, names: Sequence[str]
) -> dict[str, Sequence[Row]]:
    """Commands on a row that more people see than may command it."""
    return {f"{path}/{name}": [Row(values, reached)] for name in names}


def _field(name: str) -> Callable[[Any], str]:
    return lambda entry: str(entry[name])


def _whole(name: str, keys: set[str]) -> Listing:
    """Reference data: everybody sees all of it."""
    return Listing(_field(name), lambda _: keys)


def _reaching(*facts: Fact) -> Reached:
    return lambda caller: caller.reaches(*facts)


def _runs_city(caller: Caller) -> bool:
    """Whoever runs the rounds of the whole city."""
    return "hq_admin" in caller.roles


def _authors(caller: Caller) -> bool:
    """A draft is seen by those who may write it."""
    return "checklist.manage" in caller.permissions


def _only(city: City, table: str, name: str) -> str:
    """The id of the one row of a person."""
    (found,) = city.codes(f"SELECT id FROM {table} WHERE person_id = '{city.callers[name].id}'")
    return found


def _people_seen(city: City, caller: Caller) -> set[str]:
    """Headquarters and auditors see everybody, others who has an office at or below theirs."""
    held = city.rows(
        "SELECT p.login, u.path FROM person p JOIN posting o ON o.person_id = p.id"
        " LEFT JOIN unit u ON u.id = o.unit_id"
    )
    if caller.roles & {"hq_admin", "auditor"}:
        return {login for login, _ in held}
    tops = [posting.unit_path for posting in caller.postings]
    return {login for login, path in held if path and any(path.startswith(top) for top in tops)}


def _sees_people(city: City, name: str) -> Reached:
    login = city.login_of(name)
    return lambda caller: login in _people_seen(city, caller)


def _owner(city: City) -> Reached:
    """The one inspector who took the photos and made the visits."""
    return lambda caller: caller.id == city.callers["inspector"].id


def _sees_visit(city: City, visit: str) -> Reached:
    facts = city.answers(visit).values()
    return lambda caller: _owner(city)(caller) or caller.reaches(*facts)


def _sees_photo(city: City, photo: str) -> Reached:
    facts = city.grants(photo)
    return lambda caller: _owner(city)(caller) or caller.reaches(*facts)


def _sees_site(city: City, site: str) -> Reached:
    """A site in one of his areas, or at or below his unit; the lines do not matter."""
    path = city.site_path(site)
    return lambda caller: (
        caller.reaches_area(path) or any(path.startswith(one.unit_path) for one in caller.postings)
    )


def _decides(city: City, site: str) -> Reached:
    """Headquarters in its areas, a coordinator at and below his unit."""
    path = city.site_path(site)
    return lambda caller: (
        ("hq_admin" in caller.roles and caller.reaches_area(path))
        or (
            "unit_coordinator" in caller.roles
            and any(path.startswith(one.unit_path) for one in caller.postings)
        )
    )
