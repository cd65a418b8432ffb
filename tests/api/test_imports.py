"""Sheets over HTTP: plan, errors file, apply, and what happens when two do it or data moves."""

import csv
import io
import json
import threading

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from app import loading
from app.imports import service, stores
from app.imports.kinds import KINDS
from app.imports.rules import SheetText
from app.infra.events import Event
from app.infra.sheets import read_sheets
from app.kit.errors import Invalid
from app.organisation.rules import Role
from app.organisation.tables import Unit
from app.sites.tables import Site
from tests import factories as make
from tests.rules.faulty import FAULTY
from tests.support import StatementCounter

_HEADS = "单位代码,单位类型,上级代码,名称\n"


@pytest.fixture
def admin(tx):
    return make.signed_in(tx, Role.HQ_ADMIN)


def upload(client, who, content, name="units.csv", **form):
    if isinstance(content, str):
        content = content.encode()
    return client.post(
        "/v1/imports", files={"file": (name, content)}, data=form, headers=who.headers
    )


def new_units(*codes):
    return _HEADS + "".join(f"{code},community,{make.MINSHENG},社区{code}\n" for code in codes)


def get(client, who, path, **query):
    return client.get(path, params=query, headers=who.headers)


def test_plan_show_apply(client, tx, admin):
    sheet = new_units("X-1", "X-2") + f"{make.MINSHENG},street,{make.JIEFANG},民生路街道\n"
    answer = upload(client, admin, sheet, kind="units")
    assert answer.status_code == 201, answer.text
    found = answer.json()
    (counts,) = found["counts"]
    assert (found["state"], found["fault_count"]) == ("planned", 0)
    assert (counts["new"], counts["changed"], counts["unchanged"]) == (2, 1, 0)
    path = f"/v1/imports/{found['id']}"
    page = get(client, admin, f"{path}/differences", limit=2).json()
    assert [(one["key"], one["is_new"]) for one in page["items"]] == [("X-1", True), ("X-2", True)]
    rest = get(client, admin, f"{path}/differences", cursor=page["next_cursor"]).json()["items"]
    assert rest[0]["after"] == {"name_zh": "民生路街道"}
    assert tx.exec(select(Unit).where(Unit.code == "X-1")).first() is None
    applied = client.post(f"{path}/apply", headers=admin.headers)
    assert applied.json()["state"] == "applied"
    unit = tx.exec(select(Unit).where(Unit.code == "X-1")).one()
    assert unit.path == f"/{make.CITY}/{make.JIEFANG}/{make.MINSHENG}/X-1/"
    again = client.post(f"{path}/apply", headers=admin.headers)
    assert (again.status_code, again.json()["code"]) == (409, "import.applied")
    told = tx.exec(select(Event.data).where(Event.kind == "row.imported")).all()
    assert {"before": {"name_zh": "民生街道"}, "after": {"name_zh": "民生路街道"}} in told
    kinds = get(client, admin, "/v1/imports").json()["items"]
    assert kinds[0]["id"] == found["id"]


def test_a_faulty_sheet_changes_nothing_and_its_error_file_says_what_to_do(client, tx, admin):
    answer = upload(client, admin, new_units("X-1", "X 2"), kind="units")
    found = answer.json()
    assert (answer.status_code, found["state"], found["counts"]) == (201, "faulty", [])
    path = f"/v1/imports/{found['id']}"
    (fault,) = get(client, admin, f"{path}/faults").json()["items"]
    assert (fault["row"], fault["column"], fault["value"]) == (3, "单位代码", "X 2")
    content = get(client, admin, f"{path}/errors", format="csv").content.decode("utf-8-sig")
    row = list(csv.reader(io.StringIO(content)))[1]
    assert row[:4] == ["units", "3", "单位代码", "X 2"]
    assert row[4:] == [
        "代码中有不允许的字符“ ”",
        "这里只能用字母、数字、点和横线",
        "a code must not hold “ ”",
        "use letters, digits, dots and dashes only",
    ]
    (sheet,) = read_sheets(get(client, admin, f"{path}/errors").content, "errors.xlsx")
    assert sheet.lines[1].cells == tuple(row)
    refused = client.post(f"{path}/apply", headers=admin.headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "import.faulty")
    assert tx.exec(select(Unit).where(Unit.code == "X-1")).first() is None


def test_forty_faults_over_http_change_nothing(client, tx, connection, admin):
    from app.infra.sheets import Table, write_xlsx

    out = io.BytesIO()
    full = [one for one in FAULTY if len(one.lines) > 1]
    write_xlsx(
        out, [Table(one.name, one.lines[0][1], [row for _, row in one.lines[1:]]) for one in full]
    )
    before = count_rows(connection)
    found = upload(client, admin, out.getvalue(), "city.xlsx").json()
    assert found["state"] == "faulty"
    assert found["fault_count"] >= 40
    faults = get(client, admin, f"/v1/imports/{found['id']}/faults", limit=500).json()["items"]
    assert len({(one["code"], one["message"]) for one in faults}) >= 40
    assert all(one["advice"] for one in faults)
    after = count_rows(connection)
    moved = {name for name in after if after[name] != before[name]}
    assert moved == {"sheet_import", "sheet_import_fault"}


def count_rows(connection):
    names = sa.inspect(connection).get_table_names()
    return {n: connection.execute(sa.text(f'SELECT count(*) FROM "{n}"')).scalar() for n in names}


def square(west, south, size=0.01):
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def boundaries(shapes, **members):
    features = [
        {"type": "Feature", "properties": {"code": code}, "geometry": shape}
        for code, shape in shapes.items()
    ]
    found = {"type": "FeatureCollection", "crs": "wgs84", "source": "测绘", "features": features}
    return json.dumps(found | members)


def test_boundaries_are_planned_shown_applied_and_come_back_as_nothing_to_do(client, tx, admin):
    shapes = {make.MINSHENG: square(113, 35), make.JIEFANG: square(113, 35, 0.1)}

    def plan(document):
        answer = upload(client, admin, document, "drawn.geojson", kind="boundaries")
        assert answer.status_code == 201, answer.text
        return answer.json()

    def apply(document):
        found = plan(document)
        done = client.post(f"/v1/imports/{found['id']}/apply", headers=admin.headers)
        assert done.status_code == 200, done.text
        return [found["counts"][0][name] for name in ("new", "changed", "unchanged")]

    before = plan(boundaries({make.CITY: square(112, 34, 2)}))["counts"][0]["absent"]
    assert apply(boundaries(shapes)) == [1, 1, 0]  # that of the district is known
    lies = {"lat": 35.005, "lon": 113.005, "crs": "wgs84"}
    located = get(client, admin, "/v1/units:locate", **lies).json()
    assert located["unit"]["code"] == make.MINSHENG
    moved = shapes | {make.MINSHENG: square(113.05, 35)}
    assert apply(boundaries(moved, valid_from="2018-01-01")) == [0, 2, 0]
    assert apply(boundaries(moved, valid_from="2018-01-01")) == [0, 0, 2]
    export = get(client, admin, "/v1/exports/boundaries", format="geojson")
    assert export.headers["content-type"] == "application/geo+json"
    assert len(export.json()["features"]) == before + 1
    (counts,) = plan(export.content)["counts"]
    assert [counts[name] for name in ("new", "changed", "unchanged", "absent")] == [
        0, 0, before + 1, 0,
    ]  # fmt: skip
    told = tx.exec(select(Event.data).where(Event.kind == "unit.boundary-set")).all()
    assert [one["code"] for one in told].count(make.MINSHENG) == 2
    assert all("geometry" not in one for one in told)


def test_one_bad_feature_keeps_all_boundaries_out(client, connection, admin):
    before = count_rows(connection)["unit_boundary"]
    shapes = {make.MINSHENG: square(113, 35), make.JIEFANG: square(35, 113), "nowhere": None}
    found = upload(client, admin, boundaries(shapes), "boundaries.geojson").json()
    assert (found["state"], found["fault_count"]) == ("faulty", 3)
    faults = get(client, admin, f"/v1/imports/{found['id']}/faults").json()["items"]
    assert [(one["row"], one["column"], one["code"]) for one in faults] == [
        (2, "geometry", "geometry.swapped"),
        (3, "geometry", "cell.missing"),
        (3, "unit", "reference.unknown"),
    ]
    assert faults[0]["message"].startswith("经度和纬度填反了")
    content = get(client, admin, f"/v1/imports/{found['id']}/errors", format="csv")
    assert "longitude and latitude are exchanged" in content.text
    assert client.post(f"/v1/imports/{found['id']}/apply", headers=admin.headers).status_code == 409
    assert count_rows(connection)["unit_boundary"] == before
    for path in ("/v1/exports/boundaries", "/v1/imports/templates/boundaries"):
        refused = get(client, admin, path)
        assert (refused.status_code, refused.json()["code"]) == (422, "import.geojson-only")


def test_new_people_without_a_password_get_codes_by_the_command_line_only(
    committed, tmp_path, capsys
):
    settings = committed.settings.model_copy(update={"password_min_length": 12})
    sheet, codes_file = tmp_path / "users.csv", tmp_path / "codes.csv"
    heads = "login,name,role,unit,areas,password\n"
    row = f"{make.MINSHENG},{make.MINSHENG}"

    def run(*lines, **more):
        sheet.write_text(heads + "".join(f"{line}\n" for line in lines), encoding="utf-8")
        return loading.import_sheets(committed.database, settings, sheet, kind="users", **more)

    weak, _ = run(f"wu,吴,auditor,{row},eleven long", write=True)
    assert [(f.code, f.data) for f in weak.faults] == [("password.short", {"limit": 12})]
    people = (f"wu,吴,auditor,{row},", f"zheng,郑,auditor,{row},long enough for all")
    codes_file.write_text("kept")
    with pytest.raises(Invalid):
        run(*people, write=True, codes_file=codes_file)
    assert codes_file.read_text() == "kept"
    codes_file.unlink()
    plan, codes = run(*people, write=True, codes_file=codes_file)
    assert (plan.kinds[0].new, [one.login for one in codes]) == (2, ["wu"])
    assert codes_file.stat().st_mode & 0o777 == 0o600
    assert codes[0].code.code in codes_file.read_text(encoding="utf-8-sig")
    with committed.database.transaction() as tx:
        told = tx.exec(select(Event).where(Event.kind == "person.created")).all()
        said = {one.data["after"]["login"]: one.data["after"] for one in told}
        assert said["wu"]["postings"][0]["areas"] == [make.MINSHENG]
        assert all(codes[0].code.code not in str(e.data) for e in tx.exec(select(Event)).all())
    body = {"login": "wu", "code": codes[0].code.code, "new_password": "a first password 1"}
    answer = committed.new_client().post("/v1/auth/reset", json=body)
    assert answer.status_code == 204, answer.text
    assert run(*people, write=True)[1] == []


def test_a_plan_that_was_overtaken_is_refused(client, tx, admin):
    found = upload(client, admin, new_units("X-1"), kind="units").json()
    other = upload(client, admin, new_units("X-1").replace("社区", "小区"), kind="units").json()
    assert client.post(f"/v1/imports/{other['id']}/apply", headers=admin.headers).status_code == 200
    late = client.post(f"/v1/imports/{found['id']}/apply", headers=admin.headers)
    assert (late.status_code, late.json()["code"]) == (409, "import.overtaken")
    assert tx.exec(select(Unit.name_zh).where(Unit.code == "X-1")).one() == "小区X-1"


def test_two_who_apply_at_once_are_one_after_the_other(committed):
    with Session(committed.database.engine, expire_on_commit=False) as tx:
        admin = make.signed_in(tx, Role.HQ_ADMIN)
    client = committed.new_client()
    ids = [
        upload(client, admin, new_units("X-1", code), kind="units").json()["id"]
        for code in ("X-2", "X-3")
    ]
    gate, answers = threading.Barrier(3), []

    def apply(import_id):
        mine = committed.new_client()
        gate.wait()
        answer = mine.post(f"/v1/imports/{import_id}/apply", headers=admin.headers)
        answers.append((answer.status_code, answer.json().get("code")))

    threads = [threading.Thread(target=apply, args=(one,)) for one in (ids[0], *ids)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [status for status, _ in answers].count(200) == 1
    assert {code for status, code in answers if status == 409} <= {
        "import.applied",
        "import.overtaken",
    }
    with committed.database.transaction() as tx:
        made = tx.exec(select(Unit.code).where(col(Unit.code).like("X-%"))).all()
    assert sorted(made) in (["X-1", "X-2"], ["X-1", "X-3"])


def site_sheet(many):
    rows = (
        f"S-{n:05d},点位{n},背街小巷,{make.MINSHENG},35.2{n % 1000:03d},113.24,gcj02\n"
        for n in range(many)
    )
    return "code,name,category,unit,lat,lon,crs\n" + "".join(rows)


@pytest.mark.parametrize("most", [500, pytest.param(5000, marks=pytest.mark.long)])
def test_thousands_of_sites_cost_as_many_statements_as_five(client, tx, connection, admin, most):
    costs = []
    for many in (5, most):
        with StatementCounter(connection) as counter:
            found = upload(client, admin, site_sheet(many), kind="sites").json()
            answer = client.post(f"/v1/imports/{found['id']}/apply", headers=admin.headers)
        assert answer.status_code == 200, answer.text
        costs.append(len(counter.statements))
    assert costs[0] == costs[1] <= 50, costs
    assert tx.exec(select(sa.func.count()).select_from(Site)).one() == most
    again = upload(client, admin, site_sheet(most), kind="sites").json()
    assert again["counts"][0]["unchanged"] == most
    assert again["counts"][0]["changed"] == 0


def test_every_kind_of_the_real_city_is_exported_and_comes_back_as_nothing_to_do(client, tx, admin):
    sites = [make.site_row("A"), make.site_row("B", location=None)]
    inspector = make.make_person(tx, areas=[make.JIEFANG], lines=["public-toilets"])
    tasks = [make.task_row("A", members=[inspector.login]), make.task_row("B")]
    round_ = make.make_round(
        tx, sites=sites, tasks=tasks, leagues=make.league_rows("districts", "city-bureaus")
    )
    whole = get(client, admin, "/v1/exports/all", campaign=make.CAMPAIGN, round=round_.code).content
    found = upload(client, admin, whole, "city.xlsx").json()
    assert found["state"] == "planned", get(
        client, admin, f"/v1/imports/{found['id']}/faults"
    ).json()["items"][:5]
    counts = {one["kind"]: one for one in found["counts"]}
    assert set(counts) == set(KINDS)
    assert {k: (c["new"], c["changed"], c["absent"]) for k, c in counts.items()} == dict.fromkeys(
        KINDS, (0, 0, 0)
    )
    assert counts["units"]["unchanged"] == 444
    assert counts["tasks"]["unchanged"] == 2
    assert counts["entrants"]["unchanged"] >= 10
    english = client.get(
        "/v1/exports/units",
        params={"format": "csv"},
        headers=admin.headers | {"Accept-Language": "en"},
    )
    assert english.content.decode("utf-8-sig").startswith("code,scheme,kind,parent")


def test_an_exported_city_rebuilds_itself_in_an_empty_one(tx, client, admin, committed_empty):
    stored = {name: store.stored(tx, set()) for name, store in stores.STORES.items()}
    sheets = sheets_of(stored, set(stored) - {"users", "tasks", "entrants", "rounds"})
    with committed_empty.transaction() as other:
        options = service.options_of(other, client.app.state.settings)
        plan, _ = service.apply_sheets(other, client.app.state.settings, sheets, options)
        assert not plan.faults, plan.faults[:5]
        again = service.make_plan(other, sheets, options)
        assert again.is_empty, [one.changes[:2] for one in again.kinds]


@pytest.fixture
def committed_empty(settings, fresh_database):
    from app.infra import migrations
    from app.infra.db import Database, make_engine

    found = fresh_database("template0")
    engine = make_engine(found)
    migrations.upgrade(engine)
    yield Database(engine, found.env)
    engine.dispose()


def sheets_of(stored, names):
    from zoneinfo import ZoneInfo

    from app.imports import files

    out = io.BytesIO()
    full = {name: stored[name] for name in KINDS if name in names and stored[name]}
    files.write_export(out, files.Format.XLSX, full, ZoneInfo("Asia/Shanghai"), "zh")
    found: list[SheetText] = files.read_file(out.getvalue(), "city.xlsx", None)
    return found


@pytest.mark.parametrize("kind", [*KINDS, "all"])
def test_templates_have_the_heads_that_are_read(client, admin, kind):
    content = get(client, admin, f"/v1/imports/templates/{kind}").content
    sheets = read_sheets(content, "template.xlsx")
    assert sheets[-1].name == "说明"
    assert len(sheets) == (len(KINDS) + 1 if kind == "all" else 2)
    answer = upload(client, admin, content, "template.xlsx")
    found = answer.json()
    assert found["state"] == "faulty"
    faults = get(client, admin, f"/v1/imports/{found['id']}/faults").json()["items"]
    assert {one["code"] for one in faults} == {"sheet.empty"}


@pytest.mark.parametrize(
    ("content", "name", "form", "status", "code"),
    [
        (b"", "x.csv", {}, 422, "import.empty"),
        (b"\xd0\xcf\x11\xe0", "x.xls", {}, 422, "file.not-a-sheet"),
        (b"PK\x03\x04", "x.xlsx", {}, 422, "file.not-a-sheet"),
        (b'{"type": "FeatureCollection"}', "x.geojson", {}, 422, "file.not-a-sheet"),
        (b"code\n1\n", "x.csv", {"kind": "weather"}, 404, "import.no-such-kind"),
    ],
)
def test_what_cannot_be_read_is_refused(client, admin, content, name, form, status, code):
    answer = upload(client, admin, content, name, **form)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_sheet_that_is_too_large_is_refused(client, admin, with_settings):
    with_settings(import_max_bytes=2000)
    answer = upload(client, admin, new_units(*(f"X-{n}" for n in range(200))), kind="units")
    assert (answer.status_code, answer.json()["code"]) == (422, "import.too-large")


def test_old_contents_are_dropped_and_cannot_be_applied(client, tx, connection, admin):
    found = upload(client, admin, new_units("X-1"), kind="units").json()
    connection.execute(
        sa.text("UPDATE sheet_import SET created_at = created_at - interval '2 day'")
    )
    upload(client, admin, new_units("X-2"), kind="units")
    answer = client.post(f"/v1/imports/{found['id']}/apply", headers=admin.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "import.expired")


def test_only_headquarters_may_import(client, tx):
    for role in Role:
        if role is Role.HQ_ADMIN:
            continue
        who = make.signed_in(tx, role)
        assert get(client, who, "/v1/exports/users").status_code == 403
        assert upload(client, who, new_units("X-1")).status_code == 403
