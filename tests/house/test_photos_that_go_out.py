"""Every address of a photo that any route gives anybody: only granted copies, and bare ones.

The routes are those of the interface; an address is whatever leads into the evidence bucket. What
lies there is fetched and looked through for the secrets that the city's photos hold.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.house import doors
from tests.house.requests import Operation
from tests.house.test_reach_of_routes import ALSO, admitted, ask, examples_for, guarded
from tests.secrets_planted import SECRET, leaks

_SIZES = ("large", "thumb", "original")


@pytest.fixture(scope="module")
def rows(city):
    return doors.named_rows(city)


@pytest.fixture(scope="module")
def given(request, app, city, rows, settings):
    """Per caller and operation the keys of the objects that he was given addresses of."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    everybody = request.config.getoption("--long")
    for caller in city.callers.values():
        if caller.name in ALSO and not everybody:
            continue
        for operation, permission in guarded(app):
            if operation.method == "get" and admitted(caller, operation, permission):
                for answer in _answers(city, rows, operation, caller):
                    keys = found.setdefault((caller.name, str(operation)), {})
                    keys.update(_addresses(answer, f"/{settings.evidence_bucket}/"))
    return found


def _answers(city, rows, operation: Operation, caller) -> Iterator[Any]:
    """Each row that the path could name, and each size of a copy that could be asked for."""
    examples = examples_for(rows, operation) if "{" in operation.path else [None]
    names = {one["name"] for one in operation.parameters("query")}
    for row in examples:
        for size in _SIZES if "size" in names else (None,):
            query = {"size": size} if size else {}
            yield ask(city, operation, caller, row.values if row else None, **query)


def _addresses(answer: Any, bucket: str) -> Iterator[tuple[str, str]]:
    kind = answer.headers.get("content-type", "")
    assert not kind.startswith("image/"), "bytes that do not come from the store: look at them too"
    texts = [answer.headers.get("location", "")]
    texts += _texts(answer.json()) if kind == "application/json" else []
    for text in texts:
        path = unquote(urlsplit(text).path)
        if bucket in path:
            yield path.split(bucket, 1)[1], text


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
    names, seen, waiting = set(), set(), [operation.replies(200)]
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
    promised = {str(one) for one, _ in guarded(app) if one.method == "get" and _promises(one)}
    assert "GET /v1/photos/{photo_id}/content" in promised
    assert {operation for (_, operation), keys in given.items() if keys} == promised


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
    asked = {name for name, _ in given}
    takers = {name for (name, _), keys in given.items() if any(_is_original(key) for key in keys)}
    assert takers == {"headquarters", "editor", "auditor"} & asked


def _is_original(key: str) -> bool:
    return key.startswith("sha256/")


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
