"""The path of a photo, step by step: each step killed, repeated and doubled ends as undisturbed.

The parts are the real ones; thin wrappers around them tell a *watch* before and after each step,
and there the blow falls: the process dies (an exception that nobody catches, whatever it held is
left to its lease), the store fails after it has done what it was asked, or somebody else does all
the rest at that very moment. Afterwards the phone begins its queue again, as phones do.
"""

import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from uuid import UUID

import httpx2
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from PIL import Image
from sqlmodel import Session, col, select

from app import worker
from app.evidence.rules import PhotoState, Size, evidence_key, quarantine_key, rendition_key
from app.evidence.tables import Blob, Custody, Photo
from app.infra.blobs import ObjectMissing
from app.infra.db import Database, make_engine
from app.infra.events import Event
from app.infra.handlers import Runtime
from app.infra.jobs import Job
from app.inspections import tables as visits
from app.kit.errors import Unavailable
from app.kit.ids import new_id
from app.ledger.tables import Problem
from tests import factories as make
from tests.fixtures import copied_database
from tests.support import CheckedClient, WrappedBlobs, bring_forward, settle

_BEFORE, _AFTER = "before", "after"
_LONG = pytest.mark.long
# Somebody who waits for our lock is let wait, and we go on; who need not wait is through by then.
_HEAD_START_S = 0.25

# Every step of a photo that becomes evidence, in order; "commit" is that of the transaction which
# does what the word before says.
STEPS = (
    "announce commit",
    "put",
    "complete commit",
    "place commit",
    "claim commit",
    "look commit",
    "read",
    "decode",
    "copy",
    "large",
    "thumb",
    "decide commit",
    "place again commit",
    "claim again commit",
    "judge commit",
    "second claim commit",
    "read again",
    "confirm commit",
    "drop",
)
# What is refused is dropped at once, and there is nothing to read a second time.
_REFUSED_STEPS = (
    *STEPS[: STEPS.index("copy")],
    "decide commit",
    "drop",
    *STEPS[STEPS.index("place again commit") : STEPS.index("read again")],
)
_CRITICAL = ("announce commit", "complete commit", "read", "copy", "decide commit", "read again")
_COMMITS = {
    "announce": ("announce",),
    "complete": ("complete",),
    "place": ("place",),
    "verify": ("claim", "look", "decide"),
    "place again": ("place again",),
    "judge": ("claim again", "judge"),
    "read again": ("second claim", "confirm"),
}


class Killed(BaseException):
    """The worker is dead: no handler of ours may catch this."""


class RequestKilled(Exception):
    """The server died in a request; the tests' event loop must live on."""


@dataclass
class Watch:
    """Which steps were passed, and the blow that falls at one of them, once."""

    steps: list[str] = field(default_factory=list)
    commits: list[str] = field(default_factory=list)
    at: tuple[str, str] | None = None
    blow: Callable[[str], None] | None = None

    def begin(self, phase: str) -> None:
        self.commits = list(_COMMITS.get(phase, ()))

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.steps.append(name)
        self._pass(name, _BEFORE)
        yield
        self._pass(name, _AFTER)

    def _pass(self, name: str, side: str) -> None:
        if self.at == (name, side) and self.blow is not None:
            blow, self.blow = self.blow, None
            blow(name)


class WatchedDatabase(Database):
    """Tells the watch around each commit."""

    watch = Watch()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as tx, tx.begin() as running:
            yield tx
            if not (self.watch.commits and running.is_active):
                return
            with self.watch.step(f"{self.watch.commits.pop(0)} commit"):
                running.commit()


class WatchedBlobs(WrappedBlobs):
    """Tells the watch around each call to the store."""

    watch = Watch()

    @contextmanager
    def open_quarantine(self, key):
        with self.watch.step("read"), self._inner.open_quarantine(key) as found:
            yield found

    @contextmanager
    def open_evidence(self, key):
        with self.watch.step("read again"), self._inner.open_evidence(key) as found:
            yield found

    def keep(self, key, **how):
        with self.watch.step("copy"):
            self._inner.keep(key, **how)

    def put_evidence(self, key, content, **how):
        with self.watch.step(Size.LARGE if Size.LARGE in key else Size.THUMB):
            self._inner.put_evidence(key, content, **how)

    def drop_quarantine(self, key):
        with self.watch.step("drop"):
            self._inner.drop_quarantine(key)


class WatchedDecoders:
    """Tells the watch around what a child is asked."""

    watch = Watch()

    def __init__(self, inner):
        self._inner = inner

    @contextmanager
    def cell(self):
        with self._inner.cell() as cell:
            yield WatchedCell(cell, self.watch)


class WatchedCell:
    def __init__(self, inner, watch):
        self._inner, self._watch = inner, watch

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def ask(self, order):
        with self._watch.step("decode"):
            return self._inner.ask(order)


@dataclass
class World:
    """A service on a database of its own, and an inspector with a site for every test."""

    app: FastAPI
    http: httpx2.Client
    runtime: Runtime
    client: CheckedClient
    who: make.Login
    round_id: UUID
    sites: list[str]

    def look(self) -> Session:
        return Session(self.runtime.database.engine)


@pytest.fixture(scope="module")
def world(app, settings, blobs, decoders, http, portal_client):
    kept = app.state.database
    with copied_database(settings) as own:
        app.state.database = database = WatchedDatabase(make_engine(own), own.env)
        try:
            with Session(database.engine, expire_on_commit=False) as tx:
                who = make.signed_in(tx)
                sites = [f"STEP-{n}" for n in range(30)]
                round_ = make.make_round(tx, sites=[make.site_row(site) for site in sites])
            runtime = Runtime(own, database, WatchedBlobs(blobs), WatchedDecoders(decoders))
            yield World(app, http, runtime, portal_client, who, round_.id, sites)
        finally:
            app.state.database = kept
            database.dispose()


class Story:
    """One photo on its way, and the watch that looks on."""

    def __init__(self, world: World, content: bytes, photo_id: str) -> None:
        self.world, self.content = world, content
        self.photo = make.announcement(content, id=photo_id)
        self.watch = Watch()
        for watched in (WatchedDatabase, WatchedBlobs, WatchedDecoders):
            watched.watch = self.watch

    def send(self, client: CheckedClient) -> None:
        """The phone's queue from its beginning; a reply that is lost ends it."""
        self.watch.begin("announce")
        answer = make.announce(client, self.world.who, self.photo)
        _check_taken(answer, 200)
        (one,) = answer.json()["photos"]
        if one["upload"] is not None:
            with self.watch.step("put"):
                put = make.put(self.world.http, one["upload"], self.content)
                assert put.status_code in (200, 412), put.text
        self.watch.begin("complete")
        _check_taken(make.complete(client, self.world.who, self.photo["id"]), 200, 202)

    def work(self) -> None:
        """The worker's turns that this photo needs, one after the other."""
        for phase, turn in (
            ("place", worker.place_events),
            ("verify", worker.run_jobs),
            ("place again", worker.place_events),
            ("judge", worker.run_jobs),
            ("read again", self.read_again),
        ):
            self.watch.begin(phase)
            turn(self.world.runtime)
        self.watch.begin("nothing")

    def read_again(self, runtime: Runtime) -> None:
        """A minute later, whoever claimed the reading meanwhile."""
        with self.world.look() as tx:
            waiting = sa.update(Custody).where(col(Custody.recheck_at).is_not(None))
            tx.exec(
                waiting.values(
                    recheck_at=sa.text("now() - interval '1 day'"),
                    read_at=sa.text("read_at - interval '1 minute'"),
                )
            )
            tx.commit()
        worker.recheck(runtime)

    def run(self) -> None:
        """As far as it comes."""
        with suppress(Killed, Unavailable):
            self.send(self.world.client)
            self.work()
        assert self.watch.blow is None, "nothing fell"

    def run_all_anew(self, client: CheckedClient | None = None) -> None:
        """By a phone and a worker that know nothing of others, whose leases have run out."""
        self.send(client or self.world.client)
        bring_forward(self.world.runtime)
        settle(self.world.runtime, retries=True)
        self.read_again(self.world.runtime)
        worker.place_events(self.world.runtime)

    def outcome(self) -> dict[str, object]:
        """All that is left in the database and in the store, without ids and times."""
        photo_id, digest = UUID(self.photo["id"]), self.photo["sha256"]
        with self.world.look() as tx:
            photo = tx.get_one(Photo, photo_id)
            blobs = tx.exec(select(Blob).where(Blob.sha256 == digest)).all()
            custody = tx.exec(select(Custody).where(Custody.sha256 == digest)).all()
            of_photo = select(Event.kind).where(Event.subject_id == photo_id)
            events = tx.exec(of_photo.order_by(col(Event.seq))).all()
            jobs = tx.exec(sa.select(Job.handler, Job.dead, Job.last_error)).all()
            unplaced = tx.exec(select(Event.kind).where(col(Event.seq).is_(None))).all()
        return {
            "photo": (photo.state, photo.reject_code, photo.sweep_at, photo.stored_at is not None),
            "is its blob": photo.blob_sha256 == digest,
            "blobs": [(blob.width, blob.height, blob.content_type) for blob in blobs],
            "in doubt": [bool(one.recheck_at or one.lost_at) for one in custody],
            "events": list(events),
            "jobs": [tuple(job) for job in jobs],
            "unplaced": list(unplaced),
            "evidence": list(self._evidence(digest)),
            "upload": self.world.runtime.blobs.in_quarantine(quarantine_key(photo_id)),
        }

    def _evidence(self, digest: str) -> Iterator[object]:
        read = self.world.runtime.blobs.read_evidence
        with suppress(ObjectMissing):
            yield hashlib.sha256(read(evidence_key(digest))).hexdigest() == digest
        for size in (Size.LARGE, Size.THUMB):
            with suppress(ObjectMissing):
                image = Image.open(io.BytesIO(read(rendition_key(digest, size))))
                image.load()
                yield size, image.size


def _check_taken(answer: httpx2.Response, *statuses: int) -> None:
    """A server that died or a store that failed has told the phone nothing."""
    if answer.status_code >= 500:
        raise Killed
    assert answer.status_code in statuses, answer.text


@dataclass(frozen=True)
class Kind:
    """What is sent, which steps it takes, and how it ends when nothing happens."""

    make: Callable[[], bytes]
    steps: tuple[str, ...]
    outcome: dict[str, object]
    is_complete: bool
    decided: str


_STORED = Kind(
    make=make.make_photo_bytes,
    steps=STEPS,
    outcome={
        "photo": (PhotoState.STORED, None, None, True),
        "is its blob": True,
        "blobs": [(96, 72, "image/jpeg")],
        "in doubt": [False],
        "events": ["photo.uploaded", "photo.stored", "photo.receipt-issued"],
        "jobs": [],
        "unplaced": [],
        "evidence": [True, (Size.LARGE, (96, 72)), (Size.THUMB, (96, 72))],
        "upload": False,
    },
    is_complete=True,
    decided="confirm commit",
)
_REJECTED = Kind(
    make=lambda: make.make_photo_bytes()[:-2],  # its end marker is missing
    steps=_REFUSED_STEPS,
    outcome={
        "photo": (PhotoState.REJECTED, "photo.truncated", None, False),
        "is its blob": False,
        "blobs": [],
        "in doubt": [],
        "events": ["photo.uploaded", "photo.rejected"],
        "jobs": [],
        "unplaced": [],
        "evidence": [],
        "upload": False,
    },
    is_complete=False,
    decided="decide commit",
)
_KINDS = {"stored": _STORED, "rejected": _REJECTED}


class Visit:
    """A visit with a photo for every step; it was there before any of them."""

    def __init__(self, world: World, photos: int) -> None:
        self.world, self.photos = world, [str(new_id()) for _ in range(photos)]
        with world.look() as tx:
            self.body = make.plan_visit(
                tx, world.round_id, world.sites.pop(), values={"BJ-02": 1}, photos=self.photos
            ).body
        assert make.submit(world.client, world.who, self.body).status_code == 201
        settle(world.runtime)

    def assert_judged_once(self, kind: Kind) -> None:
        """It became complete with its last photo, or asks for each one again; once."""
        visit_id = UUID(self.body["id"])
        with self.world.look() as tx:
            visit = tx.get_one(visits.Visit, visit_id)
            events = Counter(tx.exec(select(Event.kind).where(Event.subject_id == visit_id)))
            problems = tx.exec(select(Problem).where(Problem.site_id == visit.site_id)).all()
        assert (visit.completed_at is not None, visit.counting) == (kind.is_complete, True)
        asked = {} if kind.is_complete else {"retake.asked": len(self.photos)}
        done = {"visit.completed": 1} if kind.is_complete else {}
        assert events == {"visit.submitted": 1, **asked, **done}
        assert len(problems) == 1


@pytest.mark.parametrize("kind", _KINDS.values(), ids=_KINDS)
def test_undisturbed(world, kind):
    visit = Visit(world, 1)
    story = Story(world, kind.make(), visit.photos[0])
    story.run()
    assert tuple(story.watch.steps) == kind.steps
    settle(world.runtime)
    assert story.outcome() == kind.outcome
    visit.assert_judged_once(kind)


def killed(step: str) -> None:
    raise RequestKilled if step in ("announce commit", "complete commit") else Killed


def failed(_: str) -> None:
    raise Unavailable("store.unavailable")


@pytest.mark.parametrize(
    ("kind", "blow", "side"),
    [
        pytest.param(_STORED, killed, _BEFORE, id="stored-killed-before"),
        pytest.param(_STORED, killed, _AFTER, id="stored-killed-after", marks=_LONG),
        pytest.param(_STORED, failed, _AFTER, id="stored-repeated", marks=_LONG),
        pytest.param(_REJECTED, killed, _BEFORE, id="rejected-killed-before", marks=_LONG),
        pytest.param(_REJECTED, killed, _AFTER, id="rejected-killed-after", marks=_LONG),
        pytest.param(_REJECTED, failed, _AFTER, id="rejected-repeated", marks=_LONG),
    ],
)
def test_a_step_is_killed_or_done_and_repeated(world, kind, blow, side):
    """Killed after a step is killed before the next: the short run leaves it out."""
    visit = Visit(world, len(kind.steps))
    left = {("drop", _BEFORE), (kind.decided, _AFTER)}
    for step, photo_id in zip(kind.steps, visit.photos, strict=True):
        story = Story(world, kind.make(), photo_id)
        story.watch.at, story.watch.blow = (step, side), blow
        story.run()
        story.run_all_anew()
        # Dead between the commit and the removal: the quarantine's own sweep is for that.
        expected = kind.outcome | {"upload": (step, side) in left}
        assert story.outcome() == expected, f"{blow.__name__} {side} {step}"
    visit.assert_judged_once(kind)


@pytest.mark.parametrize(
    ("kind", "side", "steps"),
    [
        pytest.param(_STORED, _BEFORE, _CRITICAL, id="stored-critical"),
        pytest.param(_STORED, _BEFORE, _STORED.steps, id="stored-before", marks=_LONG),
        pytest.param(_STORED, _AFTER, _STORED.steps, id="stored-after", marks=_LONG),
        pytest.param(_REJECTED, _BEFORE, _REJECTED.steps, id="rejected-before", marks=_LONG),
        pytest.param(_REJECTED, _AFTER, _REJECTED.steps, id="rejected-after", marks=_LONG),
    ],
)
def test_a_step_at_which_somebody_else_does_everything(world, kind, side, steps):
    """Another phone with the same queue, and another worker that takes over all leases."""
    visit = Visit(world, len(steps))
    client = CheckedClient(world.app, follow_redirects=False, raise_server_exceptions=False)
    with ThreadPoolExecutor(1) as others:
        for step, photo_id in zip(steps, visit.photos, strict=True):
            story = Story(world, kind.make(), photo_id)
            running: list[Future[None]] = []

            def let_in(_: str, story: Story = story, running: list[Future[None]] = running) -> None:
                running.append(others.submit(story.run_all_anew, client))
                wait(running, _HEAD_START_S)

            story.watch.at, story.watch.blow = (step, side), let_in
            story.run()
            running[0].result(timeout=30)
            story.run_all_anew()
            outcome = story.outcome()
            # Who PUTs again what is evidence already leaves it to the sweep of the quarantine.
            is_late = step in ("announce commit", "put") and outcome["upload"]
            assert outcome == kind.outcome | {"upload": is_late}, f"{side} {step}"
    visit.assert_judged_once(kind)
