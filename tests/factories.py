"""Plain functions that make what tests need, with sensible defaults and real names of Jiaozuo."""

import base64
import hashlib
import io
import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import text
from sqlmodel import Session, select

from app import loading
from app.auth import passwords
from app.checklists import queries as checklists
from app.checklists.rules import AnswerType, PhotoRule
from app.checklists.tables import Item
from app.kit import clock
from app.kit.ids import new_id, new_token, token_digest
from app.kit.reach import Posting
from app.kit.workdays import Limit
from app.ledger import history, opening
from app.ledger.deadlines import LimitBasis
from app.ledger.lifecycle import Action, Actor, Chosen
from app.ledger.rules import ProblemSource
from app.organisation import queries as organisation
from app.organisation.rules import Role
from app.people.tables import Person
from app.rounds import importing as rounds
from app.rounds.rules import Period, Source
from app.rounds.tables import Campaign, Round, RoundSeries, Task, Team, TeamMember
from app.scoring import importing as scoring

CITY, JIEFANG, SHANYANG, ZHONGZHAN = "410800", "410802", "410811", "410803"
MINSHENG, XINHUA, JIAOBEI = "410802001", "410802003", "410802006"
DONGFANGHONG, DINGHE = "410811001", "410811007"
FENGHUAYUAN = "410802001001"
URBAN_MANAGEMENT = "JZ-CGJ"
PASSWORD = "一条背街小巷也不放过"
CAMPAIGN = "four-cities-2018"
_NAMES = ("王芳", "李建国", "张秀英", "刘洋", "陈静", "杨军", "赵丽娜", "黄卫东", "周敏", "吴强")
_HASH = passwords.hash_password(PASSWORD)


@dataclass(frozen=True)
class Login:
    """A person who is signed in."""

    id: UUID
    login: str
    headers: dict[str, str]


# In one statement, since most tests begin with it: what people.service.create_person leaves behind,
# less its entry in the audit log. An unknown code breaks a NOT NULL.
_PERSON = text("""
    WITH person AS (
        INSERT INTO person (id, login, name, created_at) VALUES (:id, :login, :name, :now)
    ), credential AS (
        INSERT INTO credential (person_id, password_hash, changed_at) VALUES (:id, :hash, :now)
    ), area AS (
        INSERT INTO posting_area (posting_id, unit_id)
        SELECT :posting, unit.id FROM unnest(CAST(:areas AS text[])) AS code
        LEFT JOIN unit USING (code)
    ), line AS (
        INSERT INTO posting_line (posting_id, line_id)
        SELECT :posting, line.id FROM unnest(CAST(:lines AS text[])) AS code
        LEFT JOIN line USING (code)
    )
    INSERT INTO posting (id, person_id, role, unit_id, valid_from)
    VALUES (:posting, :id, :role, (SELECT id FROM unit WHERE code = :unit), '2000-01-01')
""")
_TOKEN = text("""
    WITH session AS (
        INSERT INTO auth_session (id, person_id, created_at) VALUES (:id, :person, :now)
    )
    INSERT INTO access_token (digest, session_id, expires_at) VALUES (:digest, :id, :expires)
""")


def make_person(tx: Session, role: Role = Role.INSPECTOR, **posting: Any) -> Person:
    """A person with one posting (``unit``, ``areas``, ``lines``) and the password ``PASSWORD``."""
    return tx.exec(select(Person).where(Person.id == _new_person(tx, role, **posting)[0])).one()


def signed_in(tx: Session, role: Role = Role.INSPECTOR, **posting: Any) -> Login:
    """A new person with a token, without the slow way over the password."""
    return _login(tx, *_new_person(tx, role, **posting))


def token_for(tx: Session, person: Person) -> Login:
    """A session and an access token for a person."""
    return _login(tx, person.id, person.login)


def _new_person(
    tx: Session,
    role: Role,
    *,
    unit: str = CITY,
    areas: Sequence[str] = (CITY,),
    lines: Sequence[str] = (),
    login: str | None = None,
) -> tuple[UUID, str]:
    person, name = new_id(), login or f"{role.value}-{new_id().hex[-10:]}"
    fields = {"unit": unit, "areas": list(areas), "lines": list(lines), "role": role.value}
    fields |= {"id": person, "posting": new_id(), "login": name, "hash": _HASH}
    fields |= {"name": random.Random(name).choice(_NAMES), "now": clock.real_now()}
    tx.execute(_PERSON, fields)
    tx.commit()
    return person, name


def _login(tx: Session, person: UUID, name: str) -> Login:
    now, token = clock.real_now(), new_token()
    fields = {"digest": token_digest(token), "expires": now + timedelta(hours=1)}
    tx.execute(_TOKEN, fields | {"id": new_id(), "person": person, "now": now})
    tx.commit()
    return Login(person, name, {"Authorization": f"Bearer {token}"})


def sign_in(
    client: TestClient, login: str, password: str = PASSWORD, **form: str
) -> httpx2.Response:
    """The real sign-in over HTTP."""
    fields = {"grant_type": "password", "username": login, "password": password, **form}
    return client.post("/v1/auth/token", data=fields)


def refresh(client: TestClient, token: str, **form: str) -> httpx2.Response:
    """The real refresh over HTTP."""
    fields = {"grant_type": "refresh_token", "refresh_token": token, **form}
    return client.post("/v1/auth/token", data=fields)


def site_row(code: str, category: str = "背街小巷", unit: str = MINSHENG, **changes: Any) -> Any:
    """A site as a round file names it."""
    row = {
        "code": code,
        "name": f"{category}{code}",
        "category": category,
        "unit": unit,
        "location": {"lat": 35.2392, "lon": 113.2418, "crs": "gcj02"},
    }
    return row | changes


def task_row(site: str, checklist: str = "bj", members: Sequence[str] = ()) -> Any:
    """A task as a round file names it."""
    return {
        "site": site,
        "checklist": {"code": checklist, "version": 1},
        "members": list(members),
    }


def make_round(
    tx: Session,
    *,
    sites: Sequence[Any] = (),
    tasks: Sequence[Any] = (),
    state: str = "open",
    source: str = "city_team",
    leagues: Sequence[Any] = (),
    **changes: Any,
) -> Round:
    """A round with its sites and tasks; the entrants of ``leagues`` are entered for it."""
    row = {
        "campaign": CAMPAIGN,
        "code": f"r-{new_id().hex[-12:]}",
        "name_zh": "集中攻坚第一次检查",
        "name_en": "First inspection",
        "source": source,
        "period": "special",
        "announced": True,
        "opens_at": "2018-09-01T00:00:00+08:00",
        "closes_at": "2018-09-14T18:00:00+08:00",
        "state": state,
        "sites": list(sites),
        "tasks": list(tasks),
    }
    new = rounds.load_round(tx, row | changes)
    scoring.enter_round(tx, new, leagues)
    tx.commit()
    return new


def make_team(
    tx: Session, code: str, *members: Login, unit: str = CITY, lead: Login | None = None
) -> Team:
    """A team of a unit with its members since ever."""
    owner = organisation.find_units(tx, [unit])[unit]
    team = Team(code=code, name=f"督导{code}组", unit_id=owner.id)
    tx.add(team)
    tx.flush()
    for who in members:
        leads = lead is not None and lead.id == who.id
        tx.add(
            TeamMember(team_id=team.id, person_id=who.id, leads=leads, valid_from=date(2000, 1, 1))
        )
    tx.commit()
    return team


def make_series(tx: Session, *, made_by: UUID, **changes: Any) -> RoundSeries:
    """A series of the city: every day at eight, for ten hours, announced."""
    owner = organisation.find_units(tx, [CITY])[CITY]
    campaign = tx.exec(select(Campaign).where(Campaign.code == CAMPAIGN)).one()
    fields = {
        "campaign_id": campaign.id,
        "unit_id": owner.id,
        "area_id": owner.id,
        "code": f"s-{new_id().hex[-12:]}",
        "name_zh": "一天一督导",
        "name_en": None,
        "source": Source.CITY_TEAM,
        "period": Period.DAY,
        "announced": True,
        "rule": "FREQ=DAILY",
        "first_at": datetime.fromisoformat("2018-09-01T08:00:00+08:00"),
        "lasts_minutes": 600,
        "days_ahead": 3,
        "plan": None,
        "made_by": made_by,
    }
    series = RoundSeries(**fields | changes)
    tx.add(series)
    tx.commit()
    return series


def league_rows(*codes: str) -> list[Any]:
    """Leagues of the real campaign by their codes."""
    from tests.conftest import CITY as CITY_FILES

    rows = loading._read(CITY_FILES / "campaign.json")["leagues"]
    return [row for row in rows if row["code"] in codes]


def task_at(tx: Session, round_id: UUID) -> UUID:
    """The first task of a round."""
    return tx.exec(select(Task.id).where(Task.round_id == round_id).order_by(Task.id)).first()


def items_of(tx: Session, checklist: str) -> list[Item]:
    """The items of version 1 of a checklist."""
    return [view.item for view in checklists.get_version(tx, checklist, 1).items]


def best_value(item: Item) -> str | int:
    """The answer that loses nothing."""
    return {
        AnswerType.PASS_FAIL: "pass",
        AnswerType.GRADE_ABC: "A",
        AnswerType.COUNT_DEDUCT: 0,
        AnswerType.NUMBER_MIN: item.params.get("min", 1),
    }[item.answer_type]


def _loses(item: Item, value: str | int) -> int:
    """How many findings an answer needs."""
    if value in ("na", best_value(item)):
        return 0
    return int(value) if item.answer_type is AnswerType.COUNT_DEDUCT else 1


@dataclass
class VisitPlan:
    """A visit's body, and the photos that it names and that exist nowhere yet."""

    body: dict[str, Any]
    photos: list[str] = field(default_factory=list)


def plan_visit(
    tx: Session,
    round_id: UUID,
    site: str,
    *,
    checklist: str = "bj",
    values: Mapping[str, str | int] | None = None,
    photos: Sequence[str] | None = None,
    **changes: Any,
) -> VisitPlan:
    """A valid visit: the best answers but for ``values``, with the findings and photos they need.

    ``photos`` are used in turn where the checklist wants one; without them fresh ids are made up.
    """
    given, used = list(photos or ()), []

    def photo() -> str:
        used.append(given.pop(0) if given else str(new_id()))
        return used[-1]

    answers = []
    for item in items_of(tx, checklist):
        value = (values or {}).get(item.code, best_value(item))
        findings = [
            {"id": str(new_id()), "note": "墙根堆放生活垃圾"} for _ in range(_loses(item, value))
        ]
        answer: dict[str, Any] = {"item": item.code, "value": value}
        if value == "na":
            answer["na_reason"] = "该巷无路灯，由小区供电"
        if findings:
            answer["findings"] = findings
        always = item.photo_rule is PhotoRule.ALWAYS and value != "na"
        if always or (findings and item.photo_rule is PhotoRule.ON_FAIL):
            target = findings[0] if findings else answer
            target["photos"] = [photo() for _ in range(item.photo_min)]
        answers.append(answer)
    body = {
        "id": str(new_id()),
        "round_id": str(round_id),
        "site": site,
        "checklist": {"code": checklist, "version": 1},
        "started_at": "2018-09-10T09:00:00+08:00",
        "ended_at": "2018-09-10T09:25:00+08:00",
        "location": {"lat": 35.2392, "lon": 113.2418, "crs": "gcj02", "accuracy_m": 8.0},
        "note": None,
        "photos": given,
        "answers": answers,
    }
    return VisitPlan(body | changes, [*used, *given])


def answer_of(body: Mapping[str, Any], item: str) -> dict[str, Any]:
    """The answer to one item in a visit's body."""
    return next(answer for answer in body["answers"] if answer["item"] == item)


def make_photo_bytes(
    seed: int | None = None, size: tuple[int, int] = (96, 72), kind: str = "JPEG", **save: Any
) -> bytes:
    """A real image, different from every other unless the seed is the same."""
    noise = random.Random(seed if seed is not None else secrets.randbits(64))
    small = (size[0] // 8 + 1, size[1] // 8 + 1)
    grain = Image.frombytes("RGB", small, noise.randbytes(small[0] * small[1] * 3))
    image = grain.resize(size, Image.Resampling.BILINEAR)
    out = io.BytesIO()
    image.save(out, kind, **save)
    return out.getvalue()


def announcement(content: bytes, **changes: Any) -> dict[str, Any]:
    """One photo as it is announced."""
    fields = {
        "id": str(new_id()),
        "sha256": hashlib.sha256(content).hexdigest(),
        "md5": hashlib.md5(content).hexdigest(),
        "size": len(content),
        "content_type": "image/jpeg",
        "role": "near",
        "captured_at": "2018-09-10T09:12:00+08:00",
        "location": {"lat": 35.2392, "lon": 113.2418, "crs": "gcj02", "accuracy_m": 6.5},
    }
    return fields | changes


def announce(client: TestClient, who: Login, *photos: dict[str, Any]) -> httpx2.Response:
    """The announcement over HTTP."""
    return client.post("/v1/photos", json={"photos": list(photos)}, headers=who.headers)


def put(http: httpx2.Client, upload: Mapping[str, Any], content: bytes) -> httpx2.Response:
    """The upload to the store, with exactly the headers that were given."""
    return http.put(upload["url"], headers=upload["headers"], content=content)


def complete(client: TestClient, who: Login, photo_id: str) -> httpx2.Response:
    """The word that the upload is through."""
    return client.post(f"/v1/photos/{photo_id}/complete", headers=who.headers)


def upload_photo(
    client: TestClient,
    http: httpx2.Client,
    who: Login,
    content: bytes | None = None,
    **changes: Any,
) -> str:
    """Announce, PUT and complete one photo; it is stored once the worker has run."""
    whole = make_photo_bytes() if content is None else content
    photo = announcement(whole, **changes)
    answer = announce(client, who, photo)
    assert answer.status_code == 200, answer.text
    upload = answer.json()["photos"][0]["upload"]
    if upload is not None:
        assert put(http, upload, whole).status_code == 200
    assert complete(client, who, photo["id"]).status_code in (200, 202)
    return str(photo["id"])


def submit(client: TestClient, who: Login, body: Mapping[str, Any]) -> httpx2.Response:
    """The visit over HTTP."""
    return client.post("/v1/visits", json=body, headers=who.headers)


def base64_of(digest: bytes) -> str:
    """A digest as S3 headers carry it."""
    return base64.b64encode(digest).decode()


def dispatched_cases(tx: Session, settings: Any, count: int, *, limit: Limit) -> list[UUID]:
    """So many cases of one street, all dispatched now with the same limit; their ids."""
    office = make_person(tx, Role.HQ_ADMIN)
    units = organisation.find_units(tx, [MINSHENG])
    street, line = units[MINSHENG], organisation.find_lines(tx, ["sanitation"])["sanitation"]
    desk = history.open_desk(tx, settings)
    values = {
        "report_id": None,
        "site_id": None,
        "category_id": None,
        "line_id": line.id,
        "area_id": street.id,
        "area_path": street.path,
        "answerable_unit_id": street.id,
        "answerable_path": street.path,
        "veto": False,
        "note": "垃圾未清",
        "lat": None,
        "lon": None,
        "crs": None,
        "accuracy_m": None,
    }
    new = [opening.NewProblem(ProblemSource.PATROL, desk.at, values, ()) for _ in range(count)]
    opened = opening.open_problems(tx, settings, new)
    by = Actor(office.id, (Posting(Role.HQ_ADMIN, "/", ("/",), ()),))
    chosen = Chosen(limit, LimitBasis.DEFAULT, None)
    for problem in opened:
        for action in (Action.FILE, Action.DISPATCH):
            history.write_move(tx, problem, action, desk.step(by=by, limit=chosen), desk.rules)
    tx.commit()
    return [problem.id for problem in opened]
