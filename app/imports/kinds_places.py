"""Boundaries of units: a sort of sheet that comes and goes as GeoJSON only."""

import json
from collections.abc import Iterator
from datetime import tzinfo

from app.imports.columns import FIRST_DAY, Column, Head, Value, choice, code, day, text, yes_no
from app.imports.faults import Bad
from app.imports.rules import Found, Kind, Record, World
from app.kit.errors import Invalid
from app.kit.geo import Crs
from app.kit.shapes import canonical_geometry, read_area

CRS_LABELS = {"wgs84": "WGS-84", "gcj02": "高德", "bd09": "百度", "cgcs2000": "国家2000"}
_SAMPLE = '{"type": "Polygon", "coordinates": [[[113.1, 35.1], [113.2, 35.1], [113.2, 35.2]]]}'
_TOLD = {"geometry.empty", "geometry.swapped", "geometry.outside", "geometry.too-many-points"}


def _geometry(head: Head, **more: str | bool) -> Column:
    """A GeoJSON geometry, its numbers written in one way so that equal ones are equal."""

    def read(cell: str, _zone: tzinfo) -> Value:
        try:
            return canonical_geometry(json.loads(cell))
        except (ValueError, OverflowError, RecursionError) as error:
            raise Bad("geometry.shape", found=cell) from error

    def write(value: Value, _zone: tzinfo) -> str:
        return str(value)

    return Column(
        head.name, head.zh, head.en, head.meaning_zh, head.meaning_en, read, write,
        needed=True, example=_SAMPLE, sort="geometry",
    )  # fmt: skip


def _check_boundary(record: Record, world: World) -> Iterator[Found]:
    """The system is named with every shape, the shape has an area, the unit is there that day."""
    row = record.row
    unit = world.index("units").get(row["unit"])
    if unit is not None and "valid_from" not in record.failed:
        ended = unit["valid_to"] is not None and unit["valid_to"] < row["valid_from"]
        if ended or row["valid_from"] < unit["valid_from"]:
            span = f"{unit['valid_from']} – {unit['valid_to'] or ''}"
            yield "valid_from", "boundary.unit-not-valid", {"span": span}
    if record.failed & {"geometry", "crs"} or row["geometry"] is None:
        return
    if "crs" not in record.given:
        if record.before is not None:  # of new rows the missing column is told
            yield "crs", "location.no-crs", {}
        return
    held = record.before
    if held and (held["geometry"], held["crs"]) == (row["geometry"], row["crs"]):
        return
    try:
        read_area(json.loads(row["geometry"]), Crs(row["crs"]), at="")
    except Invalid as error:
        for fault in error.faults:
            yield (
                "geometry",
                fault.code if fault.code in _TOLD else "geometry.shape",
                {"found": fault.pointer, **(fault.data or {})},
            )


BOUNDARIES = Kind(
    "boundaries",
    "边界",
    "boundaries",
    (
        code(Head("unit", "单位代码", "code", "单位代码", "code of the unit"), unit=True, needed=True, refers="units", example="990100001"),
        _geometry(Head("geometry", "边界", "geometry", "Polygon 或 MultiPolygon", "Polygon or MultiPolygon")),
        choice(Head("crs", "坐标系", "crs", "必须注明", "is never guessed"), Crs, CRS_LABELS, needed=True, example="gcj02"),
        text(Head("source", "来源", "source", "由谁绘制", "who drew it"), 300, needed=True, example="民政局 2026"),
        yes_no(Head("synthetic", "是否虚构", "synthetic", "演示用的虚构边界", "made up"), default=False),
        day(Head("valid_from", "生效日期", "valid from", "第一天", "first day"), default=FIRST_DAY, example="2026-01-01"),
    ),
    key=("unit",),
    refer="unit",
    label="unit",
    check=_check_boundary,
)  # fmt: skip
