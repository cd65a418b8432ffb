"""Promises of the phone's engine that need a network of a very particular badness.

The other side is scripted here, answer by answer; that the phone and the real service understand
each other is shown by the journeys, on real HTTP.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs
from uuid import UUID

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scripts.phone import Pace, Phone, PhotoState, SignInNeededError, VisitState

T = TypeVar("T")
PACE = Pace(base_s=0.004, cap_s=0.03, poll_s=0.004, poll_cap_s=0.02, patience_s=0.5)


def problem(status: int, code: str, *pointers: str) -> httpx2.Response:
    body = {"code": code, "title": code, "errors": [{"pointer": each} for each in pointers]}
    headers = {"Content-Type": "application/problem+json"}
    return httpx2.Response(status, text=json.dumps(body), headers=headers)


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Script:
    """The other side: a service with which all goes well, until a test replaces an answer."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.forms: list[dict[str, list[str]]] = []
        self.states: dict[str, str] = {}
        self.on: dict[str, Callable[[httpx2.Request], httpx2.Response | None]] = {}
        self.bodies: Counter[bytes] = Counter()
        self.items: dict[str, dict[str, Any]] = {}
        self.lost: set[str] = set()
        self.key = Ed25519PrivateKey.generate()

    def wrap(self, inner: httpx2.BaseTransport) -> httpx2.BaseTransport:
        inner.close()
        return httpx2.MockTransport(self.answer)

    def order(self, items: Sequence[T]) -> list[T]:
        return list(items)

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        name = f"{request.method} {request.url.path}"
        self.seen.append(name)
        special = self.on.get(name)
        if name == "GET /v1/public/keys" and special is None:
            return httpx2.Response(200, json={"keys": [self.public()]})
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

    def announced(self, item: dict[str, Any]) -> dict[str, object]:
        self.items[item["id"]] = item
        self.states.setdefault(item["id"], "announced")
        url = f"http://store.test/store/{item['id']}"
        return {**self.state(item["id"]), "upload": {"url": url, "headers": {}, "expires_in_s": 9}}

    def state(self, key: str) -> dict[str, object]:
        problem = {"code": "photo.lost"} if key in self.lost else None
        is_safe = self.states[key] == "stored" and problem is None
        receipt = self.receipt(self.items[key]) if is_safe else None
        return {"id": key, "state": self.states[key], "problem": problem, "receipt": receipt}

    def public(self) -> dict[str, str]:
        raw = self.key.public_key().public_bytes_raw()
        return {"key_id": hashlib.sha256(raw).hexdigest()[:16], "public_key": base64url(raw)}

    def receipt(self, item: dict[str, Any]) -> dict[str, object]:
        statement = {
            "type": "dudao.photo-receipt/1",
            "photo_id": item["id"],
            "sha256": item["sha256"],
            "size": item["size"],
            "issued_at": "2018-09-12T01:31:00Z",
            "key_id": self.public()["key_id"],
        }
        text = json.dumps(statement, sort_keys=True, separators=(",", ":"))
        return {"statement": statement, "signature": base64url(self.key.sign(text.encode()))}


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
    assert (progress.photos, progress.visits) == ({PhotoState.RECEIPTED: 2}, {VisitState.DONE: 1})
    assert list((tmp_path / "photos").iterdir()) == []
    assert [script.seen[0], script.seen[1]] == ["POST /v1/auth/token", "POST /v1/photos"]


def held(phone: Phone, key: UUID) -> bool:
    """Whether the phone still has the bytes."""
    return phone.queue.files.path(key).exists()


def test_the_bytes_stay_until_there_is_a_receipt(phone: Phone, script: Script) -> None:
    key = take(phone, "a")
    phone.submit_visit({"photos": [key]})
    usual = script.state

    script.state = lambda one: {**usual(one), "receipt": None}  # type: ignore[method-assign]
    progress = phone.sync_until_empty(0.2)
    assert (progress.photos, progress.visits) == ({PhotoState.STORED: 1}, {VisitState.DONE: 1})
    assert not progress.is_clean
    assert held(phone, key)
    script.state = usual  # type: ignore[method-assign]
    assert phone.sync_until_empty(5).is_clean
    assert not held(phone, key)
    (photo,) = phone.photos()
    assert photo.receipt == script.receipt(script.items[str(key)])
    assert script.seen.count("GET /v1/public/keys") == 1


@pytest.mark.parametrize("field", ["photo_id", "sha256", "size", "signature"])
def test_a_receipt_that_does_not_hold_frees_nothing_and_is_shown(
    phone: Phone, script: Script, field: str
) -> None:
    key, usual = take(phone, "a"), script.receipt

    def forged(item: dict[str, Any]) -> dict[str, object]:
        if field == "signature":
            return {**usual(item), "signature": base64url(bytes(64))}
        wrong = {"photo_id": str(UUID(int=1)), "sha256": "0" * 64, "size": 2}
        return usual({**item, {"photo_id": "id"}.get(field, field): wrong[field]})

    script.receipt = forged  # type: ignore[method-assign]
    progress = phone.sync_until_empty(0.2)
    assert progress.photos == {PhotoState.STORED: 1}
    assert [each.problem["code"] for each in progress.attention] == ["phone.receipt-invalid"]
    assert held(phone, key)
    script.receipt = usual  # type: ignore[method-assign]
    assert phone.sync_until_empty(5).is_clean
    assert not held(phone, key)


def test_a_key_that_is_not_known_yet_is_asked_for_again(phone: Phone, script: Script) -> None:
    """An answer of the cache on the way may be some minutes old."""
    key = take(phone, "a")
    script.on["GET /v1/public/keys"] = lambda _: httpx2.Response(200, json={"keys": []})
    progress = phone.sync_until_empty(0.2)
    assert (progress.photos, progress.attention) == ({PhotoState.STORED: 1}, ())
    assert held(phone, key)
    del script.on["GET /v1/public/keys"]
    assert phone.sync_until_empty(5).is_clean


def test_what_the_store_has_lost_is_announced_and_sent_again(phone: Phone, script: Script) -> None:
    key = take(phone, "a")
    script.lost.add(str(key))

    def put(_: httpx2.Request) -> httpx2.Response | None:
        if script.seen.count(f"PUT /store/{key}") == 2:
            script.lost.clear()
        return None

    script.on[f"PUT /store/{key}"] = put
    assert phone.sync_until_empty(5).is_clean
    assert script.seen.count(f"PUT /store/{key}") == 2
    assert script.seen.count("POST /v1/photos") == 2
    assert phone.stats["photos sent again that the store had lost"] == 1
    assert not held(phone, key)


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
    assert progress.photos == {PhotoState.UPLOADED: 3, PhotoState.RECEIPTED: 20}
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
    assert progress.photos == {PhotoState.RECEIPTED: 2, PhotoState.REFUSED: 1}
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
