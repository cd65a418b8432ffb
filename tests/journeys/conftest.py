"""One running service for all journeys; each has a round and people of its own."""

from collections.abc import Iterator

import pytest

from tests.journeys.service import Service, running
from tests.support import passable_folder


@pytest.fixture(scope="package")
def service() -> Iterator[Service]:
    """API, worker, PostgreSQL and S3 as real processes."""
    with passable_folder() as data, running(data) as found:
        yield found
