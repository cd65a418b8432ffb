"""Lines of CSV that the database writes open as they were meant, in Excel as in WPS."""

import csv
import io

import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.infra.copying import copy_rows, guarded
from app.infra.sheets import read_sheets
from app.kit.ids import new_id

ALONE = ("=1+1", "@SUM(A1)", "－减号", "-减号", "+", "'引号", "0123", "41080219920101123", "1E05")
PLAIN = ("-5", "+1.5", "0", "12345678901", "E0112", "2018-000001", '1号\n公厕，"甲"', "二")


def copied(tx, *texts):
    ids = [new_id() for _ in texts]
    columns = sa.column("id", sa.Uuid), sa.column("text", sa.Text)
    rows = sa.values(*columns, name="rows").data(list(zip(ids, texts, strict=True)))
    query = sa.select(rows.c.id, guarded(rows.c.text), sa.literal(7), sa.null())
    lines, count, last = copy_rows(tx, query)
    assert (count, last) == (len(texts), ids[-1] if ids else None)
    return lines


def test_only_what_a_spreadsheet_would_run_or_spoil_is_guarded(tx):
    raw = copied(tx, *ALONE, *PLAIN)
    rows = list(csv.reader(io.StringIO(raw.decode(), newline="")))
    assert rows == [[f"'{one}", "7", ""] for one in ALONE] + [[one, "7", ""] for one in PLAIN]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.text("=+-@'0123456789eE.＝甲,\"", min_size=1, max_size=14))
@example(text="0,5")
def test_what_our_own_reading_sees_is_what_was_written(tx, text):
    (sheet,) = read_sheets("头,数,空\n".encode() + copied(tx, text), "x.csv")
    assert sheet.lines[1].cells[0] == text.strip()
