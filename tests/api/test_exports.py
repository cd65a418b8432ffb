"""The ledger taken away: as a sheet at once, as a file of the worker's; each only what is his."""

import csv
import hashlib
import io
import time
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import select

from app import worker
from app.infra import events, jobs
from app.infra.events import Event
from app.infra.sheets import read_sheets
from app.kit import clock
from app.kit.ids import new_id
from app.ledger import exporting
from app.ledger.exports import folder_of
from app.ledger.tables_exports import LedgerExport
from app.organisation.rules import Role
from app.people.tables import PostingArea, PostingRow
from app.reactions import HANDLERS
from tests import factories as make
from tests.support import settle


@pytest.fixture
def people(tx):
    minsheng = {"unit": make.MINSHENG, "areas": [make.MINSHENG]}
    return {
        "office": make.signed_in(tx, Role.HQ_ADMIN),
        "inspector": make.signed_in(tx, Role.INSPECTOR),
        "street": make.signed_in(tx, Role.UNIT_COORDINATOR, **minsheng),
    }


@pytest.fixture
def reported(client, people):
    """Three cases, one of them elsewhere; notes that a spreadsheet would run or spoil."""

    def report(note, unit=make.MINSHENG):
        body = {
            "id": str(new_id()), "line": "sanitation", "unit": unit, "note": note,
            "found_at": "2018-09-10T07:30:00+08:00",
        }  # fmt: skip
        answer = client.post("/v1/ledger/reports", json=body, headers=people["inspector"].headers)
        assert answer.status_code == 201, answer.text
        return answer.json()["number"]

    return [report("=1+1"), report("公厕积水"), report("路灯不亮", make.DONGFANGHONG)]


def ask(client, who, **query):
    body = {"id": str(new_id()), "format": "csv"}
    answer = client.post("/v1/ledger-exports", json=body, params=query, headers=who.headers)
    assert answer.status_code == 202, answer.text
    return answer.json()


def rows_of(content):
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_sheet_at_once_holds_what_the_list_shows(client, tx, people, reported):
    def sheet(who, **query):
        answer = client.get("/v1/ledger:sheet", params=query, headers=people[who].headers)
        assert answer.status_code == 200, answer.text
        assert "attachment" in answer.headers["content-disposition"]
        return answer.content

    rows = rows_of(sheet("office"))
    assert [row["编号"] for row in rows] == reported
    assert [row["问题描述"] for row in rows] == ["'=1+1", "公厕积水", "路灯不亮"]
    assert {row["状态"] for row in rows} == {"上报"}
    assert {row["来源"] for row in rows} == {"巡查上报"}
    assert {row["城区"] for row in rows} == {"解放区", "山阳区"}
    assert rows[0]["发现时间"] == "2018-09-10 07:30:00"
    assert [row["编号"] for row in rows_of(sheet("street"))] == reported[:2]
    assert [row["编号"] for row in rows_of(sheet("office", text="积水"))] == reported[1:2]
    (book,) = read_sheets(sheet("office", format="xlsx"), "x.xlsx")
    assert [line.cells[0] for line in book.lines] == ["编号", *reported]
    refused = client.get("/v1/ledger:sheet", headers=people["inspector"].headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "auth.forbidden")
    kinds = tx.exec(select(Event.kind).where(Event.subject_type == "export")).all()
    assert kinds == ["export.streamed"] * 4


def test_an_export_is_one_file_with_its_digest_and_only_for_who_asked(
    client, http, tx, runtime, people, reported
):
    street, office = people["street"], people["office"]
    export = ask(client, street, text="积水")
    assert (export["state"], export["rows_total"]) == ("waiting", None)
    path = f"/v1/ledger-exports/{export['id']}"
    early = client.get(f"{path}/content", headers=street.headers)
    assert (early.status_code, early.json()["code"]) == (409, "export.no-file")
    again = client.post(
        "/v1/ledger-exports", json={"id": export["id"], "format": "csv"}, params={"text": "积水"},
        headers=street.headers,
    )  # fmt: skip
    assert (again.status_code, again.json()["id"]) == (202, export["id"])
    other = client.post(
        "/v1/ledger-exports", json={"id": export["id"], "format": "xlsx"}, headers=street.headers
    )
    assert (other.status_code, other.json()["code"]) == (409, "export.id-taken")
    settle(runtime)
    done = client.get(path, headers=street.headers).json()
    assert (done["state"], done["rows_done"], done["rows_total"]) == ("done", 1, 1)
    sent = client.get(f"{path}/content", headers=street.headers, follow_redirects=False)
    assert sent.status_code == 302
    file = http.get(sent.headers["location"])
    assert [row["编号"] for row in rows_of(file.content)] == reported[1:2]
    assert hashlib.sha256(file.content).hexdigest() == done["sha256"]
    assert len(file.content) == done["size"]
    for who, one in ((office, path), (office, f"{path}/content")):
        hidden = client.get(one, headers=who.headers)
        assert (hidden.status_code, hidden.json()["code"]) == (404, "export.not-found")
    assert [
        one["id"]
        for one in client.get("/v1/ledger-exports", headers=street.headers).json()["items"]
    ]
    assert client.get("/v1/ledger-exports", headers=office.headers).json()["items"] == []
    kinds = tx.exec(select(Event.kind).where(Event.subject_type == "export").order_by(Event.id))
    assert kinds.all() == ["export.asked", "export.written", "export.downloaded"]
    _lose_an_office(tx, street)
    gone = client.get(f"{path}/content", headers=street.headers)
    assert (gone.status_code, gone.json()["code"]) == (403, "export.reach-changed")


def _lose_an_office(tx, person):
    """The office stays, but no longer for that area."""
    own = sa.select(PostingRow.id).where(PostingRow.person_id == person.id)
    tx.execute(sa.delete(PostingArea).where(PostingArea.posting_id.in_(own)))
    tx.commit()


def test_whoever_dies_while_writing_leaves_no_second_file(client, tx, runtime, people, reported):
    export = ask(client, people["office"])
    folder = folder_of(UUID(export["id"]))

    def files():
        return [one.key for page in runtime.blobs.pages_of_evidence(folder) for one in page]

    worker.place_events(runtime)
    handler = HANDLERS["ledger.write_export"]
    lease = timedelta(seconds=60)
    with runtime.database.transaction() as session:
        (dead,) = jobs.claim(
            session, now=clock.real_now(), lease_for=lease, batch=1, alone=[handler.name]
        )
    assert exporting.write_export(runtime, dead).rows == 3  # and then it dies
    assert len(files()) == 1
    later = clock.real_now() + timedelta(seconds=300)
    with runtime.database.transaction() as session:
        (taken,) = jobs.claim(session, now=later, lease_for=lease, batch=1, alone=[handler.name])
    with pytest.raises(exporting.LeaseLost):
        exporting.write_export(runtime, dead)  # it was only asleep, and sees that it is too late
    made = exporting.write_export(runtime, taken)
    with runtime.database.transaction() as session:
        assert jobs.finish(session, taken)
        handler.apply(session, runtime, taken, made)
    handler.clean_up(runtime, taken, made)
    found = client.get(
        f"/v1/ledger-exports/{export['id']}", headers=people["office"].headers
    ).json()
    assert (found["state"], found["rows_done"]) == ("done", 3)
    assert files() == [made.key]
    tx.execute(sa.update(LedgerExport).values(expires_at=clock.real_now()))
    tx.commit()
    assert exporting.expire(runtime.database, runtime.blobs) == 1
    assert files() == []
    found = client.get(
        f"/v1/ledger-exports/{export['id']}", headers=people["office"].headers
    ).json()
    assert found["state"] == "expired"


def test_the_lease_is_kept_while_nothing_is_counted(committed):
    lasting = committed.settings.model_copy(update={"job_lease_s": 2})
    runtime = replace(committed.runtime, settings=lasting)
    now = clock.real_now()
    with committed.database.transaction() as session:
        event = events.record(session, "export.asked", subject=("export", new_id()))
        jobs.enqueue(session, [(event, "ledger.write_export")], at=now)
        session.flush()
        (claim,) = jobs.claim(session, now=now, lease_for=timedelta(seconds=1), batch=1)

    def kept_until():
        with committed.database.transaction() as session:
            return session.exec(select(jobs.Job.run_at)).one()

    with exporting.Progress(runtime, claim):  # as when a workbook is closed, or sent
        deadline = time.monotonic() + 10
        while kept_until() <= now + timedelta(seconds=1):
            assert time.monotonic() < deadline
            time.sleep(0.05)
