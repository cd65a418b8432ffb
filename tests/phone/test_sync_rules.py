"""What the phone does after each answer, and how long it waits: pure rules.

The retry table of the README is read from the README: what app teams see is what runs here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.phone import Fault, Faults, Progress, Rates
from scripts.phone.api import retry_after_s
from scripts.phone.decide import Action, Outcome, Step, decide
from scripts.phone.model import Attention, PhotoState, VisitState, photos_of
from scripts.phone.pace import Pace, Timers, delay_s

README = Path(__file__).parents[2] / "scripts" / "phone" / "README.md"
ROW = re.compile(r"^\| ((?:`[\w-]+` ?)+) \| (.+?) \| `([\w-]+)` \|", re.MULTILINE)
STATUSES = [None, *range(200, 600)]

any_outcome = st.builds(
    Outcome, st.sampled_from(Step), st.none() | st.integers(100, 599), st.none() | st.just("a.b")
)


# -- the table --------------------------------------------------------------------------------


def table() -> list[tuple[list[str], str, Action]]:
    text = README.read_text(encoding="utf-8")
    return [
        (re.findall(r"`([\w-]+)`", steps), answer, Action(action))
        for steps, answer, action in ROW.findall(text)
    ]


def fits(steps: Sequence[str], answer: str, outcome: Outcome) -> bool:
    names = re.findall(r"`([\w-]+)`", answer)
    status = outcome.status
    spoken = "lost" if status is None else str(status)
    return (
        ("any" in steps or outcome.step in steps)
        and (spoken in names or (status is not None and f"{status // 100}xx" in names))
        and not ("without code" in answer and outcome.code is not None)
    )


def test_the_table_of_the_readme_is_what_the_phone_does() -> None:
    rows = table()
    assert len(rows) == 14
    used = set()
    for step in Step:
        for status in STATUSES:
            for code in (None, "photo.id-reused"):
                outcome = Outcome(step, status, code)
                row = next(n for n, (who, what, _) in enumerate(rows) if fits(who, what, outcome))
                assert decide(outcome) is rows[row][2], outcome
                used.add(row)
    assert used == set(range(len(rows))), "a row of the table that never counts"


@pytest.mark.parametrize(
    ("step", "status", "code", "action"),
    [
        (Step.ANNOUNCE, 409, "photo.id-reused", Action.REFUSE),
        (Step.VISIT, 409, "visit.id-reused", Action.REFUSE),
        (Step.VISIT, 422, "visit.invalid", Action.REFUSE),
        (Step.VISIT, 422, None, Action.PAUSE),
        (Step.VISIT, 401, "auth.required", Action.RENEW),
        (Step.REFRESH, 401, "auth.bad-refresh-token", Action.RENEW),
        (Step.SIGN_IN, 401, "auth.bad-credentials", Action.REFUSE),
        (Step.PUT, 412, None, Action.ACCEPT),
        (Step.PUT, 403, None, Action.ANNOUNCE),
        (Step.PUT, 400, None, Action.BACK_OFF),
        (Step.COMPLETE, 202, None, Action.ACCEPT),
        (Step.VISIT, 500, "internal", Action.BACK_OFF),
        (Step.POLL, 429, "too-many-requests", Action.PAUSE),
    ],
)
def test_the_cases_of_the_contract(
    step: Step, status: int, code: str | None, action: Action
) -> None:
    assert decide(Outcome(step, status, code)) is action


@given(any_outcome)
def test_only_the_service_refuses_and_only_in_words(outcome: Outcome) -> None:
    if decide(outcome) is Action.REFUSE:
        assert outcome.code is not None
        assert outcome.step is not Step.PUT
        assert outcome.status is not None
        assert 400 <= outcome.status < 500


@given(any_outcome)
def test_only_a_success_or_an_object_that_is_there_is_accepted(outcome: Outcome) -> None:
    is_success = outcome.status is not None and 200 <= outcome.status < 300
    is_there = outcome.step is Step.PUT and outcome.status == 412
    assert (decide(outcome) is Action.ACCEPT) == (is_success or is_there)


# -- waiting ----------------------------------------------------------------------------------


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_wait_grows_to_its_cap_and_half_of_it_is_drawn(attempt: int, chance: float) -> None:
    full = delay_s(attempt, base_s=1.0, cap_s=60.0, chance=1.0)
    wait = delay_s(attempt, base_s=1.0, cap_s=60.0, chance=chance)
    assert full == min(60.0, 2.0 ** min(attempt - 1, 30))
    assert full / 2 <= wait <= full


def test_timers_hold_an_item_until_its_time_and_forget_on_success() -> None:
    now = [100.0]
    timers = Timers(Pace(base_s=4.0), chance=lambda: 0.0, monotonic=lambda: now[0])
    assert timers.fail("a") == 2.0
    assert timers.fail("a") == 4.0
    assert (timers.is_due("a"), timers.is_due("b"), timers.soonest_s()) == (False, True, 4.0)
    now[0] += 4.0
    assert (timers.is_due("a"), timers.soonest_s()) == (True, None)
    timers.clear("a")
    assert timers.fail("a") == 2.0


@pytest.mark.parametrize("chance", [0.0, 0.99])
def test_retry_after_is_never_shortened_but_a_silly_one_is_capped(chance: float) -> None:
    timers = Timers(Pace(), chance=lambda: chance, monotonic=lambda: 0.0)
    assert 7.0 <= timers.fail("a", retry_after_s=7.0) <= 8.4
    assert timers.fail("a", retry_after_s=1e9) <= 1080.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        (
            {
                "retry-after": "Fri, 14 Sep 2018 01:00:30 GMT",
                "date": "Fri, 14 Sep 2018 01:00:00 GMT",
            },
            30.0,
        ),
        ({"retry-after": "Fri, 14 Sep 2018 01:00:30 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_both_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers) == seconds


# -- what is where ----------------------------------------------------------------------------


def test_every_photo_of_a_visit_is_found_once() -> None:
    a, b, c = (str(UUID(int=n)) for n in (1, 2, 3))
    body = {
        "photos": [a],
        "answers": [
            {"photos": [b], "findings": [{"photos": [c, a]}]},
            {"photos": [], "findings": []},
            {"item": "SQ-03", "value": "na"},
        ],
    }
    assert photos_of(body) == (UUID(a), UUID(b), UUID(c))


def test_progress_is_idle_when_only_the_person_can_go_on() -> None:
    rejected = Attention("photo", UUID(int=1), "rejected", {"code": "photo.undecodable"})
    waiting = Progress(
        {PhotoState.REJECTED: 1, PhotoState.RECEIPTED: 2},
        {VisitState.RECEIVED: 1},
        (rejected,),
        needs_sign_in=False,
    )
    assert (waiting.is_idle, waiting.is_clean) == (True, False)
    for state in (PhotoState.VERIFYING, PhotoState.STORED):
        busy = Progress({state: 1}, {}, (), needs_sign_in=False)
        assert (busy.is_idle, busy.is_clean) == (False, False)
    done = Progress({PhotoState.RECEIPTED: 1}, {VisitState.DONE: 1}, (), needs_sign_in=False)
    assert (done.is_idle, done.is_clean) == (True, True)


# -- the bad network --------------------------------------------------------------------------


def requests_through(faults: Faults, count: int) -> tuple[list[str], int]:
    """Send visits through `faults`; return what the phone saw and how many really arrived."""
    arrived = 0

    def answer(_: httpx2.Request) -> httpx2.Response:
        nonlocal arrived
        arrived += 1
        return httpx2.Response(201, json={"n": arrived})

    seen = []
    with httpx2.Client(transport=faults.wrap(httpx2.MockTransport(answer))) as client:
        for _ in range(count):
            try:
                seen.append(str(client.post("http://phone.test/v1/visits", json={}).json()["n"]))
            except httpx2.TransportError as error:
                seen.append(type(error).__name__)
    return seen, arrived


def test_forced_faults_do_what_they_say() -> None:
    forced = {
        (Step.VISIT, 1): Fault.LOST_REPLY,
        (Step.VISIT, 2): Fault.LOST_REQUEST,
        (Step.VISIT, 3): Fault.REPEATED,
    }
    faults = Faults(1, rates=Rates(0, 0, 0, 0, 0, reordered=False), forced=forced)
    assert requests_through(faults, 4) == (["ReadError", "ConnectError", "3", "4"], 4)
    assert faults.counters == dict.fromkeys(forced.values(), 1)


def test_the_same_seed_plays_the_same_network() -> None:
    rates = Rates(lost_request=0.2, lost_reply=0.2, repeated=0.2)
    first, again, other = (requests_through(Faults(n, rates=rates), 60) for n in (7, 7, 8))
    assert first == again
    assert first != other
    assert Faults(7).order(range(9)) == Faults(7).order(range(9)) != list(range(9))
