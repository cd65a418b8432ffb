"""Promises of the phone's engine that need a network of a very particular badness.

The other side is scripted here, answer by answer; that the phone and the real service understand
each other is shown by the journeys, on real HTTP.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qs
from uuid import UUID

import httpx2
import pytest

from scripts.phone import Pace, Phone, PhotoState, SignInNeededError, VisitState

T = TypeVar("T")
PACE = Pace(base_s=0.004, cap_s=0.03, poll_s=0.004, poll_cap_s=0.02, patience_s=0.5)


def problem(status: int, code: str, *pointers: str) -> httpx2.Response:
    body = {"code": code, "title": code, "errors": [{"pointer": each} for each in pointers]}
    headers = {"Content-Type": "application/problem+json"}
    return httpx2.Response(status, text=json.dumps(body), headers=headers)


class Script:
    """The other side: a service with which all goes well, until a test replaces an answer."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.forms: list[dict[str, list[str]]] = []
        self.states: dict[str, str] = {}
        self.on: dict[str, Callable[[httpx2.Request], httpx2.Response | None]] = {}
        self.bodies: Counter[bytes] = Counter()

    def wrap(self, inner: httpx2.BaseTransport) -> httpx2.BaseTransport:
        inner.close()
        return httpx2.MockTransport(self.answer)

    def order(self, items: Sequence[T]) -> list[T]:
        return list(items)

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        name = f"{request.method} {request.url.path}"
        self.seen.append(name)
        special = self.on.get(name)
        return (special(request) if special else None) or self.usual(request)

    def usual(self, request: httpx2.Request) -> httpx2.Response:
        path, body = request.url.path, request.read()
        if path == "/v1/auth/token":
            self.forms.append(parse_qs(body.decode()))
            number = len(self.forms)
            return httpx2.Response(
                200, json={"access_token": f"a{number}", "refresh_token": f"r{number}"}
            )
        if request.method == "PUT":
            self.states[path.removeprefix("/store/")] = "verifying"
            return httpx2.Response(200)
        if path == "/v1/visits":
            self.bodies[body] += 1
            receipt = {"id": json.loads(body)["id"], "revision": 1, "missing_photos": []}
            return httpx2.Response(201, json=receipt)
        if path.endswith("/complete"):
            return httpx2.Response(202, json=self.state(path.split("/")[3]))
        if request.method == "POST":
            items = json.loads(body)["photos"]
            return httpx2.Response(200, json={"photos": [self.announced(each) for each in items]})
        ids = request.url.params.get_list("id")
        self.states.update({key: "stored" for key in ids if self.states[key] == "verifying"})
        return httpx2.Response(200, json={"photos": [self.state(key) for key in ids]})

    def announced(self, item: dict[str, str]) -> dict[str, object]:
        self.states.setdefault(item["id"], "announced")
        url = f"http://store.test/store/{item['id']}"
        return {**self.state(item["id"]), "upload": {"url": url, "headers": {}, "expires_in_s": 9}}

    def state(self, key: str) -> dict[str, object]:
        return {"id": key, "state": self.states[key], "problem": None}


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def phone(tmp_path: Path, script: Script) -> Iterator[Phone]:
    with Phone(tmp_path, "http://dudao.test", "w", "pw", faults=script, pace=PACE) as opened:
        yield opened


def take(phone: Phone, text: str) -> UUID:
    return phone.take_photo(text.encode(), "image/jpeg", "near")


def lose(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ReadTimeout("scripted", request=request)


def test_all_goes_well_and_the_bytes_are_gone(phone: Phone, script: Script, tmp_path: Path) -> None:
    phone.submit_visit({"photos": [take(phone, "a"), take(phone, "b")]})
    progress = phone.sync_until_empty(5)
    assert progress.is_clean
    assert (progress.photos, progress.visits) == ({PhotoState.STORED: 2}, {VisitState.DONE: 1})
    assert list((tmp_path / "photos").iterdir()) == []
    assert [script.seen[0], script.seen[1]] == ["POST /v1/auth/token", "POST /v1/photos"]


def test_items_that_always_break_the_line_do_not_hold_up_the_others(
    phone: Phone, script: Script
) -> None:
    bad_photos = [take(phone, f"bad {number}") for number in range(3)]
    for key in bad_photos:
        script.on[f"POST /v1/photos/{key}/complete"] = lose
    bad_visits = {str(phone.submit_visit({"photos": []})) for _ in range(3)}

    def visit(request: httpx2.Request) -> httpx2.Response | None:
        return lose(request) if json.loads(request.read())["id"] in bad_visits else None

    def poll(request: httpx2.Request) -> httpx2.Response | None:
        for key in map(str, bad_photos):  # no sweeper has come by yet
            script.states[key] = "announced"
        return None

    script.on["POST /v1/visits"] = visit
    script.on["GET /v1/photos"] = poll
    for number in range(20):
        phone.submit_visit({"photos": [take(phone, f"good {number}")]})
    for _ in range(60):
        progress = phone.sync_until_empty(0.05)
        if progress.visits.get(VisitState.DONE) == 20:
            break
    assert progress.visits == {VisitState.QUEUED: 3, VisitState.DONE: 20}
    assert progress.photos == {PhotoState.UPLOADED: 3, PhotoState.STORED: 20}
    assert progress.attention == ()


def test_a_lost_answer_to_a_visit_is_asked_for_again_with_the_same_text(
    phone: Phone, script: Script
) -> None:
    phone.submit_visit({"photos": [], "note": "路面破损"})
    lost = [True, True]

    def answer(request: httpx2.Request) -> httpx2.Response | None:
        if lost:
            lost.pop()
            script.usual(request)
            lose(request)
        return None

    script.on["POST /v1/visits"] = answer
    assert phone.sync_until_empty(5).is_clean
    assert list(script.bodies.values()) == [3]


def test_a_refused_announcement_costs_only_the_item_it_names(phone: Phone, script: Script) -> None:
    keys = [take(phone, text) for text in "abc"]

    def announce(request: httpx2.Request) -> httpx2.Response | None:
        ids = [item["id"] for item in json.loads(request.read())["photos"]]
        if str(keys[1]) in ids:
            return problem(409, "photo.id-reused", f"/photos/{ids.index(str(keys[1]))}/id")
        return None

    script.on["POST /v1/photos"] = announce
    progress = phone.sync_until_empty(5)
    assert progress.photos == {PhotoState.STORED: 2, PhotoState.REFUSED: 1}
    assert [each.id for each in progress.attention] == [keys[1]]
    assert progress.attention[0].problem["code"] == "photo.id-reused"
    assert script.seen.count("POST /v1/photos") == 2


def test_a_refused_visit_is_kept_and_sent_again_only_when_asked(
    phone: Phone, script: Script
) -> None:
    phone.submit_visit({"photos": []})
    script.on["POST /v1/visits"] = lambda _: problem(422, "visit.invalid", "/answers/3/value")
    assert phone.sync_until_empty(5).attention[0].problem["code"] == "visit.invalid"
    phone.sync_once()
    assert script.seen.count("POST /v1/visits") == 1
    del script.on["POST /v1/visits"]
    phone.retry_refused()
    assert phone.sync_until_empty(5).is_clean


def test_a_lost_answer_to_a_refresh_sends_the_same_refresh_token_again(
    phone: Phone, script: Script
) -> None:
    phone.submit_visit({"photos": []})
    script.on["POST /v1/visits"] = lambda request: (
        problem(401, "auth.required") if request.headers["authorization"] == "Bearer a1" else None
    )
    phone.sync_once()  # signs in: a1 has run out by the time the visit arrives
    tokens = [form["refresh_token"] for form in script.forms[1:]]
    assert (tokens, phone.progress().is_clean) == ([["r1"]], True)

    phone.submit_visit({"photos": []})
    lost = [True]

    def token(request: httpx2.Request) -> httpx2.Response | None:
        if lost:
            lost.pop()
            script.usual(request)
            lose(request)
        return None

    script.on["POST /v1/auth/token"] = token
    script.on["POST /v1/visits"] = lambda request: (
        problem(401, "auth.required") if request.headers["authorization"] == "Bearer a2" else None
    )
    assert phone.sync_until_empty(5).is_clean
    assert [form["refresh_token"] for form in script.forms[2:]] == [["r2"], ["r2"]]


def test_a_refused_password_is_not_tried_again_by_itself(phone: Phone, script: Script) -> None:
    phone.submit_visit({"photos": []})
    script.on["POST /v1/auth/token"] = lambda _: problem(401, "auth.bad-credentials")
    for _ in range(3):
        assert phone.sync_until_empty(1).needs_sign_in
    assert script.seen == ["POST /v1/auth/token"]
    with pytest.raises(SignInNeededError):
        phone.sign_in("another")
    del script.on["POST /v1/auth/token"]
    me = {"server_time": "2018-09-12T09:30:00+08:00"}
    script.on["GET /v1/me"] = lambda _: httpx2.Response(200, json=me)
    phone.sign_in("right")
    assert script.forms[-1]["password"] == ["right"]
    assert phone.business_now().isoformat().startswith("2018-09-12T01:30")
    assert phone.sync_until_empty(5).is_clean


def test_a_damaged_file_is_never_sent(phone: Phone, script: Script, tmp_path: Path) -> None:
    key = take(phone, "whole")
    (tmp_path / "photos" / str(key)).write_bytes(b"w?ole")
    progress = phone.sync_until_empty(5)
    assert progress.attention[0].problem["code"] == "phone.photo-damaged"
    assert not any(name.startswith("PUT") for name in script.seen)


def test_a_photo_whose_bytes_were_not_there_is_sent_again(phone: Phone, script: Script) -> None:
    key = take(phone, "a")
    polls = iter(["announced", "verifying"])

    def poll(_: httpx2.Request) -> httpx2.Response | None:
        script.states[str(key)] = next(polls)
        return httpx2.Response(200, json={"photos": [script.state(str(key))]})

    script.on["GET /v1/photos"] = lambda request: (
        poll(request) if script.seen.count("GET /v1/photos") == 1 else None
    )
    assert phone.sync_until_empty(5).is_clean
    assert script.seen.count(f"PUT /store/{key}") == 2
