"""The whole API against its own document: no 5xx, and no reply that the document does not promise.

The operations are those of ``openapi/openapi.json``, which another test holds current, so a new
route is covered when it is written down. Each is asked by headquarters and by an inspector, on the
real stores, with rows that exist; whatever a request does is undone after it.
``CheckedClient`` compares every reply with the document.
"""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support import INTERFACE
from tests.walks.doors import known_values
from tests.walks.wire import Known, Sent, cases

_FEW, _MANY = 1, 300
_CALLERS = ("headquarters", "inspector")
_VERBS = {"get", "post", "put", "delete"}
_NAMES = [
    f"{verb.upper()} {path}"
    for path, described in INTERFACE["paths"].items()
    for verb in described
    if verb in _VERBS
]


@pytest.fixture(scope="module")
def operations():
    """By name; the same names, or the document has a verb that nobody asks."""
    found = [one.ok() for one in schemathesis.openapi.from_dict(INTERFACE).get_all_operations()]
    named = {f"{one.method.upper()} {one.path}": one for one in found}
    assert set(named) == set(_NAMES)
    return named


@pytest.fixture(scope="module")
def known(city):
    return Known(known_values(city))


@pytest.fixture
def figures(request):
    """A few examples, the same each time; with ``--long`` hundreds, new ones each time."""
    long = request.config.getoption("--long")
    return settings(
        deadline=None,
        max_examples=_MANY if long else _FEW,
        derandomize=not long,
        database=None,
        phases=[Phase.explicit, Phase.generate, *([Phase.shrink] if long else [])],
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.parametrize("operation", _NAMES)
def test_every_reply_is_one_that_the_document_promises(city, known, figures, operations, operation):
    statuses: set[int] = set()

    @figures
    @given(request=cases(operations[operation], known), name=st.sampled_from(_CALLERS))
    def ask(request: Sent, name: str) -> None:
        caller = city.callers[name]
        with city.undone():
            answer = city.client.request(
                request.method,
                request.url,
                headers=request.headers | caller.headers,
                content=request.content,
            )
        statuses.add(answer.status_code)
        assert answer.status_code < 500, f"{name}: {request} -> {answer.status_code} {answer.text}"

    ask()
    if figures.max_examples == _MANY and operation.startswith("GET "):
        assert min(statuses) < 400, f"nothing got past the checks: {statuses}"
