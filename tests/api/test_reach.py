"""The scope predicate: the one in SQL and the one in plain code say the same of every row."""

from itertools import product
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from app.kit.reach import Posting
from app.organisation.queries import within_reach
from app.organisation.rules import covers

_LINES = [UUID(int=n) for n in range(3)]
_PATHS = [
    "/4108/",
    "/4108/A-1/",
    "/4108/A.1/",
    "/4108/A1/",
    "/4108/A/",
    "/4108/A/B/",
    "/4108/A/B/C/",
    "/4108/B/",
    "/41080/",
]
_ROWS = [(number, *row) for number, row in enumerate(product(_PATHS, _LINES, [None, *_PATHS[:7]]))]
_postings = st.lists(
    st.builds(
        Posting,
        role=st.just("unit_coordinator"),
        unit_path=st.sampled_from(_PATHS),
        area_paths=st.lists(st.sampled_from(_PATHS), max_size=2).map(tuple),
        line_ids=st.lists(st.sampled_from(_LINES), max_size=2).map(tuple),
    ),
    max_size=3,
)
_TABLE = sa.table(
    "reached",
    sa.column("number", sa.Integer),
    sa.column("area", sa.String),
    sa.column("line", sa.Uuid),
    sa.column("answerable", sa.String),
)


@pytest.fixture(scope="module")
def table(engine):
    """A temporary table with a row for every combination."""
    with engine.connect() as connection:
        connection.execute(
            sa.text("CREATE TEMP TABLE reached (number int, area text, line uuid, answerable text)")
        )
        names = ("number", "area", "line", "answerable")
        connection.execute(sa.insert(_TABLE), [dict(zip(names, row, strict=True)) for row in _ROWS])
        yield connection
        connection.rollback()


@given(postings=_postings)
def test_sql_and_rules_agree_on_every_row(table, postings):
    found = _TABLE.c
    predicate = within_reach(
        postings, area=found.area, line=found.line, answerable=found.answerable
    )
    seen = set(table.execute(sa.select(found.number).where(predicate)).scalars())
    expected = {
        number
        for number, area, line, answerable in _ROWS
        if covers(postings, area_path=area, line_id=line, answerable_path=answerable)
    }
    assert seen == expected


def test_nobody_reaches_anything_without_a_posting(table):
    predicate = within_reach([], area=_TABLE.c.area, line=_TABLE.c.line, answerable=None)
    assert table.execute(sa.select(_TABLE.c.number).where(predicate)).all() == []
