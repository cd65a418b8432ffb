"""September 2018 through the service without phones: visits over HTTP, then the whole bulletin."""

import json
from datetime import datetime

import pytest
import sqlalchemy as sa

from app import loading
from app.infra import business_time
from app.kit.ids import new_id
from app.organisation.rules import Role
from scripts.demo_steps.bodies import Ids, visit_body
from scripts.demo_steps.history.comparing import compare, compare_reports
from scripts.demo_steps.history.playing import (
    PUBLISHED_AT,
    historical_round,
    publish,
    read_published,
)
from scripts.demo_steps.stage import BEGIN
from tests import factories as make


class Office:
    """Headquarters at a screen, on the test's own connection."""

    def __init__(self, client, who):
        self._client, self._who = client, who

    def post(self, path, body=None):
        answer = self._client.post(path, json=body, headers=self._who.headers)
        assert answer.is_success, answer.text
        return answer.json()

    def pages(self, path, **params):
        cursor = ""
        while cursor is not None:
            query = params | ({"cursor": cursor} if cursor else {})
            answer = self._client.get(path, params=query, headers=self._who.headers)
            assert answer.is_success, answer.text
            yield from answer.json()["items"]
            cursor = answer.json()["next_cursor"]


@pytest.fixture
def round_id(tx, tmp_path, piece):
    """The round with its sites and tasks, under the rules of September 2018."""
    business_time.set_business_time(tx, instant=datetime.fromisoformat(BEGIN))
    folder = piece.city(tmp_path)
    loading.load_city(tx, folder)
    file = tmp_path / "round.json"
    tasks = [task | {"members": []} for task in piece.plan.round_file["tasks"]]
    file.write_text(json.dumps(piece.plan.round_file | {"tasks": tasks}), encoding="utf-8")
    found = loading.load_round(tx, file, folder / "campaign.json").id
    tx.commit()
    return found


@pytest.fixture(scope="module")
def piece():
    return historical_round(2018)


def send(client, who, visit, round_id):
    """The visit as a phone sends it; its photos exist nowhere."""
    photos = {slot.key: str(new_id()) for slot in visit.slots}
    ids = Ids(str(new_id()), str(round_id), None, photos, lambda: str(new_id()))
    times = {"started_at": "2018-09-12T09:00:00+08:00", "ended_at": "2018-09-12T09:20:00+08:00"}
    body = visit_body(visit, ids, **times, location=None)
    answer = client.post("/v1/visits", json=body, headers=who.headers)
    assert answer.status_code == 201, answer.text


@pytest.mark.long
def test_the_answers_alone_bring_out_the_bulletin(client, tx, piece, round_id):
    inspector = make.signed_in(tx, Role.INSPECTOR)
    for visit in piece.visits:
        send(client, inspector, visit, round_id)
    now = business_time.now(tx)
    tx.execute(sa.text("UPDATE visit SET completed_at = :now"), {"now": now})
    business_time.set_business_time(tx, instant=datetime.fromisoformat(PUBLISHED_AT))
    tx.commit()
    office = Office(client, make.signed_in(tx, Role.HQ_ADMIN))
    publish(office, round_id)
    published = read_published(office, round_id, piece.ground)
    report = published.report(piece.ground)
    fields = [
        *compare(piece.ground, report),
        *published.compare_ledgers(piece.ground),
        *compare_reports(piece.expected, report),
    ]
    assert [each for each in fields if not each.same] == []
    assert len(fields) > 1_400
