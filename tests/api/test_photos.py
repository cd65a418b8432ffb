"""Photos from the announcement to evidence: every verdict, every repetition, every onlooker."""

import hashlib
import io
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from PIL import Image
from sqlmodel import select

from app import worker
from app.auth.tables import AuthSession
from app.evidence.rules import Size, evidence_key, quarantine_key, rendition_key
from app.evidence.tables import Blob, Photo
from app.infra.blobs import ObjectChanged, ObjectMissing
from app.infra.events import Event
from app.kit import clock
from app.kit.errors import Unavailable
from app.kit.ids import new_id
from app.organisation.rules import Role
from tests import factories as make
from tests.hostile import HOSTILE
from tests.support import WrappedBlobs, settle, settle_once

pytestmark = pytest.mark.usefixtures("ground")


@pytest.fixture(scope="module")
def inspector(ground):
    return make.signed_in(ground.tx, Role.INSPECTOR)


@pytest.fixture(scope="module")
def other(ground):
    return make.signed_in(ground.tx, Role.INSPECTOR)


@pytest.fixture
def content():
    return make.make_photo_bytes()


@pytest.fixture
def photo(content):
    return make.announcement(content)


def state_of(client, who, photo_id):
    answer = client.get(f"/v1/photos/{photo_id}", headers=who.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def verdict(client, http, runtime, who, content, **changes):
    """What becomes of an upload."""
    photo_id = make.upload_photo(client, http, who, content, **changes)
    settle(runtime)
    return state_of(client, who, photo_id)


def events_of(tx, photo_id):
    rows = select(Event.kind).where(Event.subject_id == UUID(photo_id)).order_by(Event.id)
    return list(tx.exec(rows).all())


class TestAnnouncing:
    def test_an_announced_photo_gets_an_address(self, client, inspector, photo):
        answer = make.announce(client, inspector, photo)
        assert answer.status_code == 200
        (one,) = answer.json()["photos"]
        assert (one["id"], one["state"], one["problem"]) == (photo["id"], "announced", None)
        upload = one["upload"]
        assert upload["method"] == "PUT"
        assert upload["headers"]["Content-Length"] == str(photo["size"])
        assert upload["headers"]["If-None-Match"] == "*"
        assert "authorization" not in {name.lower() for name in upload["headers"]}

    def test_announcing_again_gives_the_same_photo_and_a_fresh_address(
        self, client, inspector, photo, tx
    ):
        first = make.announce(client, inspector, photo)
        second = make.announce(client, inspector, photo)
        assert (first.status_code, second.status_code) == (200, 200)
        assert second.json()["photos"][0]["upload"] is not None
        assert len(tx.exec(select(Photo)).all()) == 1

    def test_photos_come_back_in_the_order_in_which_they_were_sent(self, client, inspector):
        photos = [make.announcement(make.make_photo_bytes()) for _ in range(5)]
        photos.reverse()
        answer = make.announce(client, inspector, *photos).json()
        assert [one["id"] for one in answer["photos"]] == [photo["id"] for photo in photos]

    @pytest.mark.parametrize(
        "change", [{"sha256": "0" * 64}, {"size": 4711}, {"content_type": "image/png"}]
    )
    def test_an_id_with_other_bytes_is_a_conflict_and_nothing_is_announced(
        self, client, inspector, photo, tx, change
    ):
        make.announce(client, inspector, photo).raise_for_status()
        new = make.announcement(make.make_photo_bytes())
        answer = make.announce(client, inspector, new, photo | change)
        assert (answer.status_code, answer.json()["code"]) == (409, "photo.id-reused")
        assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/photos/1/id"]
        assert tx.exec(select(sa.func.count()).select_from(Photo)).one() == 1

    def test_an_id_of_somebody_else_is_a_conflict(self, client, inspector, other, photo):
        make.announce(client, inspector, photo).raise_for_status()
        answer = make.announce(client, other, photo)
        assert (answer.status_code, answer.json()["code"]) == (409, "photo.id-reused")

    def test_fifty_go_at_once_and_not_one_more(self, client, inspector):
        photos = [make.announcement(b"%d" % n) for n in range(51)]
        assert make.announce(client, inspector, *photos[:50]).status_code == 200
        answer = make.announce(client, inspector, *photos)
        assert answer.status_code == 422
        (fault,) = answer.json()["errors"]
        assert (fault["pointer"], fault["code"]) == ("/photos", "field.too-long")

    def test_an_empty_list_is_pointed_at(self, client, inspector):
        answer = make.announce(client, inspector)
        assert answer.json()["errors"][0]["code"] == "field.too-short"

    def test_size_is_limited_before_any_upload(self, client, inspector, photo):
        most = 20 * 1024 * 1024
        assert make.announce(client, inspector, photo | {"size": most}).status_code == 200
        answer = make.announce(client, inspector, make.announcement(b"x", size=most + 1))
        assert answer.status_code == 422
        (fault,) = answer.json()["errors"]
        assert (fault["pointer"], fault["code"]) == ("/photos/0/size", "field.too-large")
        assert fault["params"] == {"limit": most}

    def test_an_id_twice_in_one_request_is_pointed_at(self, client, inspector, photo):
        answer = make.announce(client, inspector, photo, photo)
        (fault,) = answer.json()["errors"]
        assert (fault["pointer"], fault["code"]) == ("/photos/1/id", "field.duplicate")

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"id": "17"}, "/photos/0/id"),
            ({"sha256": "X" * 64}, "/photos/0/sha256"),
            ({"sha256": "a" * 63}, "/photos/0/sha256"),
            ({"sha256": "a" * 64 + "\n"}, "/photos/0/sha256"),
            ({"md5": "a" * 31}, "/photos/0/md5"),
            ({"size": 0}, "/photos/0/size"),
            ({"size": "12"}, "/photos/0/size"),
            ({"size": True}, "/photos/0/size"),
            ({"size": 10**30}, "/photos/0/size"),
            ({"content_type": "text/html"}, "/photos/0/content_type"),
            ({"role": "selfie"}, "/photos/0/role"),
            ({"captured_at": "2018-09-10T09:12:00"}, "/photos/0/captured_at"),
            ({"captured_at": "1970-01-01T00:00:00Z"}, "/photos/0/captured_at"),
            ({"location": {"lat": 35.2, "lon": 113.2}}, "/photos/0/location/crs"),
            ({"location": {"lat": 95, "lon": 113.2, "crs": "wgs84"}}, "/photos/0/location/lat"),
            ({"location": {"lat": 35.2, "lon": 113.2, "crs": "mars"}}, "/photos/0/location/crs"),
            ({"colour": "red"}, "/photos/0/colour"),
        ],
    )
    def test_each_wrong_field_is_pointed_at(self, client, inspector, photo, change, pointer):
        answer = make.announce(client, inspector, photo | change)
        assert answer.status_code == 422
        assert pointer in [fault["pointer"] for fault in answer.json()["errors"]]

    def test_numbers_that_are_none_are_refused(self, client, inspector, photo):
        import json

        text = json.dumps({"photos": [photo]}).replace("35.2392", "NaN")
        headers = inspector.headers | {"Content-Type": "application/json"}
        answer = client.post("/v1/photos", content=text, headers=headers)
        assert answer.status_code == 422

    def test_too_many_open_photos_are_refused_until_some_are_stored(
        self, client, inspector, with_settings, tx
    ):
        with_settings(photos_open_per_user=50)
        photos = [make.announcement(b"%d" % n) for n in range(50)]
        assert make.announce(client, inspector, *photos).status_code == 200
        answer = make.announce(client, inspector, make.announcement(b"one more"))
        assert (answer.status_code, answer.json()["code"]) == (429, "photo.too-many-open")
        assert answer.headers["retry-after"] == "5"
        assert "ratelimit" not in answer.headers
        assert make.announce(client, inspector, *photos).status_code == 200
        assert tx.exec(select(sa.func.count()).select_from(Photo)).one() == 50

    def test_a_device_has_a_limit_of_its_own(self, client, inspector, with_settings, tx):
        with_settings(photos_open_per_device=50)
        photos = [make.announcement(b"%d" % n) for n in range(51)]
        assert make.announce(client, inspector, *photos[:50]).status_code == 200
        assert make.announce(client, inspector, photos[50]).status_code == 200  # no device named
        tx.exec(sa.update(AuthSession).values(device_id=new_id()))
        tx.exec(
            sa.update(Photo).values(
                device_id=sa.select(AuthSession.device_id).limit(1).scalar_subquery()
            )
        )
        tx.commit()
        more = make.announcement(b"one more")
        answer = make.announce(client, inspector, more)
        assert (answer.status_code, answer.json()["code"]) == (429, "photo.too-many-on-device")
        tx.exec(sa.update(Photo).values(sweep_at=None))  # given up: the phone is lost
        tx.commit()
        assert make.announce(client, inspector, more).status_code == 200
        row = tx.exec(select(Photo).where(Photo.id == UUID(more["id"]))).one()
        assert row.device_id is not None

    def test_the_place_is_kept_as_sent_and_in_wgs84(self, client, inspector, photo, tx):
        photo["location"] = {"lat": 35.21538828, "lon": 113.24816477, "crs": "gcj02"}
        make.announce(client, inspector, photo).raise_for_status()
        row = tx.exec(select(Photo)).one()
        assert (row.lat, row.lon, row.crs.value) == (35.21538828, 113.24816477, "gcj02")
        assert row.wgs84_lat == pytest.approx(35.2159, abs=1e-6)
        assert row.wgs84_lon == pytest.approx(113.2418, abs=1e-6)
        shown = state_of(client, inspector, photo["id"])["location"]
        assert shown["crs"] == "gcj02"

    def test_how_many_go_at_once_is_a_setting(self, client, inspector, with_settings):
        with_settings(photos_per_announce=2)
        photos = [make.announcement(b"%d" % n) for n in range(3)]
        assert make.announce(client, inspector, *photos[:2]).status_code == 200
        (fault,) = make.announce(client, inspector, *photos).json()["errors"]
        assert (fault["pointer"], fault["params"]) == ("/photos", {"limit": 2})

    def test_who_only_looks_announces_nothing_and_who_may_appeal_does(self, client, tx, photo):
        auditor = make.signed_in(tx, Role.AUDITOR)
        assert make.announce(client, auditor, photo).status_code == 403
        coordinator = make.signed_in(tx, Role.UNIT_COORDINATOR)
        assert make.announce(client, coordinator, photo).status_code == 200


class TestUploading:
    @pytest.fixture
    def upload(self, client, inspector, photo):
        answer = make.announce(client, inspector, photo).json()
        return answer["photos"][0]["upload"]

    def test_the_announced_bytes_are_taken_once(self, http, upload, content):
        assert make.put(http, upload, content).status_code == 200
        assert make.put(http, upload, content).status_code == 412

    def test_other_bytes_of_the_same_length_are_refused(self, http, upload, content):
        other = content[:-1] + bytes([content[-1] ^ 1])
        assert 400 <= make.put(http, upload, other).status_code < 500
        assert make.put(http, upload, content).status_code == 200

    def test_another_length_is_refused(self, http, upload, content):
        longer = {**upload, "headers": {**upload["headers"]}}
        longer["headers"]["Content-Length"] = str(len(content) + 1)
        assert http.put(
            longer["url"], headers=longer["headers"], content=content + b"x"
        ).status_code in (400, 403)

    @pytest.mark.parametrize(
        "change",
        [
            {"Content-Type": "text/html"},
            {"x-amz-checksum-sha256": make.base64_of(hashlib.sha256(b"other").digest())},
            {"Content-MD5": make.base64_of(hashlib.md5(b"other").digest())},
        ],
    )
    def test_every_header_is_signed(self, http, upload, content, change):
        headers = upload["headers"] | change
        answer = http.put(upload["url"], headers=headers, content=content)
        assert answer.status_code in (400, 403)

    @pytest.mark.parametrize("name", ["Content-Type", "x-amz-checksum-sha256", "If-None-Match"])
    def test_no_header_may_be_left_out(self, http, upload, content, name):
        headers = {key: value for key, value in upload["headers"].items() if key != name}
        answer = http.put(upload["url"], headers=headers, content=content)
        assert answer.status_code in (400, 403)

    def test_the_address_opens_nothing_else(self, http, upload, content):
        assert http.get(upload["url"]).status_code == 403
        assert http.delete(upload["url"]).status_code == 403
        elsewhere = upload["url"].replace("/uploads/", "/uploads/x")
        assert http.put(elsewhere, headers=upload["headers"], content=content).status_code == 403


class TestCompleting:
    def test_a_photo_becomes_evidence(
        self, client, http, runtime, inspector, photo, content, tx, blobs
    ):
        upload = make.announce(client, inspector, photo).json()["photos"][0]["upload"]
        make.put(http, upload, content).raise_for_status()
        answer = make.complete(client, inspector, photo["id"])
        assert (answer.status_code, answer.json()["state"]) == (202, "verifying")
        assert answer.headers["retry-after"] == "1"
        settle(runtime)
        found = state_of(client, inspector, photo["id"])
        assert found["state"] == "stored"
        assert (found["width"], found["height"]) == (96, 72)
        assert found["stored_at"] is not None
        assert blobs.read_evidence(evidence_key(photo["sha256"])) == content
        assert events_of(tx, photo["id"]) == ["photo.uploaded", "photo.stored"]

    def test_repeating_it_is_harmless_at_every_stage(
        self, client, http, runtime, inspector, photo, content, tx
    ):
        upload = make.announce(client, inspector, photo).json()["photos"][0]["upload"]
        make.put(http, upload, content).raise_for_status()
        for _ in range(3):
            assert make.complete(client, inspector, photo["id"]).status_code == 202
        settle(runtime)
        answer = make.complete(client, inspector, photo["id"])
        assert (answer.status_code, answer.json()["state"]) == (200, "stored")
        settle(runtime)
        assert events_of(tx, photo["id"]) == ["photo.uploaded", "photo.stored"]

    def test_without_an_upload_it_goes_back_to_announced(
        self, client, http, runtime, inspector, photo, content
    ):
        make.announce(client, inspector, photo).raise_for_status()
        assert make.complete(client, inspector, photo["id"]).status_code == 202
        settle(runtime)
        assert state_of(client, inspector, photo["id"])["state"] == "announced"
        upload = make.announce(client, inspector, photo).json()["photos"][0]["upload"]
        make.put(http, upload, content).raise_for_status()
        make.complete(client, inspector, photo["id"]).raise_for_status()
        settle(runtime)
        assert state_of(client, inspector, photo["id"])["state"] == "stored"

    def test_nobody_completes_what_is_not_his(self, client, inspector, other, photo):
        make.announce(client, inspector, photo).raise_for_status()
        for who, photo_id in ((other, photo["id"]), (inspector, str(new_id()))):
            answer = make.complete(client, who, photo_id)
            assert (answer.status_code, answer.json()["code"]) == (404, "photo.not-found")
        assert state_of(client, inspector, photo["id"])["state"] == "announced"

    def test_an_announcement_of_a_stored_photo_shows_it_without_an_address(
        self, client, http, runtime, inspector, photo, content
    ):
        upload = make.announce(client, inspector, photo).json()["photos"][0]["upload"]
        make.put(http, upload, content).raise_for_status()
        make.complete(client, inspector, photo["id"]).raise_for_status()
        settle(runtime)
        (again,) = make.announce(client, inspector, photo).json()["photos"]
        assert (again["state"], again["upload"]) == ("stored", None)

    def test_states_are_asked_for_by_the_fifty_and_only_ones_own(
        self, client, inspector, other, photo
    ):
        make.announce(client, inspector, photo).raise_for_status()
        foreign = make.announcement(b"foreign")
        make.announce(client, other, foreign).raise_for_status()
        ids = [photo["id"], foreign["id"], str(new_id())]
        answer = client.get("/v1/photos", params={"id": ids}, headers=inspector.headers)
        assert [one["id"] for one in answer.json()["photos"]] == [photo["id"]]
        many = [str(new_id()) for _ in range(51)]
        assert (
            client.get("/v1/photos", params={"id": many}, headers=inspector.headers).status_code
            == 422
        )
        assert client.get("/v1/photos", headers=inspector.headers).status_code == 422


class TestTheSweeper:
    def test_a_lost_complete_is_made_good(
        self, client, http, runtime, inspector, photo, content, tx
    ):
        upload = make.announce(client, inspector, photo).json()["photos"][0]["upload"]
        make.put(http, upload, content).raise_for_status()
        assert worker.sweep(runtime) == 0
        past = clock.real_now() - timedelta(seconds=1)
        tx.exec(sa.update(Photo).values(sweep_at=past))
        tx.commit()
        assert worker.sweep(runtime) == 1
        settle(runtime)
        assert state_of(client, inspector, photo["id"])["state"] == "stored"

    def test_what_never_arrives_is_looked_for_ever_more_rarely_and_then_not_at_all(
        self, client, runtime, inspector, photo, tx
    ):
        make.announce(client, inspector, photo).raise_for_status()
        pauses = []
        for _ in range(40):
            tx.exec(
                sa.update(Photo)
                .where(Photo.sweep_at.is_not(None))
                .values(sweep_at=clock.real_now() - timedelta(seconds=1))
            )
            tx.commit()
            if worker.sweep(runtime) == 0:
                break
            tx.expire_all()
            row = tx.exec(select(Photo)).one()
            pauses.append(row.sweep_at - clock.real_now() if row.sweep_at else None)
        assert pauses[-1] is None
        assert pauses[:-1] == sorted(pauses[:-1])
        assert pauses[0] < timedelta(minutes=5)
        assert state_of(client, inspector, photo["id"])["state"] == "announced"


class TestVerdicts:
    @pytest.mark.parametrize(
        "name",
        [
            "JPEG cut in the middle", "JPEG with a foreign marker in its data", "PNG as JPEG",
            "PNG of 65,000 x 65,000", "JPEG of a hundred scans", "animated PNG", "GIF",
        ],
    )  # fmt: skip
    def test_what_is_no_whole_picture_is_rejected_with_its_reason(
        self, client, http, runtime, inspector, tx, blobs, name
    ):
        """One of each code over the real store; the whole table is in test_hostile_photos.py."""
        make_content, content_type, code = HOSTILE[name]
        content = make_content()
        found = verdict(client, http, runtime, inspector, content, content_type=content_type)
        assert found["state"] == "rejected"
        assert found["problem"]["code"] == code
        assert found["problem"]["detail"]
        assert (found["exif"], found["width"]) == (None, None)
        assert tx.exec(select(Blob)).all() == []
        assert not blobs.in_quarantine(quarantine_key(UUID(found["id"])))
        with pytest.raises(ObjectMissing):
            blobs.read_evidence(evidence_key(found["sha256"]))
        rejected = tx.exec(
            select(Event).where(Event.kind == "photo.rejected", Event.subject_id == found["id"])
        ).one()
        assert rejected.data["code"] == code

    @pytest.mark.parametrize(
        ("kind", "content_type"),
        [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")],
    )
    def test_each_kind_of_image_is_taken(
        self, client, http, runtime, inspector, kind, content_type
    ):
        content = make.make_photo_bytes(kind=kind)
        found = verdict(client, http, runtime, inspector, content, content_type=content_type)
        assert (found["state"], found["content_type"]) == ("stored", content_type)

    def test_the_pixel_limit_is_a_setting(
        self, client, http, runtime, inspector, with_runtime, settings
    ):
        narrow = with_runtime(
            settings=settings.model_copy(update={"photo_max_pixels": 96 * 72 - 1})
        )
        found = verdict(client, http, narrow, inspector, make.make_photo_bytes())
        assert found["problem"]["code"] == "photo.too-many-pixels"

    def test_bytes_that_the_store_let_through_are_still_compared(
        self, client, runtime, inspector, photo, content, blobs
    ):
        """A store that checks nothing: other bytes of the same length, and a shorter object."""
        make.announce(client, inspector, photo).raise_for_status()
        short = make.announcement(content)
        make.announce(client, inspector, short).raise_for_status()
        other = make.make_photo_bytes(size=(640, 480))[: len(content)].ljust(len(content), b"x")
        empty = make.announcement(content)
        make.announce(client, inspector, empty).raise_for_status()
        for one, body in ((photo, other), (short, content[:-1]), (empty, b"")):
            key = quarantine_key(UUID(one["id"]))
            blobs._client.put_object(Bucket=blobs.quarantine, Key=key, Body=body)
            make.complete(client, inspector, one["id"]).raise_for_status()
        settle(runtime)
        codes = [
            state_of(client, inspector, one["id"])["problem"]["code"]
            for one in (photo, short, empty)
        ]
        assert codes == ["photo.digest-mismatch", "photo.size-mismatch", "photo.empty"]

    def test_a_rejected_photo_stays_rejected(self, client, http, runtime, inspector):
        bad = make.announcement(b"nonsense")
        upload = make.announce(client, inspector, bad).json()["photos"][0]["upload"]
        make.put(http, upload, b"nonsense").raise_for_status()
        make.complete(client, inspector, bad["id"]).raise_for_status()
        settle(runtime)
        (again,) = make.announce(client, inspector, bad).json()["photos"]
        assert (again["state"], again["upload"]) == ("rejected", None)
        assert again["problem"]["code"] == "photo.unsupported-type"
        assert make.complete(client, inspector, bad["id"]).status_code == 200

    def test_the_reason_is_told_in_the_language_that_is_asked_for(
        self, client, http, runtime, inspector
    ):
        found = verdict(client, http, runtime, inspector, b"nonsense")
        headers = inspector.headers | {"Accept-Language": "en-GB,en;q=0.9"}
        english = client.get(f"/v1/photos/{found['id']}", headers=headers).json()
        assert english["problem"]["title"] == "This is no kind of photo that is taken"

    def test_the_same_bytes_twice_are_two_photos_and_one_blob(
        self, client, http, runtime, inspector, other, content, tx
    ):
        class Counting(WrappedBlobs):
            kept = 0

            def keep(self, *args, **kwargs):
                type(self).kept += 1
                return self._inner.keep(*args, **kwargs)

        from dataclasses import replace

        counting = replace(runtime, blobs=Counting(runtime.blobs))
        for who in (inspector, inspector, other):
            assert verdict(client, http, counting, who, content)["state"] == "stored"
        assert Counting.kept == 1
        assert len(tx.exec(select(Blob)).all()) == 1
        assert len(tx.exec(select(Photo)).all()) == 3

    def test_a_large_photo_is_reduced_and_a_small_one_never_enlarged(
        self, client, http, runtime, inspector, blobs
    ):
        wide = verdict(client, http, runtime, inspector, make.make_photo_bytes(size=(2000, 500)))
        small = verdict(client, http, runtime, inspector, make.make_photo_bytes(size=(100, 50)))
        sizes = {
            (name, size): Image.open(
                io.BytesIO(blobs.read_evidence(rendition_key(found["sha256"], size)))
            ).size
            for name, found in (("wide", wide), ("small", small))
            for size in (Size.LARGE, Size.THUMB)
        }
        assert sizes == {
            ("wide", Size.LARGE): (1000, 250),  # exactly half, made while decoding
            ("wide", Size.THUMB): (320, 80),
            ("small", Size.LARGE): (100, 50),
            ("small", Size.THUMB): (100, 50),
        }

    def test_a_photo_is_turned_upright(self, client, http, runtime, inspector, blobs):
        exif = Image.Exif()
        exif[0x0112] = 6
        found = verdict(
            client, http, runtime, inspector, make.make_photo_bytes(size=(100, 50), exif=exif)
        )
        assert (found["width"], found["height"]) == (50, 100)
        thumb = Image.open(
            io.BytesIO(blobs.read_evidence(rendition_key(found["sha256"], Size.THUMB)))
        )
        assert thumb.size == (50, 100)

    def test_renditions_carry_no_metadata(self, client, http, runtime, inspector, blobs):
        secrets = [b"SECRET-EXIF", b"SECRET-COMMENT", b"SECRET-ICC", b"SECRET-XMP", b"SECRET-TAIL"]
        exif = Image.Exif()
        exif[0x010E] = "SECRET-EXIF"
        exif.get_ifd(0x8825)[1] = "N"
        content = make.make_photo_bytes(
            size=(1600, 1200),
            exif=exif,
            comment=b"SECRET-COMMENT",
            icc_profile=b"SECRET-ICC" * 20,
            xmp=b"<x:xmpmeta>SECRET-XMP</x:xmpmeta>",
        )
        content += b"SECRET-TAIL"
        assert all(secret in content for secret in secrets)
        small = make.make_photo_bytes(size=(64, 48), exif=exif, comment=b"SECRET-COMMENT")
        for whole in (content, small):
            found = verdict(client, http, runtime, inspector, whole)
            assert found["state"] == "stored", found
            for size in (Size.LARGE, Size.THUMB):
                rendition = blobs.read_evidence(rendition_key(found["sha256"], size))
                assert b"SECRET" not in rendition
                assert b"Exif" not in rendition
                assert set(Image.open(io.BytesIO(rendition)).info) <= {
                    "jfif", "jfif_version", "jfif_unit", "jfif_density",
                }  # fmt: skip


class Swapping(WrappedBlobs):
    """Puts another object in the upload's place, just before each copy."""

    def __init__(self, inner, bodies):
        super().__init__(inner)
        self.bodies = bodies

    def put(self, key, body):
        self._inner._client.put_object(Bucket=self._inner.quarantine, Key=key, Body=body)

    def keep(self, key, **how):
        if self.bodies:
            self.put(how["source_key"], self.bodies.pop(0))
        return self._inner.keep(key, **how)


class TestAStoreThatFails:
    def test_a_job_is_tried_again_until_the_store_answers(
        self, client, http, runtime, inspector, content, with_runtime
    ):
        class Flaky(WrappedBlobs):
            failures = 5

            def _fail(self, name, *args, **kwargs):
                if type(self).failures:
                    type(self).failures -= 1
                    raise Unavailable("store.unavailable")
                return getattr(self._inner, name)(*args, **kwargs)

            def open_quarantine(self, *args, **kwargs):
                return self._fail("open_quarantine", *args, **kwargs)

            def put_evidence(self, *args, **kwargs):
                return self._fail("put_evidence", *args, **kwargs)

            def keep(self, *args, **kwargs):
                return self._fail("keep", *args, **kwargs)

        flaky = with_runtime(blobs=Flaky(runtime.blobs))
        photo_id = make.upload_photo(client, http, inspector, content)
        settle_once(flaky)
        assert state_of(client, inspector, photo_id)["state"] == "verifying"
        settle(flaky, retries=True)
        assert Flaky.failures == 0
        assert state_of(client, inspector, photo_id)["state"] == "stored"

    def test_an_upload_that_cannot_be_removed_is_still_refused(
        self, client, http, inspector, with_runtime, runtime
    ):
        class Sticky(WrappedBlobs):
            def drop_quarantine(self, key):
                raise Unavailable("store.unavailable")

        photo_id = make.upload_photo(client, http, inspector, b"nonsense")
        settle(with_runtime(blobs=Sticky(runtime.blobs)))
        assert state_of(client, inspector, photo_id)["state"] == "rejected"

    @pytest.mark.parametrize("size", ["another", "the same"])
    def test_an_object_that_is_swapped_between_check_and_copy_is_refused(
        self, client, http, inspector, content, with_runtime, runtime, blobs, tx, size
    ):
        forged = b"forged evidence" if size == "another" else bytes(len(content))
        swapping = Swapping(runtime.blobs, [forged])
        photo_id = make.upload_photo(client, http, inspector, content)
        settle(with_runtime(blobs=swapping))
        assert swapping.bodies == []
        found = state_of(client, inspector, photo_id)
        assert (found["state"], found["problem"]["code"]) == ("rejected", "photo.swapped")
        assert not blobs.in_quarantine(quarantine_key(UUID(photo_id)))
        self.assert_nothing_is_kept(blobs, content, tx)

    def test_an_object_that_never_stays_the_same_is_refused(
        self, client, http, inspector, content, with_runtime, runtime, blobs, tx
    ):
        """The true bytes come back for the second look, and other ones after it."""

        class Restless(Swapping):
            def keep(self, key, **how):
                try:
                    return super().keep(key, **how)
                finally:
                    self.put(how["source_key"], content)

        photo_id = make.upload_photo(client, http, inspector, content)
        settle(with_runtime(blobs=Restless(runtime.blobs, [b"forged", b"evidence"])))
        found = state_of(client, inspector, photo_id)
        assert found["problem"]["code"] == "photo.swapped"
        self.assert_nothing_is_kept(blobs, content, tx)

    def test_the_same_bytes_uploaded_twice_are_no_swap(
        self, client, http, inspector, content, with_runtime, runtime, blobs
    ):
        """Some stores make tags of more than the content: the bytes decide."""

        class OtherTag(WrappedBlobs):
            tags = ()

            def keep(self, key, *, etag, **how):
                if not self.tags:
                    self.tags = (etag,)
                    raise ObjectChanged
                return self._inner.keep(key, etag=etag, **how)

        photo_id = make.upload_photo(client, http, inspector, content)
        settle(with_runtime(blobs=OtherTag(runtime.blobs)))
        assert state_of(client, inspector, photo_id)["state"] == "stored"
        assert blobs.read_evidence(evidence_key(hashlib.sha256(content).hexdigest())) == content

    def assert_nothing_is_kept(self, blobs, content, tx):
        digest = hashlib.sha256(content).hexdigest()
        keys = [rendition_key(digest, size) for size in (Size.LARGE, Size.THUMB)]
        for key in (evidence_key(digest), *keys):
            with pytest.raises(ObjectMissing):
                blobs.read_evidence(key)
        assert tx.exec(select(Blob)).all() == []

    def test_a_worker_that_died_after_the_copy_repeats_it_without_harm(
        self, client, http, inspector, content, with_runtime, runtime, tx
    ):
        class Dying(WrappedBlobs):
            deaths = 1

            def keep(self, *args, **kwargs):
                self._inner.keep(*args, **kwargs)
                if type(self).deaths:
                    type(self).deaths -= 1
                    raise Unavailable("store.unavailable")

        photo_id = make.upload_photo(client, http, inspector, content)
        settle(with_runtime(blobs=Dying(runtime.blobs)), retries=True)
        assert state_of(client, inspector, photo_id)["state"] == "stored"
        assert events_of(tx, photo_id) == ["photo.uploaded", "photo.stored"]

    def test_a_verification_after_the_upload_is_gone_does_not_undo_a_stored_photo(
        self, client, http, inspector, content, runtime, tx
    ):
        """The event handled twice: the second time everything is done already."""
        from app.infra import jobs

        photo_id = make.upload_photo(client, http, inspector, content)
        settle(runtime)
        event = tx.exec(
            select(Event).where(Event.kind == "photo.uploaded", Event.subject_id == UUID(photo_id))
        ).one()
        jobs.enqueue(tx, [(event.id, "evidence.verify_photo")], at=clock.real_now())
        tx.commit()
        settle(runtime)
        assert state_of(client, inspector, photo_id)["state"] == "stored"
        assert events_of(tx, photo_id) == ["photo.uploaded", "photo.stored"]
