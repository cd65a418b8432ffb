"""The planner: forty sorts of faults told one by one, differences, and out-and-in as identity."""

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.imports import files
from app.imports.columns import plain_decimal, read_cell, write_cell
from app.imports.faults import ADVICE, message_of
from app.imports.files import Format
from app.imports.kinds import EVERY_KIND, KINDS
from app.imports.rules import Options, plan, rounds_named
from app.organisation.rules import UnitKind
from app.rounds.rules import Judging, Source
from tests.rules.faulty import FAULTY, STORED, keyed, sheet, unit

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 3, 2)
JUDGING = (
    Judging(Source.CITY_TEAM, UnitKind.CITY, UnitKind.DISTRICT),
    Judging(Source.DISTRICT, UnitKind.DISTRICT, UnitKind.STREET),
)
OPTIONS = Options(ZONE, TODAY, JUDGING, passwords=True)
_EXPECTED = Path(__file__).with_name("forty_faults.json")
_CITIES = max(3, settings().max_examples // 100)  # each example is a whole one


def planned(*sheets, stored=STORED, options=OPTIONS):
    return plan(sheets, KINDS, stored, options)


def codes(found):
    return [(fault.row, fault.column, fault.code) for fault in found.faults]


def site_row(**said):
    defaults = {column.name: column.default for column in KINDS["sites"].columns}
    return defaults | {"name": "一", "unit": "9001001"} | said


# -- faults ---------------------------------------------------------------------------------------


def test_forty_sorts_of_faults_are_told_precisely_and_nothing_is_planned():
    found = plan(FAULTY, KINDS, STORED, OPTIONS)
    told = [
        [f.sheet, f.row, f.column, f.value, message_of(f, "zh"), message_of(f, "en")]
        for f in found.faults
    ]
    assert told == json.loads(_EXPECTED.read_text(encoding="utf-8"))
    assert len({fault.code for fault in found.faults}) >= 40
    assert found.kinds == ()


def test_every_sort_of_fault_is_known_to_some_test():
    elsewhere = {"task.category", "password.not-here", "unit.too-deep", "sheet.twice"}
    seen = {fault.code for fault in plan(FAULTY, KINDS, STORED, OPTIONS).faults}
    seen |= {code for *_, code in _SHAPES} | {"boundary.unit-not-valid", "unit.ended"}
    seen |= {"round.not-judge", "task.not-judged"}
    assert set(ADVICE) == seen | elsewhere | {"column.missing"}


def test_a_checklist_for_other_sites_is_pointed_at():
    site = site_row(code="S1", category="市场")
    stored = STORED | {
        "sites": keyed("sites", site),
        "campaigns": keyed("campaigns", {"code": "c", "name_zh": "c"}),
        "rounds": keyed("rounds", {"campaign": "c", "code": "r", "name_zh": "r"}),
        "checklists": {("gc",): {"checklist": "gc", "site_category": "公厕", "title_zh": "t"}},
    }
    heads = ("campaign", "round", "site", "checklist", "members")
    found = planned(sheet("tasks", heads, ("c", "r", "S1", "gc", "")), stored=stored)
    assert codes(found) == [(2, "checklist", "task.category")]
    found = planned(sheet("tasks", heads, ("c", "rr", "S1", "gc", "")), stored=stored)
    assert (2, "round", "reference.unknown") in codes(found)


def test_a_password_does_not_travel():
    row = ("wu", "吴", "auditor", "9001", "long enough 1")
    heads = ("login", "name", "role", "unit", "password")
    found = planned(sheet("users", heads, row), options=Options(ZONE, TODAY))
    assert codes(found) == [(2, "password", "password.not-here")]
    assert found.faults[0].value == "•••"
    allowed = planned(sheet("users", heads, row))
    again = planned(sheet("users", heads, (*row[:4], "another one 2")))
    assert not allowed.faults
    assert allowed.fingerprint == again.fingerprint


@pytest.mark.parametrize(
    ("kind", "column", "row"),
    [
        ("users", "unit", {"login": "wu", "name": "吴", "role": "auditor"}),
        ("responsibilities", "unit", {"area": "9001", "line": "toilets"}),
        ("responsibilities", "area", {"unit": "9001", "line": "toilets"}),
        ("sites", "unit", {"code": "S1", "name": "一", "category": "公厕"}),
        ("entrants", "unit", {"campaign": "c", "round": "r", "league": "l", "areas": "9001"}),
    ],
)
def test_a_unit_that_has_ended_gets_nothing_new(kind, column, row):
    """But keeps what it has, and its past may be written down."""
    instants = {"opens_at": "2026-03-01T16:00:00+00:00", "closes_at": "2026-03-30T16:00:00+00:00"}
    round_ = {"campaign": "c", "code": "r", "name_zh": "r"} | instants

    def planned_with(last_day, held=None, **more):
        ended = unit("9001003", valid_to=last_day, successor="9001002")
        stored = STORED | {
            "units": STORED["units"] | keyed("units", ended),
            "lines": keyed("lines", {"code": "toilets", "name_zh": "公厕", "name_en": None}),
            "campaigns": keyed("campaigns", {"code": "c", "name_zh": "c"}),
            "leagues": keyed("leagues", {"campaign": "c", "code": "l", "name_zh": "l"}),
            "rounds": keyed("rounds", round_),
            kind: keyed(kind, held) if held else {},
        }
        said = row | {column: ended["code"]} | more
        return planned(sheet(kind, tuple(said), tuple(said.values())), stored=stored)

    found = planned_with("2026-03-01")
    assert codes(found) == [(2, column, "unit.ended")]
    assert "9001002" in message_of(found.faults[0], "zh")
    new = planned_with("2026-03-02")
    assert not new.faults
    assert not planned_with("2026-03-01", held=new.kinds[0].changes[0].after).faults
    if kind != "entrants":  # theirs is the day of the round
        assert not planned_with("2026-03-01", valid_to="2025-01-01").faults


def test_units_that_lie_too_deep_are_pointed_at():
    codes_ = [f"{n:02d}" + "x" * 38 for n in range(12)]
    rows = [
        (code, "street", above, "深") for code, above in zip(codes_, ["", *codes_], strict=False)
    ]
    found = planned(sheet("units", ("code", "kind", "parent", "name"), *rows))
    assert codes(found) == [(n, "parent", "unit.too-deep") for n in range(11, 14)]


def test_two_sheets_of_a_kind_are_refused():
    rows = (("code", "name"), ("a", "甲"))
    found = planned(sheet("lines", *rows), sheet("专项", *rows))
    assert [(f.sheet, f.code) for f in found.faults] == [("专项", "sheet.twice")]


def test_one_bad_cell_is_one_fault():
    """What follows from it is not told as well."""
    heads = ("code", "name", "category", "unit", "lat", "lon", "crs")
    found = planned(sheet("sites", heads, ("S", "x", "公厕", "9001001", "north", "113", "moon")))
    assert codes(found) == [(2, "lat", "cell.number"), (2, "crs", "cell.choice")]


_RING = [[113.0, 35.0], [113.1, 35.0], [113.1, 35.1], [113.0, 35.0]]
_SHAPES = [
    ({"type": "Point", "coordinates": [113, 35]}, "geometry.shape"),
    ({"type": "Polygon", "coordinates": [[[113, 35], [113, 36]]]}, "geometry.shape"),
    ({"type": "Polygon", "coordinates": [[[113, 35]] * 4]}, "geometry.empty"),
    ({"type": "Polygon", "coordinates": [[p[::-1] for p in _RING]]}, "geometry.swapped"),
    ({"type": "Polygon", "coordinates": [[*_RING, [500000, 35]]]}, "geometry.outside"),
    ({"type": "Polygon", "coordinates": [[10**400, 35]]}, "geometry.shape"),
    ({"type": "Polygon", "coordinates": [_RING * 12_501]}, "geometry.too-many-points"),
]


def boundaries(*features, **members):
    """A document of boundaries as it is read; a feature is its geometry and its properties."""
    listed = [{"type": "Feature", "geometry": g, "properties": p} for g, p in features]
    found = {"type": "FeatureCollection", "crs": "wgs84", "source": "图", "features": listed}
    content = json.dumps({k: v for k, v in (found | members).items() if v is not None})
    return files.read_file(content.encode(), "boundaries.geojson", None)


def planned_boundaries(*features, stored=STORED, **members):
    return plan(boundaries(*features, **members), EVERY_KIND, stored, OPTIONS)


@pytest.mark.parametrize(("geometry", "code"), _SHAPES)
def test_shapes_that_make_no_sense_are_pointed_at_by_their_feature(geometry, code):
    sound = {"type": "Polygon", "coordinates": [_RING]}
    found = planned_boundaries((sound, {"code": "9001"}), (geometry, {"code": "9001001"}))
    assert codes(found) == [(2, "geometry", code)]
    assert all("{" not in message_of(f, at)[:20] for f in found.faults for at in ("zh", "en"))


def test_every_boundary_names_its_unit_and_its_system():
    shape = {"type": "Polygon", "coordinates": [_RING]}
    moon = {"type": "name", "properties": {"name": "moon"}}
    found = planned_boundaries((shape, {"code": "9009", "name": "其他"}), (None, {"code": "9001"}))
    assert codes(found) == [(1, "unit", "reference.unknown"), (2, "geometry", "cell.missing")]
    assert codes(planned_boundaries((shape, {"code": "9001"}), crs=moon)) == [
        (1, "crs", "cell.choice")
    ]
    missing = planned_boundaries((shape, {"code": "9001"}), crs=None)
    assert [f.code for f in missing.faults] == ["column.missing"]
    early = planned_boundaries((shape, {"code": "9001"}), valid_from="1999-12-31")
    assert codes(early) == [(1, "valid_from", "boundary.unit-not-valid")]
    held = planned_boundaries((shape, {"code": "9001"})).kinds[0].changes[0].after
    stored = STORED | {"boundaries": {("9001",): held}}
    again = planned_boundaries((shape, {"code": "9001"}), stored=stored, crs=None)
    assert [f.code for f in again.faults] == ["location.no-crs"]
    older = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    assert planned_boundaries((shape, {"单位代码": 9001}), stored=stored, crs=older).is_empty


# -- differences ----------------------------------------------------------------------------------


def test_new_changed_unchanged_and_absent_rows():
    heads = ("单位代码", "单位类型", "上级代码", "名称")
    found = planned(
        sheet(
            "单位",
            heads,
            ("9001001", "street", "9001", "云溪街道"),
            ("9001002", "街道乡镇", "9001", "青石镇"),
            ("9001003", "street", "9001", "新集乡"),
        )
    )
    (units,) = found.kinds
    assert (units.new, units.changed, units.unchanged, units.absent) == (1, 1, 1, 1)
    assert units.row_numbers == (2, 4)
    told = units.changes[0].told()
    assert told == {"before": {"name_zh": "云溪镇"}, "after": {"name_zh": "云溪街道"}}
    assert units.changes[1].after == unit("9001003", name_zh="新集乡")


def test_a_column_that_is_not_there_leaves_its_field_alone_and_an_empty_cell_empties_it():
    stored = STORED | {"units": keyed("units", unit("9001", "district", None, name_en="County"))}
    found = planned(sheet("units", ("code", "name"), ("9001", "新名")), stored=stored)
    assert found.kinds[0].changes[0].told()["after"] == {"name_zh": "新名"}
    found = planned(sheet("units", ("code", "English name"), ("9001", "")), stored=stored)
    assert found.kinds[0].changes[0].told() == {
        "before": {"name_en": "County"},
        "after": {"name_en": None},
    }


def test_rows_refer_to_rows_of_earlier_sheets_of_the_same_workbook_in_any_order():
    found = planned(
        sheet("责任", ("area", "line", "unit"), ("9001009", "lakes", "9001")),
        sheet("专项", ("code", "name"), ("lakes", "河湖")),
        sheet("单位", ("code", "kind", "parent", "name"), ("9001009", "street", "9001", "新")),
    )
    assert not found.faults
    assert [one.kind for one in found.kinds] == ["units", "lines", "responsibilities"]


def test_rounds_and_tasks_are_held_to_who_may_judge_whom():
    """A district judges its streets: not itself, not a neighbour's, not as the city's team."""
    stored = STORED | {
        "units": STORED["units"]
        | keyed("units", unit("9002", "district", None), unit("9002001", parent="9002")),
        "campaigns": keyed("campaigns", {"code": "c", "name_zh": "c", "unit": "9001"}),
        "checklists": {("gc",): {"checklist": "gc", "site_category": "公厕", "title_zh": "t"}},
        "sites": keyed(
            "sites",
            *(
                site_row(code=code, unit=code, category="公厕")
                for code in ("9001", "9001001", "9002001")
            ),
        ),
    }
    heads = ("campaign", "code", "name", "source", "opens at", "closes at")
    times = ("2026-03-01 08:00", "2026-03-02 08:00")
    kinds = ("city_team", "bureau", "district", "self")
    rounds = sheet("rounds", heads, *(("c", kind, "轮", kind, *times) for kind in kinds))
    assert codes(planned(rounds, stored=stored)) == [
        (2, "source", "round.not-judge"),
        (3, "source", "round.not-judge"),
    ]
    rounds = sheet("rounds", heads, *(("c", kind, "轮", kind, *times) for kind in kinds[2:]))
    wanted = [(kind, site) for kind in kinds[2:] for site in ("9001", "9001001", "9002001")]
    rows = [("c", kind, site, "gc", "") for kind, site in wanted]
    tasks = sheet("tasks", ("campaign", "round", "site", "checklist", "members"), *rows)
    assert codes(planned(rounds, tasks, stored=stored)) == [
        (row, "site", "task.not-judged") for row in (2, 4, 7)
    ]


def test_the_state_of_a_round_counts_only_when_it_is_made():
    stored = {
        "campaigns": keyed("campaigns", {"code": "c", "name_zh": "c"}),
        "rounds": keyed(
            "rounds",
            {
                "campaign": "c", "code": "r", "name_zh": "轮", "name_en": None,
                "source": "city_team", "period": "month", "announced": False,
                "opens_at": "2026-03-01T00:00:00+00:00", "closes_at": "2026-03-02T00:00:00+00:00",
                "state": "closed",
            },
        ),
    }  # fmt: skip
    heads = ("campaign", "code", "name", "opens at", "closes at", "state")
    row = ("c", "r", "轮", "2026-03-01 08:00", "2026/3/2 08:00", "open")
    assert planned(sheet("rounds", heads, row), stored=stored).is_empty
    assert rounds_named([sheet("tasks", ("round", "campaign"), ("r", "c"))], KINDS) == {("c", "r")}


def test_the_same_differences_have_the_same_fingerprint():
    rows = [("9001003", "street", "9001", "新集乡"), ("9001004", "street", "9001", "老集乡")]
    heads = ("code", "kind", "parent", "name")
    one = planned(sheet("units", heads, *rows))
    same = planned(sheet("单位", ("名称", *heads[:3]), *((r[3], *r[:3]) for r in rows)))
    other = planned(sheet("units", heads, rows[0], (*rows[1][:3], "老集镇")))
    assert one.fingerprint == same.fingerprint != other.fingerprint


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_every_example_of_a_template_can_be_read(kind):
    for column in kind.columns:
        assert column.example or not column.needed, column.name
        if column.example:
            value = read_cell(column, column.example, ZONE)
            assert read_cell(column, write_cell(column, value, ZONE), ZONE) == value


def test_heads_mean_one_column_each():
    from app.imports.columns import folded_head

    for kind in KINDS.values():
        heads = [folded_head(h) for c in kind.columns for h in {c.name, c.zh, c.en}]
        clashes = {h for h in heads if heads.count(h) > 1}
        assert not {c.name for c in kind.columns if sum(h in clashes for h in (c.zh, c.en)) > 1}


# -- out and in -----------------------------------------------------------------------------------

_WORDS = st.text(st.sampled_from("云溪青石abcXYZ019 -_=+@'\",;，。\n（）"), min_size=1, max_size=12)
_TEXT = _WORDS.map(lambda text: text.strip()).filter(lambda t: t and not t.startswith("'"))
_CODE = st.text(st.sampled_from("abcXYZ0189.-"), min_size=1, max_size=8)
_DAYS = st.dates(date(1900, 1, 1), date(2200, 1, 1)).map(date.isoformat)
_MOMENTS = st.integers(0, 7 * 10**9).map(lambda s: datetime.fromtimestamp(s, UTC))


def cell_values(column):
    """Values that a column can hold, with None or its default where it may be empty."""
    low, high = column.bounds
    found = {
        "text": _TEXT,
        "code": _CODE,
        "unit_code": _CODE,
        "codes": st.lists(_CODE, max_size=3, unique=True).map(sorted),
        "whole": st.integers(low, high) if column.sort == "whole" else st.none(),
        "points": st.integers(1, 10**9).map(lambda n: plain_decimal(Decimal(n) / 1000)),
        "degrees": st.floats(low, high) if column.sort == "degrees" else st.none(),
        "day": _DAYS,
        "instant": _MOMENTS.map(datetime.isoformat),
        "yes_no": st.booleans(),
        "choice": st.sampled_from(column.choices or ("",)),
        "words": st.lists(st.sampled_from(column.choices or ("",)), unique=True).map(sorted),
        "params": st.dictionaries(_CODE, st.integers() | _TEXT | st.booleans(), max_size=2),
    }[column.sort]
    return found if column.needed else found | st.just(column.default)


@st.composite
def rows_of(draw, kind, world):
    """Stored rows of a kind that keep its rules, referring to rows that are there."""
    found = {}
    for _ in range(draw(st.integers(0, 4))):
        row = {c.name: draw(cell_values(c)) for c in kind.columns if not c.secret}
        refer(draw, kind, row, world, found)
        row = obey(kind.name, row, draw, found, world)
        if row is not None:
            found.setdefault(tuple(row[name] for name in kind.key), row)
    return found


def refer(draw, kind, row, world, own):
    if "rounds" in kind.needs:
        found = sorted(world["rounds"])
        row["campaign"], row["round"] = draw(st.sampled_from(found)) if found else (None, None)
    for column in kind.columns:
        if not column.refers or (column.name == "campaign" and "rounds" in kind.needs):
            continue
        rows = own if column.refers == kind.name else world[column.refers]
        lasting = [one for one in rows.values() if kind.name == "units" or not one.get("valid_to")]
        known = sorted({one[KINDS[column.refers].refer] for one in lasting})
        if column.sort == "codes":
            few = (
                st.lists(st.sampled_from(known), unique=True, max_size=3) if known else st.just([])
            )
            row[column.name] = sorted(draw(few))
        else:
            row[column.name] = draw(st.sampled_from(known)) if known else None


def obey(name, row, draw, own, world):  # noqa: C901 - the rules of twelve kinds
    """The row as the rules of its kind have it, or None where that cannot be."""
    if any(row.get(c.name) in (None, []) for c in KINDS[name].columns if c.needed):
        return None
    if row.get("valid_to") and row["valid_to"] < row["valid_from"]:
        row["valid_to"] = None
    if name == "units":
        row["successor"] = None
    elif name == "users":
        row["name"] = next(
            (o["name"] for o in own.values() if o["login"] == row["login"]), row["name"]
        )
    elif name == "responsibilities":
        same = [o for o in own.values() if (o["area"], o["line"]) == (row["area"], row["line"])]
        return None if same else row
    elif name == "sites":
        row |= {"category": "公厕", "state": "active"}
        if None in (row["lat"], row["lon"], row["crs"]):
            row |= {"lat": None, "lon": None, "crs": None}
    elif name == "tasks":
        owner = world["campaigns"][row["campaign"],]["unit"]
        return row if owner in above(world, world["sites"][row["site"],]["unit"]) else None
    elif name == "rounds":
        row["source"] = "self"
        row["closes_at"] = max(row["closes_at"], row["opens_at"][:3] + "9" + row["opens_at"][4:])
        return row if row["closes_at"] > row["opens_at"] else None
    elif name == "entrants":
        leagues = sorted(code for campaign, code in world["leagues"] if campaign == row["campaign"])
        row["league"] = draw(st.sampled_from(leagues)) if leagues else None
        return row if leagues else None
    elif name == "checklists":
        obey_item(row, own)
    return row


def above(world, code):
    while code is not None:
        yield code
        code = world["units"][code,]["parent"]


def obey_item(row, own):
    if row["answer_type"] != "count_deduct":
        row["deduct_per"] = None
    elif row["deduct_per"] is None:
        row["deduct_per"] = "1"
    if row["answer_type"] != "number_min":
        row["min"] = None
    elif row["min"] is None:
        row["min"] = 3
    row["veto_class"] = row["veto_class"] if row["veto"] else None
    row["photo_max"] = max(row["photo_max"], row["photo_min"]) if row["photo_max"] else None
    row["exemption_en"] = row["exemption_en"] if row["exemption_zh"] else None
    row |= {"applies_item": None, "applies_values": []}
    if None in (row["limit_quantity"], row["limit_unit"]):
        row |= {"limit_quantity": None, "limit_unit": None}
    row |= {"checklist": "list-" + row["answer_type"], "site_category": "公厕"}
    for other in own.values():
        if other["checklist"] == row["checklist"]:
            row |= {name: other[name] for name in ("site_category", "title_zh", "title_en")}


@st.composite
def cities(draw):
    world = {}
    for name, kind in KINDS.items():
        world[name] = draw(rows_of(kind, world))
        if kind.fold is not None:
            world[name] = dict(kind.fold(list(world[name].values())))
    return world


@settings(max_examples=_CITIES)
@given(cities(), st.sampled_from(["zh", "en"]))
def test_importing_what_was_exported_is_nothing_to_do(city, language):
    full = {name: rows for name, rows in city.items() if rows}
    out = io.BytesIO()
    files.write_export(out, Format.XLSX, full, ZONE, language)
    sheets = files.read_file(out.getvalue(), "city.xlsx", None) if full else []
    found = plan(sheets, KINDS, city, OPTIONS)
    assert found.faults == ()
    assert found.is_empty
    assert {one.kind: one.unchanged for one in found.kinds} == {n: len(r) for n, r in full.items()}


@settings(max_examples=_CITIES)
@given(cities())
def test_a_csv_of_each_kind_makes_the_same_rows_in_an_empty_city(city):
    for name, rows in city.items():
        if not rows:
            continue
        out = io.BytesIO()
        files.write_export(out, Format.CSV, {name: rows}, ZONE, "zh")
        sheets = files.read_file(out.getvalue(), "export.csv", name)
        rest = {n: r for n, r in city.items() if n != name}
        if name == "users":
            rest["users"] = {}
        found = plan(sheets, KINDS, rest, Options(ZONE, TODAY))
        assert [f for f in found.faults if f.code != "round.state"] == []
        for one in found.kinds:
            secrets = KINDS[name].secrets
            made = {
                change.key: {k: v for k, v in change.after.items() if k not in secrets}
                for change in one.changes
            }
            assert made == rows


def test_a_geojson_of_sites_comes_back_as_it_was():
    site = site_row(code="S1", category="公厕")
    placed = keyed(
        "sites",
        site | {"lat": 35.25, "lon": 113.5, "crs": "gcj02"},
        site | {"code": "S2", "lat": None, "lon": None, "crs": None},
    )
    out = io.BytesIO()
    files.write_export(out, Format.GEOJSON, {"sites": placed}, ZONE, "zh")
    found = json.loads(out.getvalue())
    assert found["features"][0]["geometry"]["coordinates"] == [113.5, 35.25]
    sheets = files.read_file(out.getvalue(), "sites.geojson", None)
    assert planned(*sheets, stored=STORED | {"sites": placed}).is_empty
