"""Budgets by period, totals of the award ledger, and what stands against publishing."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from app.rounds.rules import Period, RoundState, Source
from app.scoring.rules_awards import Entered, exceeds, span_of, totals
from app.scoring.rules_freezing import Readiness, refusals
from tests.rules.marked import book

NOW = datetime(2018, 9, 14, 10, tzinfo=UTC)
READY = Readiness(RoundState.CLOSED, Source.CITY_TEAM, None, 0, 0, 0, published_before=False)


@pytest.mark.parametrize(
    ("period", "day", "first", "last"),
    [
        (Period.DAY, "2018-09-14", "2018-09-14", "2018-09-14"),
        (Period.WEEK, "2018-09-14", "2018-09-10", "2018-09-16"),
        (Period.WEEK, "2018-12-31", "2018-12-31", "2019-01-06"),
        (Period.MONTH, "2018-12-05", "2018-12-01", "2018-12-31"),
        (Period.MONTH, "2020-02-29", "2020-02-01", "2020-02-29"),
        (Period.QUARTER, "2018-12-31", "2018-10-01", "2018-12-31"),
        (Period.QUARTER, "2018-01-01", "2018-01-01", "2018-03-31"),
        (Period.SPECIAL, "2018-09-14", "0001-01-01", "9999-12-31"),
    ],
)
def test_a_budget_is_counted_within_its_period(period, day, first, last):
    found = span_of(period, date.fromisoformat(day))
    assert found == (date.fromisoformat(first), date.fromisoformat(last))


def test_a_budget_holds_what_it_says_and_no_fen_more():
    assert not exceeds(spent_fen=60, more_fen=40, budget_fen=100)
    assert exceeds(spent_fen=60, more_fen=41, budget_fen=100)


def test_withdrawn_money_counts_only_where_it_was_paid():
    rows = [
        Entered("b", "乙", 100, paid=False, withdrawn=False),
        Entered("a", "甲", 400, paid=True, withdrawn=False),
        Entered("a", "甲", 300, paid=True, withdrawn=True),
        Entered("a", "甲", 200, paid=False, withdrawn=True),
    ]
    found = [
        (t.key, t.name, t.awards, t.decided_fen, t.paid_fen, t.to_claim_back_fen)
        for t in totals(rows)
    ]
    assert found == [("a", "甲", 1, 400, 400, 300), ("b", "乙", 1, 100, 0, 0)]


@pytest.mark.parametrize(
    ("ready", "rules", "said", "codes"),
    [
        ({}, {}, {}, []),
        ({"state": RoundState.OPEN}, {}, {}, ["round.wrong-state"]),
        ({"source": Source.SELF}, {}, {}, ["round.source-does-not-rank"]),
        ({"source": Source.BUREAU}, {"sources": ["city_team"]}, {}, ["round.source-does-not-rank"]),
        ({}, {"appeal_days": 3}, {}, ["round.appeals-not-over"]),
        ({"appeals_until": NOW + timedelta(1)}, {"appeal_days": 3}, {}, ["round.appeals-not-over"]),
        ({"appeals_until": NOW}, {"appeal_days": 3}, {}, []),
        ({"open_appeals": 2}, {}, {}, ["round.appeals-open"]),
        ({"pending_visits": 1}, {}, {}, ["round.visits-pending"]),
        ({"pending_visits": 1}, {}, {"without_pending": True}, []),
        ({"thin_visits": 1}, {}, {}, ["round.visits-thin"]),
        ({"thin_visits": 1}, {}, {"thin_confirmed": True}, []),
        ({"published_before": True}, {"appeal_days": 3}, {}, ["run.reason-missing"]),
        ({"published_before": True}, {"appeal_days": 3}, {"reason": "更正"}, []),
    ],
)
def test_what_stands_against_publishing_is_told(ready, rules, said, codes):
    wanted = {"reason": None, "without_pending": False, "thin_confirmed": False} | said
    found = refusals(replace(READY, **ready), book(**rules), now=NOW, **wanted)
    assert [one.code for one in found] == codes
