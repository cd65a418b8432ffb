"""Citizens report without a sign-in; what they may learn, and who may learn of them."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from PIL import Image
from sqlmodel import select

from app.citizens import keyfile, sealing, tending
from app.citizens.tables import CitizenContact, CitizenReport
from app.evidence.rules import PhotoState
from app.evidence.tables import Photo, PhotoPass
from app.infra import business_time
from app.infra.events import Event
from app.infra.throttles import Throttle
from app.kit.errors import Unavailable
from app.ledger.tables import LedgerSettings, Problem, ProblemPhoto
from app.organisation.rules import Role
from tests import factories as make
from tests.support import settle

POTHOLE = {"scheme": "jiaozuo-checklist-2018", "code": "E0113", "version": "2026-11-22"}
HERE = {"lat": 35.2392, "lon": 113.2418, "crs": "gcj02", "accuracy_m": 15.0}
CONTACT = "张女士 13800138000"
AS_JSON = {"Content-Type": "application/json"}


@pytest.fixture
def office(tx):
    return make.signed_in(tx, Role.HQ_ADMIN)


def report_of(**changes):
    return {"id": str(uuid4()), "location": HERE, "note": "人行道破损，绊倒过老人"} | changes


def send(client, status=201, **changes):
    body = report_of(**changes)
    answer = client.post("/v1/public/reports", json=body)
    assert answer.status_code == status, answer.text
    return answer


def look_up(client, number, status=200):
    answer = client.post("/v1/public/reports:look-up", json={"number": number})
    assert answer.status_code == status, answer.text
    return answer.json()


def move(client, who, case, verb, **body):
    url = f"/v1/ledger/{case}/{verb}"
    version = client.get(f"/v1/ledger/{case}", headers=who.headers).json()["version"]
    return client.post(url, json={"version": version} | body, headers=who.headers)


def case_of(tx, number):
    found = select(Problem).join(CitizenReport, CitizenReport.problem_id == Problem.id)
    return tx.exec(found.where(CitizenReport.number == number)).one()


def announce(client, token, *photos, status=200):
    answer = client.post("/v1/public/photos", json={"token": token, "photos": list(photos)})
    assert answer.status_code == status, answer.text
    return answer.json()


def complete(client, token, photo, status=202):
    url = f"/v1/public/photos/{photo['id']}/complete"
    answer = client.post(url, json={"token": token})
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_report_is_a_case_of_who_answers_for_its_place_and_line(client, tx, office):
    form = client.get("/v1/public/report-form").json()
    assert (form["takes_contact"], form["most_photos"]) == (True, 3)
    assert "E0113" in {one["code"] for one in form["categories"]}
    body = report_of(category=POTHOLE)
    answer = client.post("/v1/public/reports", json=body)
    assert answer.status_code == 201, answer.text
    given = answer.json()
    assert (given["state"], given["state_label"], given["photos_left"]) == ("received", "已收到", 3)
    assert answer.headers["cache-control"] == "no-store"
    case = client.get(f"/v1/ledger/{case_of(tx, given['number']).number}", headers=office.headers)
    shown = case.json()
    assert (shown["source"], shown["state"]) == ("citizen", "reported")
    assert (shown["line"]["code"], shown["area"]["code"]) == ("infrastructure", make.JIEFANG)
    assert shown["location"] == HERE
    assert (shown["history"][0]["by"], given["number"] in case.text) == (None, False)
    again = client.post("/v1/public/reports", json=body)
    assert again.headers["dudao-replayed"] == "true"
    assert again.json()["number"] == given["number"]
    assert again.json()["photo_token"] != given["photo_token"]
    for other in ({"note": "别处"}, {"contact": CONTACT}, {"location": HERE | {"crs": "wgs84"}}):
        refused = client.post("/v1/public/reports", json=body | other)
        assert (refused.status_code, refused.json()["code"]) == (409, "problem.id-reused")
    assert len(tx.exec(select(CitizenReport)).all()) == 1
    events = tx.exec(select(Event).where(Event.subject_type == "problem")).all()
    assert {(one.actor_id, one.address) for one in events} == {(None, None)}
    rows = [*tx.exec(select(CitizenReport)).all(), *tx.exec(select(Problem)).all()]
    assert body["id"] not in str(rows)
    other = case_of(tx, send(client).json()["number"]).number  # no category: the city's own line
    seen = client.get(f"/v1/ledger/{other}", headers=office.headers).json()
    assert seen["line"]["code"] == "sanitation"
    filed = move(client, office, other, "file", category=POTHOLE | {"code": "C0301"}).json()
    assert (filed["line"]["code"], filed["answerable_unit"]["code"]) == ("public-toilets", "JF-HWC")


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"location": {"lat": 39.9, "lon": 116.4, "crs": "gcj02"}}, "/location", "place.unknown"),
        ({"location": {"lat": 35.2, "lon": 113.2}}, "/location/crs", "field.missing"),
        ({"category": POTHOLE | {"version": "1"}}, "/category", "field.unknown-reference"),
        ({"category": POTHOLE | {"code": "X2108"}}, "/category", "field.unknown-reference"),
        ({"contact": "1"}, "/contact", "field.too-short"),
        ({"contact": "\ud800" + CONTACT}, "/contact", "field.format"),
        ({"photos": []}, "/photos", "field.extra"),
    ],
)
def test_each_fault_has_its_pointer_and_repeats_nothing(client, tx, changes, pointer, code):
    body = json.dumps(report_of(**{"contact": CONTACT} | changes))
    answer = client.post("/v1/public/reports", content=body, headers=AS_JSON)
    assert answer.status_code == 422, answer.text
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]
    assert "138001" not in answer.text
    assert tx.exec(select(Problem)).all() == []


def test_a_point_that_would_fit_in_another_system_is_told_so(client):
    """At the western edge of the city: read as GCJ-02 it lies half a kilometre further west."""
    edge = {"lat": 35.2029, "lon": 113.1181, "crs": "gcj02"}
    fault = send(client, 422, location=edge).json()["errors"][0]
    assert (fault["pointer"], fault["code"]) == ("/location/crs", "place.other-system")
    assert fault["params"] == {"crs": "wgs84"}


def test_a_token_lets_three_photos_in_and_they_go_the_way_of_all_photos(
    client, http, tx, runtime, office
):
    given = send(client).json()
    token, other = given["photo_token"], send(client).json()["photo_token"]
    exif = Image.Exif()
    exif[0x010F] = "Phone of 张女士"
    content = make.make_photo_bytes(exif=exif)
    first, *more = [make.announcement(content) for _ in range(5)]
    upload = announce(client, token, first)["photos"][0]["upload"]
    assert make.put(http, upload, content).status_code == 200
    assert complete(client, other, first, 404)["code"] == "photo.not-found"
    for false in ("x", token[:-1], first["id"]):
        assert announce(client, false, first, status=404)["code"] == "photo-token.unknown"
        assert complete(client, false, first, 404)["code"] == "photo-token.unknown"
    assert announce(client, other, first, status=409)["code"] == "photo.id-reused"
    assert complete(client, token, first)["state"] == "verifying"
    settle(runtime)
    assert complete(client, token, first, 200)["state"] == "stored"
    after = announce(client, token, more[0] | {"role": "after"}, status=422)
    assert after["errors"][0]["pointer"] == "/photos/0/role"
    used_up = announce(client, token, *more[:3], status=409)
    assert (used_up["code"], len(tx.exec(select(Photo)).all())) == ("photo-token.used-up", 1)
    announce(client, token, first, *more[:2])
    assert announce(client, token, more[3], status=409)["code"] == "photo-token.used-up"
    case = client.get(
        f"/v1/ledger/{case_of(tx, given['number']).number}", headers=office.headers
    ).json()
    assert [one["id"] for one in case["before"]] == [one["id"] for one in (first, *more[:2])]
    thumb = Image.open(io.BytesIO(http.get(case["before"][0]["thumb_url"]).content))
    assert not thumb.getexif()
    assert "comment" not in thumb.info
    unit = make.signed_in(tx, Role.UNIT_COORDINATOR, unit=make.JIEFANG, areas=[make.JIEFANG])
    seen = client.get(f"/v1/photos/{first['id']}", headers=unit.headers).json()
    assert (seen["state"], seen["exif"]) == ("stored", None)
    stolen = {"line": "sanitation", "note": "x", "found_at": "2018-09-10T08:00:00+08:00"}
    stolen |= {"id": str(uuid4()), "unit": make.MINSHENG, "photos": [first["id"]]}
    refused = client.post("/v1/ledger/reports", json=stolen, headers=office.headers)
    assert refused.status_code in (403, 422)
    tx.exec(sa.update(PhotoPass).values(expires_at=PhotoPass.expires_at - timedelta(hours=5)))
    tx.commit()
    assert announce(client, token, first, status=404)["code"] == "photo-token.unknown"
    assert tx.get(Photo, UUID(first["id"])).state is PhotoState.STORED


def test_a_repeat_brings_a_new_token_and_ends_the_former(client, tx):
    body = report_of()
    tokens = [client.post("/v1/public/reports", json=body).json()["photo_token"] for _ in range(2)]
    photos = [make.announcement(make.make_photo_bytes()) for _ in range(3)]
    assert announce(client, tokens[0], photos[0], status=404)["code"] == "photo-token.unknown"
    announce(client, tokens[1], *photos)
    assert client.post("/v1/public/reports", json=body).json()["photos_left"] == 0
    tx.exec(sa.update(PhotoPass).values(expires_at=PhotoPass.expires_at - timedelta(hours=5)))
    tx.commit()
    assert client.post("/v1/public/reports", json=body).json()["photo_token"] is None


def test_a_contact_is_sealed_read_by_headquarters_alone_and_each_look_is_told(
    client, tx, office, settings, with_settings, tmp_path, capsys
):
    body = report_of(contact=CONTACT)
    given = client.post("/v1/public/reports", json=body)
    number = case_of(tx, given.json()["number"]).number
    (kept,) = tx.exec(select(CitizenContact)).all()
    assert b"13800138000" not in kept.sealed
    url = f"/v1/ledger/{number}/contact"
    answer = client.get(url, headers=office.headers)
    assert (answer.json(), answer.headers["cache-control"]) == ({"contact": CONTACT}, "no-store")
    for role in Role:
        if role not in (Role.HQ_ADMIN, Role.DASHBOARD, Role.PLATFORM):
            unit = {"unit": make.MINSHENG} if role.value.startswith("unit") else {}
            who = make.signed_in(tx, role, **unit)
            assert client.get(url, headers=who.headers).status_code == 403
    elsewhere = make.signed_in(tx, Role.HQ_ADMIN, areas=[make.SHANYANG])
    assert client.get(url, headers=elsewhere.headers).status_code == 404
    looks = tx.exec(select(Event).where(Event.kind == "contact.read")).all()
    assert [(one.actor_id, one.subject_id) for one in looks] == [
        (office.id, case_of(tx, given.json()["number"]).id)
    ]
    assert client.post("/v1/public/reports", json=body).headers["dudao-replayed"] == "true"
    other = client.post("/v1/public/reports", json=body | {"contact": "13900139000"})
    assert other.json()["code"] == "problem.id-reused"
    everything = [str(one.data) for one in tx.exec(select(Event)).all()]
    case = client.get(f"/v1/ledger/{number}", headers=office.headers).text
    told = "".join([*everything, case, given.text, other.text, *capsys.readouterr()])
    assert "13800138000" not in told
    assert "13900139000" not in told
    for file, status in ((None, 422), (tmp_path / "nothing", 503)):
        with_settings(contact_keys_file=file)
        assert client.get("/v1/public/report-form").json()["takes_contact"] is False
        refused = send(client, status, contact=CONTACT).json()
        codes = [one["code"] for one in refused["errors"]] or [refused["code"]]
        assert codes == ["contact.not-taken" if file is None else "contact.keys-unusable"]
        assert send(client).json()["state"] == "received"
        assert client.post("/v1/public/reports", json=body).status_code == 201
        assert client.get(url, headers=office.headers).status_code == 503


def test_contacts_are_sealed_anew_and_erased_some_time_after_the_case_is_over(
    client, tx, office, runtime, with_settings, with_runtime, tmp_path
):
    file = tmp_path / "keys"
    file.write_text(sealing.new_key())
    runtime = with_runtime(settings=with_settings(contact_keys_file=file, contact_days=30))
    first, second = (send(client, contact=CONTACT).json()["number"] for _ in range(2))
    old = keyfile.find_ring(runtime.settings)
    keyfile.write_ring(
        runtime.settings, sealing.read_ring(sealing.new_key() + "\n" + sealing.write_ring(old))
    )
    assert tending.tend(runtime) == 2
    newest = keyfile.find_ring(runtime.settings).newest
    assert {one.key_id for one in tx.exec(select(CitizenContact)).all()} == {newest}
    target = client.post(
        "/v1/ledger/reports",
        json={"id": str(uuid4()), "line": "sanitation", "unit": make.MINSHENG, "note": "x"}
        | {"found_at": "2018-09-10T08:00:00+08:00"},
        headers=make.signed_in(tx, Role.INSPECTOR).headers,
    ).json()["number"]
    ended, merged = case_of(tx, first).number, case_of(tx, second).number
    reasons = {"reason": "与张女士核实", "public_reason": "不属于城市管理范围"}
    assert move(client, office, ended, "cancel", **reasons).status_code == 200
    joined = move(client, office, merged, "merge", reason="同一处", into=target)
    assert joined.status_code == 200
    now = business_time.now(tx)
    for days, left in ((29, 2), (31, 1)):
        business_time.set_business_time(tx, instant=now + timedelta(days=days))
        tx.commit()
        tending.tend(runtime)
        assert len(tx.exec(select(CitizenContact)).all()) == left
    url = f"/v1/ledger/{ended}/contact"
    assert client.get(url, headers=office.headers).json()["code"] == "contact.not-found"
    assert len(tx.exec(select(Event).where(Event.kind == "contact.erased")).all()) == 1
    assert move(client, office, target, "cancel", reason="作废").status_code == 200
    business_time.set_business_time(tx, instant=now + timedelta(days=62))
    tx.commit()
    assert tending.tend(runtime) == 1
    file.write_text("no key")
    with pytest.raises(Unavailable):
        tending.tend(runtime)


def test_the_number_tells_the_state_in_public_words_and_nothing_else(client, tx, office):
    given, other = (send(client, contact=CONTACT, category=POTHOLE).json() for _ in range(2))
    typed = f" {given['number'].lower().replace('-', ' ')} "
    assert look_up(client, typed) == {
        "number": given["number"],
        "received_at": given["received_at"],
        "state": "received",
        "state_label": "已收到",
        "is_over": False,
        "outcome": None,
        "reason": None,
    }
    case = case_of(tx, given["number"]).number
    strangers = [case, "", "2018-000001", "22222-22222-22222", "'; DROP TABLE problem", "x" * 64]
    answers = [look_up(client, one, 404) for one in strangers if one]
    assert {(one["code"], one["detail"], str(one["errors"])) for one in answers} == {
        ("report.not-found", answers[0]["detail"], "[]")
    }
    assert move(client, office, case, "verify").status_code == 200
    assert look_up(client, given["number"])["state_label"] == "核实中"
    merged = case_of(tx, other["number"]).number
    assert move(client, office, merged, "merge", reason="重复", into=case).status_code == 200
    refused = move(client, office, case, "refuse", reason="责任单位民生街道推诿")
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/public_reason"]
    reasons = {"reason": "责任单位民生街道推诿", "public_reason": "该处正在施工，已有围挡"}
    assert move(client, office, case, "refuse", **reasons).status_code == 200
    for number in (given["number"], other["number"]):
        told = look_up(client, number)
        assert (told["state"], told["is_over"]) == ("refused", True)
        assert (told["state_label"], told["reason"]) == ("不予受理", "该处正在施工，已有围挡")
    closed = "UPDATE problem SET state = 'closed', resolution = 'explained', closed_at = opened_at"
    tx.exec(sa.text(closed + " WHERE number = :number"), params={"number": case})
    tx.commit()
    told = look_up(client, given["number"])
    assert (told["state_label"], told["outcome"], told["reason"]) == ("已办结", "已作说明", None)


def test_floods_from_one_address_and_from_many_are_refused_for_as_long_as_it_is_told(
    client, tx, with_settings
):
    with_settings(citizen_address_reports=3, citizen_reports=4)
    first = report_of()
    assert client.post("/v1/public/reports", json=first).status_code == 201
    for _ in range(2):
        send(client)
    refused = send(client, 429)
    assert refused.json()["code"] == "public.too-many-reports"
    wait_s = int(refused.headers["retry-after"])
    assert 1100 <= wait_s <= 1200
    assert client.post("/v1/public/reports", json=first).headers["dudao-replayed"] == "true"
    elsewhere = sa.delete(Throttle).where(Throttle.key.startswith("report:"))
    for code in (None, "public.busy"):
        tx.exec(elsewhere)
        tx.commit()
        answer = client.post("/v1/public/reports", json=report_of())
        assert answer.json().get("code") == code
    assert 800 <= int(answer.headers["retry-after"]) <= 900
    later = sa.update(Throttle).where(Throttle.key == "citizen-reports")
    tx.exec(later.values(busy_until=Throttle.busy_until - timedelta(seconds=901)))
    tx.commit()
    assert send(client).json()["state"] == "received"
    assert len(tx.exec(select(CitizenReport)).all()) == 5
    with_settings(public_address_tries=2)
    tx.exec(sa.delete(Throttle))
    tx.commit()
    assert [client.get("/v1/public/report-form").status_code for _ in range(2)] == [200, 200]
    token = {"token": "x"}
    for path, body in (
        ("reports", report_of()),
        ("reports:look-up", {"number": "x"}),
        ("photos", token | {"photos": [make.announcement(b"x")]}),
        (f"photos/{uuid4()}/complete", token),
    ):
        answer = client.post(f"/v1/public/{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (429, "public.too-many")
    huge = {"number": "x" * 20_000}
    answer = client.post("/v1/public/reports:look-up", json=huge)
    assert (answer.status_code, answer.json()["code"]) == (413, "request.too-large")


def test_the_door_is_shut_where_the_city_has_not_opened_it(client, tx):
    rules = tx.get(LedgerSettings, 1)
    rules.document = {key: value for key, value in rules.document.items() if key != "citizens"}
    tx.add(rules)
    tx.commit()
    assert send(client, 403).json()["code"] == "public.not-open"
    assert client.get("/v1/public/report-form").json()["code"] == "public.not-open"


def test_sendings_that_cross_are_one_report_and_its_photos_are_three(committed):
    body, photos = report_of(contact=CONTACT), [make.announcement(b"x%d" % n) for n in range(6)]
    with committed.new_client() as client, ThreadPoolExecutor(4) as many:

        def at_once(path, bodies):
            return list(many.map(lambda one: client.post(path, json=one), bodies))

        answers = at_once("/v1/public/reports", [body] * 4)
        assert [one.status_code for one in answers] == [201] * 4
        assert len({one.json()["number"] for one in answers}) == 1
        token = client.post("/v1/public/reports", json=body).json()["photo_token"]
        sent = at_once("/v1/public/photos", [{"token": token, "photos": [one]} for one in photos])
        assert sorted(one.status_code for one in sent) == [200] * 3 + [409] * 3
    with committed.database.transaction() as tx:
        assert len(tx.exec(select(Problem)).all()) == 1
        assert len(tx.exec(select(ProblemPhoto)).all()) == len(tx.exec(select(Photo)).all()) == 3


def test_the_business_day_is_that_of_the_report(client, tx):
    business_time.set_business_time(tx, instant=datetime.fromisoformat("2018-09-10T01:00:00+00:00"))
    tx.commit()
    assert send(client).json()["received_at"].startswith("2018-09-10T01:00:0")
