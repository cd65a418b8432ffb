"""Options, order and groups of the tests; what they stand on is in ``tests/fixtures.py``."""

import gc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parents[1]
CITY = ROOT / "scripts" / "city" / "jiaozuo"
# No deadline: the machine may be busy. The same examples every time: a flaky test is a defect.
hypothesis.register_profile("short", deadline=None, max_examples=10, derandomize=True)
hypothesis.register_profile("long", deadline=None, max_examples=2000)


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--long`` runs the full figures too."""
    parser.addoption("--long", action="store_true", help="also run the tests marked long")


def pytest_configure(config: pytest.Config) -> None:
    """Property tests draw more with ``--long``, and new examples each time.

    The process that only hands out tests to others does without the service and its imports.
    """
    hypothesis.load_profile("long" if config.getoption("--long") else "short")
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        config.pluginmanager.import_plugin("tests.fixtures")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes longest begins first; without ``--long`` the tests marked so are skipped."""
    slow = ("journeys", "walks", "infra", "house")
    items.sort(key=lambda item: next((n for n, f in enumerate(slow) if f in item.path.parts), 9))
    if config.getoption("--long"):
        return
    for item in items:
        if "long" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="needs --long"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """All that is loaded by now stays: searching it for garbage again and again is for nothing.

    What the tests make is let go at once for the most part, so the search may be rare.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(400_000, 20, 20)


class ByFile(LoadScopeScheduling):
    """A file's tests share what they stand on; all journeys share a service, all walks a city."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::", 1)[0]
        shares = path.startswith(("tests/journeys/", "tests/walks/"))
        return path.rpartition("/")[0] if shares else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Groups by marks (``--dist loadgroup``) come to nothing with this pytest."""
    return ByFile(config, log)
