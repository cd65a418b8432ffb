"""Who may judge whom, when rounds recur, and how a draw deals its places."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.reach import Posting
from app.organisation.rules import UnitKind
from app.rounds import drawing, recurrence, rules
from app.rounds.rules import Judge, Judging, RoundState, Source

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
CITY, DISTRICT, STREET, VILLAGE = "/c/", "/c/d/", "/c/d/s/", "/c/d/s/v/"
KINDS = [UnitKind.CITY, UnitKind.DISTRICT, UnitKind.STREET, UnitKind.COMMUNITY]
STREETS = frozenset({UnitKind.STREET})
TABLE = [
    Judging(Source.CITY_TEAM, UnitKind.CITY, UnitKind.BUREAU),
    Judging(Source.CITY_TEAM, UnitKind.CITY, UnitKind.DISTRICT),
    Judging(Source.BUREAU, UnitKind.BUREAU, UnitKind.DISTRICT),
    Judging(Source.DISTRICT, UnitKind.DISTRICT, UnitKind.STREET),
]


def local(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def days(rule: str, first: str, *, after: str, until: str, zone: ZoneInfo = SHANGHAI) -> list[str]:
    found = recurrence.occurrences(
        rule,
        first=local(first, zone),
        zone=zone,
        after=local(after, zone),
        until=local(until, zone),
    )
    return [f"{at.astimezone(zone):%m-%d %H:%M}" for at in found]


class TestJudging:
    @pytest.mark.parametrize(
        ("source", "kind", "may"),
        [
            (Source.CITY_TEAM, UnitKind.CITY, True),
            (Source.BUREAU, UnitKind.BUREAU, True),
            (Source.DISTRICT, UnitKind.DISTRICT, True),
            (Source.CITY_TEAM, UnitKind.DISTRICT, False),
            (Source.DISTRICT, UnitKind.STREET, False),
            (Source.BUREAU, UnitKind.CITY, False),
            (Source.THIRD_PARTY, UnitKind.EXTERNAL, False),
            (Source.SELF, UnitKind.STREET, True),
        ],
    )
    def test_who_may_run_rounds_of_a_source(self, source, kind, may):
        assert rules.may_run(TABLE, source, kind) is may

    @pytest.mark.parametrize(
        ("judge", "site", "judged"),
        [
            (
                Judge(Source.DISTRICT, DISTRICT, DISTRICT, STREETS),
                STREET,
                True,
            ),
            (
                Judge(Source.DISTRICT, DISTRICT, DISTRICT, STREETS),
                VILLAGE,
                True,
            ),
            # The district's own yard is nobody's but its own: no judge of himself.
            (
                Judge(Source.DISTRICT, DISTRICT, DISTRICT, STREETS),
                DISTRICT,
                False,
            ),
            (Judge(Source.DISTRICT, "/c/e/", "/c/e/", STREETS), STREET, False),
            (Judge(Source.BUREAU, "/c/b/", CITY, frozenset({UnitKind.DISTRICT})), STREET, True),
            (Judge(Source.BUREAU, "/c/b/", CITY, frozenset({UnitKind.DISTRICT})), CITY, False),
            (Judge(Source.CITY_TEAM, CITY, CITY, frozenset({UnitKind.DISTRICT})), VILLAGE, True),
            # Bureaus are judged by their lines, so any place will do.
            (Judge(Source.CITY_TEAM, CITY, CITY, frozenset({UnitKind.BUREAU})), CITY, True),
            (Judge(Source.CITY_TEAM, CITY, "/c/e/", frozenset({UnitKind.BUREAU})), STREET, False),
            (Judge(Source.SELF, DISTRICT, DISTRICT, frozenset()), DISTRICT, True),
            (Judge(Source.SELF, STREET, STREET, frozenset()), DISTRICT, False),
            (Judge(Source.SELF, STREET, STREET, frozenset()), VILLAGE, True),
        ],
    )
    def test_which_sites_a_judge_may_look_at(self, judge, site, judged):
        depth = site.count("/") - 1
        assert rules.is_judged(judge, site, KINDS[:depth]) is judged

    def test_a_coordinator_runs_what_is_at_or_below_his_unit(self):
        held = [Posting("unit_coordinator", DISTRICT, (DISTRICT,), ())]
        assert rules.manages(held, DISTRICT)
        assert rules.manages(held, STREET)
        assert not rules.manages(held, CITY)
        assert not rules.manages([Posting("inspector", CITY, (CITY,), ())], STREET)

    @pytest.mark.parametrize("state", list(RoundState))
    def test_an_unannounced_round_is_a_secret_until_it_is_over(self, state):
        assert not rules.is_secret(announced=True, state=state)
        assert rules.is_secret(announced=False, state=state) is (state not in rules.OVER)


class TestRecurrence:
    def test_every_day_at_eight_on_the_citys_clock(self):
        found = days("FREQ=DAILY", "2018-09-01T08:00", after="2018-09-03", until="2018-09-05T12:00")
        assert found == ["09-03 08:00", "09-04 08:00", "09-05 08:00"]

    def test_the_hour_stays_when_the_clock_is_put_forward(self):
        args = {"after": "2024-03-29", "until": "2024-04-02", "zone": BERLIN}
        found = days("FREQ=DAILY", "2024-03-01T08:00", **args)
        assert found == ["03-29 08:00", "03-30 08:00", "03-31 08:00", "04-01 08:00"]
        begins = local("2024-03-30T20:00", BERLIN)
        closes = recurrence.later(begins, timedelta(hours=12), BERLIN)
        assert closes == local("2024-03-31T08:00", BERLIN)
        assert closes - begins.astimezone(UTC) == timedelta(hours=11)

    @pytest.mark.parametrize(
        ("rule", "expected"),
        [
            ("FREQ=MONTHLY;BYMONTHDAY=31", ["01-31", "03-31"]),
            ("FREQ=MONTHLY;BYMONTHDAY=-1", ["01-31", "02-28", "03-31", "04-30"]),
            ("FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=1", ["01-01", "04-01"]),
            ("FREQ=MONTHLY;BYDAY=2MO", ["01-14", "02-11", "03-11", "04-08"]),
            ("FREQ=MONTHLY;BYDAY=-1FR;BYMONTH=2,4", ["02-22", "04-26"]),
            ("FREQ=MONTHLY;BYMONTHDAY=15;UNTIL=20190315", ["01-15", "02-15", "03-15"]),
            ("FREQ=MONTHLY;BYMONTHDAY=15;UNTIL=20190314", ["01-15", "02-15"]),
        ],
    )
    def test_months_and_their_ends(self, rule, expected):
        found = days(rule, "2019-01-01T07:30", after="2018-12-31", until="2019-05-01")
        assert found == [f"{day} 07:30" for day in expected]

    def test_every_second_week_counts_from_the_first(self):
        rule = "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH"
        found = days(rule, "2018-09-03T09:00", after="2018-09-10", until="2018-09-30")
        assert found == ["09-17 09:00", "09-20 09:00"]

    @pytest.mark.parametrize(
        ("rule", "part"),
        [
            ("FREQ=HOURLY", "FREQ=HOURLY"),
            ("INTERVAL=2", "FREQ"),
            ("FREQ=DAILY;COUNT=3", "COUNT=3"),
            ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0"),
            ("FREQ=DAILY;INTERVAL=400", "INTERVAL=400"),
            ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY=1MO"),
            ("FREQ=WEEKLY;BYDAY=XX", "BYDAY=XX"),
            ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY=0"),
            ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY=32"),
            ("FREQ=DAILY;BYMONTH=13", "BYMONTH=13"),
            ("FREQ=DAILY;UNTIL=20190230", "UNTIL=20190230"),
            ("FREQ=DAILY;FREQ=WEEKLY", "FREQ=WEEKLY"),
            ("RRULE:FREQ=DAILY", "RRULE:FREQ=DAILY"),
            ("FREQ=DAILY;", ""),
        ],
    )
    def test_what_is_not_allowed_is_named(self, rule, part):
        with pytest.raises(ValueError, match=f"^{part}$"):
            recurrence.check_rule(rule)

    def test_a_rule_that_never_fits_ends(self):
        rule = "FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2"
        assert days(rule, "2019-01-01T08:00", after="2019-01-01", until="2021-01-01") == []

    @given(
        st.datetimes(datetime.fromisoformat("2018-01-01"), datetime.fromisoformat("2030-01-01")),
        st.integers(0, 400),
        st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,FR", "FREQ=MONTHLY;BYMONTHDAY=-1"]),
    )
    def test_asking_in_parts_finds_what_asking_at_once_finds(self, first, gap, rule):
        """So that workers that ask at any hour miss nothing and find nothing twice."""
        start = first.replace(tzinfo=SHANGHAI)
        middle, end = start + timedelta(days=gap / 4), start + timedelta(days=100)
        args = {"first": start, "zone": SHANGHAI}
        whole = list(recurrence.occurrences(rule, **args, after=start, until=end))
        if middle < end:
            parts = [
                *recurrence.occurrences(rule, **args, after=start, until=middle),
                *recurrence.occurrences(rule, **args, after=middle, until=end),
            ]
            assert parts == whole
        assert whole == sorted(set(whole))


EXPECTED = [
    ("S0", "T1", False),
    ("S3", "T2", False),
    ("S1", "T1", False),
    ("S5", "T2", False),
    ("S4", "T1", False),
    ("S2", "T2", False),
    ("S0", "T2", True),
]
CODES = st.lists(st.text("abcdefgh0123", min_size=1, max_size=6), unique=True, max_size=60)
TEAMS = st.lists(st.sampled_from([f"T{n}" for n in range(9)]), unique=True, min_size=2, max_size=9)


class TestDrawing:
    def test_the_same_seed_deals_the_same(self):
        """Kept figures: a draw of today can be repeated by any later version."""
        dealt = drawing.deal([f"S{n}" for n in range(6)], ["T1", "T2"], seed="2018-09-14", blind=1)
        assert [(one.place, one.team, one.blind) for one in dealt] == EXPECTED

    @given(CODES, TEAMS, st.text("xyz", min_size=1, max_size=8), st.integers(0, 20))
    def test_every_place_once_and_evenly(self, places, teams, seed, blind):
        dealt = drawing.deal(places, teams, seed=seed, blind=blind)
        first = [one for one in dealt if not one.blind]
        assert sorted(one.place for one in first) == sorted(places)
        load = Counter(one.team for one in dealt)
        counts = [load[team] for team in teams]
        assert max(counts) - min(counts) <= 2
        assert max(Counter(o.team for o in first).values(), default=0) <= -(
            -len(places) // len(teams)
        )

    @given(CODES, TEAMS, st.text("xyz", min_size=1, max_size=8), st.integers(1, 20))
    def test_a_blind_double_goes_to_another_team(self, places, teams, seed, blind):
        dealt = drawing.deal(places, teams, seed=seed, blind=blind)
        first = {one.place: one.team for one in dealt if not one.blind}
        doubles = [one for one in dealt if one.blind]
        assert len(doubles) == min(blind, len(places))
        assert all(one.team != first[one.place] for one in doubles)

    @given(CODES, st.text("xyz", min_size=1, max_size=8), st.integers(1, 70))
    def test_a_smaller_draw_is_the_beginning_of_a_larger_one(self, places, seed, most):
        some = drawing.deal(places, [], seed=seed, most=most)
        assert [one.place for one in some] == drawing.shuffled(places, seed)[:most]
        assert all(one.team is None for one in some)

    def test_one_team_cannot_double_itself(self):
        with pytest.raises(ValueError, match="two teams"):
            drawing.deal(["S1"], ["T1", "T1"], seed="x", blind=1)
