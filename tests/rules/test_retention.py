"""Which class keeps a photo, and when it is due."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.media.retention import KeptFor, Use, class_of, due_by

A, B = UUID(int=1), UUID(int=2)
ALL = KeptFor("all", None, None, 365)
OF_A = KeptFor("a", A, None, 730)
TOILETS = KeptFor("toilets", None, "公厕", 100)
TOILETS_OF_A = KeptFor("a-toilets", A, "公厕", 30)
FOR_GOOD = KeptFor("b", B, None, None)
CLASSES = [ALL, TOILETS, OF_A, TOILETS_OF_A, FOR_GOOD]
STORED = datetime(2018, 9, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("use", "code"),
    [
        (Use(), "all"),
        (Use(None, "公厕"), "toilets"),
        (Use(None, "市场"), "all"),
        (Use(A, "市场"), "a"),
        (Use(A, "公厕"), "a-toilets"),
        (Use(B, "公厕"), "b"),
    ],
)
def test_the_narrowest_class_counts(use, code):
    assert class_of(use, reversed(CLASSES)).code == class_of(use, CLASSES).code == code


def test_without_a_class_a_photo_is_kept_for_good():
    assert class_of(Use(A, "公厕"), [FOR_GOOD]) is None
    assert due_by(STORED, [Use(A, None)], [FOR_GOOD], STORED + timedelta(days=99_999)) is None


@pytest.mark.parametrize(
    ("uses", "days"),
    [
        ((), 365),  # nobody ever named it
        ((Use(A, "公厕"),), 30),
        ((Use(A, "公厕"), Use(None, "公厕")), 100),
        ((Use(A, "公厕"), Use(A, "市场"), Use(None, "公厕")), 730),
        ((Use(A, "公厕"), Use(B, "公厕")), None),
        ((Use(A, "公厕", is_open=True),), None),
        ((Use(A, "公厕"), Use(A, "公厕", is_open=True)), None),
    ],
)
def test_the_longest_use_decides_and_an_open_entry_keeps_it(uses, days):
    never = STORED + timedelta(days=99_999)
    if days is None:
        assert due_by(STORED, uses, CLASSES, never) is None
        return
    day = STORED + timedelta(days=days)
    assert due_by(STORED, uses, CLASSES, day - timedelta(seconds=1)) is None
    assert due_by(STORED, uses, CLASSES, day).keep_days == days
