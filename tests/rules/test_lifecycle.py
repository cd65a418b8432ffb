"""The table of moves: who may do what from which state, and that a history gives back its case."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.errors import Conflict, Forbidden
from app.kit.reach import Posting
from app.kit.workdays import Limit, LimitUnit
from app.ledger import labels
from app.ledger.case import (
    FIELDS,
    Appeal,
    Cancellation,
    Case,
    CheckResult,
    Resolution,
    changes,
    plain,
    replay,
)
from app.ledger.deadlines import LimitBasis
from app.ledger.lifecycle import Action, Actor, Answerable, Chosen, Party, Step
from app.ledger.moves import BY_PEOPLE, MOVES, OPEN, lacks_mark, make_move, may
from app.ledger.rules import ProblemState as S
from app.organisation.rules import Role
from tests.rules.test_workdays import CALENDAR, at

STREET, OTHER = Answerable(UUID(int=1), "/1/11/"), Answerable(UUID(int=2), "/1/12/")
LIMIT = Chosen(Limit(1, LimitUnit.WORK_DAY), LimitBasis.STRICTEST, None)
MONDAY = at("2018-09-10 08:00")


def actor(number, role, unit_path):
    return Actor(UUID(int=number), (Posting(role, unit_path, ("/1/",), ()),))


HQ, HQ_2 = actor(10, Role.HQ_ADMIN, "/1/"), actor(11, Role.HQ_ADMIN, "/1/")
INSPECTOR = actor(12, Role.INSPECTOR, "/1/")
HANDLER = actor(13, Role.UNIT_HANDLER, "/1/11/")
COORDINATOR = actor(14, Role.UNIT_COORDINATOR, "/1/11/")
ABOVE = actor(15, Role.UNIT_COORDINATOR, "/1/")
BESIDE = actor(16, Role.UNIT_COORDINATOR, "/1/12/")
SERVICE = Actor()
EVERYBODY = (HQ, HQ_2, INSPECTOR, HANDLER, COORDINATOR, ABOVE, BESIDE, SERVICE)


def step(by=HQ, when=MONDAY, **changes):
    return Step(when, CALENDAR, by, **{"reason": "原因", "limit": LIMIT} | changes)


def walked(*moves):
    """A case after moves: (action, actor, instant or None, what it comes with)."""
    case = Case(answerable_unit_id=STREET.id, answerable_path=STREET.path)
    for action, by, when, *more in moves:
        case = make_move(case, action, step(by, at(when) if when else MONDAY, **(more or [{}])[0]))
    return case


FILED = [(Action.FILE, HQ, None)]
DISPATCHED = [*FILED, (Action.DISPATCH, HQ, None)]
SIGNED = [*DISPATCHED, (Action.SIGN, HANDLER, None)]
SOLVED = {"resolution": Resolution.SOLVED}
REPORTED_BACK = [*SIGNED, (Action.RECTIFY, HANDLER, "2018-09-10 16:00", SOLVED)]
PASSED = [*REPORTED_BACK, (Action.CHECK_PASS, INSPECTOR, "2018-09-11 09:00")]
CLOSED = [*PASSED, (Action.CLOSE, HQ, "2018-09-11 10:00")]
LATE = [
    *SIGNED,
    (Action.RECTIFY, HANDLER, "2018-09-10 18:01", SOLVED),
    (Action.CHECK_PASS, INSPECTOR, "2018-09-11 09:00"),
    (Action.CLOSE, HQ, "2018-09-11 10:00"),
]


def test_the_plain_way_from_report_to_close_out():
    case = walked(*CLOSED)
    assert (case.state, case.resolution, case.ran_out) == (S.CLOSED, Resolution.SOLVED, False)
    assert case.version == 1 + len(CLOSED)
    assert (case.deadline_at, case.running_since) == (at("2018-09-10 18:00"), None)
    assert case.limit_basis is LimitBasis.STRICTEST


STATES = {
    S.REPORTED: [],
    S.VERIFYING: [(Action.VERIFY, HQ, None)],
    S.FILED: FILED,
    S.DISPATCHED: DISPATCHED,
    S.RECTIFYING: SIGNED,
    S.CHECKING: REPORTED_BACK,
    S.CLOSED: CLOSED,
    S.SUSPENDED: [*SIGNED, (Action.SUSPEND, HQ, None, {"until": at("2018-10-09 09:00")})],
    S.CANCELLED: [(Action.CANCEL, HQ, None)],
}
_LATER = at("2018-09-10 09:00")
ARGUMENTS = {
    "unit": OTHER,
    "until": at("2018-09-10 17:00"),
    "resolution": Resolution.SOLVED,
    "into": UUID(int=9),
}
# Beside their states these have something else that must have happened before.
GUARDED = {
    Action.CLOSE, Action.APPROVE_EXTENSION, Action.REFUSE_EXTENSION, Action.APPEAL,
    Action.ACCEPT_APPEAL, Action.REFUSE_APPEAL, Action.UNMERGE, Action.REPORT_AGAIN,
}  # fmt: skip
RIGHT = {Party.OFFICE: HQ, Party.UNIT: COORDINATOR, Party.OUTSIDE: INSPECTOR, Party.EITHER: HQ,
         Party.SERVICE: SERVICE}  # fmt: skip


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("action", [one for one in Action if one not in GUARDED])
def test_each_move_goes_from_its_states_and_from_no_other(state, action):
    case, move = walked(*STATES[state]), MOVES[action]
    made = step(RIGHT[move.party], _LATER, **ARGUMENTS)
    if state not in move.start:
        with pytest.raises(Conflict, match=r"problem\.wrong-state"):
            make_move(case, action, made)
        assert not may(case, action, made)
        return
    if action is Action.SUPERVISE and state not in (S.DISPATCHED, S.RECTIFYING):
        made = replace(made, until=None)
    after = make_move(case, action, made)
    assert move.to is None or after.state is move.to
    assert after.version == case.version + move.is_seen
    assert replay([{k: plain(v) for k, v in changes(Case(), after).items()}]) == after


@pytest.mark.parametrize(
    ("party", "allowed"),
    [
        (Party.OFFICE, {HQ, HQ_2, INSPECTOR, HANDLER, COORDINATOR, ABOVE, BESIDE}),
        (Party.UNIT, {HANDLER, COORDINATOR, ABOVE}),
        (Party.EITHER, {HQ, HQ_2, HANDLER, COORDINATOR, ABOVE}),
        (Party.OUTSIDE, {HQ, HQ_2, INSPECTOR, ABOVE, BESIDE}),
        (Party.SERVICE, {SERVICE}),
    ],
)
def test_each_party_is_who_it_says(party, allowed):
    """For one move of each party; permissions narrow it further."""
    action, before = {
        Party.OFFICE: (Action.URGE, SIGNED),
        Party.UNIT: (Action.SIGN, DISPATCHED),
        Party.EITHER: (Action.TRANSFER, SIGNED),
        Party.OUTSIDE: (Action.CHECK_PASS, REPORTED_BACK),
        Party.SERVICE: (Action.REMIND, SIGNED),
    }[party]
    assert MOVES[action].party is party
    case = walked(*before)
    for one in EVERYBODY:
        assert may(case, action, step(one, unit=OTHER)) is (one in allowed), one
    if SERVICE not in allowed:
        with pytest.raises(Forbidden, match=r"problem\.not-yours"):
            make_move(case, action, step(SERVICE, unit=OTHER))


def test_who_said_that_it_is_done_neither_checks_nor_closes():
    case = walked(*SIGNED, (Action.RECTIFY, ABOVE, None, SOLVED))
    assert not may(case, Action.CHECK_PASS, step(ABOVE))
    assert may(case, Action.CHECK_PASS, step(HQ))
    checked = make_move(case, Action.CHECK_PASS, step(HQ))
    assert not may(checked, Action.CLOSE, step(ABOVE))


def test_the_finder_checks_where_the_city_says_so():
    case = walked(*REPORTED_BACK)
    found = {"found_by": INSPECTOR.person_id}
    assert not may(case, Action.CHECK_PASS, step(INSPECTOR, **found))
    assert may(case, Action.CHECK_PASS, step(INSPECTOR, finder_may_check=True, **found))


def test_what_was_not_passed_is_not_closed():
    for before in (REPORTED_BACK, [*REPORTED_BACK, (Action.CHECK_UNCLEAR, INSPECTOR, None)]):
        with pytest.raises(Conflict, match=r"problem\.not-passed"):
            make_move(walked(*before), Action.CLOSE, step())


def test_a_failed_check_is_rework_with_the_time_that_was_left():
    case = walked(*REPORTED_BACK, (Action.CHECK_FAIL, INSPECTOR, "2018-09-12 09:00"))
    assert (case.state, case.rework, case.resolution) == (S.RECTIFYING, 1, None)
    assert case.deadline_at == at("2018-09-12 11:00")


def test_a_case_that_is_returned_and_given_back_goes_on_where_it_stood():
    returned = [*SIGNED, (Action.RETURN, COORDINATOR, "2018-09-10 16:00")]
    same = walked(*returned, (Action.DISPATCH, HQ, "2018-09-12 09:00"))
    assert (same.deadline_at, same.term) == (at("2018-09-12 11:00"), 1)
    other = walked(*returned, (Action.DISPATCH, HQ, "2018-09-12 09:00", {"unit": OTHER}))
    assert (other.deadline_at, other.term) == (at("2018-09-13 09:00"), 2)
    assert other.answerable_path == OTHER.path


def test_two_extensions_by_another_and_no_third():
    case = walked(*SIGNED)
    for count in (1, 2):
        asked = make_move(case, Action.EXTEND, step(COORDINATOR))
        with pytest.raises(Conflict, match="extension-open"):
            make_move(asked, Action.EXTEND, step(COORDINATOR))
        own = replace(HQ, person_id=COORDINATOR.person_id)
        with pytest.raises(Forbidden, match="own-request"):
            make_move(asked, Action.APPROVE_EXTENSION, step(own))
        case = make_move(asked, Action.APPROVE_EXTENSION, step(HQ))
        assert (case.extensions, case.extension_by, case.term) == (count, None, 1 + count)
    assert case.deadline_at == at("2018-09-12 18:00")
    with pytest.raises(Conflict, match="no-more-extensions"):
        make_move(case, Action.EXTEND, step(COORDINATOR))


def test_nothing_is_extended_or_suspended_after_its_deadline():
    case = walked(*SIGNED)
    late = at("2018-09-10 18:01")
    for action, by in ((Action.EXTEND, COORDINATOR), (Action.SUSPEND, HQ)):
        with pytest.raises(Conflict, match="deadline-passed"):
            make_move(case, action, step(by, late, until=late + timedelta(days=1)))
    asked = make_move(case, Action.EXTEND, step(COORDINATOR))
    with pytest.raises(Conflict, match="deadline-passed"):
        make_move(asked, Action.APPROVE_EXTENSION, step(HQ, late))
    refused = make_move(asked, Action.REFUSE_EXTENSION, step(HQ, late))
    assert (refused.extensions, refused.extension_by) == (0, None)


def test_a_suspension_is_one_and_at_most_a_year():
    case = walked(*DISPATCHED)
    for until in (MONDAY, MONDAY + timedelta(days=366), None):
        with pytest.raises(Conflict, match="suspended-too-long"):
            make_move(case, Action.SUSPEND, step(until=until))
    suspended = make_move(case, Action.SUSPEND, step(until=at("2018-10-08 00:00")))
    back = make_move(suspended, Action.END_SUSPENSION, step(SERVICE, at("2018-10-08 08:00")))
    assert (back.state, back.deadline_at) == (S.DISPATCHED, at("2018-10-08 18:00"))
    with pytest.raises(Conflict, match="suspended-before"):
        make_move(back, Action.SUSPEND, step(until=at("2018-10-09 00:00")))


def test_a_transfer_gives_a_full_limit_and_once_without_headquarters():
    to_other = (Action.TRANSFER, COORDINATOR, "2018-09-10 17:00", {"unit": OTHER})
    case = walked(*SIGNED, to_other)
    assert (case.state, case.deadline_at) == (S.DISPATCHED, at("2018-09-11 17:00"))
    assert (case.transfers, case.unit_transfers, case.signed_at) == (1, 1, None)
    with pytest.raises(Conflict, match="transferred-before"):
        make_move(case, Action.TRANSFER, step(BESIDE, unit=STREET))
    with pytest.raises(Conflict, match="same-unit"):
        make_move(case, Action.TRANSFER, step(HQ, unit=OTHER))
    assert make_move(case, Action.TRANSFER, step(HQ, unit=STREET)).transfers == 2


def test_a_unit_does_not_hand_on_what_it_is_late_with():
    case, late = walked(*SIGNED), at("2018-09-10 18:01")
    with pytest.raises(Conflict, match="deadline-passed"):
        make_move(case, Action.TRANSFER, step(COORDINATOR, late, unit=OTHER))
    assert make_move(case, Action.TRANSFER, step(HQ, late, unit=OTHER)).transfers == 1
    assert make_move(case, Action.RETURN, step(COORDINATOR, late)).ran_out


def test_a_late_case_lacks_its_mark_until_it_is_made_and_while_the_unit_has_it():
    late = step(SERVICE, at("2018-09-10 18:01"))
    assert not lacks_mark(walked(*FILED), late)
    assert not lacks_mark(walked(*SIGNED), step(SERVICE, at("2018-09-10 18:00")))
    assert lacks_mark(walked(*SIGNED), late)
    assert not lacks_mark(make_move(walked(*SIGNED), Action.MARK_OVERDUE, late), late)
    assert not lacks_mark(walked(*LATE), late)


def test_an_appeal_is_one_and_only_of_what_was_late():
    with pytest.raises(Conflict, match="was-in-time"):
        make_move(walked(*CLOSED), Action.APPEAL, step(COORDINATOR))
    late = walked(*LATE)
    assert late.ran_out
    assert late.overdue_at == late.deadline_at
    asked = make_move(late, Action.APPEAL, step(COORDINATOR))
    accepted = make_move(asked, Action.ACCEPT_APPEAL, step(HQ))
    assert (accepted.ran_out, accepted.late_exempt) == (True, True)
    refused = make_move(asked, Action.REFUSE_APPEAL, step(HQ))
    assert (refused.appeal, refused.late_exempt) == (Appeal.REFUSED, False)
    with pytest.raises(Conflict, match="appealed-before"):
        make_move(refused, Action.APPEAL, step(COORDINATOR))
    with pytest.raises(Conflict, match="no-appeal-open"):
        make_move(refused, Action.ACCEPT_APPEAL, step(HQ))


def test_what_is_reported_back_in_the_second_of_its_mark_is_in_time():
    marked = make_move(walked(*SIGNED), Action.MARK_OVERDUE, step(SERVICE, at("2018-09-10 18:00")))
    assert marked.overdue_at == marked.deadline_at
    done = make_move(marked, Action.RECTIFY, step(HANDLER, at("2018-09-10 18:00"), **SOLVED))
    assert (done.ran_out, done.overdue_at) == (False, None)


def test_what_came_back_has_a_full_limit_again():
    case = walked(*LATE, (Action.REOPEN, HQ, "2018-09-20 08:00"))
    assert (case.state, case.reopened, case.ran_out) == (S.RECTIFYING, 1, False)
    assert (case.deadline_at, case.overdue_at) == (at("2018-09-20 18:00"), None)


def test_a_merge_can_be_undone():
    case = walked(*SIGNED)
    into = {"into": UUID(int=77)}
    merged = make_move(case, Action.MERGE, step(HQ, at("2018-09-10 12:00"), **into))
    assert (merged.state, merged.cancellation) == (S.CANCELLED, Cancellation.MERGED)
    back = make_move(merged, Action.UNMERGE, step(HQ, at("2018-09-11 08:00")))
    assert (back.state, back.merged_into_id) == (S.RECTIFYING, None)
    assert back.deadline_at == at("2018-09-11 12:00")
    with pytest.raises(Conflict, match="not-merged"):
        make_move(walked((Action.CANCEL, HQ, None)), Action.UNMERGE, step(HQ))


def test_supervision_may_shorten_and_never_lengthens():
    case = walked(*SIGNED)
    short = make_move(case, Action.SUPERVISE, step(until=at("2018-09-10 10:00")))
    assert (short.supervised, short.deadline_at) == (True, at("2018-09-10 10:00"))
    for wrong in (at("2018-09-11 10:00"), at("2018-09-10 07:00")):
        with pytest.raises(Conflict, match="only-shortens"):
            make_move(case, Action.SUPERVISE, step(until=wrong))
    with pytest.raises(Conflict, match="only-shortens"):
        make_move(walked(*FILED), Action.SUPERVISE, step(until=at("2018-09-10 10:00")))


def test_nobody_is_dispatched_to_without_a_name():
    case = make_move(Case(), Action.FILE, step())
    with pytest.raises(Conflict, match="nobody-answers"):
        make_move(case, Action.DISPATCH, step())


def test_what_a_revision_withdrew_comes_back_with_its_time_used():
    case = walked(*SIGNED, (Action.WITHDRAW, SERVICE, "2018-09-10 12:00"))
    assert (case.state, case.running_since) == (S.CANCELLED, None)
    again = make_move(case, Action.REPORT_AGAIN, step(SERVICE))
    assert (again.state, again.used_s, again.cancellation) == (S.REPORTED, 4 * 3600, None)
    with pytest.raises(Conflict, match="not-withdrawn"):
        make_move(walked((Action.CANCEL, HQ, None)), Action.REPORT_AGAIN, step(SERVICE))


def test_every_state_and_move_has_its_words():
    assert set(labels.ACTIONS) == set(Action) == set(MOVES)
    assert set(labels.BASES) == set(LimitBasis)
    for audience in labels.Audience:
        assert set(labels.STATES[audience]) == set(S)
    assert all(MOVES[action].party is not Party.SERVICE for action in BY_PEOPLE)


MADE = st.tuples(
    st.sampled_from(list(Action)),
    st.sampled_from(EVERYBODY),
    st.integers(0, 12 * 3600),
    st.sampled_from([None, STREET, OTHER]),
)


@given(made=st.lists(MADE, max_size=40))
def test_whatever_is_tried_a_history_gives_back_its_case(made):
    """Legal and illegal moves by anybody: what is refused changes nothing; the rest replays."""
    case = Case(answerable_unit_id=STREET.id, answerable_path=STREET.path)
    told, now = [{k: plain(v) for k, v in changes(Case(), case).items()}], MONDAY
    for action, by, pause, unit in made:
        now += timedelta(seconds=pause)
        tried = step(by, now, **ARGUMENTS | {"unit": unit, "until": now + timedelta(hours=1)})
        try:
            after = make_move(case, action, tried)
        except (Conflict, Forbidden):
            continue
        told.append({k: plain(v) for k, v in changes(case, after).items()})
        case = after
        assert (case.running_since is not None) <= (case.state in OPEN)
        assert (case.state in (S.DISPATCHED, S.RECTIFYING)) == (case.running_since is not None)
        assert case.extensions <= 2
        assert case.suspensions <= 1
        assert (case.state is S.CLOSED) <= (case.check_result is CheckResult.PASS)
    assert replay(told) == case
    assert len(FIELDS) == len(set(FIELDS))
