"""Every address of a photo that any route gives anybody: only granted copies, and bare ones.

The routes are those of the interface; an address is whatever leads into the evidence bucket. What
lies there is fetched and looked through for the secrets that the city's photos hold.
"""

from collections.abc import Hashable, Iterator, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import pytest

from app.kit.ids import new_id
from app.ledger import exports
from app.organisation.rules import Role
from tests import factories as make
from tests.secrets_planted import SECRET, leaks
from tests.walks import doors
from tests.walks.city import Caller
from tests.walks.requests import Operation
from tests.walks.test_reach_of_routes import admitted, ask, examples_for, guarded

_SIZES = ("large", "thumb", "original")


@pytest.fixture(scope="module")
def given(request, app, city, rows, settings):
    """Per caller and operation the keys of the objects that he was given addresses of."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    everybody = request.config.getoption("--long")
    for operation, permission in guarded(app):
        for caller in _askers(city, operation, permission, everybody=everybody):
            for answer in _answers(city, rows, operation, caller):
                keys = found.setdefault((caller.name, str(operation)), {})
                keys.update(_addresses(answer, f"/{settings.evidence_bucket}/"))
    return found


def _askers(
    city, operation: Operation, permission: str | None, *, everybody: bool
) -> Sequence[Caller]:
    """Who asks a question, or gives a command whose reply has a field for an address.

    In the short run a question is asked by one of each kind of caller, as the photos go that he
    may see; one whose reply has no such field is asked by him who sees the most.
    """
    if operation.method != "get" and not _promises(operation):
        return ()
    if _moves_case(operation) and str(operation) != _A_MOVE:
        return ()
    admits = [one for one in city.callers.values() if admitted(one, operation, permission)]
    if everybody or operation.method != "get":
        return admits
    if not _promises(operation):
        return sorted(admits, key=lambda one: one.name != "auditor")[:1]

    def kind(one: Caller) -> Hashable:
        seen = (name for name, photo in city.photos.items() if doors.sees_photo(city, photo)(one))
        return one in admits, frozenset(seen), "photo.read-original" in one.permissions

    return [one for one in city.heard_on(operation.name, [kind]) if one in admits]


# Every move of a case answers with the page of the case, made at one place: one stands for all.
_A_MOVE = "POST /v1/ledger/{number}/comment"


def _moves_case(operation: Operation) -> bool:
    return operation.method == "post" and operation.path.startswith("/v1/ledger/{number}/")


def _answers(city, rows, operation: Operation, caller) -> Iterator[Any]:
    """Each row that the path could name, and each size of a copy that could be asked for."""
    if operation.path in _BODIES:
        for photo in city.photos.values():
            yield _command(city, operation.path, caller, photo)
        return
    examples = examples_for(rows, operation) if "{" in operation.path else [None]
    names = {one["name"] for one in operation.parameters("query")}
    for row in examples:
        for size in _SIZES if "size" in names else (None,):
            query = {"size": size} if size else {}
            yield ask(city, operation, caller, row.values if row else None, **query)


def _command(city, path: str, caller, photo: str) -> Any:
    with city.undone():
        return city.client.post(path, json=_BODIES[path](city, photo), headers=caller.headers)


def _announced(city, photo: str) -> dict[str, Any]:
    """The photo once more, unchanged."""
    ((sha256, size, kind),) = city.rows(
        "SELECT sha256, size, content_type FROM photo WHERE id = :id", id=UUID(photo)
    )
    more = {"id": photo, "sha256": sha256, "size": size, "content_type": kind}
    return {"photos": [make.announcement(b"x") | more], "form": True}


def _reported(city, photo: str) -> dict[str, Any]:
    return {
        "id": str(new_id()),
        "line": "sanitation",
        "site": city.sites["home"],
        "note": "路边堆放垃圾",
        "photos": [photo],
        "found_at": "2018-09-10T09:12:00+08:00",
    }


# What must be sent so that a command answers with a photo, if ever it does.
_BODIES = {"/v1/photos": _announced, "/v1/ledger/reports": _reported}


def _addresses(answer: Any, bucket: str) -> Iterator[tuple[str, str]]:
    kind = answer.headers.get("content-type", "")
    assert not kind.startswith("image/"), "bytes that do not come from the store: look at them too"
    texts = [answer.headers.get("location", "")]
    texts += _texts(answer.json()) if kind == "application/json" else []
    for text in texts:
        path = unquote(urlsplit(text).path)
        key = path.split(bucket, 1)[1] if bucket in path else ""
        if key and not key.startswith(f"{exports.FOLDER}/"):  # a sheet
            yield key, text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _promises(operation: Operation) -> bool:
    """Whether the reply has a field for an address of a photo, at any depth."""
    if "302" in operation.described["responses"]:
        return True
    names, seen = set(), set()
    waiting = [operation.replies(int(one)) for one in operation.described["responses"]]
    while waiting:
        schema = waiting.pop()
        names |= set(schema.get("properties", ()))
        for part in (*schema.get("properties", {}).values(), *_parts(schema)):
            name = part.get("$ref", "").rsplit("/", 1)[-1]
            if not name or name not in seen:
                seen.add(name)
                waiting.append(operation.components[name] if name else part)
    return any(name == "url" or name.endswith("_url") for name in names)


def _parts(schema: dict[str, Any]) -> list[dict[str, Any]]:
    found = [schema["items"]] if isinstance(schema.get("items"), dict) else []
    return found + [part for key in ("anyOf", "oneOf", "allOf") for part in schema.get(key, ())]


def test_the_routes_that_promise_photos_give_some(app, given):
    """Else the tests below would prove nothing."""
    promising = [one for one, _ in guarded(app) if _promises(one)]
    promised = {str(one) for one in promising if not _moves_case(one)} | {_A_MOVE}
    assert {"GET /v1/photos/{photo_id}/content", "POST /v1/ledger/reports"} <= promised
    uploads = {"POST /v1/photos"}  # its addresses lead into quarantine
    # A machine sends no photo; the file of an export holds none.
    bare = {"POST /v1/ledger/alarms", "GET /v1/ledger-exports/{export_id}/content"}
    assert {
        operation for (_, operation), keys in given.items() if keys
    } == promised - uploads - bare


def test_everybody_is_given_granted_copies_and_no_others(city, given):
    photos: dict[str, list[str]] = {}
    for digest, photo in city.rows("SELECT sha256, id::text FROM photo"):
        photos.setdefault(digest, []).append(photo)
    wrong = []
    for (name, operation), keys in given.items():
        caller = city.callers[name]
        for key in keys:
            folder, _, digest = key.split("/")[:3]
            if not any(doors.sees_photo(city, one)(caller) for one in photos[digest]):
                wrong.append(f"{operation} gives {name} a photo that he was not granted")
            if folder != "renditions" and "photo.read-original" not in caller.permissions:
                wrong.append(f"{operation} gives {name} an original")
    assert not wrong, "\n".join(wrong)


def test_originals_are_given_and_each_is_noted(city, given):
    asked = {name for name, operation in given if operation.endswith("/photos/{photo_id}/content")}
    takers = {name for (name, _), keys in given.items() if any(_is_original(key) for key in keys)}
    assert takers == {"headquarters", "editor", "auditor"} & asked


def _is_original(key: str) -> bool:
    return key.startswith("sha256/")


def test_who_must_be_blind_to_a_visit_is_given_none_of_its_photos_until_the_close(
    app, city, rows, settings
):
    """By any route, though they are granted to him: he inspected the same site himself."""
    with city.undone():
        who = make.signed_in(city.tx, Role.INSPECTOR)
        double = Caller("double", who.id, who.headers, frozenset(), frozenset(), ())
        plan = make.plan_visit(city.tx, UUID(city.round_id), city.sites["home"])
        city.tx.commit()
        assert make.submit(city.client, who, plan.body).status_code == 201
        asked = [
            one
            for one, _ in guarded(app)
            if one.method == "get" and (_promises(one) or "{photo_id}" in one.path)
        ]
        assert len(asked) > len(_SIZES)

        def given_of() -> dict[str, set[str]]:
            """Per operation the photos that its replies name, in words or by an address."""
            found: dict[str, set[str]] = {}
            for operation in asked:
                answers = _answers(city, rows, operation, double)
                told = [f"{one.headers} {one.text}" for one in answers if one.status_code < 400]
                found[str(operation)] = {
                    name
                    for name, photo in city.photos.items()
                    if any(photo in text or digests[name] in text for text in told)
                }
            return found

        digests = {
            name: city.rows("SELECT sha256 FROM photo WHERE id = :id", id=UUID(photo))[0][0]
            for name, photo in city.photos.items()
        }
        blind = given_of()
        assert {name for seen in blind.values() for name in seen} == {"neighbour", "foreign"}
        city.rows("UPDATE round SET state = 'closed' RETURNING id")
        assert {name: seen - {"home"} for name, seen in given_of().items()} == blind
        assert all("home" in seen for name, seen in given_of().items() if blind[name])


def test_no_public_byte_says_more_than_the_picture(given, http):
    public, held = {}, {}
    for keys in given.values():
        for key, address in keys.items():
            (held if _is_original(key) else public)[key] = address
    assert len(public) == 2 * len(held) > 0
    for key, address in public.items():
        answer = http.get(address)
        assert answer.status_code == 200, key
        assert leaks(answer.content) == [], key
        assert SECRET.decode() not in str(answer.headers), key
    assert all(SECRET in http.get(address).content for address in held.values())
