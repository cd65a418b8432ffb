"""Weaker stores: what they do not do is found out and said, and nothing false becomes evidence."""

import json
import time
from collections.abc import Callable
from uuid import UUID

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from app.cli import cli
from app.config import UploadChecksum
from app.evidence.rules import evidence_key, quarantine_key
from app.evidence.tables import Blob
from app.infra.blobs import Blobs, ObjectMissing
from app.infra.buckets import Buckets
from app.infra.store_probe import probe
from app.infra.store_profile import Promise, broken, profile_of
from app.infra.store_watch import UPLOADING, StoreWatch
from app.organisation.rules import Role
from tests import factories as make
from tests.certificate import write_certificate
from tests.support import bring_forward, settle, settle_once
from tests.weak_store import Weakness, WeakStore, weak_store

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def running(settings):
    with weak_store(settings) as store:
        yield store


@pytest.fixture
def store(running):
    """A store before the embedded one; strong until the test takes something from it."""
    running.reset()
    yield running
    running.reset()


@pytest.fixture
def use(app, with_runtime, monkeypatch) -> Callable:
    """Lets the application and the worker work through another store."""

    def through(store: WeakStore, **profile):
        settings = store.settings.model_copy(update=profile)
        blobs = Blobs(settings)
        monkeypatch.setitem(app.state._state, "blobs", blobs)
        return with_runtime(settings=settings, blobs=blobs)

    return through


@pytest.fixture
def inspector(tx):
    return make.signed_in(tx, Role.INSPECTOR)


@pytest.fixture
def content():
    return make.make_photo_bytes()


@pytest.fixture
def photo(content):
    return make.announcement(content)


def announced(client, who, photo, **more):
    answer = client.post("/v1/photos", json={"photos": [photo]} | more, headers=who.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["photos"][0]


def state_of(client, who, photo):
    found = client.get(f"/v1/photos/{photo['id']}", headers=who.headers).json()
    return found["state"], found["problem"] and found["problem"]["code"]


def post(http, form, content):
    files = {form["file_field"]: ("a.jpg", content)}
    return http.post(form["url"], data=form["fields"], files=files)


class TestTheProfile:
    @pytest.mark.parametrize(
        ("weakness", "breaks"),
        [
            (Weakness.NONE, []),
            (Weakness.IGNORES_SHA256 | Weakness.OVERWRITES, ["sha256", "write-once"]),
            (
                Weakness.COPIES_BLINDLY | Weakness.REFUSES_FORMS | Weakness.REFUSES_RULES,
                ["conditional-copy", "post-policy"],
            ),
        ],
    )
    def test_what_a_store_does_not_do_is_found_by_trying(self, store, weakness, breaks):
        store.weakness = weakness
        kept = probe(store.settings)
        assert [one.value for one in broken(profile_of(store.settings), kept)] == breaks
        left = [key for key in store.lying_there() if key.startswith("probe/")]
        assert left == []

    def test_missing_buckets_are_said_and_nothing_else_is_tried(self, settings):
        elsewhere = settings.model_copy(update={"evidence_bucket": "not-there"})
        assert probe(elsewhere) == {Promise.BUCKETS: False}

    def test_a_store_that_is_busy_has_broken_nothing(self, store):
        store.busy = lambda *_: True
        watch = StoreWatch(store.settings, UPLOADING)
        assert (watch.look(), watch.broken) == (False, None)
        store.busy = lambda *_: False
        assert (watch.look(), watch.broken) == (True, ())

    def test_readiness_names_it_and_stays(self, client, app, store, monkeypatch):
        store.weakness = Weakness.IGNORES_SHA256
        watch = StoreWatch(store.settings, UPLOADING)
        assert watch.look()
        monkeypatch.setitem(app.state._state, "store_watch", watch)
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()) == (
            200,
            {"status": "concern", "missing": [], "concerns": ["store-sha256"]},
        )

    def test_the_commands_tell_it_in_both_languages(self, store, monkeypatch):
        store.weakness = Weakness.IGNORES_SHA256 | Weakness.REFUSES_RULES
        given = store.settings
        monkeypatch.setenv("DUDAO_DATABASE_URL", given.database_url.get_secret_value())
        for name in ("endpoint", "access_key"):
            monkeypatch.setenv(f"DUDAO_S3_{name.upper()}", getattr(given, f"s3_{name}"))
        monkeypatch.setenv("DUDAO_S3_SECRET_KEY", given.s3_secret_key.get_secret_value())
        monkeypatch.setenv("DUDAO_CORS_ORIGINS", "https://screen.example")
        tried = CliRunner().invoke(cli, ["storage", "probe", "--json"])
        report = json.loads(tried.output)
        assert (tried.exit_code, report["broken"]) == (1, ["sha256"])
        assert report["settings"] == ["DUDAO_S3_UPLOAD_CHECKSUM=md5"]
        monkeypatch.setenv("DUDAO_S3_UPLOAD_CHECKSUM", "md5")
        shown = CliRunner().invoke(cli, ["storage", "probe"])
        assert shown.exit_code == 0, shown.output
        assert "校验 SHA-256" in shown.output
        assert "校验 MD5 · refuses" in shown.output
        arranged = CliRunner().invoke(cli, ["storage", "init"])
        assert arranged.exit_code == 0, arranged.output
        assert "由后台自行清理" in arranged.output
        monkeypatch.setenv("DUDAO_EVIDENCE_BUCKET", "not-there")
        lacking = CliRunner().invoke(cli, ["storage", "probe"])
        assert lacking.exit_code == 1
        assert "未试" in lacking.output
        assert "DUDAO_S3_" not in lacking.output, "nothing was tried, so nothing is advised"
        monkeypatch.setenv("DUDAO_S3_ENDPOINT", NOWHERE)
        for command in ("init", "probe"):
            away = CliRunner().invoke(cli, ["storage", command])
            assert (away.exit_code, "存储无应答" in away.output) == (1, True)
            assert NOWHERE in away.output

    def test_object_lock_and_versions_are_there_from_the_beginning(self, settings):
        locked = settings.model_copy(
            update={
                "evidence_bucket": "locked-evidence",
                "quarantine_bucket": "locked-quarantine",
                "s3_object_lock": True,
                "cors_origins": ("https://screen.example",),
            }
        )
        made = {one.name: one.is_made for one in Buckets(locked).arrange()}
        wanted = ("buckets", "cors", "expiry", "versioning", "object-lock")
        assert made == dict.fromkeys(wanted, True)
        lock = (Promise.VERSIONING, Promise.OBJECT_LOCK)
        assert probe(locked, lock) == dict.fromkeys(lock, True)
        assert probe(settings, lock) == dict.fromkeys(lock, False)

    def test_browsers_of_the_named_origins_are_let_in(self, settings, http, blobs):
        mine = settings.model_copy(
            update={"evidence_bucket": "seen-evidence", "quarantine_bucket": "seen-quarantine"}
        )
        named = mine.model_copy(update={"cors_origins": ("https://screen.example",)})
        Buckets(named).arrange()
        store = Blobs(mine)
        store.put_evidence("a", b"seen", content_type="image/jpeg")
        url = store.presign_download("a", filename=None, content_type="image/jpeg")
        allowed = [
            http.get(url, headers={"Origin": f"https://{name}.example"}).headers.get(
                "access-control-allow-origin"
            )
            for name in ("screen", "other")
        ]
        assert allowed == ["https://screen.example", None]


class TestForms:
    """What a mini-program can do: POST a form, nothing else."""

    def test_a_form_becomes_evidence(self, client, http, runtime, inspector, photo, content):
        one = announced(client, inspector, photo, form=True)
        assert one["upload"] is not None
        assert post(http, one["form"], content).status_code == 204
        make.complete(client, inspector, photo["id"]).raise_for_status()
        settle(runtime)
        assert state_of(client, inspector, photo) == ("stored", None)

    def test_a_form_is_bound_to_length_type_and_key(self, client, http, inspector, photo, content):
        form = announced(client, inspector, photo, form=True)["form"]
        wrong = [
            (form, content + b"!"),
            (form, content[:-1]),
            (form | {"fields": form["fields"] | {"Content-Type": "text/html"}}, content),
            (form | {"fields": form["fields"] | {"key": "uploads/other"}}, content),
            (form | {"fields": form["fields"] | {"policy": ""}}, content),
        ]
        statuses = [post(http, *one).status_code for one in wrong]
        assert all(status in (400, 403) for status in statuses), statuses
        assert post(http, form, content).status_code == 204

    def test_there_is_none_unasked_or_where_the_store_takes_none(
        self, client, store, use, inspector, photo
    ):
        assert announced(client, inspector, photo)["form"] is None
        use(store, s3_post_policy=False)
        assert announced(client, inspector, photo, form=True)["form"] is None


class TestNothingFalseBecomesEvidence:
    def rejected(self, client, runtime, inspector, photo):
        make.complete(client, inspector, photo["id"]).raise_for_status()
        settle(runtime)
        state, code = state_of(client, inspector, photo)
        assert state == "rejected"
        return code

    def test_a_store_that_ignores_sha256_takes_other_bytes_and_we_do_not(
        self, client, http, store, use, inspector, photo, content, tx
    ):
        runtime = use(store)
        store.weakness = Weakness.IGNORES_SHA256 | Weakness.IGNORES_MD5
        upload = announced(client, inspector, photo)["upload"]
        other = content[:-1] + bytes([content[-1] ^ 1])
        assert make.put(http, upload, other).status_code == 200
        assert self.rejected(client, runtime, inspector, photo) == "photo.digest-mismatch"
        assert tx.exec(select(Blob)).all() == []

    def test_a_store_that_overwrites_gives_the_last_bytes_and_they_are_compared(
        self, client, http, store, use, inspector, photo, content, blobs
    ):
        runtime = use(store)
        store.weakness = Weakness.OVERWRITES | Weakness.IGNORES_SHA256 | Weakness.IGNORES_MD5
        upload = announced(client, inspector, photo)["upload"]
        for body in (content, content[:-1] + b"?"):
            assert make.put(http, upload, body).status_code == 200
        assert self.rejected(client, runtime, inspector, photo) == "photo.digest-mismatch"
        with pytest.raises(ObjectMissing):
            blobs.read_evidence(evidence_key(photo["sha256"]))

    def test_a_store_that_lies_about_the_checksum_is_not_believed(
        self, client, http, store, use, inspector, photo, content
    ):
        """It acknowledges the right bytes, checksum and all, and keeps others."""
        runtime = use(store)
        store.spoils = lambda _, __, key: key == str(quarantine_key(UUID(photo["id"])))
        upload = announced(client, inspector, photo)["upload"]
        assert make.put(http, upload, content).status_code == 200
        assert self.rejected(client, runtime, inspector, photo) == "photo.digest-mismatch"

    @pytest.mark.parametrize(
        ("profile", "form"),
        [
            ({}, True),
            ({"s3_upload_checksum": UploadChecksum.MD5}, False),
            ({"s3_upload_checksum": UploadChecksum.NONE, "s3_conditional_copy": False}, False),
        ],
        ids=["form", "md5", "nothing"],
    )
    def test_where_a_second_object_may_slip_in_the_checked_bytes_are_written(
        self, client, http, store, use, inspector, photo, content, blobs, profile, form
    ):
        """It comes after the check and under the tag of the first, so a copy would take it."""
        runtime, forged = use(store, **profile), content[:-1] + b"?"
        store.weakness = Weakness.COPIES_BLINDLY
        one = announced(client, inspector, photo, form=form)
        sent = post(http, one["form"], content) if form else make.put(http, one["upload"], content)
        assert sent.status_code in (200, 204)
        key = evidence_key(photo["sha256"])
        upload = {"Bucket": blobs.quarantine, "Key": quarantine_key(UUID(photo["id"]))}

        def slip_in(method, _, name):
            if (method, name) == ("PUT", key):
                store.client.put_object(**upload, Body=forged)

        store.before = slip_in
        make.complete(client, inspector, photo["id"]).raise_for_status()
        settle(runtime)
        assert store.client.get_object(**upload)["Body"].read() == forged
        assert state_of(client, inspector, photo) == ("stored", None)
        assert blobs.read_evidence(key) == content


class TestNothingAcknowledgedIsLost:
    def test_a_store_that_lost_the_upload_is_asked_for_again(
        self, client, http, store, use, inspector, photo, content
    ):
        runtime = use(store)
        store.loses = lambda *_: True
        upload = announced(client, inspector, photo)["upload"]
        assert make.put(http, upload, content).status_code == 200
        make.complete(client, inspector, photo["id"]).raise_for_status()
        settle(runtime)
        assert state_of(client, inspector, photo) == ("announced", None)
        store.loses = lambda *_: False
        again = announced(client, inspector, photo)["upload"]
        assert make.put(http, again, content).status_code == 200
        make.complete(client, inspector, photo["id"]).raise_for_status()
        settle(runtime)
        assert state_of(client, inspector, photo) == ("stored", None)

    def test_a_busy_store_delays_and_is_named(
        self, client, http, app, store, use, inspector, photo, content
    ):
        runtime = use(store)
        upload = announced(client, inspector, photo)["upload"]
        store.busy = lambda *_: True
        assert make.put(http, upload, content).status_code == 503
        assert client.get("/readyz").json()["missing"] == ["store"]
        store.busy = lambda *_: False
        assert make.put(http, upload, content).status_code == 200
        store.busy = lambda method, bucket, _: (method, bucket) == ("PUT", "dudao-evidence")
        make.complete(client, inspector, photo["id"]).raise_for_status()
        settle_once(runtime)
        assert state_of(client, inspector, photo) == ("verifying", None)
        store.busy = lambda *_: False
        bring_forward(runtime)
        settle(runtime)
        assert state_of(client, inspector, photo) == ("stored", None)

    def test_a_slow_store_only_takes_its_time(
        self, client, http, store, use, inspector, photo, content
    ):
        runtime = use(store)
        store.delay_s = 0.07
        upload = announced(client, inspector, photo)["upload"]
        started = time.monotonic()
        assert make.put(http, upload, content).status_code == 200
        make.complete(client, inspector, photo["id"]).raise_for_status()
        settle(runtime)
        assert time.monotonic() - started > 0.2
        assert state_of(client, inspector, photo) == ("stored", None)

    @pytest.mark.parametrize("profile", [{}, {"s3_conditional_copy": False}], ids=["copy", "put"])
    def test_over_https_with_a_private_authority(
        self, client, settings, use, inspector, photo, content, tmp_path, blobs, profile
    ):
        """What boto3 sends by itself over https, older stores refuse; we must not send it."""
        import ssl

        import httpx2

        files = write_certificate(tmp_path)
        trusted = ssl.create_default_context(cafile=str(files[0]))
        with weak_store(settings, files=files) as store, httpx2.Client(verify=trusted) as phone:
            store.weakness = Weakness.REFUSES_TRAILERS
            assert store.endpoint.startswith("https://")
            runtime = use(store, **profile)
            upload = announced(client, inspector, photo)["upload"]
            assert upload["url"].startswith("https://")
            assert make.put(phone, upload, content).status_code == 200
            make.complete(client, inspector, photo["id"]).raise_for_status()
            settle(runtime)
            assert state_of(client, inspector, photo) == ("stored", None)
            assert client.get("/readyz").json()["missing"] == []
            if not profile:
                assert broken(profile_of(store.settings), probe(store.settings)) == ()
        assert blobs.read_evidence(evidence_key(photo["sha256"])) == content

    def test_an_https_store_that_nobody_vouches_for_is_not_used(self, settings, tmp_path):
        with weak_store(settings, files=write_certificate(tmp_path)) as store:
            stranger = store.settings.model_copy(update={"s3_ca_file": None})
            assert StoreWatch(stranger).look() is False
            assert StoreWatch(store.settings, UPLOADING).look() is True
