"""The scope predicate: the one in SQL and the one in plain code say the same of every row."""

from collections.abc import Sequence
from itertools import product
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from app.kit.reach import Posting
from app.organisation.queries import within_reach
from app.organisation.rules import ROOT, Role, child_path, covers

_LINES = [UUID(int=n) for n in range(3)]
# Codes that are prefixes of each other, or that LIKE or a pattern could take for one another.
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
_TABLE = sa.table(
    "reached",
    sa.column("number", sa.Integer),
    sa.column("area", sa.String),
    sa.column("line", sa.Uuid),
    sa.column("answerable", sa.String),
)
_ALPHABET = "019AaZ.-"
_MOST_UNITS, _MOST_ROWS = 12, 25


def postings_in(paths: Sequence[str], lines: Sequence[UUID]) -> st.SearchStrategy[list[Posting]]:
    """What somebody may hold in a city with these units and lines."""
    one = st.builds(
        Posting,
        role=st.sampled_from(list(Role)).map(str),
        unit_path=st.sampled_from(paths),
        area_paths=st.lists(st.sampled_from(paths), max_size=3).map(tuple),
        line_ids=st.lists(st.sampled_from(lines), max_size=3, unique=True).map(tuple),
    )
    return st.lists(one, max_size=4)


@st.composite
def cities(draw: st.DrawFn) -> tuple[list[str], list[UUID], list[Posting], list[tuple]]:
    """Units below each other as chance has it, lines, somebody's postings, and rows."""
    codes = draw(
        st.lists(st.text(_ALPHABET, min_size=1, max_size=3), min_size=1, max_size=_MOST_UNITS)
    )
    paths = [ROOT]
    for code in codes:
        paths.append(child_path(draw(st.sampled_from(paths)), code))
    paths = paths[1:]
    lines = draw(st.lists(st.uuids(), min_size=1, max_size=4, unique=True))
    answerable = st.none() | st.sampled_from(paths)
    row = st.tuples(st.sampled_from(paths), st.sampled_from(lines), answerable)
    rows = draw(st.lists(row, max_size=_MOST_ROWS))
    return paths, lines, draw(postings_in(paths, lines)), rows


@pytest.fixture(scope="module")
def table(engine):
    """A temporary table for rows."""
    with engine.connect() as connection:
        connection.execute(
            sa.text("CREATE TEMP TABLE reached (number int, area text, line uuid, answerable text)")
        )
        yield connection
        connection.rollback()


@pytest.fixture(scope="module")
def every_combination(table):
    """The same table with a row for every combination of the paths above."""
    point = table.begin_nested()
    _fill(table, _ROWS)
    yield table
    point.rollback()


def _fill(table: sa.Connection, rows: Sequence[tuple]) -> None:
    names = ("number", "area", "line", "answerable")
    if rows:
        table.execute(sa.insert(_TABLE), [dict(zip(names, row, strict=True)) for row in rows])


def _seen(table: sa.Connection, postings: Sequence[Posting]) -> set[int]:
    found = _TABLE.c
    predicate = within_reach(
        postings, area=found.area, line=found.line, answerable=found.answerable
    )
    return set(table.execute(sa.select(found.number).where(predicate)).scalars())


def _expected(rows: Sequence[tuple], postings: Sequence[Posting]) -> set[int]:
    return {
        number
        for number, area, line, answerable in rows
        if covers(postings, area_path=area, line_id=line, answerable_path=answerable)
    }


def _slowly(postings: Sequence[Posting], area: str, line: UUID, answerable: str | None) -> bool:
    """The predicate as the design says it, over lists of codes: no prefix of any text."""

    def below(path: str, upper: str) -> bool:
        codes, above = path.strip("/").split("/"), upper.strip("/").split("/")
        return codes[: len(above)] == above

    for one in postings:
        by_line = len(one.line_ids) == 0 or line in one.line_ids
        if by_line and any(below(area, upper) for upper in one.area_paths):
            return True
        if answerable is not None and below(answerable, one.unit_path):
            return True
    return False


class TestRandomCities:
    @given(city=cities())
    def test_sql_rules_and_the_slow_reference_agree_on_every_row(self, table, city):
        _, _, postings, drawn = city
        rows = [(number, *row) for number, row in enumerate(drawn)]
        point = table.begin_nested()
        try:
            _fill(table, rows)
            seen = _seen(table, postings)
        finally:
            point.rollback()
        assert seen == _expected(rows, postings)
        assert seen == {number for number, *row in rows if _slowly(postings, *row)}

    @given(city=cities())
    def test_another_posting_never_takes_a_row_away(self, city):
        _, _, postings, drawn = city
        rows = [(number, *row) for number, row in enumerate(drawn)]
        for fewer in (postings[:n] for n in range(len(postings))):
            assert _expected(rows, fewer) <= _expected(rows, postings)


@given(postings=postings_in(_PATHS, _LINES))
def test_sql_and_rules_agree_on_every_combination(every_combination, postings):
    assert _seen(every_combination, postings) == _expected(_ROWS, postings)


def test_nobody_reaches_anything_without_a_posting(every_combination):
    assert _seen(every_combination, []) == set()
