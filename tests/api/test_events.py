"""Events, sequencer and jobs: nothing is lost, nothing happens twice, whoever dies."""

import threading
import time
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from app import worker
from app.infra import events, jobs
from app.infra.events import Event
from app.infra.handlers import Handler, run_due_jobs, run_job
from app.infra.jobs import MAX_ATTEMPTS, Job
from app.kit import clock
from app.kit.errors import Unavailable
from app.kit.ids import new_id
from app.reactions import HANDLER_NAMES
from tests import factories as make
from tests.support import bring_forward, settle


def record(tx, kind="photo.uploaded", **data):
    return tx.get_one(Event, events.record(tx, kind, subject=("photo", new_id()), **data))


def place(tx, handlers=None):
    names = handlers if handlers is not None else {"photo.uploaded": ("one", "two")}
    return events.place_events(tx, handlers=names, batch=500, at=clock.real_now())


_EACH = 50


def write(database, number, written):
    """Transactions of different lengths."""
    for turn in range(_EACH):
        with database.transaction() as tx:
            event = record(tx, writer=number, turn=turn)
            tx.flush()
            if turn % 3 == number % 3:
                time.sleep(0.002 * (number + 1))
        written.append(event.id)


def sequence(database, stop):
    """A sequencer that takes few events at a time."""
    while not stop.is_set():
        with database.transaction() as tx:
            events.place_events(tx, handlers=HANDLER_NAMES, batch=20, at=clock.real_now())


def follow(database, stop, seen):
    """A reader that knows nothing but the last place it has seen."""
    cursor = 0
    while True:
        ended = stop.is_set()
        with database.transaction() as tx:
            after = select(Event.seq, Event.id).where(Event.seq > cursor).order_by(Event.seq)
            rows = tx.exec(after).all()
        seen.extend(row[1] for row in rows)
        cursor = rows[-1][0] if rows else cursor
        if ended and not rows:
            return


def wait_until_placed(database):
    """Until no committed event is without its place."""
    for _ in range(3000):
        with database.transaction() as tx:
            if tx.exec(select(Event.id).where(Event.seq.is_(None)).limit(1)).first() is None:
                return
        time.sleep(0.01)
    pytest.fail("events are not placed")


class TestImmutability:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE event SET kind = 'forged'",
            "UPDATE event SET data = '{}'",
            "UPDATE event SET happened_at = now()",
            "UPDATE event SET seq = 1, kind = 'forged'",
            "DELETE FROM event",
            "TRUNCATE event CASCADE",
        ],
    )
    def test_an_event_is_never_changed_or_removed(self, tx, statement):
        record(tx)
        tx.flush()
        with pytest.raises(sa.exc.DBAPIError, match="never changed"):
            tx.exec(sa.text(statement))

    def test_its_place_is_given_once(self, tx):
        event = record(tx)
        tx.flush()
        place(tx, HANDLER_NAMES)
        tx.refresh(event)
        assert event.seq is not None
        for value in ("NULL", "seq + 1", "seq"):
            with pytest.raises(sa.exc.DBAPIError, match="never changed"), tx.begin_nested():
                tx.exec(sa.text(f"UPDATE event SET seq = {value}"))

    def test_bytes_that_were_kept_are_forgotten_after_all_their_photos_only(self, tx):
        """Nobody's bytes, a photo's, one photo's of two: never. Of deleted photos alone: yes."""

        def refused(*statements):
            for statement in statements:
                with pytest.raises(sa.exc.DBAPIError, match="never"), tx.begin_nested():
                    tx.exec(sa.text(statement))

        tx.exec(
            sa.text(
                "INSERT INTO blob (sha256, size, content_type, width, height, kept_at)"
                " VALUES (repeat('a', 64), 1, 'image/jpeg', 1, 1, now())"
            )
        )
        refused("DELETE FROM blob", "UPDATE blob SET size = 2", "TRUNCATE blob CASCADE")
        owner, photos = make.make_person(tx).id, [new_id(), new_id()]
        for photo in photos:
            tx.exec(
                sa.text(
                    "INSERT INTO photo (id, owner_id, state, role, sha256, size, content_type,"
                    " captured_at, announced_at, sweeps, stored_at, blob_sha256) VALUES"
                    " (:id, :owner, 'stored', 'near', repeat('a', 64), 1, 'image/jpeg',"
                    " now(), now(), 0, now(), repeat('a', 64))"
                ),
                params={"id": photo, "owner": owner},
            )
        for photo in photos:
            refused("DELETE FROM blob", "DELETE FROM photo")
            deleted = (
                "UPDATE photo SET state = 'deleted', deleted_at = now(), blob_sha256 = NULL"
                " WHERE id = :id"
            )
            tx.exec(sa.text(deleted), params={"id": photo})
        refused("DELETE FROM photo")
        assert tx.exec(sa.text("DELETE FROM blob")).rowcount == 1


class TestPlacing:
    def test_places_are_given_without_gap_and_each_handler_gets_a_job(self, tx):
        last = tx.exec(select(sa.func.max(Event.seq))).one() or 0
        place(tx, HANDLER_NAMES)
        before = tx.exec(select(sa.func.max(Event.seq))).one() or last
        made = [record(tx) for _ in range(5)]
        tx.flush()
        assert place(tx) == 5
        assert place(tx) == 0
        for event in made:
            tx.refresh(event)
        assert [event.seq for event in made] == list(range(before + 1, before + 6))
        found = tx.exec(select(Job).where(Job.event_id.in_([event.id for event in made]))).all()
        assert sorted((str(job.event_id), job.handler) for job in found) == sorted(
            (str(event.id), name) for event in made for name in ("one", "two")
        )

    def test_an_event_that_is_rolled_back_leaves_neither_place_nor_job(self, tx, database):
        count = tx.exec(select(sa.func.count()).select_from(Event)).one()

        def fail():
            with database.transaction() as other:
                record(other)
                other.flush()
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
        assert tx.exec(select(sa.func.count()).select_from(Event)).one() == count

    def test_a_reader_that_follows_the_places_loses_nothing(self, committed):
        """Four writers whose transactions overlap and end in another order than they began."""
        seen: list[UUID] = []
        written: list[UUID] = []
        stop = threading.Event()
        sequencers = [
            threading.Thread(target=sequence, args=(committed.database, stop)) for _ in range(2)
        ]
        reader = threading.Thread(target=follow, args=(committed.database, stop, seen))
        writers = [
            threading.Thread(target=write, args=(committed.database, number, written))
            for number in range(4)
        ]
        for thread in [*sequencers, reader, *writers]:
            thread.start()
        for thread in writers:
            thread.join()
        wait_until_placed(committed.database)
        stop.set()
        for thread in [*sequencers, reader]:
            thread.join()
        with committed.database.transaction() as tx:
            places = tx.exec(select(Event.seq).order_by(Event.seq)).all()
        assert len(written) == 4 * _EACH
        assert set(written) <= set(seen)
        assert len(seen) == len(set(seen)) == len(places)
        assert list(places) == list(range(1, len(places) + 1))

    def test_two_sequencers_exclude_each_other(self, committed):
        with committed.database.transaction() as tx:
            record(tx)
        with committed.database.transaction() as first:
            assert place(first, HANDLER_NAMES) > 0
            with committed.database.transaction() as second:
                assert place(second, HANDLER_NAMES) == 0


class TestJobs:
    @pytest.fixture
    def event(self, tx):
        worker_names = {"photo.uploaded": ("good", "bad")}
        place(tx, HANDLER_NAMES)
        tx.exec(sa.delete(Job))
        event = record(tx)
        tx.flush()
        place(tx, worker_names)
        tx.commit()
        return event

    @pytest.fixture
    def handlers(self):
        self.effects = {"good": 0, "bad": 0}

        def good(tx, runtime, claim, prepared):
            self.effects["good"] += 1

        def bad(tx, runtime, claim, prepared):
            self.effects["bad"] += 1
            raise RuntimeError("nothing works today")

        return {"good": Handler("good", good), "bad": Handler("bad", bad)}

    def job(self, tx, name):
        tx.expire_all()
        return tx.exec(select(Job).where(Job.handler == name)).first()

    def test_a_failing_handler_is_put_back_and_others_still_run(self, tx, runtime, event, handlers):
        run_due_jobs(runtime, handlers, batch=8)
        assert self.effects == {"good": 1, "bad": 1}
        assert self.job(tx, "good") is None
        job = self.job(tx, "bad")
        assert (job.attempts, job.dead, job.lease) == (1, False, None)
        assert job.last_error == "RuntimeError: nothing works today"
        assert timedelta(0) < job.run_at - clock.real_now() < timedelta(seconds=2)
        assert run_due_jobs(runtime, handlers, batch=8) == 0

    def test_pauses_grow_and_after_the_last_attempt_it_is_dead_and_visible(
        self, tx, runtime, event, handlers
    ):
        pauses = []
        for _ in range(MAX_ATTEMPTS):
            bring_forward(runtime)
            run_due_jobs(runtime, handlers, batch=8)
            pause = self.job(tx, "bad").run_at - clock.real_now()
            pauses.append(timedelta(seconds=round(pause.total_seconds())))
        assert self.effects == {"good": 1, "bad": MAX_ATTEMPTS}
        job = self.job(tx, "bad")
        assert (job.dead, job.attempts) == (True, MAX_ATTEMPTS)
        assert pauses == sorted(pauses)
        assert max(pauses) <= timedelta(seconds=600)
        assert jobs.count_jobs(tx) == (0, 1)
        bring_forward(runtime)
        assert run_due_jobs(runtime, handlers, batch=8) == 0

    def test_what_a_failing_handler_wrote_is_undone(self, tx, runtime, event):
        def bad(inner, runtime, claim, prepared):
            record(inner, "photo.rejected")
            inner.flush()
            raise RuntimeError

        count = tx.exec(select(sa.func.count()).select_from(Event)).one()
        nothing = Handler("good", lambda *_: None)
        run_due_jobs(runtime, {"bad": Handler("bad", bad), "good": nothing}, batch=8)
        assert tx.exec(select(sa.func.count()).select_from(Event)).one() == count

    def test_a_clean_up_that_fails_does_not_bring_the_job_back(self, tx, runtime, event):
        def clean_up(runtime, claim, prepared):
            raise Unavailable("store.unavailable")

        done = Handler("good", lambda *_: None, clean_up=clean_up)
        run_due_jobs(runtime, {"good": done, "bad": done}, batch=8)
        assert jobs.count_jobs(tx) == (0, 0)

    def test_a_lease_that_runs_out_lets_another_worker_take_the_job_and_effects_stay_single(
        self, tx, runtime, event, handlers
    ):
        """The first worker is slow: it comes to its end after the second has finished."""
        now = clock.real_now()
        with runtime.database.transaction() as first:
            slow = jobs.claim(first, now=now, lease_for=timedelta(seconds=5), batch=8)
        assert run_due_jobs(runtime, handlers, batch=8) == 0
        later = now + timedelta(seconds=6)
        with runtime.database.transaction() as second:
            taken = jobs.claim(second, now=later, lease_for=timedelta(seconds=5), batch=8)
        assert {claim.job_id for claim in taken} == {claim.job_id for claim in slow}
        assert {claim.attempts for claim in taken} == {2}
        for claims in (taken, slow):
            for claim in claims:
                if claim.handler == "good":
                    run_job(runtime, handlers["good"], claim)
        assert self.effects["good"] == 1

    def test_a_job_that_prepares_is_claimed_alone_so_that_each_has_a_whole_lease(
        self, tx, runtime, handlers
    ):
        """Several hostile photos in a row must not outlast one lease together."""
        tx.exec(sa.delete(Job))
        at, order = clock.real_now() - timedelta(minutes=1), ("good", "good", "bad", "bad", "good")
        for late, name in enumerate(order):
            event_id = record(tx).id
            jobs.enqueue(tx, [(event_id, name)], at=at + timedelta(seconds=late))
        tx.commit()
        left, prepared = [], []

        def prepare(inner, claim):
            with runtime.database.transaction() as other:
                mine = other.get(Job, claim.job_id)
                left.append(mine.run_at - clock.real_now())
            prepared.append(claim.job_id)

        slow = handlers | {"bad": Handler("bad", lambda *_: None, prepare=prepare)}
        turns = [run_due_jobs(runtime, slow, batch=8) for _ in range(5)]
        assert turns == [2, 1, 1, 1, 0]
        assert len(set(prepared)) == 2
        lease = timedelta(seconds=runtime.settings.job_lease_s)
        assert min(left) > lease - timedelta(seconds=2)

    def test_a_slow_worker_that_fails_does_not_disturb_the_one_that_took_over(
        self, tx, runtime, event, handlers
    ):
        now = clock.real_now()
        with runtime.database.transaction() as first:
            slow = jobs.claim(first, now=now, lease_for=timedelta(seconds=5), batch=8)
        with runtime.database.transaction() as second:
            jobs.claim(
                second, now=now + timedelta(seconds=6), lease_for=timedelta(minutes=1), batch=8
            )
        (bad,) = [claim for claim in slow if claim.handler == "bad"]
        lease = self.job(tx, "bad").lease
        run_job(runtime, handlers["bad"], bad)
        job = self.job(tx, "bad")
        assert (job.lease, job.last_error, job.attempts) == (lease, None, 2)

    def test_two_workers_never_claim_the_same_job(self, committed):
        names = {"photo.uploaded": tuple(f"h{n}" for n in range(40))}
        with committed.database.transaction() as tx:
            place(tx, HANDLER_NAMES)
        with committed.database.transaction() as tx:
            record(tx)
            tx.flush()
            place(tx, names)
        taken: list[UUID] = []
        gate = threading.Barrier(4)

        def claim():
            gate.wait()
            while True:
                with committed.database.transaction() as tx:
                    found = jobs.claim(
                        tx, now=clock.real_now(), lease_for=timedelta(minutes=1), batch=3
                    )
                    time.sleep(0.005)
                if not found:
                    return
                taken.extend(one.job_id for one in found)

        threads = [threading.Thread(target=claim) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(taken) == len(set(taken)) == 40


class TestTheWorker:
    def test_it_works_by_itself_and_stops_when_asked(self, committed, http):
        with Session(committed.database.engine, expire_on_commit=False) as tx:
            who = make.signed_in(tx)
            round_ = make.make_round(tx, sites=[make.site_row("BJ-1")])
            client = committed.new_client()
            photo = make.upload_photo(client, http, who)
            plan = make.plan_visit(tx, round_.id, "BJ-1", values={"BJ-02": 1}, photos=[photo])
        running = worker.Worker(committed.runtime)
        running.start()
        try:
            make.submit(client, who, plan.body).raise_for_status()
            for _ in range(300):
                path = f"/v1/visits/{plan.body['id']}"
                if client.get(path, headers=who.headers).json()["state"] == "complete":
                    break
                time.sleep(0.05)
            else:
                pytest.fail("the worker did not complete the visit within 15 seconds")
        finally:
            running.stop()
        assert not any(thread.is_alive() for thread in running._threads)
        settle(committed.runtime)

    def test_a_turn_that_fails_is_followed_by_another(self, committed, monkeypatch):
        turns = threading.Semaphore(0)

        def failing(runtime):
            turns.release()
            raise RuntimeError("no luck")

        monkeypatch.setattr(worker, "sweep", failing)
        monkeypatch.setattr(worker, "_AFTER_FAILURE_S", 0.01)
        running = worker.Worker(committed.runtime)
        running.start()
        try:
            assert all(turns.acquire(timeout=5) for _ in range(3))
        finally:
            running.stop()


class TestTheCommit:
    def test_a_commit_that_fails_is_never_a_201(self, committed, monkeypatch):
        """The deferred foreign key is broken: only the commit finds out."""
        from app.inspections import service

        with Session(committed.database.engine, expire_on_commit=False) as tx:
            who = make.signed_in(tx)
            round_ = make.make_round(tx, sites=[make.site_row("BJ-1"), make.site_row("BJ-2")])
            good, bad = (make.plan_visit(tx, round_.id, site) for site in ("BJ-1", "BJ-2"))
        client = committed.new_client()
        assert make.submit(client, who, good.body).status_code == 201
        real = service.store_visit

        def break_the_reference(tx, head, *rest):
            revision = real(tx, head, *rest)
            statement = sa.text("UPDATE visit SET current_revision_id = :other WHERE id = :id")
            tx.connection().execute(statement, {"other": new_id(), "id": head.id})
            return revision

        monkeypatch.setattr(service, "store_visit", break_the_reference)
        answer = make.submit(client, who, bad.body)
        assert (answer.status_code, answer.json()["code"]) == (500, "service.failed")
        assert "visit" not in answer.json()["detail"]
        monkeypatch.undo()
        path = f"/v1/visits/{bad.body['id']}"
        assert client.get(path, headers=who.headers).status_code == 404
        assert make.submit(client, who, bad.body).status_code == 201
