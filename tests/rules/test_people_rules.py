"""Who manages whom, one-time codes, quotas, versions: decided without a database."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit.rules import BLANK, shown
from app.auth.permissions import NOT_FOR_DEPUTIES, ROLE_PERMISSIONS, granted_by
from app.auth.rules import new_code, password_faults
from app.kit.ids import plain_code
from app.kit.reach import Posting
from app.kit.throttle import Quota, address_key
from app.kit.versions import is_older, parse_version
from app.organisation.rules import Role, covers
from app.people.rules import Holding, may_grant, may_manage, may_see

TODAY = date(2018, 9, 14)
CITY, DISTRICT, OTHER = "/4108/", "/4108/A/", "/4108/B/"
STREET = "/4108/A/S/"
LINES = [UUID(int=n) for n in range(3)]


def posting(role, unit, areas=(), lines=(), lent_by=None):
    return Posting(role, unit, tuple(areas), tuple(lines), lent_by)


def held(role, unit, until=None):
    return Holding(Role(role), unit, until)


ADMIN = posting("hq_admin", CITY, [CITY])
COORDINATOR = posting("unit_coordinator", DISTRICT, [DISTRICT])


@pytest.mark.parametrize(
    ("manager", "holdings", "manages", "sees"),
    [
        (ADMIN, [held("hq_admin", "/")], True, True),
        (ADMIN, [], True, True),
        (COORDINATOR, [], False, False),
        (COORDINATOR, [held("unit_handler", STREET)], True, True),
        (COORDINATOR, [held("unit_coordinator", DISTRICT)], True, True),
        (COORDINATOR, [held("inspector", STREET)], False, True),
        (COORDINATOR, [held("unit_handler", OTHER)], False, False),
        (COORDINATOR, [held("unit_handler", CITY)], False, False),
        (COORDINATOR, [held("hq_admin", "/")], False, False),
        # one office beyond the unit is enough to be out of his hands
        (COORDINATOR, [held("unit_handler", STREET), held("unit_handler", OTHER)], False, True),
        # what has ended counts only where nothing else is left
        (
            COORDINATOR,
            [held("unit_handler", STREET), held("hq_editor", CITY, date(2018, 1, 1))],
            True,
            True,
        ),
        (COORDINATOR, [held("hq_editor", CITY, date(2018, 1, 1))], False, False),
        (COORDINATOR, [held("unit_handler", STREET, date(2018, 1, 1))], True, True),
        (posting("unit_handler", DISTRICT), [held("unit_handler", STREET)], False, False),
        (posting("inspector", CITY), [held("unit_handler", STREET)], False, False),
        (posting("auditor", CITY), [held("unit_handler", OTHER)], False, True),
    ],
)
def test_who_manages_and_who_sees(manager, holdings, manages, sees):
    assert may_manage([manager], holdings, today=TODAY) is manages
    assert may_see([manager], holdings, today=TODAY) is sees


def test_nobody_without_an_office_manages_anybody():
    assert not may_manage([], [held("unit_handler", STREET)], today=TODAY)
    assert not may_grant([], posting("unit_handler", STREET))


@pytest.mark.parametrize(
    ("wanted", "granted"),
    [
        (posting("unit_handler", STREET, [STREET]), True),
        (posting("unit_coordinator", DISTRICT, [DISTRICT]), True),
        (posting("unit_handler", STREET, [OTHER]), False),
        (posting("unit_handler", STREET, [STREET, CITY]), False),
        (posting("unit_handler", OTHER), False),
        (posting("inspector", STREET), False),
        (posting("hq_admin", "/", ["/"]), False),
    ],
)
def test_an_office_is_given_only_inside_ones_own(wanted, granted):
    assert may_grant([COORDINATOR], wanted) is granted
    assert may_grant([ADMIN], wanted)


def test_a_bureau_gives_none_but_its_lines():
    bureau = posting("unit_coordinator", "/JZ/", [CITY], LINES[:1])
    assert may_grant([bureau], posting("unit_handler", "/JZ/", [DISTRICT], LINES[:1]))
    assert not may_grant([bureau], posting("unit_handler", "/JZ/", [DISTRICT], LINES[1:]))
    assert not may_grant([bureau], posting("unit_handler", "/JZ/", [DISTRICT]))
    assert may_grant([bureau], posting("unit_handler", "/JZ/"))


_paths = st.sampled_from([CITY, DISTRICT, OTHER, STREET, "/JZ/"])
_postings = st.builds(
    Posting,
    role=st.sampled_from(["unit_coordinator", "unit_handler", "inspector"]),
    unit_path=_paths,
    area_paths=st.lists(_paths, max_size=2).map(tuple),
    line_ids=st.lists(st.sampled_from(LINES), max_size=2).map(tuple),
)


@given(st.lists(_postings, max_size=3), _postings, _paths, st.sampled_from(LINES), _paths)
def test_what_is_given_reaches_nothing_that_the_giver_does_not(own, wanted, area, line, unit):
    """Else somebody could raise his rights by way of somebody he manages."""
    if may_grant(own, wanted):
        row = {"area_path": area, "line_id": line, "answerable_path": unit}
        assert not covers([wanted], **row) or covers(own, **row)


def test_a_deputy_does_what_the_office_may_but_manages_nobody():
    lent = posting("hq_admin", CITY, [CITY], lent_by=UUID(int=9))
    assert granted_by([lent]) == ROLE_PERMISSIONS[Role.HQ_ADMIN] - NOT_FOR_DEPUTIES
    assert granted_by([ADMIN]) == ROLE_PERMISSIONS[Role.HQ_ADMIN]


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("seven77", ["field.too-short"]),
        ("12345678", []),
        ("一二三四五六七八", []),
        ("Wang.Fang", ["password.is-login"]),
        ("wang.fang2", []),
    ],
)
def test_a_password_is_long_enough_and_not_the_login(password, codes):
    found = password_faults(password, login="wang.fang", least=8)
    assert [fault.code for fault in found] == codes


def test_a_code_is_read_without_regard_to_case_and_hyphens():
    code = new_code()
    assert len(code) == 11
    assert plain_code(code) == plain_code(f" {code.lower().replace('-', ' - ')} ")
    assert len({new_code() for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
        (None, "unknown"),
    ],
)
def test_addresses_of_one_caller_count_together(address, key):
    assert address_key(address) == key


@given(st.integers(1, 50), st.integers(10, 5000), st.lists(st.integers(0, 400), max_size=120))
def test_a_quota_lets_through_its_tries_and_no_more_than_refill(tries, window_s, pauses):
    """Against a reference: never more than ``tries`` plus what has come back since the start."""
    quota = Quota("sign-in", tries, window_s)
    start = now = datetime(2018, 9, 14, tzinfo=UTC)
    busy_until, passed = now, 0
    for pause in pauses:
        now += timedelta(seconds=pause)
        wait_s = quota.wait_s(busy_until, now)
        assert (wait_s == 0) is (quota.remaining(busy_until, now) > 0)
        if wait_s:
            continue
        busy_until = max(busy_until, now) + quota.step
        passed += 1
        assert passed <= tries + (now - start) // quota.step + 1
    assert quota.remaining(busy_until, busy_until) == tries


@pytest.mark.parametrize(
    ("given_", "minimum", "older"),
    [
        ("1.4.2", "1.4.2", False),
        ("1.4", "1.4.0", False),
        ("1.10", "1.9.9", False),
        ("1.9.9", "1.10", True),
        ("2.0-beta+7", "2", False),
        ("", "1", True),
        ("nonsense", "1", True),
        ("1.2.3.4.5", "1", True),
    ],
)
def test_versions_are_compared_part_by_part(given_, minimum, older):
    assert is_older(given_, minimum) is older
    assert parse_version("1.0.0") == (1,)


def test_the_log_shows_before_and_after_and_blanks_what_is_secret():
    data = {
        "before": {"name": "王芳", "phone": "139"},
        "after": {"name": "王小芳", "phone": None},
        "list": [{"token": "abc", "line": "signage"}],
    }
    found = shown(data)
    assert found.before == {"name": "王芳", "phone": BLANK}
    assert found.after == {"name": "王小芳", "phone": None}
    assert found.data == {"list": [{"token": BLANK, "line": "signage"}]}
    assert shown({"before": "x"}).before == {"value": "x"}
    assert shown({}).after is None
