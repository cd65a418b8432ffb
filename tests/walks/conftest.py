"""What all walks share: one city, in which each of them undoes what it does."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.infra.handlers import Runtime
from tests.support import standing
from tests.walks import doors
from tests.walks.city import City, build


@pytest.fixture(scope="package")
def city(app, engine, settings, blobs, decoders, portal_client, http) -> Iterator[City]:
    """Built once; what a test changes is undone by ``City.undone``."""
    portal_client.headers.pop("authorization", None)
    with standing(app, engine) as (connection, database, tx):
        runtime = Runtime(settings, database, blobs, decoders)
        yield build(connection, tx, portal_client, runtime, http)


@pytest.fixture(scope="package")
def rows(city: City) -> dict[str, Any]:
    """The rows that paths name."""
    return doors.named_rows(city)
