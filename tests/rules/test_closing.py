"""Which problems are an entrant's, when their closing in time counts in a ranking."""

import pytest

from app.ledger.summing import CameDue
from app.scoring.rules_closing import with_closing
from tests.rules.marked import entrant, league

COUNTED = (
    CameDue("/1/11/111/", "/1/11/111/", "toilets", on_time=3, due=4),
    CameDue("/1/11/111/", "/1/19/", "signage", on_time=1, due=2),
    CameDue("/1/12/121/", "/1/12/", "toilets", on_time=0, due=5),
    CameDue("/1/11/112/", "/1/110/", "toilets", on_time=7, due=7),
)


@pytest.mark.parametrize(
    ("unit", "areas", "lines", "expected"),
    [
        ("/1/11/", ["/1/11/"], (), (3, 4)),
        ("/1/11/111/", ["/1/11/111/"], (), (3, 4)),
        ("/1/19/", ["/1/"], ("signage",), (1, 2)),
        ("/1/19/", ["/1/"], ("toilets",), (0, 0)),
        ("/1/19/", ["/1/12/"], (), (0, 0)),
        ("/1/", ["/1/"], (), (11, 18)),
        ("/1/", ["/1/11/", "/1/12/"], ("toilets",), (10, 16)),
    ],
)
def test_problems_are_counted_where_the_unit_answers_in_its_areas_and_lines(
    unit, areas, lines, expected
):
    given = league("x", entrant("a", *areas, lines=lines))
    ((found,),) = (one.entrants for one in with_closing([given], {"a": unit}, COUNTED))
    assert (found.closed_on_time, found.due) == expected
