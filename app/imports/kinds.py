"""The sheets that make a city, each declared once: columns, keys, references and checks.

The order is that of dependence: a row may refer to rows of its own and of earlier kinds.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from app.auth.rules import password_faults
from app.imports.checks import living_units, term
from app.imports.columns import FIRST_DAY, Head, choice, code, codes, day, degrees, text
from app.imports.faults import SheetFault
from app.imports.kinds_places import BOUNDARIES, CRS_LABELS
from app.imports.kinds_work import CAMPAIGNS, CHECKLISTS, ENTRANTS, LEAGUES, ROUNDS, TASKS
from app.imports.rules import Found, Kind, Record, World, fault_at
from app.kit.geo import Crs
from app.organisation.rules import CategoryKind, Role, UnitKind, child_path
from app.sites.rules import RoadClass, SiteState

_UNIT_KINDS = {
    "city": "城市",
    "district": "城区",
    "street": "街道乡镇",
    "community": "社区村",
    "bureau": "市直单位",
    "district_bureau": "区直单位",
    "squad": "中队",
    "enterprise": "企业",
    "external": "外部单位",
}
_CATEGORY_KINDS = {"event": "事件", "component": "部件", "extension": "扩展"}
_ROLES = {
    "hq_admin": "指挥部管理员",
    "hq_editor": "指挥部编辑",
    "inspector": "督导员",
    "team_lead": "督导组长",
    "unit_coordinator": "单位联络员",
    "unit_handler": "单位处置员",
    "auditor": "审计员",
    "platform": "平台接口",
    "dashboard": "看板",
}
_ROADS = {"main": "主干道", "side": "次干道", "alley": "背街小巷"}
_SITE_STATES = {"proposed": "待确认", "active": "正常", "closed": "已关闭"}
_MOST_PATH = 400
_WEAK = {"field.too-short": "password.short"}


_NAME_ZH = Head("name_zh", "名称", "name", "中文名称", "name in Chinese")
_NAME_EN = text(Head("name_en", "英文名称", "English name"), 200)
_FROM = Head("valid_from", "生效日期", "valid from", "第一天，不填为 2000-01-01", "first day")
_TO = Head("valid_to", "失效日期", "valid to", "最后一天，不填为一直有效", "last day, or none")
_FIRST = day(_FROM, default=FIRST_DAY, example="2026-01-01")
_LAST = day(_TO, example="2026-12-31")


# -- units ----------------------------------------------------------------------------------------

_STAYS = (
    "单位改隶时，请给原单位填失效日期，并另建新单位作为承接单位",
    "when a unit moves, end it and add a new unit as its successor",
)


def _check_unit(record: Record, world: World) -> Iterator[Found]:
    row = record.row
    yield from term(record)
    if row["successor"]:
        if row["successor"] == row["code"]:
            yield "successor", "unit.own-successor", {}
        elif not row["valid_to"]:
            yield "successor", "unit.successor-without-end", {}
    chain = [row["code"]]
    parent = row["parent"]
    while parent and parent in world.index("units"):
        if parent in chain:
            if parent == row["code"] == min(chain):  # told once
                yield "parent", "unit.circle", {"circle": " > ".join([*chain, parent])}
            return
        chain.append(parent)
        parent = world.index("units")[parent]["parent"]
    path = "/"
    for one in reversed(chain):
        path = child_path(path, one)
    if len(path) > _MOST_PATH:
        yield "parent", "unit.too-deep", {"length": len(path), "limit": _MOST_PATH}


UNITS = Kind(
    "units",
    "单位",
    "units",
    (
        code(
            Head("code", "单位代码", "code", "全市唯一，不能改", "unique over all units"),
            unit=True, needed=True, example="990100001",
        ),
        text(
            Head("scheme", "编码体系", "scheme", "gbt2260、nbs_stat 或 local", "of the code"),
            20, default="local", example="local",
        ),
        choice(
            Head("kind", "单位类型", "kind"), UnitKind, _UNIT_KINDS, needed=True, example="street"
        ),
        code(
            Head("parent", "上级代码", "parent", "最上级留空", "code of the unit above"),
            unit=True, refers="units", fixed=_STAYS, example="990100",
        ),
        text(_NAME_ZH, 100, needed=True, example="城关镇"),
        text(Head("full_name_zh", "全称", "full name"), 200),
        _NAME_EN,
        _FIRST,
        _LAST,
        code(
            Head("successor", "承接单位", "successor", "撤并后由谁承接", "who took over"),
            unit=True, refers="units",
        ),
    ),
    key=("code",),
    check=_check_unit,
)  # fmt: skip

LINES = Kind(
    "lines",
    "专项",
    "lines",
    (
        code(
            Head("code", "专项代码", "code", "唯一", "unique"),
            needed=True,
            example="toilets",
        ),
        text(_NAME_ZH, 100, needed=True, example="公厕"),
        _NAME_EN,
    ),
    key=("code",),
)

CATEGORIES = Kind(
    "categories",
    "问题类别",
    "categories",
    (
        text(Head("scheme", "分类体系", "scheme"), 40, needed=True, example="local"),
        code(Head("code", "类别代码", "code"), 20, needed=True, example="E0101"),
        text(Head("version", "版本", "version"), 20, default="1", example="1"),
        choice(
            Head("kind", "类别类型", "kind"), CategoryKind, _CATEGORY_KINDS,
            default="event", example="event",
        ),
        text(_NAME_ZH, 100, needed=True, example="暴露垃圾"),
        _NAME_EN,
    ),
    key=("scheme", "code", "version"),
)  # fmt: skip


# -- people ---------------------------------------------------------------------------------------


def _check_user(record: Record, world: World) -> Iterator[Found]:
    yield from term(record)
    yield from living_units(record, world, "unit")
    password = record.given.get("password")
    if password and not world.options.passwords:
        yield "password", "password.not-here", {}
    elif password:
        least = world.options.password_min
        for fault in password_faults(password, login=record.row["login"], least=least):
            yield "password", _WEAK.get(fault.code, fault.code), {"limit": least}


def _check_users(records: Sequence[Record], world: World) -> Iterator[SheetFault]:
    """One name per login."""
    first: dict[str, Record] = {}
    for record in records:
        login = record.row["login"]
        other = first.setdefault(login, record)
        name = other.row["name"]
        if record.row["name"] != name:
            data = {"other": other.number, "there": name, "of_zh": "账号", "of_en": "login"}
            yield fault_at(record, USERS.column("name"), "row.disagrees", data)


USERS = Kind(
    "users",
    "人员",
    "users",
    (
        code(Head("login", "账号", "login", "登录名，唯一", "to sign in with"), 64, needed=True, example="wangfang"),
        text(Head("name", "姓名", "name"), 100, needed=True, example="王芳"),
        choice(Head("role", "角色", "role"), Role, _ROLES, needed=True, example="inspector"),
        code(Head("unit", "任职单位", "unit", "单位代码", "code of the unit"), unit=True, needed=True, refers="units", example="990100"),
        codes(Head("areas", "区域", "areas", "可见区域的单位代码，用分号隔开", "codes of units, by semicolons"), refers="units", example="990100"),
        codes(Head("lines", "专项", "lines", "专项代码，用分号隔开；不填为全部", "codes of lines; none is all"), refers="lines"),
        _FIRST,
        _LAST,
        text(Head("password", "初始口令", "password", "只用于新账号", "for new accounts only"), 200, secret=True),
    ),
    key=("login", "role", "unit", "valid_from"),
    refer="login",
    label="name",
    check=_check_user,
    check_all=_check_users,
)  # fmt: skip


# -- responsibilities -----------------------------------------------------------------------------


def _check_responsibility(record: Record, world: World) -> Iterator[Found]:
    yield from term(record)
    yield from living_units(record, world, "area", "unit")


def _check_responsibilities(records: Sequence[Record], world: World) -> Iterator[SheetFault]:
    """In one area, one line is answered for by one unit at a time."""
    numbers = {record.key: record for record in records}
    spans: dict[tuple[str, str], list[tuple[str, str, tuple[str, ...]]]] = {}
    for key, row in world.rows["responsibilities"].items():
        last = row["valid_to"] or "9999-12-31"
        spans.setdefault((row["area"], row["line"]), []).append((row["valid_from"], last, key))
    for found in spans.values():
        for earlier, later in pairwise(sorted(found)):
            if later[0] > earlier[1]:
                continue
            mine, other = (later, earlier) if later[2] in numbers else (earlier, later)
            if mine[2] not in numbers:
                continue
            there = numbers.get(other[2])
            data = {
                "where_zh": f"第 {there.number} 行" if there else "已有数据",
                "where_en": f"row {there.number}" if there else "what is there already",
                "span": f"{other[0]} – {other[1]}",
            }
            column = RESPONSIBILITIES.column("valid_from")
            yield fault_at(numbers[mine[2]], column, "validity.overlap", data)


RESPONSIBILITIES = Kind(
    "responsibilities",
    "责任",
    "responsibilities",
    (
        code(Head("area", "区域代码", "area", "单位代码", "code of a unit"), unit=True, needed=True, refers="units", example="990100"),
        code(Head("line", "专项代码", "line"), needed=True, refers="lines", example="toilets"),
        code(Head("unit", "责任单位", "unit", "单位代码", "code of the answerable unit"), unit=True, needed=True, refers="units", example="CGJ"),
        code(Head("leader", "包片领导", "leader", "账号", "login"), 64, refers="users", example="wangfang"),
        code(Head("coordinator", "联络员", "coordinator", "账号", "login"), 64, refers="users", example="wangfang"),
        code(Head("handler", "处置员", "handler", "账号", "login"), 64, refers="users", example="wangfang"),
        _FIRST,
        _LAST,
    ),
    key=("area", "line", "valid_from"),
    refer="area",
    label="area",
    check=_check_responsibility,
    check_all=_check_responsibilities,
)  # fmt: skip


# -- sites ----------------------------------------------------------------------------------------


def _check_location(record: Record) -> Iterator[Found]:
    """Latitude, longitude and their system stand together or not at all."""
    row = record.row
    if record.failed & {"lat", "lon", "crs"}:
        return
    if (row["lat"] is None) != (row["lon"] is None):
        empty = SITES.column("lat" if row["lat"] is None else "lon")
        yield empty.name, "location.incomplete", {"zh": empty.zh, "en": empty.en}
    elif row["lat"] is not None and row["crs"] is None:
        yield "crs", "location.no-crs", {}
    elif row["crs"] is not None and row["lat"] is None:
        lat = SITES.column("lat")
        yield "lat", "location.incomplete", {"zh": lat.zh, "en": lat.en}


def _check_site(record: Record, world: World) -> Iterator[Found]:
    yield from _check_location(record)
    yield from term(record)
    yield from living_units(record, world, "unit")
    if record.before is None and record.row["state"] == "closed" and not record.row["valid_to"]:
        yield "valid_to", "cell.missing", {"example": "2026-12-31"}


SITES = Kind(
    "sites",
    "点位",
    "sites",
    (
        code(Head("code", "点位代码", "code", "唯一", "unique"), needed=True, example="GC-0001"),
        text(Head("name", "点位名称", "name"), 100, needed=True, example="人民路公厕"),
        text(Head("category", "点位类别", "category", "与检查表的适用类别一致", "as of the checklists"), 40, needed=True, example="公厕"),
        code(Head("unit", "所属单位", "unit", "街道、乡镇或社区的代码", "code of the town or community"), unit=True, needed=True, refers="units", example="990100001"),
        degrees(Head("lat", "纬度", "latitude", "度", "degrees"), 90, example="35.2159"),
        degrees(Head("lon", "经度", "longitude", "度", "degrees"), 180, example="113.2418"),
        choice(Head("crs", "坐标系", "crs", "有坐标时必填", "with coordinates"), Crs, CRS_LABELS, example="gcj02"),
        codes(Head("lines", "专项", "lines", "专项代码，用分号隔开", "codes of lines it is marked with"), refers="lines"),
        choice(Head("road_class", "道路等级", "road class", "只用于道路", "of roads only"), RoadClass, _ROADS),
        text(Head("responsible_name", "责任人", "responsible", "姓名", "a name"), 100, example="李强"),
        code(Head("responsible_unit", "责任人单位", "responsible unit", "单位代码", "code of a unit"), unit=True, refers="units"),
        code(Head("responsible_person", "责任人账号", "responsible login", "账号", "login"), 64, refers="users"),
        choice(Head("state", "状态", "state", "只用于新点位，以后在系统中变更", "of new sites only"), SiteState, _SITE_STATES, default="active", first_only=True),
        _FIRST,
        day(_TO, first_only=True),
    ),
    key=("code",),
    label="name",
    check=_check_site,
)  # fmt: skip

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        UNITS, LINES, CATEGORIES, USERS, RESPONSIBILITIES, CHECKLISTS, SITES,
        CAMPAIGNS, LEAGUES, ROUNDS, ENTRANTS, TASKS,
    )
}  # fmt: skip

# Boundaries are no sheet: a cell is too small for them.
EVERY_KIND = KINDS | {BOUNDARIES.name: BOUNDARIES}
