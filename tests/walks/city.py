"""A small city with rows in two districts and on many lines, and everybody who might ask for them.

What each caller has in reach is decided by ``organisation.rules.covers`` over rows read with plain
SQL: the slow reference that the routes are compared with.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID
from zlib import crc32

import sqlalchemy as sa
from sqlmodel import Session

from app.auth.permissions import ROLE_PERMISSIONS
from app.kit.ids import new_id
from app.kit.reach import Posting
from app.organisation.rules import Role, covers
from tests import factories as make
from tests.secrets_planted import PLANTED
from tests.support import city_day, read_again, settle

# name: role, unit, areas, lines (none: all). Between them they hold every role.
CALLERS: dict[str, tuple[Role, str, tuple[str, ...], tuple[str, ...]]] = {
    "headquarters": (Role.HQ_ADMIN, make.CITY, (make.CITY,), ()),
    "editor": (Role.HQ_EDITOR, make.CITY, (make.CITY,), ()),
    "auditor": (Role.AUDITOR, make.CITY, (make.CITY,), ()),
    "inspector": (Role.INSPECTOR, make.CITY, (make.CITY,), ()),
    "lead": (Role.TEAM_LEAD, make.CITY, (make.SHANYANG,), ("sanitation",)),
    "bureau": (
        Role.UNIT_COORDINATOR,
        make.URBAN_MANAGEMENT,
        (make.CITY,),
        ("public-toilets", "signage"),
    ),
    "district": (Role.UNIT_COORDINATOR, make.JIEFANG, (make.JIEFANG,), ()),
    "foreign district": (Role.UNIT_COORDINATOR, make.SHANYANG, (make.SHANYANG,), ()),
    "street": (Role.UNIT_HANDLER, make.MINSHENG, (make.MINSHENG,), ()),
    "platform": (Role.PLATFORM, make.CITY, (make.CITY,), ()),
    "dashboard": (Role.DASHBOARD, make.JIEFANG, (make.JIEFANG,), ()),
}
DRAFT = "2"  # the number of a version that is being written
# A machine with a key for one district, which may do less than its role.
KEY = "dashboard key"
_KEY_SCOPES = ("ledger.read", "organisation.read", "round.read")
CALLER_NAMES = (*CALLERS, KEY)
# One visit each; the bureau's lines are found at fault in one district only.
_SITES = {
    "home": (make.MINSHENG, {"BJ-02": 1, "BJ-03": 1}),
    "neighbour": (make.XINHUA, {"BJ-04": 1}),
    "foreign": (make.DONGFANGHONG, {"BJ-02": 1, "BJ-05": 1}),
}
# Their photos hold secrets, which no public copy may say.
_PHOTOS = {"home": "JPEG", "neighbour": "PNG", "foreign": "WebP"}


@dataclass(frozen=True)
class Fact:
    """What the scope predicate asks of a row."""

    area_path: str
    line_id: UUID
    answerable_path: str | None


@dataclass(frozen=True)
class Caller:
    """Somebody who is signed in, and what he holds as plain data."""

    name: str
    id: UUID
    headers: dict[str, str]
    roles: frozenset[str]
    permissions: frozenset[str]
    postings: tuple[Posting, ...]
    is_machine: bool = False

    def reaches(self, *facts: Fact) -> bool:
        """Whether any of these lies in his reach."""
        return any(
            covers(
                self.postings,
                area_path=fact.area_path,
                line_id=fact.line_id,
                answerable_path=fact.answerable_path,
            )
            for fact in facts
        )

    def reaches_area(self, path: str) -> bool:
        """Whether a place lies in one of his areas, whatever the line."""
        return any(path.startswith(area) for one in self.postings for area in one.area_paths)


@dataclass
class City:
    """The rows that paths name, and the facts about them."""

    connection: sa.Connection
    tx: Session
    client: Any
    round_id: str = ""
    series_id: str = ""
    task_id: str = ""
    team: str = "REACH-TEAM"
    import_id: str = ""
    callers: dict[str, Caller] = field(default_factory=dict)
    sites: dict[str, str] = field(default_factory=dict)
    visits: dict[str, str] = field(default_factory=dict)
    photos: dict[str, str] = field(default_factory=dict)
    deputy_id: str = ""
    export_id: str = ""
    key_id: str = ""
    hold_id: str = ""
    ranked_round_id: str = ""
    rulebook_id: str = ""
    run_id: str = ""
    period_id: str = ""
    flag_id: str = ""
    award_id: str = ""
    appeal_id: str = ""

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """What plain SQL finds."""
        found = self.connection.execute(sa.text(statement), values)
        return [tuple(row) for row in found]

    def codes(self, statement: str) -> set[str]:
        """The first column as text."""
        return {str(row[0]) for row in self.rows(statement)}

    def login_of(self, name: str) -> str:
        """The login of a caller."""
        return self.codes(f"SELECT login FROM person WHERE id = '{self.callers[name].id}'").pop()

    def answers(self, visit: str) -> dict[str, Fact]:
        """Per item code, the fact of the answer in a visit's present revision."""
        found = self.rows(
            "SELECT i.code, a.area_path, a.line_id, u.path FROM answer a"
            " JOIN visit v ON v.current_revision_id = a.revision_id"
            " JOIN item i ON i.id = a.item_id LEFT JOIN unit u ON u.id = a.answerable_unit_id"
            " WHERE v.id = :id",
            id=UUID(visit),
        )
        return {row[0]: Fact(*row[1:]) for row in found}

    def retakes(self) -> dict[str, str]:
        """Per visit the photo that is to be taken again."""
        return {str(row[0]): str(row[1]) for row in self.rows("SELECT visit_id, id FROM retake")}

    def problems(self) -> dict[str, Fact]:
        """Per number of a ledger entry, its fact."""
        found = self.rows("SELECT number, area_path, line_id, answerable_path FROM problem")
        return {row[0]: Fact(*row[1:]) for row in found}

    def appeal(self) -> Fact:
        """The fact of the appeal."""
        found = self.rows("SELECT area_path, line_id, answerable_path FROM appeal")
        return Fact(*found[0])

    def citizens_case(self) -> str:
        """The entry of the citizen who left a contact."""
        return str(self.rows("SELECT number FROM problem WHERE source = 'citizen'")[0][0])

    def problem_at(self, site: str) -> str:
        """The first entry of a site."""
        found = self.rows(
            "SELECT min(number) FROM problem p JOIN site s ON s.id = p.site_id"
            " WHERE s.code = :code",
            code=self.sites[site],
        )
        return str(found[0][0])

    def grants(self, photo: str) -> list[Fact]:
        """Whom a photo was shown to."""
        statement = "SELECT area_path, line_id, unit_path FROM photo_grant WHERE photo_id = :id"
        return [Fact(*row) for row in self.rows(statement, id=UUID(photo))]

    def site_path(self, site: str) -> str:
        """The path of the unit that a site lies in."""
        statement = "SELECT u.path FROM site s JOIN unit u ON u.id = s.unit_id WHERE s.code = :code"
        return str(self.rows(statement, code=self.sites[site])[0][0])

    def heard_on(self, turn: str, kinds: Iterable[Callable[[Caller], Hashable]]) -> list[Caller]:
        """Of each kind, by every way to tell kinds, somebody; at another ``turn`` another one.

        Whoever is heard anyway speaks for his other kinds too, so they are no more than needed.
        """
        names = sorted(self.callers, key=lambda name: crc32(f"{turn} {name}".encode()))
        callers = [self.callers[name] for name in names]
        heard: list[Caller] = []
        for kind in kinds:
            known = {kind(one) for one in heard}
            heard += {kind(one): one for one in callers if kind(one) not in known}.values()
        return heard

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Whatever happens inside has not happened afterwards."""
        self.tx.commit()  # its savepoint, if it has one open, would end the one that follows
        point = self.connection.begin_nested()
        try:
            yield
        finally:
            self.tx.rollback()
            point.rollback()


def build(connection: sa.Connection, tx: Session, client: Any, runtime: Any, http: Any) -> City:
    """Callers, and a round in which one inspector has visited three sites, with photos."""
    city = City(connection, tx, client)
    paths = dict(city.rows("SELECT code, path FROM unit"))
    lines = dict(city.rows("SELECT code, id FROM line"))
    for name, held in CALLERS.items():
        city.callers[name] = _caller(tx, name, paths, lines, *held)
    inspector = city.callers["inspector"]
    login = make.Login(inspector.id, "", inspector.headers)
    city.sites = {name: f"REACH-{name}" for name in _SITES}
    city.round_id = str(_round(tx, city, str(inspector.id)).id)
    city.task_id = str(make.task_at(tx, UUID(city.round_id)))
    make.make_team(tx, city.team)
    city.series_id = str(make.make_series(tx, made_by=inspector.id).id)
    for name, (_, values) in _SITES.items():
        plan = make.plan_visit(tx, UUID(city.round_id), city.sites[name], values=values)
        answer = make.submit(client, login, plan.body)
        assert answer.status_code == 201, answer.text
        for photo in plan.photos:
            content, kind = PLANTED[_PHOTOS[name]](), f"image/{_PHOTOS[name].lower()}"
            make.upload_photo(client, http, login, content, id=photo, content_type=kind)
        city.visits[name], city.photos[name] = plan.body["id"], plan.photos[0]
    _people(city)
    settle(runtime)
    read_again(runtime)
    _draft_checklist(city)
    for name, visit in city.visits.items():
        wanted = {"photo_id": city.photos[name], "reason": "看不清楚"}
        headers = city.callers["headquarters"].headers
        client.post(f"/v1/visits/{visit}/retakes", json=wanted, headers=headers).raise_for_status()
    _plan_import(city)
    _group_and_cell(city)
    _keep_photos(city)
    _rank(city)
    _export(city)
    _report_as_citizen(city)
    return city


def _report_as_citizen(city: City) -> None:
    """With a contact, which the very few may read."""
    here = {"lat": 35.2392, "lon": 113.2418, "crs": "gcj02"}
    said = {"id": str(new_id()), "location": here, "note": "路面破损", "contact": "13800138000"}
    city.client.post("/v1/public/reports", json=said).raise_for_status()


def _rank(city: City) -> None:
    """A published round with a period, a draft rulebook, a flag, an award and an appeal."""
    headers = city.callers["headquarters"].headers

    def post(path: str, body: Any) -> Any:
        answer = city.client.post(path, json=body, headers=headers)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    round_ = make.make_round(city.tx, state="closed", leagues=make.league_rows("districts"))
    city.ranked_round_id = str(round_.id)
    city.run_id = post(f"/v1/rounds/{round_.id}/publish", {})["id"]
    rules = city.rows("SELECT rules FROM rulebook LIMIT 1")[0][0]
    draft = {"campaign": make.CAMPAIGN, "rules": rules}
    city.rulebook_id = post("/v1/rulebooks", draft)["id"]
    days = {"starts_on": "2018-09-10", "ends_on": "2018-09-16"}
    week = {"campaign": make.CAMPAIGN, "code": "w37", "name_zh": "周", "period": "week", **days}
    city.period_id = post("/v1/standing-periods", week)["id"]
    given = {"issuer": make.CITY, "unit": make.FENGHUAYUAN, "reason": "例会"}
    city.flag_id = post("/v1/flags", given | {"colour": "blue"})["id"]
    city.award_id = post("/v1/awards", given | {"fen": 100})["id"]
    budget = {"issuer": make.CITY, "period": "week", "fen": 10**9, "valid_from": "2018-01-01"}
    post("/v1/award-budgets", budget)
    city.appeal_id = str(new_id())
    city.connection.execute(sa.text(_APPEAL), {"id": city.appeal_id, "visit": city.visits["home"]})


# The round is open, so that nobody may appeal in it yet; what is tried here is who sees an appeal.
_APPEAL = """
INSERT INTO appeal (id, round_id, visit_id, revision_id, item_id, unit_id, area_path, line_id,
                    answerable_path, text, photos, state, filed_by, filed_at)
SELECT :id, v.round_id, v.id, a.revision_id, a.item_id, a.answerable_unit_id, a.area_path,
       a.line_id, u.path, '申诉', '{}', 'open', v.submitted_by, v.received_at
FROM visit v JOIN answer a ON a.revision_id = v.current_revision_id AND a.earned < a.possible
JOIN unit u ON u.id = a.answerable_unit_id WHERE v.id = :visit ORDER BY a.position LIMIT 1
"""


def _keep_photos(city: City) -> None:
    """A retention class, and a hold on the photos of a visit."""
    headers = city.callers["headquarters"].headers
    kept = {"code": "REACH", "name_zh": "长期", "keep_days": 3650}
    city.client.post("/v1/retention-classes", json=kept, headers=headers).raise_for_status()
    held = {"reason": "申诉", "visit_id": city.visits["home"]}
    answer = city.client.post("/v1/photo-holds", json=held, headers=headers)
    assert answer.status_code == 201, answer.text
    city.hold_id = answer.json()["id"]


def _plan_import(city: City) -> None:
    """A sheet with one new line of work, which nobody has applied."""
    headers = city.callers["headquarters"].headers
    sheet = {"file": ("lines.csv", b"code,name\nreach,reach\n")}
    answer = city.client.post("/v1/imports", files=sheet, headers=headers)
    assert answer.status_code == 201, answer.text
    city.import_id = answer.json()["id"]


def _group_and_cell(city: City) -> None:
    """A special group and a cell of the grid."""
    headers = city.callers["headquarters"].headers
    nothing: dict[str, Any] = {"lines": [], "areas": [], "sites": [], "members": []}
    group = {"code": "OFFICE", "kind": "office", "name_zh": "创建办", **nothing}
    cell = {"scheme": "local", "code": "1", "unit": make.FENGHUAYUAN}
    for path, body in (("/v1/groups", group), ("/v1/grid-cells", cell)):
        answer = city.client.post(path, json=body, headers=headers)
        assert answer.status_code == 201, answer.text


def _draft_checklist(city: City) -> None:
    """A version of a checklist that is not published yet."""
    headers = city.callers["headquarters"].headers
    kept = city.client.get("/v1/checklists/bj/versions/1/document", headers=headers).json()
    draft = kept | {"version": int(DRAFT)}
    answer = city.client.post("/v1/checklists/bj/versions", json=draft, headers=headers)
    assert answer.status_code == 201, answer.text


def _people(city: City) -> None:
    """A deputy of the street's handler, and a key."""
    admin, street = city.callers["headquarters"], city.callers["street"]
    deputy = make.make_person(city.tx, Role.UNIT_HANDLER, unit=make.MINSHENG)
    body = {
        "deputy": deputy.login,
        "posting_id": city.codes(f"SELECT id FROM posting WHERE person_id = '{street.id}'").pop(),
        "valid_from": str(city_day()),
        "valid_to": str(city_day() + timedelta(days=7)),
    }
    path = f"/v1/users/{city.login_of('street')}/deputies"
    answer = city.client.post(path, json=body, headers=admin.headers)
    assert answer.status_code == 201, answer.text
    city.deputy_id = answer.json()["id"]
    city.callers[KEY], city.key_id = _machine(city, city.callers["dashboard"].postings)


def _export(city: City) -> None:
    """An export of headquarters, written and kept."""
    city.export_id = str(new_id())
    values = {"id": city.export_id, "person": city.callers["headquarters"].id}
    city.connection.execute(sa.text(_EXPORT), values)


_EXPORT = """
INSERT INTO ledger_export (id, person_id, format, language, asked, reach, state, asked_at, done_at,
  expires_at, rows_done, key, size, sha256)
VALUES (:id, :person, 'csv', 'zh', '{}', '{"postings": [], "permissions": []}', 'done', now(),
  now(), now() + interval '1 day', 0, 'exports/reach.csv', 1, repeat('0', 64))
"""


def _machine(city: City, postings: tuple[Posting, ...]) -> tuple[Caller, str]:
    """A dashboard's key with the reach of the dashboard's posting, and its id."""
    wanted = {
        "name": "大屏",
        "role": "dashboard",
        "scopes": list(_KEY_SCOPES),
        "unit": make.JIEFANG,
        "areas": [make.JIEFANG],
        "expires_at": "2099-01-01T00:00:00+08:00",
    }
    headers = city.callers["headquarters"].headers
    answer = city.client.post("/v1/api-keys", json=wanted, headers=headers)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    bearer = {"Authorization": f"Bearer {made['key']}"}
    roles, permissions = frozenset({"dashboard"}), frozenset(_KEY_SCOPES)
    key_id = made["about"]["id"]
    caller = Caller(KEY, UUID(key_id), bearer, roles, permissions, postings, is_machine=True)
    return caller, key_id


def _caller(
    tx: Session,
    name: str,
    paths: Mapping[str, str],
    line_ids: Mapping[str, UUID],
    role: Role,
    unit: str,
    areas: tuple[str, ...],
    lines: tuple[str, ...],
) -> Caller:
    who = make.signed_in(tx, role, unit=unit, areas=areas, lines=lines)
    posting = Posting(
        role.value,
        paths[unit],
        tuple(paths[area] for area in areas),
        tuple(line_ids[line] for line in lines),
    )
    permissions = ROLE_PERMISSIONS[role]
    return Caller(name, who.id, who.headers, frozenset({role.value}), permissions, (posting,))


def _round(tx: Session, city: City, person_id: str) -> Any:
    found = city.rows("SELECT login FROM person WHERE id = :id", id=UUID(person_id))
    sites = [make.site_row(code, unit=_SITES[name][0]) for name, code in city.sites.items()]
    tasks = [make.task_row(row["code"], members=[found[0][0]]) for row in sites]
    return make.make_round(tx, sites=sites, tasks=tasks, leagues=make.league_rows("districts"))
