"""What operators and clients see around the business: health, errors, documents, limits."""

import re

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlmodel import Session

from app.config import Environment
from app.infra.blobs import Blobs
from app.infra.db import Database, make_engine
from app.main import create_app
from app.organisation.rules import Role
from tests import factories as make


@pytest.fixture
def exchanged(app):
    """Exchanges parts of the running application for one test."""
    kept = dict(app.state._state)

    def exchange(**parts):
        for name, part in parts.items():
            setattr(app.state, name, part)

    yield exchange
    app.state._state.update(kept)


def without_database(settings):
    url = "postgresql+psycopg://nobody:nothing@127.0.0.1:9/none"
    return settings.model_copy(update={"database_url": SecretStr(url)})


def without_store(settings):
    return settings.model_copy(update={"s3_endpoint": "http://127.0.0.1:9"})


def test_the_process_answers(client):
    assert client.get("/healthz").json() == {"status": "ok"}


def test_it_is_ready_when_nothing_is_missing(client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ready", "missing": [], "concerns": []},
    )


def test_a_missing_database_is_named(client, settings, exchanged):
    broken = without_database(settings)
    exchanged(database=Database(make_engine(broken), broken.env))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["database"])
    assert answer.headers["retry-after"] == "5"


def test_a_missing_store_is_named(client, settings, exchanged):
    exchanged(blobs=Blobs(without_store(settings)))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["store"])


def test_missing_buckets_are_named(client, settings, exchanged):
    exchanged(blobs=Blobs(settings.model_copy(update={"evidence_bucket": "not-there"})))
    assert client.get("/readyz").json()["missing"] == ["store"]


def test_missing_migrations_are_named(client, settings, exchanged, fresh_database):
    empty = fresh_database("template0")
    database = Database(make_engine(empty), empty.env)
    exchanged(database=database)
    answer = client.get("/readyz")
    database.dispose()
    assert (answer.status_code, answer.json()["missing"]) == (503, ["migrations"])


def test_without_a_database_requests_are_told_to_come_again(client, settings, exchanged):
    broken = without_database(settings)
    exchanged(database=Database(make_engine(broken), broken.env))
    answer = client.get("/v1/me", headers={"Authorization": "Bearer x"})
    assert (answer.status_code, answer.json()["code"]) == (503, "service.busy")
    assert answer.headers["retry-after"]


def test_a_database_that_has_gone_and_come_back_is_used_again(committed):
    """All pooled connections are dead; clients see 503 at most, then it works."""
    with Session(committed.database.engine, expire_on_commit=False) as tx:
        who = make.signed_in(tx)
    client = committed.new_client()
    assert client.get("/v1/rounds", headers=who.headers).status_code == 200
    url = committed.settings.database_url.get_secret_value()
    name = sa.make_url(url).database
    admin = sa.create_engine(
        sa.make_url(url).set(database="postgres"), isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.execute(
            sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
            {"name": name},
        )
    admin.dispose()
    statuses = [client.get("/v1/rounds", headers=who.headers).status_code for _ in range(3)]
    assert set(statuses[:2]) <= {200, 503}
    assert statuses[-1] == 200


def test_errors_are_problems_with_a_stable_code(client):
    answer = client.get("/v1/nowhere", headers={"Accept-Language": "en"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == "request.not-found"
    assert body["type"] == "urn:dudao:problem:request.not-found"
    assert body["instance"] == "/v1/nowhere"
    assert body["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["content-language"] == "en"


def test_a_method_that_is_not_there(client):
    answer = client.delete("/v1/visits")
    assert (answer.status_code, answer.json()["code"]) == (405, "request.method-not-allowed")


@pytest.mark.parametrize(
    ("given", "kept"),
    [("phone-0001", True), ("x" * 65, False), ("short", False), ("evil\tid-123", False)],
)
def test_a_harmless_request_id_is_taken_over(client, given, kept):
    answer = client.get("/healthz", headers={"X-Request-ID": given})
    assert (answer.headers["x-request-id"] == given) is kept


def test_a_failure_shows_nothing_of_its_cause(client, exchanged, tx):
    class Broken(Database):
        def transaction(self):
            raise RuntimeError("password=hunter2")

    exchanged(database=Broken(None, Environment.TEST))
    answer = client.get("/v1/rounds")
    assert (answer.status_code, answer.json()["code"]) == (500, "service.failed")
    assert "hunter2" not in answer.text


def test_metrics_are_for_operators(client, tx):
    who = make.signed_in(tx, Role.HQ_ADMIN)
    before = client.get("/metrics").text
    counted = [
        ("GET", "/v1/units/{code}", "2xx", f"/v1/units/{make.JIEFANG}"),
        ("GET", "/v1/units/{code}", "4xx", "/v1/units/nowhere"),
        ("DELETE", "/v1/units", "4xx", "/v1/units"),
        ("GET", "none", "4xx", "/v1/made-up"),
        ("other", "none", "4xx", "/v1/made-up"),
    ]
    for method, _, _, path in counted:
        client.request("BREW" if method == "other" else method, path, headers=who.headers)
    client.get("/healthz")
    answer = client.get("/metrics")
    assert answer.status_code == 200
    for method, handler, status, _ in counted:
        labels = f'handler="{handler}",method="{method}",status="{status}"'
        assert requests_in(answer.text, labels) == requests_in(before, labels) + 1, labels
    assert "healthz" not in answer.text
    assert "made-up" not in answer.text


def requests_in(page: str, labels: str) -> float:
    line = re.search(rf"^http_requests_total{{{re.escape(labels)}}} (\S+)$", page, re.MULTILINE)
    return float(line[1]) if line else 0.0


def test_docs_need_no_internet(client):
    page = client.get("/docs")
    assert page.status_code == 200
    assert (
        "http" not in page.text.replace("http-equiv", "").split("<script", 1)[0].split("href=")[-1]
    )
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"):
        assert f"/docs/assets/{name}" in page.text
        assert client.get(f"/docs/assets/{name}").status_code == 200


def test_large_replies_are_compressed_for_whom_it_helps(client, tx):
    who = make.signed_in(tx, Role.HQ_ADMIN)
    headers = who.headers | {"Accept-Encoding": "gzip"}
    answer = client.get("/v1/units?limit=500", headers=headers)
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.json()["items"]) == 444


def test_other_origins_are_let_in_by_setting_only(settings, app):
    origin = {"Origin": "https://screen.example", "Access-Control-Request-Method": "GET"}
    shut = TestClient(app).options("/v1/rounds", headers=origin)
    assert "access-control-allow-origin" not in shut.headers
    named = settings.model_copy(update={"cors_origins": ("https://screen.example",)})
    opened = create_app(named, app.state.database)
    answer = TestClient(opened).options("/v1/rounds", headers=origin)
    assert answer.headers["access-control-allow-origin"] == "https://screen.example"
    assert "access-control-allow-credentials" not in answer.headers


def test_the_application_starts_and_ends_cleanly(settings):
    own = create_app(settings)
    with TestClient(own) as client:
        assert client.get("/readyz").status_code == 200
