"""Copies of photos that go out: who may look, type, name, ranges, how long held, who looked."""

import hashlib
import io
from dataclasses import dataclass
from urllib.parse import unquote
from uuid import UUID

import pytest
import sqlalchemy as sa
from PIL import Image
from sqlmodel import select

from app.infra.events import Event
from app.infra.handlers import Runtime
from app.kit.disposition import content_disposition, file_name
from app.organisation.rules import Role
from app.rounds.tables import Round
from tests import factories as make
from tests.secrets_planted import PLANTED, leaks
from tests.support import settle, standing


@dataclass(frozen=True)
class Scene:
    """A round with one visit: two photos of a finding on signage and of the site as a whole."""

    connection: sa.Connection
    inspector: make.Login
    headquarters: make.Login
    bureau: make.Login
    round_: Round
    photos: list[str]


@pytest.fixture(scope="module")
def scene(app, engine, settings, blobs, decoders, portal_client, http):
    with standing(app, engine) as (connection, database, tx):
        inspector, headquarters = (
            make.signed_in(tx, role) for role in (Role.INSPECTOR, Role.HQ_ADMIN)
        )
        bureau = make.signed_in(
            tx, Role.UNIT_COORDINATOR, unit="JZ-CGJ", areas=["410800"], lines=["signage"]
        )
        made = make.make_round(tx, sites=[make.site_row("MS-1")])
        photos = [make.upload_photo(portal_client, http, inspector) for _ in range(2)]
        plan = make.plan_visit(tx, made.id, "MS-1", values={"BJ-03": 1}, photos=photos)
        tx.commit()
        assert make.submit(portal_client, inspector, plan.body).status_code == 201
        settle(Runtime(settings, database, blobs, decoders))
        yield Scene(connection, inspector, headquarters, bureau, made, photos)


@pytest.fixture
def connection(scene):
    """What a test adds to the scene is gone after it."""
    point = scene.connection.begin_nested()
    yield scene.connection
    point.rollback()


@pytest.fixture
def inspector(scene):
    return scene.inspector


@pytest.fixture
def headquarters(scene):
    return scene.headquarters


@pytest.fixture
def bureau(scene):
    return scene.bureau


@pytest.fixture
def round_(scene):
    return scene.round_


def look(client, who, photo_id, headers=None, **query):
    address = f"/v1/photos/{photo_id}/content"
    return client.get(address, params=query, headers=who.headers | (headers or {}))


def manifest(client, who, **query):
    answer = client.get("/v1/photos:manifest", params=query, headers=who.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def views(tx):
    rows = select(Event).where(Event.kind == "photo.original-viewed").order_by(Event.id)
    return [(one.subject_id, one.actor_id) for one in tx.exec(rows).all()]


def state_of(client, who, photo_id):
    answer = client.get(f"/v1/photos/{photo_id}", headers=who.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


_LOOKERS = {
    "headquarters": (Role.HQ_ADMIN, {}, (True, True)),
    "auditor": (Role.AUDITOR, {}, (True, True)),
    "its district": (Role.UNIT_COORDINATOR, {"unit": "410802", "areas": ["410802"]}, (True, True)),
    "its street": (
        Role.UNIT_COORDINATOR, {"unit": "410802001", "areas": ["410802001"]}, (True, True)
    ),
    "another district": (
        Role.UNIT_COORDINATOR, {"unit": "410811", "areas": ["410811"]}, (False, False)
    ),
    "another street": (
        Role.UNIT_COORDINATOR, {"unit": "410802003", "areas": ["410802003"]}, (False, False)
    ),
    "bureau of its line": (
        Role.UNIT_COORDINATOR, {"unit": "JZ-CGJ", "lines": ["signage"]}, (True, False)
    ),
    "bureau of another line": (
        Role.UNIT_COORDINATOR, {"unit": "JZ-ZJJ", "lines": ["cables"]}, (False, False)
    ),
    "answerable unit": (Role.UNIT_HANDLER, {"unit": "JF-CGJ", "areas": []}, (True, False)),
    "unit that answers elsewhere": (
        Role.UNIT_HANDLER, {"unit": "SY-CGJ", "areas": []}, (False, False)
    ),
    "another inspector of the city": (Role.INSPECTOR, {}, (True, True)),
    "inspector of another district": (
        Role.INSPECTOR, {"unit": "410811", "areas": ["410811"]}, (False, False)
    ),
}  # fmt: skip
_ORIGINALS = {
    Role.HQ_ADMIN: 302,
    Role.HQ_EDITOR: 302,
    Role.AUDITOR: 302,
    Role.UNIT_COORDINATOR: 403,
    Role.PLATFORM: 403,
    Role.INSPECTOR: 403,
}


class TestLooking:
    @pytest.fixture
    def stored(self, scene):
        """The photo of the finding, and that of the site as a whole."""
        return scene.photos

    def test_an_original_is_the_very_bytes(self, client, http, tx, stored):
        auditor = make.signed_in(tx, Role.AUDITOR)
        digest = state_of(client, auditor, stored[0])["sha256"]
        answer = look(client, auditor, stored[0], size="original")
        assert answer.status_code == 302
        assert "no-store" in answer.headers["cache-control"]
        fetched = http.get(answer.headers["location"])
        assert fetched.status_code == 200
        assert hashlib.sha256(fetched.content).hexdigest() == digest
        assert fetched.headers["content-type"] == "image/jpeg"
        assert fetched.headers["cache-control"] == "private, no-store"

    @pytest.mark.parametrize("size", ["large", "thumb"])
    def test_renditions_are_served_as_jpeg(self, client, http, inspector, stored, size):
        fetched = http.get(look(client, inspector, stored[0], size=size).headers["location"])
        assert fetched.headers["content-type"] == "image/jpeg"
        Image.open(io.BytesIO(fetched.content)).load()

    def test_what_the_file_says_is_for_headquarters_and_the_owner(
        self, client, http, runtime, inspector, tx
    ):
        exif = Image.Exif()
        exif[0x0110] = "Mi 8"
        exif.get_ifd(0x8825).update({1: "N", 2: (35.0, 14.0, 0.0), 3: "E", 4: (113.0, 15.0, 0.0)})
        photo = make.upload_photo(client, http, inspector, make.make_photo_bytes(exif=exif))
        round_ = make.make_round(tx, sites=[make.site_row("MS-1")])
        plan = make.plan_visit(tx, round_.id, "MS-1", values={"BJ-03": 1}, photos=[photo])
        assert make.submit(client, inspector, plan.body).status_code == 201
        settle(runtime)
        for role, sees in (
            (Role.HQ_ADMIN, True), (Role.HQ_EDITOR, True), (Role.AUDITOR, True),
            (Role.UNIT_COORDINATOR, False), (Role.INSPECTOR, False), (Role.PLATFORM, False),
        ):  # fmt: skip
            found = state_of(client, make.signed_in(tx, role), photo)
            assert (found["exif"] is not None) is sees, role
        said = state_of(client, inspector, photo)["exif"]
        assert (said["model"], said["gps"]["lat"], said["notes"]) == ("Mi 8", 35.23333333, [])

    def test_before_it_is_stored_there_is_nothing_to_look_at(self, client, inspector):
        photo = make.announcement(make.make_photo_bytes())
        make.announce(client, inspector, photo).raise_for_status()
        answer = look(client, inspector, photo["id"])
        assert (answer.status_code, answer.json()["code"]) == (409, "photo.not-stored")

    def test_a_size_that_is_not_there_is_pointed_at(self, client, inspector, stored):
        answer = look(client, inspector, stored[0], size="huge")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/size"

    def test_who_sees_what(self, client, tx, stored, subtests):
        """The photo of the finding, and the photo of the site as a whole."""
        for name, (role, posting, sees) in _LOOKERS.items():
            who = make.signed_in(tx, role, **({"areas": ["410800"]} | posting))
            for photo_id, allowed in zip(stored, sees, strict=True):
                for path in (f"/v1/photos/{photo_id}", f"/v1/photos/{photo_id}/content"):
                    with subtests.test(name, path=path):
                        answer = client.get(path, headers=who.headers)
                        assert (answer.status_code < 400) is allowed, answer.text
                        assert allowed or answer.json()["code"] == "photo.not-found"

    def test_originals_are_not_for_the_owner(self, client, inspector, stored):
        assert look(client, inspector, stored[0], size="original").status_code == 403

    def test_originals_are_for_the_permitted(self, client, tx, stored, subtests):
        for role, status in _ORIGINALS.items():
            with subtests.test(role.value):
                who = make.signed_in(tx, role)
                assert look(client, who, stored[0], size="large").status_code == 302
                answer = look(client, who, stored[0], size="original")
                assert answer.status_code == status
                assert status == 302 or answer.json()["code"] == "auth.forbidden"

    def test_a_photo_that_no_visit_names_is_its_owners_alone(
        self, client, http, runtime, tx, inspector
    ):
        photo_id = make.upload_photo(client, http, inspector)
        settle(runtime)
        headquarters = make.signed_in(tx, Role.HQ_ADMIN)
        assert look(client, headquarters, photo_id).status_code == 404
        assert look(client, inspector, photo_id).status_code == 302


class TestOnePhoto:
    def test_it_is_webp_where_that_is_asked_for_and_was_made(
        self, client, http, runtime, inspector, settings, with_runtime
    ):
        webp = with_runtime(settings=settings.model_copy(update={"photo_webp": True}))
        photos = {}
        for made, how in (("both", webp), ("jpeg", runtime)):
            content = PLANTED["JPEG"]() if made == "both" else make.make_photo_bytes()
            photos[made] = make.upload_photo(client, http, inspector, content)
            settle(how)
        for made, accept, kind in (
            ("both", "image/avif,image/webp,*/*;q=0.8", "webp"),
            ("both", "image/webp;q=0, image/*", "jpeg"),
            ("both", "*/*", "jpeg"),
            ("jpeg", "image/webp", "jpeg"),
        ):
            for size in ("large", "thumb"):
                answer = look(client, inspector, photos[made], {"Accept": accept}, size=size)
                assert "Accept" in answer.headers["vary"]
                fetched = http.get(answer.headers["location"])
                assert fetched.headers["content-type"] == f"image/{kind}", (made, accept)
                with Image.open(io.BytesIO(fetched.content)) as image:
                    assert image.format == kind.upper()
                assert leaks(fetched.content) == []

    def test_it_is_called_after_what_it_shows_in_chinese(
        self, client, http, inspector, bureau, round_
    ):
        whole, fault = (None, None)
        for one in manifest(client, inspector)["items"]:
            whole, fault = (whole, one) if one["item"] else (one, fault)
        answer = look(client, bureau, fault["id"], download=True)
        fetched = http.get(answer.headers["location"])
        kind, _, name = fetched.headers["content-disposition"].partition(";")
        name = unquote(name.rpartition("''")[2])
        assert kind == "attachment"
        assert name == fault["name"]
        assert name.startswith(f"{fault['site']['name']}_BJ-03 ")
        assert name.endswith(f"_2018-09-10_{fault['id'][-6:]}.jpg")
        assert f"{whole['site']['name']}_2018-09-10_" in whole["name"]

    def test_a_browser_may_hold_it_and_ask_for_a_part(self, client, http, inspector, round_):
        photo = manifest(client, inspector)["items"][0]["id"]
        answer = look(client, inspector, photo)
        assert answer.headers["cache-control"] == "private, max-age=150"
        address = answer.headers["location"]
        assert look(client, inspector, photo).headers["location"] == address
        whole = http.get(address)
        assert whole.headers["cache-control"] == "private, max-age=31536000, immutable"
        part = http.get(address, headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, whole.content[10:20])
        assert part.headers["content-range"] == f"bytes 10-19/{len(whole.content)}"
        tail = http.get(address, headers={"Range": "bytes=-4"})
        assert tail.content == whole.content[-4:]
        assert http.get(address.replace("large.jpg", "thumb.jpg")).status_code == 403

    def test_it_is_told_with_addresses_for_pages(self, client, http, inspector, round_):
        photo = manifest(client, inspector)["items"][0]["id"]
        found = client.get(f"/v1/photos/{photo}", headers=inspector.headers).json()
        for address in (found["large_url"], found["thumb_url"]):
            assert http.get(address).headers["content-type"] == "image/jpeg"

    def test_each_view_of_an_original_is_noted(self, client, tx, headquarters, bureau, round_):
        photo = manifest(client, bureau)["items"][0]["id"]
        assert look(client, headquarters, photo, size="large").status_code == 302
        assert look(client, bureau, photo, size="original").status_code == 403
        assert views(tx) == []
        for _ in range(2):
            answer = look(client, headquarters, photo, size="original")
            assert answer.headers["cache-control"] == "private, no-store"
        assert views(tx) == [(UUID(photo), headquarters.id)] * 2


class TestTheManifest:
    def test_it_names_address_digest_and_size_of_the_bytes(
        self, client, http, tx, headquarters, round_
    ):
        for size in ("thumb", "large", "original"):
            page = manifest(client, headquarters, round_id=str(round_.id), size=size)
            assert (len(page["items"]), page["of"]) == (2, size)
            for one in page["items"]:
                content = http.get(one["url"]).content
                assert len(content) == one["size"]
                assert hashlib.sha256(content).hexdigest() == one["sha256"]
        assert len(views(tx)) == 2

    def test_originals_are_for_the_permitted(self, client, bureau, tx, round_):
        answer = client.get(
            "/v1/photos:manifest", params={"size": "original"}, headers=bureau.headers
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.forbidden")

    def test_each_filter_narrows_it(self, client, headquarters, round_, subtests):
        row = manifest(client, headquarters, limit=1)
        visit = client.get("/v1/visits", headers=headquarters.headers).json()["items"][0]["id"]
        assert row["next_cursor"]
        other = "00000000-0000-7000-8000-000000000001"
        for query, count in (
            ({}, 2),
            ({"round_id": str(round_.id)}, 2),
            ({"round_id": other}, 0),
            ({"visit_id": visit}, 2),
            ({"visit_id": other}, 0),
            ({"unit": make.JIEFANG}, 2),
            ({"unit": make.SHANYANG}, 0),
            ({"line": "signage"}, 1),
            ({"line": "cables"}, 0),
            ({"site": "MS-1"}, 2),
            ({"site": "MS-2"}, 0),
            ({"state": "reported"}, 1),
            ({"state": "closed"}, 0),
            ({"role": "near"}, 2),
            ({"role": "after"}, 0),
            ({"cursor": row["next_cursor"]}, 1),
        ):
            with subtests.test(str(query)):
                assert len(manifest(client, headquarters, **query)["items"]) == count

    def test_a_bureau_finds_its_line_and_no_more(self, client, bureau, round_):
        (one,) = manifest(client, bureau)["items"]
        assert one["item"]["code"] == "BJ-03"


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("民生街", "墙面", "2018-09-10"), "民生街_墙面_2018-09-10.jpg"),
        (("", 'a/b\\c:d*e?f"g<h>i|j\r\nk', ""), "a b c d e f g h i j k.jpg"),
        (("..", "\u202egpj.exe", " x. "), "gpj.exe_x.jpg"),
        (("长" * 500,), "长" * 120 + ".jpg"),
    ],
)
def test_a_name_fits_every_file_system(parts, name):
    assert file_name(*parts, extension="jpg") == name


def test_a_name_travels_in_ascii():
    assert content_disposition("a-1.jpg", attachment=False) == 'inline; filename="a-1.jpg"'
    header = content_disposition("墙 1.jpg", attachment=True)
    assert header == "attachment; filename=\"1.jpg\"; filename*=UTF-8''%E5%A2%99%201.jpg"
