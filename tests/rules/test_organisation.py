"""Reach, answerability and the order of units."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth.permissions import ROLE_PERMISSIONS, permissions_of
from app.kit.reach import Posting
from app.organisation.rules import (
    ROOT,
    Responsibility,
    Role,
    answerable_units,
    child_path,
    codes_of,
    covers,
    is_at_or_below,
    parents_first,
)

SIGNS, TOILETS = UUID(int=1), UUID(int=2)
CITY, JIEFANG = "/410800/", "/410800/410802/"
MINSHENG = JIEFANG + "410802001/"
BUREAU = CITY + "JZ-CGJ/"
DAY = date(2018, 9, 10)


def posting(unit, areas=(), lines=()):
    return Posting("unit_coordinator", unit, tuple(areas), tuple(lines))


@pytest.mark.parametrize(
    ("postings", "answerable", "seen"),
    [
        ([posting(JIEFANG, [JIEFANG])], None, True),
        ([posting(CITY, [CITY])], None, True),
        ([posting(MINSHENG, [MINSHENG])], None, True),
        ([posting(MINSHENG, [MINSHENG + "410802001001/"])], None, False),
        ([posting("/410800/410811/", ["/410800/410811/"])], None, False),
        ([posting(BUREAU, [CITY], [SIGNS])], None, True),
        ([posting(BUREAU, [CITY], [TOILETS])], None, False),
        ([posting(BUREAU, [CITY], [TOILETS]), posting(BUREAU, [CITY], [SIGNS])], None, True),
        ([posting(JIEFANG + "JF-CGJ/")], JIEFANG + "JF-CGJ/", True),
        ([posting(JIEFANG)], JIEFANG + "JF-CGJ/", True),
        ([posting(JIEFANG + "JF-CGJ/")], JIEFANG + "JF-ZJJ/", False),
        ([posting(JIEFANG + "JF-CGJ/")], None, False),
        ([], MINSHENG, False),
    ],
)
def test_what_a_caller_reaches(postings, answerable, seen):
    """A row on signs in Minsheng street."""
    found = covers(postings, area_path=MINSHENG, line_id=SIGNS, answerable_path=answerable)
    assert found is seen


def test_a_code_that_begins_alike_is_another_unit():
    assert not is_at_or_below("/410800/4108021/", "/410800/410802/")


@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6))
def test_paths_and_codes_are_inverse(codes):
    path = ROOT
    for code in codes:
        path = child_path(path, code)
    assert codes_of(path) == codes
    assert is_at_or_below(path, ROOT)


def responsible(area, unit, line=SIGNS, begins=date(2000, 1, 1), ends=None):
    return Responsibility(area, line, UUID(int=unit), f"/u{unit}/", begins, ends)


class TestAnswerability:
    def find(self, *given, at=MINSHENG, on=DAY):
        found = answerable_units(given, area_path=at, on=on)
        return {line.int: one.unit_id.int for line, one in found.items()}

    def test_the_nearest_area_above_wins_in_any_order(self):
        city, district, street = (
            responsible(CITY, 1), responsible(JIEFANG, 2), responsible(MINSHENG, 3),
        )  # fmt: skip
        for given_ in (
            [city, district, street],
            [street, city, district],
            [district, street, city],
        ):
            assert self.find(*given_) == {1: 3}
            assert self.find(*given_, at=JIEFANG + "410802003/") == {1: 2}
            assert self.find(*given_, at="/410800/410811/") == {1: 1}

    def test_each_line_has_its_own(self):
        assert self.find(responsible(CITY, 1), responsible(CITY, 2, TOILETS)) == {1: 1, 2: 2}

    def test_nobody_answers_where_nothing_is_said(self):
        assert self.find(responsible("/410800/410811/", 1)) == {}

    @pytest.mark.parametrize(
        ("begins", "ends", "holds"),
        [
            (DAY, None, True),
            (date(2018, 9, 11), None, False),
            (date(2018, 1, 1), DAY, True),
            (date(2018, 1, 1), date(2018, 9, 9), False),
        ],
    )
    def test_it_holds_from_its_first_to_its_last_day(self, begins, ends, holds):
        found = self.find(responsible(MINSHENG, 2, begins=begins, ends=ends), responsible(CITY, 1))
        assert found == {1: 2 if holds else 1}


class TestParentsFirst:
    def test_parents_come_before_their_children(self):
        parents = {"c": "b", "a": None, "b": "a", "d": "outside"}
        order = list(parents_first(parents))
        assert sorted(order) == sorted(parents)
        assert order.index("a") < order.index("b") < order.index("c")

    @pytest.mark.parametrize(
        "parents", [{"a": "a"}, {"a": "b", "b": "a"}, {"x": "a", "a": "b", "b": "a"}]
    )
    def test_a_circle_is_refused(self, parents):
        with pytest.raises(ValueError, match="circle"):
            parents_first(parents)

    @given(st.dictionaries(st.integers(0, 30), st.integers(0, 30), max_size=30))
    def test_it_holds_for_every_forest(self, drawn):
        parents = {
            str(child): str(parent) if parent < child else None for child, parent in drawn.items()
        }
        order = list(parents_first(parents))
        assert sorted(order) == sorted(parents)
        for child, parent in parents.items():
            if parent in parents:
                assert order.index(parent) < order.index(child)


class TestPermissions:
    def test_every_role_has_a_line_in_the_table(self):
        assert set(ROLE_PERMISSIONS) == set(Role)

    def test_auditors_write_nothing(self):
        """To take away what may be read is reading, too."""
        held = ROLE_PERMISSIONS[Role.AUDITOR] - {"ledger.export"}
        assert all(name.split(".")[1].startswith("read") for name in held)

    def test_several_roles_add_up_and_none_gives_nothing(self):
        both = permissions_of(frozenset({"auditor", "inspector"}))
        assert both == ROLE_PERMISSIONS[Role.AUDITOR] | ROLE_PERMISSIONS[Role.INSPECTOR]
        assert permissions_of(frozenset()) == frozenset()
