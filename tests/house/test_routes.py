"""Nobody gets past a door without a token, and nobody past one that is not his."""

from typing import Any

from app import main
from app.auth import routes as auth
from app.auth.permissions import ROLE_PERMISSIONS
from app.citizens import routes as citizens
from app.ledger.lifecycle import Action, Need
from app.ledger.moves import BY_PEOPLE, MOVES
from app.ledger.presenting import permission_of
from app.organisation.rules import Role
from app.signing import routes as signing
from app.web.principal import _Permission, current_person, current_principal
from tests import factories as make
from tests.walks.requests import operations

# The whole list of what answers without a token, each with its reason.
PUBLIC = frozenset(
    {
        ("get", "/healthz"),  # a balancer asks whether the process is there
        ("get", "/readyz"),  # a balancer asks whether it can work; names parts, shows no data
        ("post", "/v1/auth/token"),  # where tokens come from
        ("post", "/v1/auth/reset"),  # who has a one-time code has no token yet
        # Citizens report without a sign-in: throttled by rows; what is shown is not personal.
        ("get", "/v1/public/report-form"),
        ("post", "/v1/public/reports"),
        ("post", "/v1/public/reports:look-up"),  # by a number that nobody guesses
        ("post", "/v1/public/photos"),  # with the token of a report, up to three
        ("post", "/v1/public/photos/{photo_id}/complete"),
        ("get", "/v1/public/keys"),  # whoever holds a receipt may check it
    }
)
# The caller's own things, which a machine does not have.
PEOPLE_ONLY = frozenset({"change_password", "list_my_sessions", "revoke_my_session"})
# Not in the document: /metrics (operators; to be kept inside by the proxy), /docs, /openapi.json.


def needs() -> dict[str, str | None]:
    """Per operation the permission that its dependencies demand; None where any caller will do."""
    found: dict[str, str | None] = {}
    for module in main.PROTECTED:
        for route in module.router.routes:
            found[route.name] = _permission(route)
    return found


def _permission(route: Any) -> str | None:
    calls = [dependency.call for dependency in route.dependant.dependencies]
    permissions = [call.permission for call in calls if isinstance(call, _Permission)]
    assert len(permissions) <= 1, f"{route.name} names several permissions"
    assert permissions or {current_principal, current_person} & set(calls), (
        f"{route.name} asks nobody who he is"
    )
    return permissions[0] if permissions else None


def test_every_operation_but_the_public_ones_answers_401_without_a_token(client, app):
    """Before 422: a stranger learns nothing of what a body must be."""
    found = operations()
    assert len(found) >= 20
    for operation in found:
        if (operation.method, operation.path) in PUBLIC:
            continue
        for headers in ({}, {"Authorization": "Bearer nonsense"}):
            answer = client.request(operation.method, operation.url(), headers=headers)
            assert answer.status_code == 401, f"{operation} answers {answer.status_code}"
            assert answer.headers["www-authenticate"] == "Bearer"


def test_the_public_list_holds_nothing_that_is_gone(app):
    assert {(one.method, one.path) for one in operations()} >= PUBLIC


def test_every_route_says_who_may_use_it(app):
    open_to_all = [*auth.public.routes, *signing.public.routes, *citizens.public.routes]
    public = {route.name for route in open_to_all} | {"healthz", "readyz"}
    named = {operation.name for operation in operations()}
    assert set(needs()) == named - public
    anybody = {name for name, permission in needs().items() if permission is None}
    assert anybody == PEOPLE_ONLY | {
        "get_me",  # about the caller himself
        "revoke_session",  # the caller's own session
    }


def test_every_permission_of_the_table_is_used_and_the_reverse():
    used = {permission for permission in needs().values() if permission}
    granted = frozenset().union(*ROLE_PERMISSIONS.values())
    # Asked for inside a route, or granted for routes that are to come.
    assert granted - used <= {
        "photo.read-original",
        "ranking.read-withheld",
        "visit.read-people",
        "visit.revise-any",
    }
    assert used <= granted


_FIELDS = {
    Need.REASON: "reason", Need.PHOTO: "photos", Need.UNIT: "unit", Need.UNTIL: "until",
    Need.RESOLUTION: "resolution", Need.CASE: "into",
}  # fmt: skip
_CHECKS = frozenset({Action.CHECK_PASS, Action.CHECK_FAIL, Action.CHECK_UNCLEAR})  # one route


def test_each_move_of_a_case_has_a_route_that_needs_what_the_table_says():
    found = {one.path: one for one in operations() if one.method == "post"}
    for action in BY_PEOPLE:
        verb = "check" if action in _CHECKS else action.value
        operation = found[f"/v1/ledger/{{number}}/{verb}"]
        assert needs()[operation.name] == permission_of(action), operation
        schema = operation.described["requestBody"]["content"]["application/json"]["schema"]
        body = operation.components[schema["$ref"].rsplit("/", 1)[-1]]
        asked = set(body.get("required", ())) & set(_FIELDS.values())
        if action not in _CHECKS:  # but for a passed one they need a reason
            assert asked == {_FIELDS[one] for one in MOVES[action].needs}, operation


def test_somebody_without_any_posting_may_only_ask_who_he_is(client, tx, app):
    import sqlalchemy as sa

    who = make.signed_in(tx, Role.HQ_ADMIN)
    tx.exec(
        sa.text("UPDATE posting SET valid_to = '2001-01-01' WHERE person_id = :id"),
        params={"id": who.id},
    )
    tx.commit()
    required = needs()
    for operation in operations():
        if required.get(operation.name):
            answer = client.request(operation.method, operation.url(), headers=who.headers)
            assert answer.status_code == 403, str(operation)
    assert client.get("/v1/me", headers=who.headers).status_code == 200
