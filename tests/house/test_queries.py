"""Lists cost a constant number of statements, however long they are."""

import pytest

from app.organisation.rules import Role
from tests import factories as make
from tests.support import StatementCounter, settle

_MANY = 20


@pytest.fixture
def inspector(tx):
    return make.signed_in(tx, Role.INSPECTOR)


@pytest.fixture
def headquarters(tx):
    return make.signed_in(tx, Role.HQ_ADMIN)


@pytest.fixture
def fill(client, tx, runtime, inspector):
    """A round with so many sites, each with a task and a visit that found something."""

    def fill(many):
        streets = [f"4108020{n:02d}" for n in range(1, 10)]
        sites = [make.site_row(f"S-{many}-{n}", unit=streets[n % 9]) for n in range(many)]
        tasks = [make.task_row(site["code"], members=[inspector.login]) for site in sites]
        leagues = make.league_rows("districts", "central-streets")
        round_ = make.make_round(tx, sites=sites, tasks=tasks, leagues=leagues)
        for site in sites:
            values = {"BJ-02": 2, "BJ-03": 1}
            plan = make.plan_visit(tx, round_.id, site["code"], values=values)
            make.submit(client, inspector, plan.body).raise_for_status()
        settle(runtime)
        return round_

    return fill


def statements(connection, client, who, path, **query):
    with StatementCounter(connection) as counter:
        answer = client.get(path, params=query, headers=who.headers)
    assert answer.status_code == 200, answer.text
    return len(counter.statements), answer.json()


_LISTS = (
    ("/v1/photos:manifest", "headquarters", "items", 6),
    ("/v1/tasks", "inspector", "items", 3),
    ("/v1/ledger", "headquarters", "items", 9),
    ("/v1/rounds/{round}/rankings", "headquarters", "leagues", 14),
    ("/v1/rounds/{round}/rankings/central-streets", "headquarters", "items", 14),
)


def test_a_longer_list_costs_no_more_statements(connection, client, fill, inspector, headquarters):
    readers = {"inspector": inspector, "headquarters": headquarters}
    found = {path: [] for path, *_ in _LISTS}
    for many in (1, _MANY):
        round_ = fill(many)
        for path, reader, items, _ in _LISTS:
            query = {} if "{round}" in path else {"round_id": str(round_.id)}
            address = path.format(round=round_.id)
            cost, page = statements(
                connection, client, readers[reader], address, limit=500, **query
            )
            found[path].append((cost, len(page[items])))
    for path, _, _, most in _LISTS:
        (few, short), (many_, long) = found[path]
        assert few == many_, path
        assert few <= most, path
        assert "rankings" in path or long == short * _MANY, path


@pytest.mark.parametrize("path", ["/v1/units", "/v1/rounds"])
def test_pages_of_any_size_cost_the_same(connection, client, tx, headquarters, path):
    for _ in range(5):
        make.make_round(tx)
    costs = {statements(connection, client, headquarters, path, limit=n)[0] for n in (1, 5)}
    assert len(costs) == 1


def test_the_states_of_fifty_photos_cost_what_one_costs(connection, client, inspector):
    photos = [make.announcement(b"%d" % n) for n in range(50)]
    make.announce(client, inspector, *photos).raise_for_status()
    ids = [photo["id"] for photo in photos]
    one, _ = statements(connection, client, inspector, "/v1/photos", id=ids[:1])
    fifty, page = statements(connection, client, inspector, "/v1/photos", id=ids)
    assert len(page["photos"]) == 50
    assert one == fifty


def test_announcing_fifty_photos_costs_what_one_costs(connection, client, inspector):
    costs = []
    for many in (1, 50):
        photos = [make.announcement(b"%d of %d" % (n, many)) for n in range(many)]
        with StatementCounter(connection) as counter:
            make.announce(client, inspector, *photos).raise_for_status()
        costs.append(len(counter.statements))
    assert costs[0] == costs[1]


def test_a_visit_costs_the_same_with_one_finding_and_with_twenty(connection, client, tx, inspector):
    round_ = make.make_round(tx, sites=[make.site_row("A"), make.site_row("B")])
    costs = []
    for site, values in (("A", {"BJ-02": 1}), ("B", {"BJ-02": 7, "BJ-03": 9, "BJ-05": 4})):
        plan = make.plan_visit(tx, round_.id, site, values=values)
        with StatementCounter(connection) as counter:
            make.submit(client, inspector, plan.body).raise_for_status()
        costs.append(len(counter.statements))
    assert costs[0] == costs[1], costs


def test_an_unchanged_feed_costs_little(connection, client, tx, runtime, fill, headquarters):
    round_ = fill(2)
    for path, most in ((f"/v1/rounds/{round_.id}/rankings", 5), ("/v1/ledger", 3)):
        tag = client.get(path, headers=headquarters.headers).headers["etag"]
        with StatementCounter(connection) as counter:
            answer = client.get(path, headers=headquarters.headers | {"If-None-Match": tag})
        assert answer.status_code == 304
        assert len(counter.statements) <= most, counter.statements
