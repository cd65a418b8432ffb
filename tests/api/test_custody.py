"""What becomes of photos after they were stored: read again, lost, found, restored, compared."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import select
from typer.testing import CliRunner

from app import worker
from app.cli import cli
from app.evidence import custody, reconciling, reporting
from app.evidence.reconciling import Finding
from app.evidence.rules import Size, evidence_key, quarantine_key, rendition_key
from app.evidence.store_keeper import StoreKeeper
from app.evidence.tables import Blob, Custody, Photo, StoreReport, StoreWatcher
from app.infra.blobs import Blobs
from app.infra.buckets import Buckets
from app.infra.events import Event
from app.kit import clock
from app.kit.errors import Unavailable
from app.kit.ids import new_id
from app.organisation.rules import Role
from tests import factories as make
from tests import support
from tests.support import WrappedBlobs, settle
from tests.weak_store import weak_store

NOTHING = dict.fromkeys(Finding, 0)


class Away(WrappedBlobs):
    """A store that does not answer."""

    def check(self):
        raise Unavailable("store.unavailable")

    def open_evidence(self, key):
        raise Unavailable("store.unavailable")


pytestmark = pytest.mark.usefixtures("ground")


@pytest.fixture(scope="module")
def inspector(ground):
    return make.signed_in(ground.tx, Role.INSPECTOR)


@pytest.fixture
def content():
    return make.make_photo_bytes()


@pytest.fixture
def photo(content):
    return make.announcement(content)


@pytest.fixture
def own(settings, with_runtime, app, monkeypatch):
    """Buckets of the test's own, so that it knows all that lies in them."""
    names = {
        f"{name}_bucket": f"{name}-{new_id().hex[-12:]}" for name in ("quarantine", "evidence")
    }
    mine = settings.model_copy(update=names)
    Buckets(mine).make()
    blobs = Blobs(mine)
    monkeypatch.setitem(app.state._state, "blobs", blobs)
    return with_runtime(settings=mine, blobs=blobs)


def store_photo(client, http, runtime, who, photo, content):
    upload = make.announce(client, who, photo).json()["photos"][0]["upload"]
    make.put(http, upload, content).raise_for_status()
    make.complete(client, who, photo["id"]).raise_for_status()
    settle(runtime)
    return photo["sha256"]


def state_of(client, who, photo):
    answer = client.get("/v1/photos", params={"id": photo["id"]}, headers=who.headers)
    (found,) = answer.json()["photos"]
    return found["state"], found["problem"] and found["problem"]["code"]


def read_again(runtime, tx):
    """A minute later."""
    tx.commit()
    support.read_again(runtime)
    tx.expire_all()


def waits(runtime, photo):
    return runtime.blobs.in_quarantine(quarantine_key(UUID(photo["id"])))


def remove(runtime, key):
    runtime.blobs._client.delete_object(Bucket=runtime.blobs.evidence, Key=key)


def kinds(tx, photo):
    mine = select(Event.kind).where(Event.subject_id == UUID(photo["id"])).order_by(Event.id)
    return list(tx.exec(mine).all())


class TestTheSecondReading:
    def test_an_upload_stays_until_its_bytes_were_read_twice(
        self, client, http, runtime, inspector, photo, content, tx
    ):
        store_photo(client, http, runtime, inspector, photo, content)
        assert worker.recheck(runtime) == 0
        assert waits(runtime, photo)
        first = tx.exec(select(Custody.read_at)).one()
        read_again(runtime, tx)
        blob = tx.exec(select(Custody)).one()
        assert (blob.recheck_at, blob.lost_at) == (None, None)
        assert blob.read_at > first
        assert not waits(runtime, photo)

    def test_bytes_that_were_read_twice_need_no_second_upload(
        self, client, http, runtime, inspector, photo, content, tx
    ):
        store_photo(client, http, runtime, inspector, photo, content)
        early, late = make.announcement(content), make.announcement(content)
        store_photo(client, http, runtime, inspector, early, content)
        assert waits(runtime, early)
        read_again(runtime, tx)
        assert not waits(runtime, early)
        store_photo(client, http, runtime, inspector, late, content)
        assert not waits(runtime, late)

    def test_a_store_that_is_away_is_asked_again(
        self, client, http, runtime, with_runtime, inspector, photo, content, tx
    ):
        store_photo(client, http, runtime, inspector, photo, content)
        read_again(with_runtime(blobs=Away(runtime.blobs)), tx)
        blob = tx.exec(select(Custody)).one()
        assert blob.lost_at is None
        assert blob.recheck_at > clock.real_now()
        assert waits(runtime, photo)

    def test_what_cannot_be_read_for_long_is_named_however_often_it_is_tried(
        self, client, http, runtime, with_runtime, inspector, photo, content, tx
    ):
        store_photo(client, http, runtime, inspector, photo, content)
        away = with_runtime(blobs=Away(runtime.blobs))
        for minutes, concerns in ((10, []), (16, ["evidence-unread"])):
            due = clock.real_now() - timedelta(minutes=minutes)
            tx.exec(sa.update(Custody).values(due_at=due, recheck_at=due))
            tx.commit()
            assert worker.recheck(away) == 1
            assert worker.recheck(away) == 0, "the next try is not yet due"
            assert client.get("/readyz").json()["concerns"] == concerns
        assert "dudao_evidence_unread 1.0" in client.get("/metrics").text
        read_again(runtime, tx)
        assert client.get("/readyz").json()["concerns"] == []


class TestLoss:
    @pytest.mark.parametrize("is_missing", [True, False], ids=["missing", "different"])
    def test_what_the_store_lost_comes_back_from_quarantine(
        self, client, http, runtime, inspector, photo, content, tx, is_missing
    ):
        key = evidence_key(store_photo(client, http, runtime, inspector, photo, content))
        if is_missing:
            remove(runtime, key)
        else:
            runtime.blobs.put_evidence(key, content[:-1] + b"?", content_type="image/jpeg")
        read_again(runtime, tx)
        assert runtime.blobs.read_evidence(key) == content
        assert kinds(tx, photo) == ["photo.uploaded", "photo.stored", "photo.restored"]
        assert waits(runtime, photo)
        read_again(runtime, tx)
        assert not waits(runtime, photo)

    @pytest.mark.parametrize("fault", ["loses", "spoils"])
    def test_a_store_that_keeps_failing_keeps_the_upload_until_it_does_not(
        self, client, http, settings, with_runtime, inspector, photo, content, tx, fault
    ):
        """It acknowledges every copy into evidence, and drops it or keeps other bytes."""
        with weak_store(settings) as store:
            runtime = with_runtime(settings=store.settings, blobs=Blobs(store.settings))
            key = evidence_key(photo["sha256"])
            setattr(store, fault, lambda _, __, name: name == key)
            store_photo(client, http, runtime, inspector, photo, content)
            assert state_of(client, inspector, photo) == ("stored", None)
            read_again(runtime, tx)
            assert waits(runtime, photo)
            assert tx.exec(select(Custody.lost_at)).one() is None
            store.reset()
            read_again(runtime, tx)
            assert runtime.blobs.read_evidence(key) == content
            assert kinds(tx, photo)[-1] == "photo.restored"

    def test_what_is_lost_for_good_is_told_and_may_be_sent_again(
        self, client, http, runtime, inspector, photo, content, tx
    ):
        sha256 = store_photo(client, http, runtime, inspector, photo, content)
        read_again(runtime, tx)
        remove(runtime, evidence_key(sha256))
        custody.doubt(tx, [sha256])
        for _ in range(2):
            read_again(runtime, tx)
        assert kinds(tx, photo)[-2:] == ["photo.receipt-issued", "photo.lost"]
        assert state_of(client, inspector, photo) == ("stored", "photo.lost")
        assert client.get("/readyz").json()["concerns"] == ["evidence-lost"]
        assert "dudao_evidence_lost 1.0" in client.get("/metrics").text

        store_photo(client, http, runtime, inspector, photo, content)
        assert state_of(client, inspector, photo) == ("stored", None)
        assert kinds(tx, photo)[-2:] == ["photo.uploaded", "photo.restored"]
        assert client.get("/readyz").json()["concerns"] == []
        read_again(runtime, tx)
        assert runtime.blobs.read_evidence(evidence_key(sha256)) == content

    def test_another_photo_of_the_same_bytes_brings_them_back(
        self, client, http, runtime, inspector, photo, content, tx
    ):
        sha256 = store_photo(client, http, runtime, inspector, photo, content)
        read_again(runtime, tx)
        remove(runtime, evidence_key(sha256))
        custody.doubt(tx, [sha256])
        read_again(runtime, tx)
        store_photo(client, http, runtime, inspector, make.announcement(content), content)
        assert kinds(tx, photo)[-1] == "photo.restored"
        assert runtime.blobs.read_evidence(evidence_key(sha256)) == content

    def test_what_is_there_again_is_found(
        self, client, http, runtime, inspector, photo, content, tx
    ):
        sha256 = store_photo(client, http, runtime, inspector, photo, content)
        read_again(runtime, tx)
        custody.lose(tx, sha256, custody.Loss.MISSING)
        custody.doubt(tx, [sha256])
        read_again(runtime, tx)
        assert state_of(client, inspector, photo) == ("stored", None)
        assert kinds(tx, photo)[-1] == "photo.found"


class TestAfterAGap:
    """Two originals that were read twice: an hour ago, and just now."""

    @pytest.fixture
    def two(self, tx):
        now, made = clock.real_now(), ["a" * 64, "b" * 64]
        kept = {"size": 3, "content_type": "image/jpeg", "width": 1, "height": 1, "kept_at": now}
        tx.add_all([Blob(sha256=one, **kept) for one in made])
        tx.flush()
        read_at = (now - timedelta(hours=1), now)
        rows = zip(made, read_at, strict=True)
        tx.add_all([Custody(sha256=one, read_at=at) for one, at in rows])
        tx.commit()
        return made

    @pytest.fixture
    def keeper(self, runtime):
        """A worker that sees the store."""

        def started():
            made = StoreKeeper(runtime.settings)
            made._watch.broken = ()  # what the store promises was tried: that is not the subject
            made.look(runtime)
            return made

        return started

    def doubted(self, tx):
        tx.expire_all()
        return list(tx.exec(select(Custody.sha256).where(Custody.recheck_at.is_not(None))).all())

    def silent(self, tx, **ago):
        """So long ago each worker last gave a sign of life."""
        tx.exec(sa.update(StoreWatcher).values(seen_at=clock.real_now() - timedelta(**ago)))
        tx.commit()

    def test_after_a_worker_that_stopped_in_order_nothing_is_read_again(
        self, keeper, runtime, tx, two
    ):
        first, second = keeper(), keeper()
        for one in (first, second):
            one.look(runtime)
            one.stop(runtime)
        self.silent(tx, hours=2)
        keeper()
        assert self.doubted(tx) == []

    def test_after_one_that_was_killed_the_last_minutes_are_and_once(
        self, keeper, runtime, tx, two
    ):
        keeper()
        self.silent(tx, minutes=2)
        next_one = keeper()
        assert self.doubted(tx) == [two[1]]
        tx.exec(sa.update(Custody).values(due_at=None, recheck_at=None))
        tx.commit()
        next_one.look(runtime)
        keeper()
        assert self.doubted(tx) == []

    def test_the_doubt_reaches_back_to_what_the_dead_last_saw(self, keeper, tx, two):
        keeper()
        self.silent(tx, hours=2)
        keeper()
        assert set(self.doubted(tx)) == set(two)

    def test_so_is_it_after_a_store_that_was_away(self, keeper, runtime, with_runtime, tx, two):
        running = keeper()
        running.look(with_runtime(blobs=Away(runtime.blobs)))
        running.look(runtime)
        assert self.doubted(tx) == [two[1]]

    def test_what_the_worker_found_wrong_is_named_by_all(self, client, settings, with_runtime):
        hasty = settings.model_copy(update={"s3_object_lock": True})
        StoreKeeper(hasty).look(with_runtime(settings=hasty))
        assert client.get("/readyz").json()["concerns"] == [
            "store-object-lock",
            "store-versioning",
        ]
        text = client.get("/metrics").text
        assert 'dudao_store_broken{promise="object-lock"} 1.0' in text


class TestReconciling:
    @pytest.fixture
    def stored(self, client, http, own, inspector, tx):
        contents = [make.make_photo_bytes() for _ in range(3)]
        made = [make.announcement(content) for content in contents]
        told = make.announce(client, inspector, *made).json()["photos"]
        for content, one in zip(contents, told, strict=True):
            make.put(http, one["upload"], content).raise_for_status()
            make.complete(client, inspector, one["id"]).raise_for_status()
        settle(own)
        read_again(own, tx)
        return [one["sha256"] for one in made]

    @pytest.fixture
    def aged(self, monkeypatch):
        """Everything that lies there is old enough to be judged."""
        monkeypatch.setattr(reconciling, "YOUNG", timedelta(seconds=-5))

    def report(self, runtime, tx):
        report_id = reporting.begin(tx)
        tx.commit()
        while reconciling.run_step(runtime.database, runtime.blobs, report_id):
            pass
        tx.expire_all()
        return tx.get_one(StoreReport, report_id).found

    def everything(self, runtime):
        blobs = runtime.blobs
        pages = [*blobs.pages_of_evidence(""), *blobs.pages_of_quarantine("")]
        return {(one.key, one.modified_at) for page in pages for one in page}

    def test_where_all_is_well_nothing_is_found(self, own, tx, stored, aged):
        found = self.report(own, tx)
        assert (found["counts"], found["examples"], found["objects"]) == (NOTHING, {}, 9)

    def test_both_directions_are_told_and_nothing_is_deleted(
        self, client, http, own, inspector, tx, stored, aged
    ):
        whole, missing, short = stored
        stranger = "sha256/ab/" + "ab" * 32
        remove(own, evidence_key(missing))
        remove(own, rendition_key(whole, Size.THUMB))
        own.blobs.put_evidence(evidence_key(short), b"short", content_type="image/jpeg")
        own.blobs.put_evidence(stranger, b"who am I", content_type="image/jpeg")
        rejected, waiting = make.announcement(b"nonsense"), make.announcement(b"waiting")
        store_photo(client, http, own, inspector, rejected, b"nonsense")
        make.announce(client, inspector, waiting).raise_for_status()
        nobody = f"uploads/{new_id()}"
        for key in (f"uploads/{rejected['id']}", f"uploads/{waiting['id']}", nobody):
            own.blobs._client.put_object(Bucket=own.blobs.quarantine, Key=key, Body=b"x")
        before = self.everything(own)
        found = self.report(own, tx)
        assert self.everything(own) == before
        assert found["counts"] == NOTHING | {
            Finding.MISSING: 1,
            Finding.WRONG_SIZE: 1,
            Finding.MISSING_RENDITION: 1,
            Finding.UNKNOWN: 1,
            Finding.LEFT_UPLOAD: 2,
        }
        assert found["examples"][Finding.MISSING] == [evidence_key(missing)]
        assert found["examples"][Finding.UNKNOWN] == [stranger]
        assert set(found["examples"][Finding.LEFT_UPLOAD]) == {f"uploads/{rejected['id']}", nobody}

        read_again(own, tx)
        lost = select(Custody.sha256).where(Custody.lost_at.is_not(None))
        assert set(tx.exec(lost).all()) == {missing, short}
        assert 'dudao_reconcile_found{finding="missing"} 1.0' in client.get("/metrics").text
        later = clock.real_now() + timedelta(minutes=1)
        assert reconciling.expire_uploads(own.database, own.blobs, before=later) == 2
        assert own.blobs.in_quarantine(f"uploads/{waiting['id']}")

    @pytest.mark.parametrize("digits", [2, pytest.param(3, marks=pytest.mark.long)])
    def test_finer_slices_see_the_same(self, own, tx, stored, aged, digits):
        remove(own, evidence_key(stored[0]))
        report = StoreReport(
            night=None,
            slices=16**digits,
            step=int(stored[0][:digits], 16),
            started_at=clock.real_now(),
            touched_at=clock.real_now(),
            found={},
        )
        tx.add(report)
        tx.commit()
        assert reconciling.run_step(own.database, own.blobs, report.id)
        tx.expire_all()
        found = tx.get_one(StoreReport, report.id).found
        assert found["counts"] == NOTHING | {Finding.MISSING: 1}
        assert found["objects"] >= 2

    def test_it_is_done_once_a_night_and_taken_over_from_the_dead(self, client, own, inspector, tx):
        """Afterwards the uploads that nobody waits for are removed, where no lifecycle did that."""
        waiting, given_up = (make.announcement(b"x") for _ in range(2))
        make.announce(client, inspector, waiting, given_up).raise_for_status()
        never = sa.update(Photo).where(Photo.id == UUID(given_up["id"]))
        tx.exec(never.values(sweep_at=None))
        tx.commit()
        uploads = [f"uploads/{one}" for one in (waiting["id"], given_up["id"], new_id(), "junk")]
        for key in uploads:
            own.blobs._client.put_object(Bucket=own.blobs.quarantine, Key=key, Body=b"x")
        old_at_once = {"reconcile_hour": 0, "quarantine_days": -1}
        due = own.settings.model_copy(update=old_at_once)
        runtime = replace(own, settings=due)
        dead, living = StoreKeeper(due), StoreKeeper(due)
        assert dead.reconcile(runtime) == 1
        assert living.reconcile(runtime) == 0
        long_ago = clock.real_now() - timedelta(minutes=6)
        tx.exec(sa.update(StoreReport).values(touched_at=long_ago))
        tx.commit()
        turns = 1
        while living.reconcile(runtime):
            turns += 1
        report = tx.exec(select(StoreReport)).one()
        assert (turns + 1, report.step) == (17, 17)
        assert report.ended_at is not None
        assert living.reconcile(runtime) == 0
        ended = select(Event.data).where(Event.kind == "store.reconciled")
        assert tx.exec(ended).all() == [NOTHING]
        assert [own.blobs.in_quarantine(key) for key in uploads] == [True, False, False, False]

    def test_so_many_photos_are_cut_into_so_many_slices(self):
        counts = {n: reporting.slices_for(n) for n in (0, 49_999, 50_000, 10**7, 10**8)}
        assert counts == {0: 16, 49_999: 16, 50_000: 256, 10**7: 256, 10**8: 4096}


def test_the_commands_compare_and_ask_for_another_reading(committed, monkeypatch):
    given = committed.settings
    monkeypatch.setenv("DUDAO_DATABASE_URL", given.database_url.get_secret_value())
    for name in ("endpoint", "access_key"):
        monkeypatch.setenv(f"DUDAO_S3_{name.upper()}", getattr(given, f"s3_{name}"))
    monkeypatch.setenv("DUDAO_S3_SECRET_KEY", given.s3_secret_key.get_secret_value())
    monkeypatch.setenv("COLUMNS", "160")
    with committed.database.transaction() as tx:
        now = clock.real_now()
        kept = {"size": 3, "content_type": "image/jpeg", "width": 1, "height": 1}
        tx.add(Blob(sha256="0" * 64, **kept, kept_at=now))
        tx.flush()
        tx.add(Custody(sha256="0" * 64, read_at=now))
    told = CliRunner().invoke(cli, ["storage", "reconcile"])
    assert told.exit_code == 1, told.output
    assert "有记录无原件" in told.output
    assert "sha256/00/000" in told.output
    asked = CliRunner().invoke(cli, ["storage", "recheck", "--hours", "1"])
    assert (asked.exit_code, asked.output.split()[0]) == (0, "1")
    with committed.database.transaction() as tx:
        assert tx.exec(select(Photo)).all() == []
        assert tx.exec(select(Custody.recheck_at)).one() is not None
