"""The ledger: one entry per finding, frozen attribution, and each sees what is his."""

from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import select

from app.infra import jobs
from app.infra.events import Event
from app.inspections.tables import Finding
from app.kit import clock
from app.kit.ids import new_id
from app.kit.paging import encode_cursor
from app.ledger.tables import Problem
from app.organisation.rules import Role
from app.organisation.tables import Responsibility, Unit
from tests import factories as make
from tests.support import settle

pytestmark = pytest.mark.usefixtures("ground")


@pytest.fixture(scope="module")
def inspector(ground):
    return make.signed_in(ground.tx, Role.INSPECTOR)


@pytest.fixture(scope="module")
def headquarters(ground):
    return make.signed_in(ground.tx, Role.HQ_ADMIN)


@pytest.fixture(scope="module")
def round_(ground):
    sites = [
        make.site_row("MS-1"),
        make.site_row("DFH-1", unit=make.DONGFANGHONG),
        make.site_row("FHY-1", "公厕", unit=make.FENGHUAYUAN),
    ]
    return make.make_round(ground.tx, sites=sites)


def visiting(client, tx, runtime, inspector, round_):
    def visit(site, values, **changes):
        plan = make.plan_visit(tx, round_.id, site, values=values, **changes)
        tx.commit()
        make.submit(client, inspector, plan.body).raise_for_status()
        settle(runtime)
        return plan

    return visit


@pytest.fixture
def visited(client, tx, runtime, inspector, round_):
    return visiting(client, tx, runtime, inspector, round_)


@pytest.fixture(scope="module")
def filled(ground, portal_client, inspector, round_):
    """In Minsheng three finds, one on signage; in Dongfanghong one on signage; and a toilet."""
    visit = visiting(portal_client, ground.tx, ground.runtime, inspector, round_)
    visit("MS-1", {"BJ-02": 2, "BJ-03": 1})
    visit("DFH-1", {"BJ-03": 1})
    visit("FHY-1", {"GC-02": "fail"}, checklist="gc")


def ledger(client, who, status=200, **query):
    answer = client.get("/v1/ledger", params=query, headers=who.headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def lines_of(page):
    return sorted((one["area"]["code"], one["line"]["code"]) for one in page["items"])


def test_every_finding_opens_one_entry_with_all_that_concerns_it(
    client, tx, headquarters, visited, round_
):
    plan = visited("FHY-1", {"GC-02": "fail", "GC-06": 2}, checklist="gc")
    items = ledger(client, headquarters)["items"]
    assert len(items) == 3
    assert len({one["number"] for one in items}) == 3
    one = next(entry for entry in items if entry["category"] and entry["visit_id"])
    assert one["state"] == "reported"
    assert one["state_label"] == "上报"
    assert one["source"] == "visit"
    assert one["site"]["code"] == "FHY-1"
    assert one["area"]["code"] == make.FENGHUAYUAN
    assert one["district"] == {"code": "410802", "name": "解放区"}
    assert one["line"]["code"] == "public-toilets"
    assert one["answerable_unit"]["code"] == "JF-HWC"
    assert one["note"] == "墙根堆放生活垃圾"
    assert one["found_at"].startswith("2018-09-10T01:25:00")
    assert one["visit_id"] == plan.body["id"]
    assert one["round_id"] == str(round_.id)
    single = client.get(f"/v1/ledger/{one['number']}", headers=headquarters.headers).json()
    assert {name: single[name] for name in one} == one


def test_its_photos_are_shown_once_they_are_stored(
    client, http, tx, runtime, inspector, headquarters, round_
):
    photo_id = str(new_id())
    plan = make.plan_visit(tx, round_.id, "MS-1", values={"BJ-02": 1}, photos=[photo_id])
    make.submit(client, inspector, plan.body).raise_for_status()
    settle(runtime)
    make.announce(client, inspector, make.announcement(b"x", id=photo_id))
    (one,) = ledger(client, headquarters)["items"]
    assert [(photo["id"], photo["thumb_url"]) for photo in one["photos"]] == [(photo_id, None)]


def test_a_stored_photo_has_a_short_lived_address(
    client, http, tx, runtime, inspector, headquarters, round_
):
    photo_id = make.upload_photo(client, http, inspector)
    plan = make.plan_visit(tx, round_.id, "MS-1", values={"BJ-02": 1}, photos=[photo_id])
    make.submit(client, inspector, plan.body).raise_for_status()
    settle(runtime)
    (photo,) = ledger(client, headquarters)["items"][0]["photos"]
    assert (photo["id"], photo["state"], photo["role"]) == (photo_id, "stored", "near")
    fetched = http.get(photo["thumb_url"])
    assert (fetched.status_code, fetched.headers["content-type"]) == (200, "image/jpeg")


def test_handling_a_visit_again_opens_nothing_twice(client, tx, runtime, filled):
    before = tx.exec(select(sa.func.count()).select_from(Problem)).one()
    events = tx.exec(select(Event.id).where(Event.kind == "visit.submitted")).all()
    for handler in ("ledger.open_problems", "inspections.judge_visit"):
        jobs.enqueue(tx, [(event, handler) for event in events], at=clock.real_now())
    tx.commit()
    settle(runtime)
    assert before == tx.exec(select(sa.func.count()).select_from(Problem)).one() == 5
    assert before == tx.exec(select(sa.func.count()).select_from(Finding)).one()


def test_a_finding_cannot_open_two_entries_whoever_tries(tx, filled):
    first = tx.exec(select(Problem)).first()
    values = first.model_dump() | {"id": new_id(), "number": "2018-999999"}
    tx.add(Problem(**values))
    with pytest.raises(sa.exc.IntegrityError, match="uq_problem_visit_id_finding_id"):
        tx.flush()


def test_second_and_late_visits_open_entries_too(
    client, tx, runtime, inspector, headquarters, round_, visited
):
    before = len(ledger(client, headquarters)["items"])
    visited("MS-1", {"BJ-02": 1})
    visited("MS-1", {"BJ-02": 1})
    tx.exec(sa.text("UPDATE round SET state = 'closed'"))
    tx.commit()
    visited("MS-1", {"BJ-02": 1})
    assert len(ledger(client, headquarters)["items"]) == before + 3


def test_a_reorganisation_afterwards_changes_nothing(client, tx, headquarters, filled):
    before = ledger(client, headquarters)["items"]
    other = tx.exec(select(Unit.id).where(Unit.code == "SY-CGJ")).one()
    tx.exec(sa.update(Responsibility).values(unit_id=other))
    tx.commit()
    assert ledger(client, headquarters)["items"] == before


def test_who_answers_is_decided_on_the_day_of_the_visit(client, tx, headquarters, visited):
    other = tx.exec(select(Unit.id).where(Unit.code == "SY-CGJ")).one()
    tx.exec(sa.update(Responsibility).values(unit_id=other))
    tx.commit()
    visited("MS-1", {"BJ-03": 1})
    assert ledger(client, headquarters)["items"][0]["answerable_unit"]["code"] == "SY-CGJ"


_SEEN = {
    "headquarters": (Role.HQ_ADMIN, {}, 5),
    "auditor": (Role.AUDITOR, {}, 5),
    "dashboard": (Role.DASHBOARD, {}, 5),
    "Jiefang": (Role.UNIT_COORDINATOR, {"unit": "410802", "areas": ["410802"]}, 4),
    "Minsheng street": (Role.UNIT_COORDINATOR, {"unit": "410802001", "areas": ["410802001"]}, 4),
    "community": (Role.UNIT_COORDINATOR, {"unit": "410802001001", "areas": ["410802001001"]}, 1),
    "Shanyang": (Role.UNIT_COORDINATOR, {"unit": "410811", "areas": ["410811"]}, 1),
    "Zhongzhan": (Role.UNIT_COORDINATOR, {"unit": "410803", "areas": ["410803"]}, 0),
    "bureau, one line": (Role.UNIT_COORDINATOR, {"unit": "JZ-CGJ", "lines": ["signage"]}, 2),
    "bureau, two lines": (
        Role.UNIT_COORDINATOR, {"unit": "JZ-CGJ", "lines": ["signage", "public-toilets"]}, 3
    ),
    "answerable for signs": (Role.UNIT_HANDLER, {"unit": "JF-CGJ", "areas": []}, 1),
    "answerable for toilets": (Role.UNIT_HANDLER, {"unit": "JF-HWC", "areas": []}, 1),
}  # fmt: skip


def test_each_sees_what_is_his_and_nothing_else(client, tx, headquarters, filled, subtests):
    everything = [one["number"] for one in ledger(client, headquarters)["items"]]
    for name, (role, posting, seen) in _SEEN.items():
        with subtests.test(name):
            who = make.signed_in(tx, role, **({"areas": [make.CITY]} | posting))
            mine = {one["number"] for one in ledger(client, who)["items"]}
            assert len(mine) == seen
            for number in everything:
                answer = client.get(f"/v1/ledger/{number}", headers=who.headers)
                assert answer.status_code == (200 if number in mine else 404)


def test_a_number_that_is_not_there(client, headquarters, filled):
    for number in ("2018-000000", "nonsense", "%27"):
        answer = client.get(f"/v1/ledger/{number}", headers=headquarters.headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "problem.not-found")


_FILTERS = (
    ({"area": "410802"}, 4),
    ({"area": "410802001"}, 4),
    ({"area": "410802001001"}, 1),
    ({"area": "410803"}, 0),
    ({"line": "signage"}, 2),
    ({"line": "signage", "area": "410811"}, 1),
    ({"line": "nonsense"}, 0),
    ({"state": "reported"}, 5),
    ({"state": "closed"}, 0),
    ({"category": "nonsense"}, 0),
    ({"round_id": str(new_id())}, 0),
)


def test_filters_narrow_the_list(client, headquarters, filled, subtests):
    for query, found in _FILTERS:
        with subtests.test(query=query):
            assert len(ledger(client, headquarters, **query)["items"]) == found


def test_the_round_and_the_category_are_filters_too(client, headquarters, filled, round_):
    items = ledger(client, headquarters, round_id=str(round_.id))["items"]
    assert len(items) == 5
    code = items[0]["category"]["code"]
    filtered = ledger(client, headquarters, category=code)["items"]
    assert filtered == [one for one in items if one["category"]["code"] == code]


def test_an_area_that_is_not_there(client, headquarters):
    assert ledger(client, headquarters, status=404, area="999999")["code"] == "unit.not-found"


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"state": "lost"}, "/state/0"),
        ({"bbox": "1,2,3"}, "/bbox"),
        ({"bbox": "114,35,113,36"}, "/bbox"),
        ({"round_id": "17"}, "/round_id"),
        ({"cursor": encode_cursor(17)}, "/cursor"),
        ({"cursor": encode_cursor("17")}, "/cursor"),
        ({"line": "a\x00b"}, "/line"),
    ],
)
def test_bad_parameters_are_pointed_at(client, headquarters, query, pointer):
    found = ledger(client, headquarters, status=422, **query)
    assert [fault["pointer"] for fault in found["errors"]] == [pointer]


def test_pages_join_to_the_whole_newest_first(client, headquarters, filled):
    whole = ledger(client, headquarters)["items"]
    joined, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = ledger(client, headquarters, **query)
        joined += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert joined == whole
    assert [one["number"] for one in whole] == sorted(
        (one["number"] for one in whole), reverse=True
    )


def test_an_unchanged_ledger_costs_a_304_and_a_new_entry_ends_it(client, headquarters, visited):
    visited("MS-1", {"BJ-02": 1})
    first = client.get("/v1/ledger", headers=headquarters.headers)
    given = headquarters.headers | {"If-None-Match": first.headers["etag"]}
    assert client.get("/v1/ledger", headers=given).status_code == 304
    visited("DFH-1", {"BJ-02": 1})
    changed = client.get("/v1/ledger", headers=given)
    assert changed.status_code == 200
    assert len(changed.json()["items"]) == len(first.json()["items"]) + 1


def test_a_photo_that_becomes_stored_ends_it_too(
    client, http, tx, runtime, inspector, headquarters, round_
):
    content = make.make_photo_bytes()
    photo = make.announcement(content)
    plan = make.plan_visit(tx, round_.id, "MS-1", values={"BJ-02": 1}, photos=[photo["id"]])
    make.submit(client, inspector, plan.body).raise_for_status()
    settle(runtime)
    tag = client.get("/v1/ledger", headers=headquarters.headers).headers["etag"]
    make.upload_photo(client, http, inspector, content, id=photo["id"])
    settle(runtime)
    given = headquarters.headers | {"If-None-Match": tag}
    assert client.get("/v1/ledger", headers=given).status_code == 200


def test_nobody_is_told_unchanged_about_addresses_that_have_run_out(
    client, headquarters, visited, monkeypatch
):
    visited("MS-1", {"BJ-02": 1})
    from datetime import timedelta

    tag = client.get("/v1/ledger", headers=headquarters.headers).headers["etag"]
    later = clock.real_now() + timedelta(seconds=301)
    monkeypatch.setattr(clock, "real_now", lambda: later)
    given = headquarters.headers | {"If-None-Match": tag}
    assert client.get("/v1/ledger", headers=given).status_code == 200


def test_labels_and_names_are_in_the_language_that_is_asked_for(client, headquarters, filled):
    headers = headquarters.headers | {"Accept-Language": "en"}
    one = client.get("/v1/ledger?line=signage", headers=headers).json()["items"][0]
    assert (one["state_label"], one["line"]["name"]) == ("reported", "advertising and shop signs")


def test_opening_an_entry_is_an_event(tx, filled):
    opened = tx.exec(select(Event).where(Event.kind == "problem.opened")).all()
    numbers = {event.data["number"] for event in opened}
    assert numbers == set(tx.exec(select(Problem.number)).all())
    assert {event.subject_id for event in opened} == set(tx.exec(select(Problem.id)).all())
    assert all(isinstance(event.subject_id, UUID) for event in opened)
