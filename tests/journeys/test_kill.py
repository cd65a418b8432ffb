"""Whatever is killed while inspectors work: what was acknowledged is there, exactly once."""

import hashlib
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import select

from app.evidence.rules import PhotoState, Size, evidence_key, rendition_key
from app.evidence.tables import Blob, Photo
from app.infra.blobs import ObjectMissing
from app.infra.events import Event
from app.infra.jobs import Job
from app.inspections.tables import Finding, Visit, VisitRevision
from app.kit.errors import Unavailable
from app.ledger.tables import Problem
from scripts.phone import Pace, Phone
from tests import factories as make
from tests.journeys.service import Service

_PHONES = 6
_JPEG_END = b"\xff\xd9"
_PACE = Pace(
    base_s=0.1, cap_s=1.0, poll_s=0.2, poll_cap_s=1.0, patience_s=60.0, retry_after_cap_s=1.0
)
_BETWEEN_VISITS_S = (0.2, 1.0)
_BETWEEN_KILLS_S = (1.5, 3.0)
_LOOK_S = 1.0
_PATIENT = 0.92  # per look: some blows do not wait
_TO_REST_S = 60.0


@dataclass
class Inspector:
    """A phone with its share of the round, and what it has sent."""

    login: str
    round_id: UUID
    sites: list[str]
    bodies: list[dict] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)


def prepare(service: Service, visits: int) -> list[Inspector]:
    """A round with a site for every visit, and visits that found one fault with a photo each."""
    with service.looking() as tx:
        people = [make.make_person(tx) for _ in range(_PHONES)]
        prefix = people[0].login[-6:]
        sites = [make.site_row(f"{prefix}-{n}") for n in range(visits)]
        round_ = make.make_round(tx, sites=sites)
        inspectors = [
            Inspector(person.login, round_.id, [site["code"] for site in sites[n::_PHONES]])
            for n, person in enumerate(people)
        ]
        for inspector in inspectors:
            inspector.bodies = [
                make.plan_visit(tx, round_.id, site, values={"BJ-02": 1}).body
                for site in inspector.sites
            ]
    return inspectors


def work(inspector: Inspector, url: str, folder: Path, seed: int, limit_s: float) -> None:
    """Visit by visit: photos, answers, a try to send, and at the end all that is left."""
    chance = random.Random(seed)
    with Phone(folder, url, inspector.login, make.PASSWORD, pace=_PACE) as phone:
        for body in inspector.bodies:
            for answer in body["answers"]:
                for finding in answer.get("findings", ()):
                    content = make.make_photo_bytes()
                    photo = str(phone.take_photo(content, "image/jpeg", "near"))
                    inspector.digests[photo] = hashlib.sha256(content).hexdigest()
                    finding["photos"] = [photo]
            phone.submit_visit(body)
            phone.sync_once()
            time.sleep(chance.uniform(*_BETWEEN_VISITS_S))
        progress = phone.sync_until_empty(limit_s)
        assert progress.is_clean, progress
        inspector.acknowledged = {str(visit.id) for visit in phone.visits()}


def kill_some(service: Service, done: threading.Event, kills: Counter, blows: int) -> None:
    """So many blows, each at a random one of the four and as often as at the others.

    Mostly a blow waits until all is well again, so that work goes on between the blows however
    slow the machine is; some fall into the recovery from the one before.
    """
    chance = random.Random(blows)
    names = ["api", "worker", "postgres", "s3"]
    for turn in range(blows):
        if turn % len(names) == 0:
            chance.shuffle(names)
        if done.wait(chance.uniform(*_BETWEEN_KILLS_S)):
            return
        while chance.random() < _PATIENT and not service.is_ready() and not done.wait(_LOOK_S):
            pass
        if service.kill(names[turn % len(names)]):
            kills[names[turn % len(names)]] += 1


def wait_for_rest(service: Service) -> None:
    """Until every event has its place and no living job is left."""
    end = time.monotonic() + _TO_REST_S
    while True:
        try:
            with service.looking() as tx:
                unplaced = tx.exec(
                    select(sa.func.count()).select_from(Event).where(Event.seq.is_(None))
                ).one()
                waiting = tx.exec(select(sa.func.count()).select_from(Job).where(~Job.dead)).one()
        except sa.exc.OperationalError:
            unplaced = waiting = -1
        if (unplaced, waiting) == (0, 0):
            return
        assert time.monotonic() < end, (unplaced, waiting, service.log())
        time.sleep(0.2)


def check(service: Service, inspectors: list[Inspector]) -> None:
    """Everything that was acknowledged, exactly once; nothing else; nothing lost in the store."""
    round_id = inspectors[0].round_id
    bodies = {body["id"]: body for one in inspectors for body in one.bodies}
    digests = {photo: digest for one in inspectors for photo, digest in one.digests.items()}
    findings = {
        finding["id"]
        for body in bodies.values()
        for answer in body["answers"]
        for finding in answer.get("findings", ())
    }
    assert {visit for one in inspectors for visit in one.acknowledged} == set(bodies)
    with service.looking() as tx:
        visits = tx.exec(select(Visit).where(Visit.round_id == round_id)).all()
        assert sorted(str(visit.id) for visit in visits) == sorted(bodies)
        assert all(visit.completed_at is not None for visit in visits)
        assert all(visit.counting for visit in visits)
        ids = [visit.id for visit in visits]
        revisions = tx.exec(select(VisitRevision.id).where(VisitRevision.visit_id.in_(ids))).all()
        assert len(revisions) == len(visits)
        stored = tx.exec(select(Finding.id).where(Finding.revision_id.in_(revisions))).all()
        assert sorted(map(str, stored)) == sorted(findings)
        problems = tx.exec(select(Problem).where(Problem.round_id == round_id)).all()
        assert sorted(str(problem.finding_id) for problem in problems) == sorted(findings)
        assert len({problem.number for problem in problems}) == len(problems)
        wanted = [UUID(photo) for photo in digests]
        photos = tx.exec(select(Photo).where(Photo.id.in_(wanted))).all()
        assert {str(photo.id): photo.blob_sha256 for photo in photos} == digests
        assert {photo.state for photo in photos} == {PhotoState.STORED}
        blobs = tx.exec(select(Blob.sha256).where(Blob.sha256.in_(digests.values()))).all()
        assert sorted(blobs) == sorted(set(digests.values()))
        check_events(tx, wanted, ids)
    check_store(service, digests)


def check_events(tx, photo_ids, visit_ids) -> None:
    """Each thing happened once, every event has its place without gap, and no job is dead."""
    for kind, subjects in (
        ("photo.stored", photo_ids),
        ("photo.receipt-issued", photo_ids),
        ("visit.submitted", visit_ids),
        ("visit.completed", visit_ids),
    ):
        rows = tx.exec(
            select(Event.subject_id).where(Event.kind == kind, Event.subject_id.in_(subjects))
        ).all()
        assert sorted(rows) == sorted(subjects), kind
    places = tx.exec(select(Event.seq).order_by(Event.seq)).all()
    assert list(places) == list(range(1, len(places) + 1))
    dead = tx.exec(select(Job.handler, Job.last_error).where(Job.dead)).all()
    assert dead == []


def check_store(service: Service, digests: dict[str, str]) -> None:
    """Every original and both renditions can be read back, the original with its very bytes."""
    lost = [
        (photo, fault) for photo, digest in digests.items() for fault in faults(service, digest)
    ]
    assert lost == []


def faults(service: Service, digest: str) -> Iterator[str]:
    """What is wrong with the objects of one blob."""
    try:
        content = service.blobs.read_evidence(evidence_key(digest))
        if hashlib.sha256(content).hexdigest() != digest:
            yield f"{digest}: other bytes"
        for size in (Size.LARGE, Size.THUMB):
            if not service.blobs.read_evidence(rendition_key(digest, size)).endswith(_JPEG_END):
                yield f"{digest}: {size.value} is not whole"
    except (ObjectMissing, Unavailable) as error:
        yield f"{digest}: {type(error).__name__}"


@pytest.mark.parametrize(
    ("visits", "blows", "limit_s"),
    [
        pytest.param(100, 4, 120.0, id="100 visits"),
        pytest.param(500, 60, 600.0, id="500 visits", marks=pytest.mark.long),
    ],
)
@pytest.mark.timeout(900)
def test_whatever_is_killed_every_acknowledged_visit_is_there_exactly_once(
    service, tmp_path, visits, blows, limit_s
):
    service.wait_ready()
    inspectors = prepare(service, visits)
    done, kills = threading.Event(), Counter()
    killer = threading.Thread(target=kill_some, args=(service, done, kills, blows))
    killer.start()
    started = time.monotonic()
    try:
        with ThreadPoolExecutor(_PHONES) as pool:
            running = [
                pool.submit(work, inspector, service.url, tmp_path / str(n), n, limit_s)
                for n, inspector in enumerate(inspectors)
            ]
            for future in running:
                future.result()
    finally:
        done.set()
        killer.join()
    took = time.monotonic() - started
    sys.stdout.write(f"{visits} visits in {took:.1f} s with {dict(kills)} killed\n")
    assert set(kills) == {"api", "worker", "postgres", "s3"}
    service.wait_ready()
    wait_for_rest(service)
    check(service, inspectors)
