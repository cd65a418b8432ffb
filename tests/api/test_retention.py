"""Deletion that is due: bytes and renditions go, the row stays; nothing under a hold is deleted."""

from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from app import worker
from app.evidence import deleting, holds
from app.evidence.rules import Size, evidence_key, rendition_key
from app.evidence.tables import Blob, Photo
from app.infra.blobs import Blobs, ObjectMissing, StoreRefused
from app.infra.buckets import Buckets
from app.infra.events import Event
from app.kit.errors import Conflict
from app.kit.ids import new_id
from app.organisation.rules import Role
from tests import factories as make
from tests.support import settle

pytestmark = pytest.mark.usefixtures("ground")


@pytest.fixture(scope="module")
def inspector(ground):
    return make.signed_in(ground.tx, Role.INSPECTOR)


@pytest.fixture(scope="module")
def headquarters(ground):
    return make.signed_in(ground.tx, Role.HQ_ADMIN)


@pytest.fixture
def visit(client, http, runtime, inspector, tx):
    """A visit that found nothing, with two photos of the site, all of ten years old."""
    round_ = make.make_round(tx, sites=[make.site_row("MS-1")])
    photos = [make.upload_photo(client, http, inspector) for _ in range(2)]
    plan = make.plan_visit(tx, round_.id, "MS-1", photos=photos)
    assert make.submit(client, inspector, plan.body).status_code == 201
    settle(runtime)
    age(tx, *photos)
    return plan


def age(tx, *photos):
    """As if they had been stored ten years earlier."""
    ids = [UUID(photo) for photo in photos]
    earlier = Photo.stored_at - sa.text("interval '10 years'")
    tx.exec(sa.update(Photo).where(Photo.id.in_(ids)).values(stored_at=earlier))
    tx.commit()


def post(client, who, path, status=200, **body):
    answer = client.post(path, json=body, headers=who.headers)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def keep(client, who, days, code="all", **scope):
    body = {"code": code, "name_zh": code, "keep_days": days, **scope}
    return post(client, who, "/v1/retention-classes", 201, **body)


def run(runtime):
    deleted = worker.retain(runtime)
    settle(runtime)
    return deleted


def states(tx):
    tx.expire_all()
    return sorted(photo.state.value for photo in tx.exec(select(Photo)).all())


def kinds(tx, photo_id):
    rows = select(Event.kind).where(Event.subject_id == UUID(photo_id)).order_by(Event.id)
    return list(tx.exec(rows).all())


class TestDeletion:
    def test_the_bytes_go_and_the_row_stays_with_its_digest(
        self, client, runtime, inspector, headquarters, tx, blobs, visit
    ):
        photo = visit.photos[0]
        before = client.get(f"/v1/photos/{photo}", headers=inspector.headers).json()
        assert run(runtime) == 0  # no class: for good
        keep(client, headquarters, 3000)
        assert run(runtime) == 2
        found = client.get(f"/v1/photos/{photo}", headers=inspector.headers).json()
        assert (found["state"], found["problem"]["code"]) == ("deleted", "photo.deleted")
        assert found["sha256"] == before["sha256"]
        assert found["deleted_at"] is not None
        assert (found["large_url"], found["exif"]) == (None, None)
        for size in ("large", "original"):
            for who in (inspector, headquarters):
                path = f"/v1/photos/{photo}/content"
                answer = client.get(path, params={"size": size}, headers=who.headers)
                assert (answer.status_code, answer.json()["code"]) == (410, "photo.deleted")
        digest = found["sha256"]
        for key in (
            evidence_key(digest),
            rendition_key(digest, Size.LARGE),
            rendition_key(digest, Size.THUMB),
        ):
            with pytest.raises(ObjectMissing):
                blobs.read_evidence(key)
        assert tx.get(Blob, digest) is None
        assert kinds(tx, photo)[-2:] == ["photo.deleted", "photo.erased"]
        (event,) = tx.exec(
            select(Event).where(Event.kind == "photo.deleted", Event.subject_id == UUID(photo))
        ).all()
        assert event.data == {"sha256": digest, "retention_class": "all", "keep_days": 3000}
        assert run(runtime) == 0
        again = client.post("/v1/visits", json=visit.body, headers=inspector.headers)
        assert again.json()["missing_photos"] == []

    def test_what_is_still_needed_is_kept(
        self, client, http, runtime, inspector, headquarters, tx, visit
    ):
        """By another class, as a younger photo of the same bytes."""
        keep(client, headquarters, 3000)
        keep(client, headquarters, None, code="campaign", campaign=make.CAMPAIGN)
        assert run(runtime) == 0
        post(client, headquarters, "/v1/retention-classes/campaign/change", keep_days=4000)
        assert run(runtime) == 0
        content = make.make_photo_bytes()
        old = make.upload_photo(client, http, inspector, content)
        settle(runtime)
        age(tx, old)
        young = make.upload_photo(client, http, inspector, content)
        settle(runtime)
        assert run(runtime) == 1
        assert kinds(tx, old)[-1] == "photo.deleted"
        location = client.get(f"/v1/photos/{young}/content", headers=inspector.headers)
        assert http.get(location.headers["location"]).status_code == 200
        post(client, headquarters, "/v1/retention-classes/campaign/remove", 204)
        assert run(runtime) == 2

    def test_a_photo_of_an_open_entry_is_kept(
        self, client, http, runtime, inspector, headquarters, tx
    ):
        round_ = make.make_round(tx, sites=[make.site_row("MS-1")])
        photos = [make.upload_photo(client, http, inspector) for _ in range(2)]
        plan = make.plan_visit(tx, round_.id, "MS-1", values={"BJ-03": 1}, photos=photos)
        assert make.submit(client, inspector, plan.body).status_code == 201
        settle(runtime)
        age(tx, *photos)
        keep(client, headquarters, 30)
        assert run(runtime) == 1
        assert states(tx) == ["deleted", "stored"]
        tx.exec(sa.text("UPDATE problem SET state = 'cancelled'"))
        tx.commit()
        assert run(runtime) == 1

    def test_the_same_bytes_may_come_again(
        self, client, http, runtime, inspector, headquarters, tx
    ):
        content = make.make_photo_bytes()
        first = make.upload_photo(client, http, inspector, content)
        settle(runtime)
        age(tx, first)
        keep(client, headquarters, 30)
        assert run(runtime) == 1
        again = make.upload_photo(client, http, inspector, content)
        settle(runtime)
        answer = client.get(f"/v1/photos/{again}/content", headers=inspector.headers)
        assert http.get(answer.headers["location"]).status_code == 200

    def test_bytes_that_came_back_before_they_were_taken_are_left_alone(
        self, client, http, runtime, inspector, headquarters, tx, blobs
    ):
        content = make.make_photo_bytes()
        first = make.upload_photo(client, http, inspector, content)
        settle(runtime)
        age(tx, first)
        keep(client, headquarters, 30)
        assert worker.retain(runtime) == 1
        again = make.upload_photo(client, http, inspector, content)
        settle(runtime, retries=True)
        digest = make.announcement(content)["sha256"]
        assert client.get(f"/v1/photos/{again}", headers=inspector.headers).json()["state"] == (
            "stored"
        )
        assert blobs.read_evidence(evidence_key(digest)) == content


class TestHolds:
    def test_nothing_under_a_hold_is_deleted(
        self, client, runtime, inspector, headquarters, tx, visit
    ):
        keep(client, headquarters, 30)
        held = post(
            client, headquarters, "/v1/photo-holds", 201, reason="申诉", visit_id=visit.body["id"]
        )
        assert (held["photos"], held["cause"]["kind"]) == (2, "headquarters")
        assert run(runtime) == 0
        assert deleting.delete(tx, {UUID(one): {} for one in visit.photos}) == 0
        with pytest.raises(IntegrityError, match="under a hold"), tx.begin_nested():
            tx.exec(
                sa.text(
                    "UPDATE photo SET state = 'deleted', blob_sha256 = NULL, deleted_at = now()"
                )
            )
        listed = client.get("/v1/photo-holds?lifted=false", headers=headquarters.headers).json()
        assert [one["id"] for one in listed["items"]] == [held["id"]]
        lifted = post(client, headquarters, f"/v1/photo-holds/{held['id']}/lift", reason="已结")
        assert lifted["lift_reason"] == "已结"
        assert (
            post(client, headquarters, f"/v1/photo-holds/{held['id']}/lift", reason="再") == lifted
        )
        assert run(runtime) == 2
        answer = client.post(
            "/v1/photo-holds",
            json={"reason": "晚", "photos": [visit.photos[0]]},
            headers=headquarters.headers,
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "photo.deleted")
        assert states(tx) == ["deleted", "deleted"]

    def test_a_cause_holds_once_and_lifts_all_of_it(self, tx, runtime, headquarters, client, visit):
        keep(client, headquarters, 30)
        appeal = holds.Cause("appeal", new_id())
        for photo in visit.photos:
            one = holds.hold(tx, photos=[UUID(photo)], cause=appeal, reason="申诉", by=None)
        tx.commit()
        assert run(runtime) == 0
        holds.lift_for(tx, cause=appeal, reason="结案", by=None)
        tx.commit()
        assert one.lifted_at is not None
        assert run(runtime) == 2
        with pytest.raises(Conflict, match=r"photo\.deleted"):
            holds.hold(tx, photos=[UUID(visit.photos[0])], cause=appeal, reason="再", by=None)

    def test_a_store_with_object_lock_holds_it_too_until_the_last_hold_is_lifted(
        self, client, http, app, settings, with_runtime, inspector, tx, monkeypatch
    ):
        """Not even who has the keys of the store can delete it."""
        names = {f"{one}_bucket": f"held-{one}" for one in ("quarantine", "evidence")}
        locked = settings.model_copy(update={"s3_object_lock": True, **names})
        Buckets(locked).make()
        blobs = Blobs(locked)
        monkeypatch.setitem(app.state._state, "blobs", blobs)
        runtime, content = with_runtime(settings=locked, blobs=blobs), make.make_photo_bytes()
        photos = [make.upload_photo(client, http, inspector, content) for _ in range(2)]
        settle(runtime)
        key = evidence_key(make.announcement(content)["sha256"])
        appeals = [holds.Cause("appeal", new_id()) for _ in photos]
        for appeal, photo in zip(appeals, photos, strict=True):
            holds.hold(tx, photos=[UUID(photo)], cause=appeal, reason="申诉", by=None)
        tx.commit()
        settle(runtime)
        for appeal in appeals:
            with pytest.raises(StoreRefused):
                blobs.erase_evidence(key)
            assert blobs.read_evidence(key) == content
            holds.lift_for(tx, cause=appeal, reason="结案", by=None)
            tx.commit()
            settle(runtime)
        blobs.erase_evidence(key)
        with pytest.raises(ObjectMissing):
            blobs.read_evidence(key)

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({}, 422, "request.invalid"),
            ({"photos": [], "reason": "x"}, 422, "request.invalid"),
            ({"photos": ["00000000-0000-7000-8000-000000000001"]}, 422, "request.invalid"),
            ({"problem": "none"}, 422, "photo-hold.nothing"),
            ({"problem": "a", "visit_id": "00000000-0000-7000-8000-000000000001"}, 422,
             "request.invalid"),
        ],
    )  # fmt: skip
    def test_what_is_not_there_cannot_be_held(self, client, headquarters, body, status, code):
        answer = client.post(
            "/v1/photo-holds", json={"reason": "申诉"} | body, headers=headquarters.headers
        )
        assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_scope_has_one_class(client, headquarters):
    keep(client, headquarters, 30)
    for code, clash in (("all", "exists"), ("other", "scope-taken")):
        body = {"code": code, "name_zh": "x", "keep_days": 1}
        answer = client.post("/v1/retention-classes", json=body, headers=headquarters.headers)
        assert (answer.status_code, answer.json()["code"]) == (409, f"retention-class.{clash}")
    shown = client.get("/v1/retention-classes", headers=headquarters.headers).json()["items"]
    assert [(one["code"], one["keep_days"]) for one in shown] == [("all", 30)]
