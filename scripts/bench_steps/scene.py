"""The city, the people and the rounds that are measured with; and their sign-ins."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from app.infra.db import Database
from app.loading import create_user, load_city, load_round
from scripts.bench_steps.wire import CLIENTS, Wire, expect

CITY = Path(__file__).resolve().parents[1] / "city" / "jiaozuo"
CHECKLIST = "sq"
_PASSWORD = "measured-with-care"  # noqa: S105 - of people who live for minutes
_WATCHER = "watcher"


@dataclass(frozen=True)
class Scene:
    """What a measurement needs to know of the city."""

    round_id: UUID
    sites: tuple[str, ...]
    streets: tuple[str, ...]
    tasks: Mapping[str, UUID]
    inspectors: tuple[str, ...]
    watcher: str

    def headers(self, client: int) -> dict[str, str]:
        """The headers of one of the inspectors' phones."""
        return bearer(self.inspectors[client % len(self.inspectors)])


def bearer(token: str) -> dict[str, str]:
    """The headers of whoever holds a token."""
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def build(database: Database, folder: Path, *, sites: int) -> None:
    """Load Jiaozuo, sixteen inspectors, one watcher, and a round with so many sites."""
    with database.transaction() as tx:
        load_city(tx, CITY)
    with database.transaction() as tx:
        for login in (*(_login(n) for n in range(CLIENTS)), _WATCHER):
            create_user(tx, _person(login))
    file = folder / "round.json"
    file.write_text(json.dumps(_round(sites)), encoding="utf-8")
    with database.transaction() as tx:
        load_round(tx, file, CITY / "campaign.json")


def enter(database: Database, url: str) -> Scene:
    """Sign everybody in and look up what was loaded."""
    with database.engine.connect() as connection:
        tasks = connection.exec_driver_sql(
            "SELECT s.code, t.id, t.round_id FROM task t JOIN site s ON s.id = t.site_id"
            " ORDER BY s.code"
        ).all()
    return Scene(
        round_id=tasks[0][2],
        sites=tuple(row[0] for row in tasks),
        streets=streets(),
        tasks={row[0]: row[1] for row in tasks},
        inspectors=tuple(_sign_in(url, _login(n)) for n in range(CLIENTS)),
        watcher=_sign_in(url, _WATCHER),
    )


def streets() -> tuple[str, ...]:
    """The codes of the city's streets and towns."""
    return tuple(unit["code"] for unit in _read("units.json") if unit["kind"] == "street")


def _read(name: str) -> Any:
    return json.loads((CITY / name).read_text(encoding="utf-8"))


def _login(number: int) -> str:
    return f"inspector-{number:02d}"


def _person(login: str) -> dict[str, Any]:
    root = _read("city.json")["root"]
    role = "hq_admin" if login == _WATCHER else "inspector"
    return {
        "login": login,
        "name": login,
        "password": _PASSWORD,
        "role": role,
        "unit": root,
        "areas": [root],
        "lines": [],
    }


def _round(count: int) -> dict[str, Any]:
    units = streets()
    codes = [f"bench-{n:05d}" for n in range(count)]
    checklist = {"code": CHECKLIST, "version": 1}
    category = next(c["site_category"] for c in _read("checklists.json") if c["code"] == CHECKLIST)
    everybody = [_login(n) for n in range(CLIENTS)]
    return {
        "campaign": _read("campaign.json")["code"],
        "code": "bench",
        "name_zh": "测速",
        "name_en": "Bench",
        "source": "city_team",
        "period": "special",
        "announced": True,
        "opens_at": "2018-09-01T00:00:00+08:00",
        "closes_at": "2030-09-30T00:00:00+08:00",
        "state": "open",
        "sites": [
            {"code": code, "name": code, "category": category, "unit": units[n % len(units)]}
            for n, code in enumerate(codes)
        ],
        "tasks": [{"site": code, "checklist": checklist, "members": everybody} for code in codes],
    }


def _sign_in(url: str, login: str) -> str:
    form = {"grant_type": "password", "username": login, "password": _PASSWORD}
    reply = Wire(url).call(
        "POST",
        "/v1/auth/token",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=urlencode(form).encode(),
    )
    return str(expect(reply, 200).json()["access_token"])
