"""Receipts: when a photo gets one, who sees it, what it proves; keys and their exchange."""

import json
import re
import stat
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import select
from typer.testing import CliRunner

from app import signatures, worker
from app.cli import cli
from app.evidence import custody
from app.evidence.receipt import Said, check
from app.evidence.tables import Custody, Receipt
from app.infra.events import Event
from app.kit import clock
from app.organisation.rules import Role
from app.signing import keyfile, queries
from app.signing import service as signing
from app.signing.rules import Flaw
from app.signing.tables import SigningKey
from tests import factories as make
from tests import support
from tests.support import settle


@pytest.fixture
def inspector(tx):
    return make.signed_in(tx, Role.INSPECTOR)


@pytest.fixture
def own_key(tmp_path, settings, with_runtime):
    """A key file of the test's own, which it may spoil."""
    mine = settings.model_copy(update={"signing_key_file": tmp_path / "key.pem"})
    keyfile.write_new(mine.signing_key_file)
    return with_runtime(settings=mine)


def store(client, http, runtime, who, content=None):
    content = content or make.make_photo_bytes()
    photo = make.announcement(content)
    upload = make.announce(client, who, photo).json()["photos"][0]["upload"]
    make.put(http, upload, content).raise_for_status()
    make.complete(client, who, photo["id"]).raise_for_status()
    settle(runtime)
    return photo


def read_again(runtime, tx):
    """A minute later; nothing is done before it is due."""
    tx.commit()
    support.read_again(runtime)
    tx.expire_all()


def listed(client, who, photo):
    answer = client.get("/v1/photos", params={"id": photo["id"]}, headers=who.headers)
    return answer.json()["photos"][0]["receipt"]


def alone(client, who, photo):
    answer = client.get(f"/v1/photos/{photo['id']}/receipt", headers=who.headers)
    return answer.status_code, answer.json().get("code"), answer.json()


def published(tx):
    return {one.key_id: one for one in queries.list_keys(tx)}


class TestWhenThereIsOne:
    def test_after_the_second_reading_and_not_before(self, client, http, runtime, inspector, tx):
        photo = make.announcement(make.make_photo_bytes())
        make.announce(client, inspector, photo)
        assert alone(client, inspector, photo)[:2] == (409, "photo.not-stored")
        photo = store(client, http, runtime, inspector)
        assert alone(client, inspector, photo)[:2] == (409, "photo.receipt-not-due")
        assert listed(client, inspector, photo) is None
        read_again(runtime, tx)
        status, _, receipt = alone(client, inspector, photo)
        assert (status, receipt) == (200, listed(client, inspector, photo))
        said, flaw = check(receipt, published(tx))
        assert flaw is None
        assert (str(said.photo_id), said.sha256, said.size) == (
            photo["id"], photo["sha256"], photo["size"],
        )  # fmt: skip
        assert abs(clock.real_now() - said.issued_at) < timedelta(minutes=1)
        mine = select(Event.kind).where(Event.subject_id == UUID(photo["id"])).order_by(Event.id)
        assert list(tx.exec(mine))[-1] == "photo.receipt-issued"

    def test_a_reading_that_comes_too_soon_is_not_the_second(
        self, client, http, runtime, inspector, tx
    ):
        """A worker that starts reads again what was just kept."""
        photo = store(client, http, runtime, inspector)
        for _ in range(2):
            custody.doubt(tx, [photo["sha256"]])
            tx.commit()
            assert worker.recheck(runtime) == 1
        assert listed(client, inspector, photo) is None
        tx.expire_all()
        kept = tx.exec(select(Custody)).one()
        assert kept.recheck_at == kept.read_at + timedelta(seconds=60)
        read_again(runtime, tx)
        assert listed(client, inspector, photo)

    def test_another_photo_of_bytes_that_were_read_twice_has_it_at_once(
        self, client, http, runtime, inspector, tx
    ):
        content = make.make_photo_bytes()
        early = [store(client, http, runtime, inspector, content) for _ in range(2)]
        read_again(runtime, tx)
        late = store(client, http, runtime, inspector, content)
        receipts = [listed(client, inspector, photo) for photo in (*early, late)]
        assert [one["statement"]["photo_id"] for one in receipts] == [
            photo["id"] for photo in (*early, late)
        ]
        assert all(check(one, published(tx))[1] is None for one in receipts)

    def test_not_while_the_bytes_are_in_doubt_or_lost_and_then_the_same_again(
        self, client, http, runtime, inspector, tx
    ):
        photo = store(client, http, runtime, inspector)
        read_again(runtime, tx)
        first = listed(client, inspector, photo)
        custody.doubt(tx, [photo["sha256"]])
        tx.commit()
        assert alone(client, inspector, photo)[:2] == (409, "photo.receipt-not-due")
        custody.lose(tx, photo["sha256"], custody.Loss.MISSING)
        tx.commit()
        assert alone(client, inspector, photo)[:2] == (409, "photo.lost")
        assert listed(client, inspector, photo) is None
        custody.restored(tx, runtime.settings, photo["sha256"], source="phone")
        tx.commit()
        assert listed(client, inspector, photo) is None
        read_again(runtime, tx)
        assert listed(client, inspector, photo) == first

    def test_nobody_else_sees_it(self, client, http, runtime, inspector, tx):
        photo = store(client, http, runtime, inspector)
        read_again(runtime, tx)
        other = make.signed_in(tx, Role.INSPECTOR)
        assert alone(client, other, photo)[:2] == (404, "photo.not-found")


class TestKeys:
    def test_everybody_reads_them_and_may_keep_the_answer(self, client, tx):
        answer = client.get("/v1/public/keys")
        assert answer.headers["cache-control"] == "public, max-age=300"
        (one,) = answer.json()["keys"]
        assert one["valid_to"] is None
        assert [one["key_id"]] == list(published(tx))

    def test_a_new_key_signs_and_the_old_one_still_proves(
        self, client, http, own_key, inspector, tx
    ):
        before = store(client, http, own_key, inspector)
        read_again(own_key, tx)
        old = listed(client, inspector, before)
        new_id, retired = signing.rotate(tx, own_key.settings)
        tx.commit()
        assert old["statement"]["key_id"] in retired
        after = store(client, http, own_key, inspector)
        read_again(own_key, tx)
        new = listed(client, inspector, after)
        assert new["statement"]["key_id"] == new_id
        assert [check(one, published(tx))[1] for one in (old, new)] == [None, None]
        assert stat.S_IMODE(own_key.settings.signing_key_file.stat().st_mode) == 0o600

    def test_a_file_that_was_exchanged_before_a_crash_publishes_itself(
        self, client, http, own_key, inspector, tx
    ):
        keyfile.write_new(own_key.settings.signing_key_file)
        photo = store(client, http, own_key, inspector)
        read_again(own_key, tx)
        assert check(listed(client, inspector, photo), published(tx))[1] is None

    @pytest.mark.parametrize("fault", ["missing", "damaged", "retired", "unset"])
    def test_without_a_good_key_nothing_is_signed_and_nothing_let_go(
        self, client, http, own_key, with_runtime, inspector, tx, fault
    ):
        photo, runtime = store(client, http, own_key, inspector), own_key
        file = own_key.settings.signing_key_file
        pem = file.read_bytes()
        if fault == "missing":
            file.unlink()
        elif fault == "damaged":
            file.write_bytes(pem[:60])
        elif fault == "retired":
            signing.prepare(tx, own_key.settings)
            signing.rotate(tx, own_key.settings)
            file.write_bytes(pem)
        else:
            bare = own_key.settings.model_copy(update={"signing_key_file": None})
            runtime = with_runtime(settings=bare)
        read_again(runtime, tx)
        assert listed(client, inspector, photo) is None
        assert tx.exec(select(Custody.recheck_at)).one() > clock.real_now()
        assert runtime.blobs.in_quarantine(f"uploads/{photo['id']}")
        if fault != "retired":
            file.write_bytes(pem)
            read_again(own_key, tx)
            assert listed(client, inspector, photo)

    def test_keys_and_receipts_stay_as_they_are(self, client, http, runtime, inspector, tx):
        store(client, http, runtime, inspector)
        read_again(runtime, tx)
        for change in (
            sa.update(SigningKey).values(public_key="A" * 43),
            sa.delete(SigningKey),
            sa.text("TRUNCATE signing_key CASCADE"),
            sa.text("UPDATE photo_receipt SET signature = ''"),
            sa.delete(Receipt),
        ):
            with pytest.raises(sa.exc.DatabaseError, match="never changed"), tx.begin_nested():
                tx.connection().execute(change)


def test_the_commands(committed, monkeypatch, tmp_path):
    """Make, list, exchange, verify: what an operator and an auditor type."""
    mine = committed.settings.model_copy(update={"signing_key_file": tmp_path / "key.pem"})
    monkeypatch.setattr("app.signatures.read_settings", lambda: mine)
    with committed.database.transaction() as tx:
        first = signing.prepare(tx, mine)
    assert signing_list() == 2  # that of the copied database and ours
    turned = CliRunner().invoke(cli, ["keys", "rotate"])
    assert (turned.exit_code, first in turned.output, signing_list()) == (0, True, 3)

    kept = tmp_path / "receipt.json"
    with committed.database.transaction() as tx:
        signer = signing.signer(tx, mine)
        said = Said(UUID(int=7), "0" * 64, 5, signer.at, signer.key_id).statement()
        given = {"statement": said, "signature": signer.sign(said)}
    kept.write_text(json.dumps(given))
    assert verify(kept) == (0, "回执有效")
    keys = tmp_path / "keys.json"
    keys.write_text(committed.new_client().get("/v1/public/keys").text)
    monkeypatch.setattr("app.signatures.read_settings", None)
    assert verify(kept, "--keys", str(keys)) == (0, "回执有效")
    assert verify(tmp_path / "no-such-file", "--keys", str(keys))[0] == 2
    assert verify(kept, "--keys", str(keys), "--photo", str(keys)) == (
        1,
        "照片不是回执所指的那一张",
    )
    assert verify(kept, "--keys", str(kept)) == (1, "不是公钥列表")
    kept.write_text(json.dumps({**given, "statement": {**said, "size": 6}}))
    assert verify(kept, "--keys", str(keys)) == (1, "签名不符，内容被改动或系伪造")
    kept.write_text("no json")
    assert verify(kept, "--keys", str(keys)) == (1, "不是照片回执")


def signing_list() -> int:
    """How many keys are shown."""
    return len(re.findall(r"\b[0-9a-f]{16}\b", CliRunner().invoke(cli, ["keys", "list"]).output))


def verify(*arguments) -> tuple[int, str]:
    told = CliRunner().invoke(cli, ["verify", "receipt", *map(str, arguments)])
    return told.exit_code, told.output.split(" · ")[0].strip()


def test_every_flaw_has_its_words():
    assert set(signatures._FLAWS) == set(Flaw)
