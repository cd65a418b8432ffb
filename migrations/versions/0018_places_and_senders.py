"""where a case is in WGS-84, and what its sender calls it

Points that were sent in a shifted system are brought to WGS-84 here, by the same formula as the
code had when this was written.

Revision: 0018, after 0017.
"""

import math
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_BATCH = 1000
_A, _EE = 6378245.0, 0.00669342162296594323


def _shifted(lat: float, lon: float) -> tuple[float, float]:
    if not (0.8293 <= lat <= 55.8271 and 72.004 <= lon <= 137.8347):
        return lat, lon
    x, y = lon - 105.0, lat - 35.0
    wave = (20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)) * 2 / 3
    d_lat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + wave
    d_lat += (20 * math.sin(y * math.pi) + 40 * math.sin(y / 3 * math.pi)) * 2 / 3
    d_lat += (160 * math.sin(y / 12 * math.pi) + 320 * math.sin(y * math.pi / 30)) * 2 / 3
    d_lon = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + wave
    d_lon += (20 * math.sin(x * math.pi) + 40 * math.sin(x / 3 * math.pi)) * 2 / 3
    d_lon += (150 * math.sin(x / 12 * math.pi) + 300 * math.sin(x / 30 * math.pi)) * 2 / 3
    radians = lat / 180 * math.pi
    magic = 1 - _EE * math.sin(radians) ** 2
    root = math.sqrt(magic)
    d_lat = d_lat * 180 / ((_A * (1 - _EE)) / (magic * root) * math.pi)
    d_lon = d_lon * 180 / (_A / root * math.cos(radians) * math.pi)
    return lat + d_lat, lon + d_lon


def _to_bd09(lat: float, lon: float) -> tuple[float, float]:
    turn = math.pi * 3000 / 180
    radius = math.hypot(lon, lat) + 0.00002 * math.sin(lat * turn)
    angle = math.atan2(lat, lon) + 0.000003 * math.cos(lon * turn)
    return radius * math.sin(angle) + 0.006, radius * math.cos(angle) + 0.0065


def _inverse(lat: float, lon: float, forward: Callable) -> tuple[float, float]:
    found = lat, lon
    for _ in range(20):
        there = forward(*found)
        found = found[0] - (there[0] - lat), found[1] - (there[1] - lon)
    return found


def _wgs84(lat: float, lon: float, crs: str) -> tuple[float, float]:
    if crs == "bd09":
        return _inverse(*_inverse(lat, lon, _to_bd09), _shifted)
    return _inverse(lat, lon, _shifted) if crs == "gcj02" else (lat, lon)


def _fill() -> None:
    connection = op.get_bind()
    connection.execute(
        sa.text(
            "UPDATE problem SET wgs84_lat = site.wgs84_lat, wgs84_lon = site.wgs84_lon FROM site"
            " WHERE site.id = problem.site_id AND problem.lat IS NULL"
        )
    )
    waiting = sa.text(
        "SELECT id, lat, lon, crs FROM problem"
        f" WHERE lat IS NOT NULL AND wgs84_lat IS NULL LIMIT {_BATCH}"
    )
    update = sa.text("UPDATE problem SET wgs84_lat = :lat, wgs84_lon = :lon WHERE id = :id")
    while rows := connection.execute(waiting).all():
        points = [(row.id, _wgs84(row.lat, row.lon, row.crs)) for row in rows]
        connection.execute(
            update, [{"id": id_, "lat": lat, "lon": lon} for id_, (lat, lon) in points]
        )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in ("wgs84_lat", "wgs84_lon"):
        op.add_column("problem", sa.Column(name, sa.Float(), nullable=True))
    op.add_column("problem", sa.Column("sender_id", sa.Uuid(), nullable=True))
    op.add_column("problem", sa.Column("external_ref", sa.String(length=64), nullable=True))
    _fill()
    op.create_foreign_key(op.f("fk_problem_sender_id"), "problem", "api_key", ["sender_id"], ["id"])
    op.create_unique_constraint(
        op.f("uq_problem_sender_id_external_ref"), "problem", ["sender_id", "external_ref"]
    )
    op.create_check_constraint(
        op.f("ck_problem_whole_place"), "problem", "(wgs84_lat IS NULL) = (wgs84_lon IS NULL)"
    )
    op.create_check_constraint(
        op.f("ck_problem_sender"), "problem", "sender_id IS NULL OR external_ref IS NOT NULL"
    )
    op.create_index("ix_problem_place", "problem", ["wgs84_lat", "wgs84_lon"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_problem_place", table_name="problem")
    for name in ("external_ref", "sender_id", "wgs84_lon", "wgs84_lat"):
        op.drop_column("problem", name)
