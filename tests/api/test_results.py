"""A round is closed, appealed, published, corrected; flags and money follow; all of it stays."""

from contextlib import contextmanager
from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, InternalError
from sqlmodel import col, select
from typer.testing import CliRunner

from app import results
from app.cli import cli
from app.infra import business_time
from app.infra.sheets import read_sheets
from app.kit.errors import Invalid, NotFound
from app.kit.ids import new_id
from app.organisation.rules import Role
from app.rounds.tables import Campaign, Round
from app.scoring import importing as scoring
from app.scoring import queries_freezing, queries_marks, queries_runs
from app.scoring.rules import read_rulebook
from app.scoring.rules_inputs import digest_of_visits, inputs_of
from app.scoring.rules_official import official
from app.scoring.tables_results import Appeal
from tests import factories as make
from tests.support import settle

# Of the five, three score 100, 98 and 89; two are not inspected.
ROUND, PERIOD = results.Kind.ROUND, results.Kind.PERIOD
STREETS = ("410802001", "410802002", "410802003", "410802004", "410802006")
LOST = {"410802001": {}, "410802002": {"BJ-02": 1}, "410802003": {"BJ-02": 4, "BJ-03": 3}}
SEEN_BY_HQ = ["hq_admin", "hq_editor", "auditor"]
RULES = {
    "tie_break": ["fewer_vetoes"],
    "appeal_days": 3,
    "visible_to": {"open": SEEN_BY_HQ, "closed": SEEN_BY_HQ, "appeal": SEEN_BY_HQ,
                   "published": ["*"]},
    "leagues": {
        "central-streets": {"award_fen": [10_000_000, 5_000_000], "award_name": "街道创建先进奖"},
        "city-bureaus": {"score_shown": False},
    },
    "budget": {"fen": 15_000_000, "period": "month"},
}  # fmt: skip


pytestmark = pytest.mark.usefixtures("ground")


@pytest.fixture(scope="module")
def hq(ground):
    return make.signed_in(ground.tx, Role.HQ_ADMIN)


@pytest.fixture(scope="module")
def district(ground):
    return make.signed_in(
        ground.tx, Role.UNIT_COORDINATOR, unit=make.JIEFANG, areas=(make.JIEFANG,)
    )


@pytest.fixture(scope="module")
def street(ground):
    return make.signed_in(ground.tx, Role.UNIT_HANDLER, unit=make.XINHUA, areas=(make.XINHUA,))


@pytest.fixture(scope="module")
def rules(ground):
    campaign = ground.tx.exec(select(Campaign).where(Campaign.code == make.CAMPAIGN)).one()
    scoring.load_rulebook(ground.tx, campaign, RULES)
    ground.tx.commit()
    return RULES


@pytest.fixture(scope="module")
def with_photos(request):
    """Whether the photos of lost points are brought; else the visits are taken for whole."""
    return getattr(request, "param", False)


@pytest.fixture(scope="module")
def round_(ground, portal_client, http, rules, with_photos):
    """Three streets inspected."""
    tx = ground.tx
    sites = [make.site_row(f"S-{code}", unit=code) for code in STREETS]
    leagues = make.league_rows("districts", "central-streets", "city-bureaus")
    found = make.make_round(tx, sites=sites, leagues=leagues)
    inspector = make.signed_in(tx, Role.INSPECTOR)
    for street, values in LOST.items():
        plan = make.plan_visit(tx, found.id, f"S-{street}", values=values)
        tx.commit()
        make.submit(portal_client, inspector, plan.body).raise_for_status()
        for photo in plan.photos if with_photos else ():
            make.upload_photo(portal_client, http, inspector, id=photo)
    if with_photos:
        settle(ground.runtime)
    else:
        tx.exec(sa.text("UPDATE visit SET completed_at = received_at"))
        tx.commit()
    return found


def calls(client):
    def call(who, path, body=None, status=200, **query):
        given = {"headers": who.headers, "params": query}
        answer = (
            client.get(path, **given) if body is None else client.post(path, json=body, **given)
        )
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    return call


@pytest.fixture
def call(client):
    return calls(client)


@pytest.fixture(scope="module")
def closed(ground, portal_client, hq, round_):
    calls(portal_client)(hq, f"/v1/rounds/{round_.id}/close", {})
    settle(ground.runtime)
    return round_


@pytest.fixture
def published(call, hq, closed, later):
    """Published after an appeal window in which nobody appealed."""
    call(hq, f"/v1/rounds/{closed.id}/open-appeals", {})
    later(days=4)
    run = call(hq, f"/v1/rounds/{closed.id}/publish", {}, 201)
    return closed, run


@pytest.fixture
def later(tx):
    def later(**span):
        """The business clock goes on."""
        instant = business_time.now(tx) + timedelta(**span)
        business_time.set_business_time(tx, instant=instant)
        tx.commit()

    return later


def streets(call, who, round_):
    page = call(who, f"/v1/rounds/{round_.id}/rankings/central-streets")
    rows = [row for row in page["items"] if row["rank"] is not None]
    names = ("rank", "score", "flag", "award_fen")
    return page, {row["unit"]["code"]: tuple(row[name] for name in names) for row in rows}


def refused(call, who, path, body):
    return call(who, path, body, 409)["code"]


@pytest.mark.parametrize("with_photos", [True], indirect=True)
def test_a_round_is_closed_appealed_published_and_corrected(
    call, tx, hq, district, street, closed, runtime, later, tmp_path
):
    path = f"/v1/rounds/{closed.id}"
    freezes = tx.exec(sa.text("SELECT cause, visits FROM round_freeze")).all()
    assert [tuple(row) for row in freezes] == [("closed", 3)]
    assert refused(call, hq, f"{path}/publish", {}) == "round.appeals-not-over"
    call(hq, f"{path}/open-appeals", {})
    visit, appeal = _appeal(call, tx, street, closed)
    assert refused(call, hq, f"{path}/publish", {}) == "round.appeals-not-over"
    later(days=4)
    assert refused(call, hq, f"{path}/publish", {}) == "round.appeals-open"
    call(hq, f"/v1/appeals/{appeal}/refuse", {"decision": "照片清楚，扣分属实"})
    run = call(hq, f"{path}/publish", {}, 201)
    freezes = tx.exec(sa.text("SELECT cause FROM round_freeze")).all()
    assert [row.cause for row in freezes] == ["closed"]  # nothing has changed since
    page, rows = streets(call, district, closed)
    assert page["provisional"] is False
    assert rows == {
        "410802001": (1, "100.00", "red", 10_000_000),
        "410802002": (2, "98.00", "red", 5_000_000),
        "410802003": (3, "89.00", "blue", 0),
    }
    assert refused(call, hq, f"{path}/publish", {}) == "round.wrong-state"
    call(hq, f"{path}/reopen", {"reason": "复核发现记录有误"})
    _correct(call, tx, hq, visit, runtime)
    assert streets(call, district, closed)[1] == rows  # what is published stands meanwhile
    assert refused(call, hq, f"{path}/publish", {}) == "run.reason-missing"
    second = call(hq, f"{path}/publish", {"reason": "更正新华街道记录"}, 201)
    assert (second["number"], second["digest"] == run["digest"]) == (2, False)
    freezes = tx.exec(sa.text("SELECT cause FROM round_freeze ORDER BY number")).all()
    assert [row.cause for row in freezes] == ["closed", "published"]
    changes = call(district, f"/v1/ranking-runs/{second['id']}/changes")
    moved = {(one["league"], one["unit"]["code"]): one for one in changes["moved"]}
    assert moved["central-streets", "410802003"]["before"] == {
        "place": 3, "score": "89.00", "flag": "blue", "award_fen": 0,
    }  # fmt: skip
    assert moved["central-streets", "410802003"]["after"] == {
        "place": 1, "score": "100.00", "flag": "red", "award_fen": 7_500_000,
    }  # fmt: skip
    awards = call(hq, "/v1/awards")["items"]
    told = [(a["unit"]["code"], a["fen"], a["withdrawn_at"] is None) for a in awards]
    assert sorted(told) == [
        ("410802001", 7_500_000, True), ("410802001", 10_000_000, False),
        ("410802002", 5_000_000, False), ("410802003", 7_500_000, True),
    ]  # fmt: skip
    assert len(call(district, f"{path}/runs")["items"]) == 2
    for number, digest in ((1, run["digest"]), (2, second["digest"])):
        folder = tmp_path / str(number)
        name = f"{make.CAMPAIGN}/{closed.code}"
        results.export_result(tx, kind=ROUND, name=name, revision=number, folder=folder)
        assert true(folder, digest)


def true(folder, digest, kind="round"):
    """What ``dudao verify`` says of a folder."""
    answer = CliRunner().invoke(cli, ["verify", kind, str(folder)])
    return answer.exit_code == 0 and digest in answer.output


def _appeal(call, tx, street, round_):
    [visit] = call(street, "/v1/visits")["items"]
    body = {"id": str(new_id()), "visit_id": visit["id"], "item": "BJ-02", "text": "已当场清理"}
    assert call(street, "/v1/appeals", body, 201) == call(street, "/v1/appeals", body, 201)
    other = body | {"text": "另一说法"}
    assert refused(call, street, "/v1/appeals", other) == "appeal.id-reused"
    again = body | {"id": str(new_id())}
    assert refused(call, street, "/v1/appeals", again) == "appeal.open"
    unlost = body | {"id": str(new_id()), "item": "BJ-01"}
    assert refused(call, street, "/v1/appeals", unlost) == "appeal.nothing-lost"
    return visit["id"], body["id"]


def _correct(call, tx, hq, visit, runtime):
    """Headquarters sets the answers right by revising the visit."""
    shown = call(hq, f"/v1/visits/{visit}")
    answers = [
        {
            "item": one["item"],
            "value": 0
            if one["findings"]
            else int(one["value"])
            if one["value"].isdecimal()
            else one["value"],
            "photos": one["photos"] + [p for f in one["findings"] for p in f["photos"]],
        }
        for one in shown["answers"]
    ]
    body = {
        "id": str(new_id()), "based_on": shown["revision"], "reason": "复核",
        "started_at": shown["started_at"], "ended_at": shown["ended_at"], "answers": answers,
    }  # fmt: skip
    call(hq, f"/v1/visits/{visit}/revisions", body, 201)
    settle(runtime)


@pytest.mark.parametrize("with_photos", [True], indirect=True)
def test_an_accepted_appeal_revises_the_visit_and_the_result_follows(
    call, tx, hq, street, closed, runtime, later
):
    path = f"/v1/rounds/{closed.id}"
    call(hq, f"{path}/open-appeals", {})
    _, appeal = _appeal(call, tx, street, closed)
    accepted = call(hq, f"/v1/appeals/{appeal}/accept", {"decision": "核实：已清理", "value": 0})
    assert accepted["state"] == "accepted"
    assert accepted["new_revision_id"]
    again = refused(call, hq, f"/v1/appeals/{appeal}/refuse", {"decision": "反悔"})
    assert again == "appeal.decided"
    settle(runtime)
    later(days=4)
    body = {"id": str(new_id()), "visit_id": str(new_id()), "item": "BJ-03", "text": "晚了"}
    call(street, "/v1/appeals", body, 404)
    body["visit_id"] = accepted["visit_id"]
    assert refused(call, street, "/v1/appeals", body) == "appeal.window-closed"
    call(hq, f"{path}/publish", {}, 201)
    assert streets(call, hq, closed)[1]["410802003"] == (3, "97.00", "blue", 0)


def test_who_filed_an_appeal_does_not_decide_it(tx, call, hq, closed, rules):
    call(hq, f"/v1/rounds/{closed.id}/open-appeals", {})
    visit = call(hq, "/v1/visits")["items"][0]["id"]
    item = tx.exec(sa.text("SELECT id FROM item LIMIT 1")).one()[0]
    unit = tx.exec(sa.text("SELECT id FROM unit LIMIT 1")).one()[0]
    line = tx.exec(sa.text("SELECT id FROM line LIMIT 1")).one()[0]
    revision = tx.exec(
        sa.text("SELECT current_revision_id FROM visit WHERE id = :v"), params={"v": UUID(visit)}
    ).one()[0]
    appeal = Appeal(
        id=new_id(), round_id=closed.id, visit_id=UUID(visit), revision_id=revision, item_id=item,
        unit_id=unit, area_path="/410800/", line_id=line, answerable_path=None, text="自己申诉",
        photos=[], state="open", filed_by=hq.id, filed_at=closed.closes_at,
    )  # fmt: skip
    tx.add(appeal)
    tx.commit()
    found = refused(call, hq, f"/v1/appeals/{appeal.id}/refuse", {"decision": "属实"})
    assert found == "appeal.second-person"


@contextmanager
def forgotten(tx, table):
    with tx.begin_nested() as nested:
        tx.exec(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        tx.exec(sa.text(f"DELETE FROM {table}"))
        yield
        nested.rollback()


def test_the_marks_of_the_database_are_those_of_the_answers(tx, published):
    """The run again from whole answers, under several rulebooks: the same bytes."""
    round_, _ = published
    run = queries_runs.newest_run(tx, round_id=round_.id)
    [freeze] = queries_runs.freezes_of(tx, run.id)
    visits = list(queries_freezing.read_visits(tx, [freeze.id]))
    assert len(visits) == freeze.visits == 3
    assert all(visit.digest == digest for _, visit, digest in visits)
    assert digest_of_visits({visit.id: digest for _, visit, digest in visits}) == freeze.digest
    entered = queries_runs.entered_for_round(tx, round_.id)
    for change in (
        {},
        {"not_applicable": {"default": "full", "items": {"bj/BJ-02": "zero"}}},
        {"vetoes": {"*": {"effect": "cap", "points": 60}}},
    ):
        written = RULES | change
        book = read_rulebook(written)
        marks = queries_marks.read_marks(tx, [freeze.id], book)
        inputs = inputs_of([visit for _, visit, _ in visits], entered.leagues, book)
        assert inputs.sites == marks.sites
        with forgotten(tx, "revision_marks"):  # as of what was frozen before there were kept sums
            assert queries_marks.read_marks(tx, [freeze.id], book) == marks
        if not change:
            assert official(inputs, book, written).data == run.official
            assert official(inputs, book, written).digest == run.digest


def test_what_is_published_never_changes(tx, published):
    for statement in (
        "UPDATE ranking_run SET reason = 'x'",
        "DELETE FROM ranking_entry",
        "UPDATE frozen_visit SET digest = 'x'",
        "UPDATE award SET fen = fen + 1",
        "DELETE FROM flag",
        "UPDATE rulebook SET rules = '{}'",
        "TRUNCATE appeal CASCADE",
    ):
        with pytest.raises((IntegrityError, InternalError)), tx.begin_nested():
            tx.exec(sa.text(statement))


def test_scores_may_be_withheld_and_money_stays_within_the_budget(call, hq, district, published):
    round_, run = published
    path = f"/v1/rounds/{round_.id}/rankings/city-bureaus"
    ranked = [row for row in call(district, path)["items"] if row["rank"]]
    assert ranked
    assert {row["score"] for row in ranked} == {None}
    assert None not in {row["score"] for row in call(hq, path)["items"] if row["rank"]}
    flags = call(district, "/v1/flags", round=str(round_.id))["items"]
    assert [f["colour"] for f in flags if f["league"]["code"] == "central-streets"] == [
        "red", "red", "blue",
    ]  # fmt: skip
    more = {
        "issuer": make.JIEFANG, "run_id": run["id"], "fen": 10_000_000, "reason": "区配套奖励",
        "entrant_id": flags[-1]["entrant_id"],
    }  # fmt: skip
    budget = {"issuer": make.JIEFANG, "period": "week", "fen": 12_000_000,
              "valid_from": "2017-01-01"}  # fmt: skip
    call(district, "/v1/award-budgets", budget, 201)
    award = call(district, "/v1/awards", more, 201)
    assert (award["ground"], award["place"]) == ("basis", flags[-1]["place"])
    assert refused(call, district, "/v1/awards", more) == "award.over-budget"
    call(district, "/v1/awards", more | {"issuer": make.SHANYANG}, 422)
    paid = {"paid_on": str(date.max)[:4] + "-01-01", "document": "焦财〔2018〕1号"}
    call(district, f"/v1/awards/{award['id']}/pay", paid)
    assert refused(call, district, f"/v1/awards/{award['id']}/pay", paid) == "award.paid"
    call(district, f"/v1/awards/{award['id']}/withdraw", {"reason": "重复"})
    totals = {t["key"]: t for t in call(hq, "/v1/awards:totals", by="unit")["items"]}
    assert sum(t["decided_fen"] for t in totals.values()) == 15_000_000
    assert sum(t["to_claim_back_fen"] for t in totals.values()) == 10_000_000
    village = {
        "issuer": make.JIEFANG, "unit": make.FENGHUAYUAN, "colour": "blue", "reason": "例会点名",
    }  # fmt: skip
    flag = call(district, "/v1/flags", village, 201)
    assert (flag["ground"], flag["league"]) == ("discretion", None)
    by_rule = refused(call, hq, f"/v1/flags/{flags[0]['id']}/withdraw", {"reason": "x"})
    assert by_rule == "flag.by-rule"


def test_the_award_ledger_is_a_workbook(client, hq, published):
    answer = client.get("/v1/awards:export", headers=hq.headers)
    ledger, by_unit, *_ = read_sheets(answer.content, "awards.xlsx")
    assert ledger.name == "奖补台账"
    assert [line.cells[6] for line in ledger.lines] == ["金额（元）", "100000.00", "50000.00"]
    assert len(by_unit.lines) == 3


def new_rules(tx, rules, *closed):
    """Other rules from now on, and rounds that close after them."""
    campaign = tx.exec(select(Campaign).where(Campaign.code == make.CAMPAIGN)).one()
    scoring.load_rulebook(tx, campaign, rules)
    now = business_time.now(tx)
    ids = [one.id for one in closed]
    tx.execute(sa.update(Round).where(col(Round.id).in_(ids)).values(closed_at=now))
    tx.commit()


def test_over_the_rulebooks_budget_nothing_is_published(call, tx, hq, closed, later):
    new_rules(tx, RULES | {"appeal_days": 0}, closed)
    run = call(hq, f"/v1/rounds/{closed.id}/publish", {}, 201)
    second = make.make_round(tx, state="closed", leagues=make.league_rows("central-streets"))
    other = make.make_round(tx, state="closed", source="self")
    call(hq, f"/v1/rounds/{second.id}/publish", {}, 201)  # nobody is scored: no money
    found = refused(call, hq, f"/v1/rounds/{other.id}/publish", {})
    assert found == "round.source-does-not-rank"
    assert call(hq, f"/v1/ranking-runs/{run['id']}")["number"] == 1


def test_a_result_follows_the_rules_of_before_the_close(call, tx, hq, closed):
    path = f"/v1/rounds/{closed.id}"
    stricter = RULES | {"appeal_days": 0, "leagues": {"central-streets": {"red": 1}}}
    new_rules(tx, stricter)
    call(hq, f"{path}/open-appeals", {})
    assert refused(call, hq, f"{path}/publish", {}) == "round.appeals-not-over"
    early = closed.closes_at.replace(year=2017)
    tx.execute(sa.update(Round).where(col(Round.id) == closed.id).values(closed_at=early))
    tx.commit()
    body = {"reason": "本活动首轮，规则于结束后制定"}
    assert refused(call, hq, f"{path}/publish", {}) == "run.rulebook-late"
    run = call(hq, f"{path}/publish", body, 201)
    assert run["reason"] == body["reason"]
    assert sorted(row[2] for row in streets(call, hq, closed)[1].values()) == [
        "blue",
        "blue",
        "red",
    ]


def test_a_rulebook_is_drafted_tried_and_published_for_good(call, hq, district, published):
    round_, _ = published
    bad = {"campaign": make.CAMPAIGN, "rules": RULES | {"leagues": {"x": {"red": "many"}}}}
    found = call(hq, "/v1/rulebooks", bad, 422)["errors"]
    assert [(e["pointer"], e["code"]) for e in found] == [("/rules/leagues/x/red", "field.type")]
    draft = call(hq, "/v1/rulebooks", {"campaign": make.CAMPAIGN, "rules": RULES}, 201)
    assert refused(call, hq, "/v1/rulebooks", {"campaign": make.CAMPAIGN, "rules": RULES}) == (
        "rulebook.draft-exists"
    )
    call(district, f"/v1/rulebooks/{draft['id']}", status=404)
    path = f"/v1/rulebooks/{draft['id']}"
    stricter = RULES | {"leagues": {"central-streets": {"red": 1, "award_fen": [10_000_000]}}}
    call(hq, f"{path}/replace", {"rules": stricter})
    [tried] = call(hq, f"{path}/what-if", {"rounds": [str(round_.id)]})["items"]
    moved = [one for one in tried["moved"] if one["league"] == "central-streets"]
    assert [(one["unit"]["code"], one["after"]) for one in moved] == [
        ("410802002", {"flag": "blue", "award_fen": 0})
    ]
    call(hq, f"{path}/publish", {})
    assert refused(call, hq, f"{path}/discard", {}) == "rulebook.published"
    numbers = [row["number"] for row in call(district, "/v1/rulebooks",
                                             campaign=make.CAMPAIGN)["items"]]  # fmt: skip
    assert numbers == sorted(numbers)
    assert len(numbers) == 3
    assert "leagues" in call(district, "/v1/rulebook-schema")["properties"]


def test_a_period_rolls_up_its_rounds_and_an_entrant_has_a_history(call, hq, district, published):
    week = {
        "campaign": make.CAMPAIGN, "code": "2018-w37", "name_zh": "第37周", "period": "week",
        "starts_on": "2018-09-10", "ends_on": "2018-09-16",
    }  # fmt: skip
    period = call(hq, "/v1/standing-periods", week, 201)
    assert refused(call, hq, "/v1/standing-periods", week) == "period.exists"
    empty = call(hq, "/v1/standing-periods", week | {
        "code": "w1", "starts_on": "2018-01-01", "ends_on": "2018-01-07"}, 201)  # fmt: skip
    none = refused(call, hq, f"/v1/standing-periods/{empty['id']}/publish", {})
    assert none == "period.no-rounds"
    path = f"/v1/standing-periods/{period['id']}"
    found = refused(call, hq, f"{path}/publish", {})
    assert found == "award.over-budget"  # the month's money went to the round
    # A campaign without money per period rolls up without it.
    assert call(district, f"{path}/runs")["items"] == []
    entrants = call(district, "/v1/entrants", campaign=make.CAMPAIGN, limit=500)["items"]
    minsheng = next(e for e in entrants if e["unit"]["code"] == "410802003" and not e["lines"])
    history = call(
        district, f"/v1/entrants/{minsheng['id']}/history", first=3, league="central-streets"
    )
    assert history["counts"] == {
        "results": 1, "ranked": 1, "first": 3, "in_first": 1, "times_first": 0,
        "red": 0, "blue": 1,
    }  # fmt: skip
    assert [(one["place"], one["of"]) for one in history["items"]] == [(3, 3)]


def test_an_exported_result_is_verified_without_a_database(tx, published, tmp_path, monkeypatch):
    round_, run = published
    folder = tmp_path / "whole"
    name = f"{make.CAMPAIGN}/{round_.code}"
    results.export_result(tx, kind=ROUND, name=name, revision=None, folder=folder)
    with pytest.raises(Invalid):
        results.export_result(tx, kind=ROUND, name=name, revision=None, folder=folder)
    with pytest.raises(NotFound):
        results.export_result(tx, kind=ROUND, name=name, revision=7, folder=tmp_path / "none")
    for variable in ("DUDAO_DATABASE_URL", "DUDAO_S3_ENDPOINT"):
        monkeypatch.delenv(variable, raising=False)
    assert true(folder, run["digest"])
    tampered = {
        "answers.csv": (",BJ-03,", ",BJ-99,"),
        "visits.csv": ("/410802003/", "/410802002/"),
        "result.json": ('"award_fen": 5000000', '"award_fen": 5000100'),
        "inputs.json": ('"blue": 2', '"blue": 0'),
        "names.json": ("街道", "大街"),
    }
    for file, (old, new) in tampered.items():
        kept = (folder / file).read_text(encoding="utf-8")
        assert old in kept, file
        (folder / file).write_text(kept.replace(old, new, 1), encoding="utf-8")
        assert not true(folder, ""), file
        (folder / file).write_text(kept, encoding="utf-8")
    lines = (folder / "answers.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "answers.csv").write_text("".join([lines[0], *lines[9:]]), encoding="utf-8")
    assert not true(folder, "")
    (folder / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(Invalid):
        results.check_folder(folder)


def test_a_period_without_money_of_its_own_is_published_and_corrected(
    call, tx, hq, district, published, tmp_path
):
    new_rules(tx, {"visible_to": {"published": ["*"]}}, published[0])
    week = {
        "campaign": make.CAMPAIGN, "code": "w37", "name_zh": "周", "period": "week",
        "starts_on": "2018-09-10", "ends_on": "2018-09-16",
    }  # fmt: skip
    path = f"/v1/standing-periods/{call(hq, '/v1/standing-periods', week, 201)['id']}"
    first = call(hq, f"{path}/publish", {}, 201)
    assert refused(call, hq, f"{path}/publish", {}) == "run.reason-missing"
    second = call(hq, f"{path}/publish", {"reason": "复核"}, 201)
    assert (second["number"], second["digest"]) == (2, first["digest"])
    assert [one["number"] for one in call(district, f"{path}/runs")["items"]] == [1, 2]
    assert call(district, f"/v1/ranking-runs/{second['id']}/changes")["moved"] == []
    entrants = call(district, "/v1/entrants", campaign=make.CAMPAIGN, limit=500)["items"]
    best = next(e for e in entrants if e["unit"]["code"] == "410802001" and not e["lines"])
    history = call(district, f"/v1/entrants/{best['id']}/history", periods=True)
    assert (history["counts"]["results"], history["counts"]["times_first"]) == (1, 1)
    at = f"/v1/ranking-runs/{second['id']}/rankings"
    leagues = {one["code"]: one["entries"] for one in call(district, at)["leagues"]}
    streets = [one for one in leagues["central-streets"] if one["rank"]]
    assert [one["score"] for one in streets] == ["100.00", "98.00", "89.00"]
    worst = f"{at}/central-streets/entries/{streets[-1]['entrant_id']}"
    why = call(district, worst)
    assert (why["place"], why["gap"], why["answers_lost"]) == (3, "9.0000", 2)
    round_, _ = published
    assert why["sites"][0]["site"] == f"{round_.code}/S-410802003"
    name = f"{make.CAMPAIGN}/w37"
    folder = tmp_path / "week"
    results.export_result(tx, kind=PERIOD, name=name, revision=None, folder=folder)
    assert true(folder, second["digest"], "period")
    kept = (folder / "result.json").read_text(encoding="utf-8")
    (folder / "result.json").write_text(kept.replace('"place": 3', '"place": 4', 1), "utf-8")
    assert not true(folder, "", "period")
    with pytest.raises(NotFound):
        results.export_result(tx, kind=ROUND, name=name, revision=None, folder=tmp_path / "none")


def test_money_that_needs_support_is_held_and_the_labels_are_inputs(call, tx, hq, closed):
    new_rules(tx, RULES | {"appeal_days": 0, "supported_required": True}, closed)
    call(hq, f"/v1/rounds/{closed.id}/publish", {}, 201)
    run = queries_runs.newest_run(tx, round_id=closed.id)
    assert run.inputs["labels"]
    assert call(hq, "/v1/awards")["items"] == []  # one site each supports nothing
    entries = next(x for x in run.official["leagues"] if x["code"] == "central-streets")["entries"]
    assert [one["award_held"] for one in entries[:2]] == [True, True]
