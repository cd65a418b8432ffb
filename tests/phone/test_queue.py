"""The phone's queue loses nothing and doubles nothing, wherever it is killed.

The kills are real: a forked child works on the queue and gets SIGKILL, at random moments in one
test and before every single disk operation in another; the parent opens what is left.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid5

import pytest

from scripts.phone.model import Photo, PhotoState, Role, VisitState
from scripts.phone.queue import FolderInUseError, IdReusedError, Queue, UnknownPhotoError

SPACE = UUID("0192f0c1-0000-7000-8000-000000000000")
VISIT = uuid5(SPACE, "visit")


def content_of(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest() * 2000


def photo_of(name: str, content: bytes | None = None) -> Photo:
    content = content_of(name) if content is None else content
    return Photo(
        id=uuid5(SPACE, name),
        state=PhotoState.FREEZING,
        sha256=hashlib.sha256(content).hexdigest(),
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        size=len(content),
        content_type="image/jpeg",
        role=Role.NEAR,
        captured_at="2018-09-12T09:30:00.000+08:00",
        location=None,
        problem=None,
    )


def take(queue: Queue, name: str) -> UUID:
    photo = photo_of(name)
    queue.take(photo, content_of(name))
    return photo.id


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    opened = Queue(tmp_path / "phone")
    yield opened
    opened.close()


# -- killed -----------------------------------------------------------------------------------


def in_child(work: Callable[[], None]) -> int:
    """Run `work` in a forked process and return its pid; the child never comes back here."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return pid


def was_killed(pid: int) -> bool:
    status = os.waitpid(pid, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the child failed by itself"
    return os.WIFSIGNALED(status)


def test_kills_at_random_moments_lose_and_double_nothing(tmp_path: Path) -> None:
    folder, told = tmp_path / "phone", tmp_path / "told"
    visits = 12
    chance = random.Random(20180914)

    def work() -> None:
        queue = Queue(folder)
        with told.open("ab", buffering=0) as acknowledged:
            for number in range(visits):
                ids = [take(queue, f"{number}-{each}") for each in range(3)]
                acknowledged.write(b"".join(b"%s\n" % str(key).encode() for key in ids))
                queue.add_visit(uuid5(SPACE, f"visit {number}"), f"body {number}", ids)
                acknowledged.write(b"%d\n" % number)

    kills = 0
    for _ in range(1000):
        pid = in_child(work)
        if kills < 30:
            time.sleep(chance.random() * 0.03)
            os.kill(pid, signal.SIGKILL)
        killed = was_killed(pid)
        kills += killed
        assert_whole(folder, told.read_text().split() if told.exists() else [])
        if not killed:
            break
    assert kills > 5
    queue = Queue(folder)
    assert len(queue.photos(PhotoState.QUEUED)) == len(queue.photos()) == visits * 3
    assert [len(visit.photo_ids) for visit in queue.visits()] == [3] * visits
    assert len(list((folder / "photos").iterdir())) == visits * 3
    queue.close()


def assert_whole(folder: Path, told: list[str]) -> None:
    """Everything acknowledged is there, and everything there is whole."""
    queue = Queue(folder)
    photos = {str(photo.id): photo for photo in queue.photos()}
    visits = {visit.body: visit for visit in queue.visits()}
    for word in told:
        if word.isdecimal():
            assert visits[f"body {word}"].state is VisitState.QUEUED
        else:
            assert word in photos
    for photo in photos.values():
        assert photo.state is PhotoState.QUEUED
        assert len(queue.files.read(photo.id, photo.sha256)) == photo.size
    assert queue.files.ids() == {photo.id for photo in photos.values()}
    assert not list((folder / "photos").glob("*.part"))
    queue.close()


def test_a_kill_before_any_single_disk_operation_leaves_a_true_queue(tmp_path: Path) -> None:
    points = 0
    while True:
        folder = tmp_path / str(points)
        said = tmp_path / f"{points}.said"
        if not was_killed(in_child(partial(whole_life, folder, said, dies_at=points))):
            break
        assert_true_after_kill(folder, said.read_text().split() if said.exists() else [])
        points += 1
    assert points > 40, "the operations were not counted"


def whole_life(folder: Path, said: Path, *, dies_at: int) -> None:
    """Take, submit, receive, store; die before the operation number `dies_at`."""
    left = dies_at

    def count(*_: object) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    hook_disk(count)
    with said.open("ab", buffering=0) as out:
        queue = Queue(folder)
        first, second = take(queue, "first"), take(queue, "second")
        out.write(b"taken ")
        queue.add_visit(VISIT, "body", [first, second])
        out.write(b"submitted ")
        queue.move_photos({first: (PhotoState.STORED, None)})
        queue.receive_visit(VISIT, {"revision": 1})
        out.write(b"received ")
        queue.move_photos({second: (PhotoState.STORED, None)})
        out.write(b"stored ")
        queue.keep_receipts({first: {"signature": "1"}})
        queue.move_photos({second: (PhotoState.QUEUED, {"code": "photo.lost"})})
        out.write(b"lost ")
        queue.keep_receipts({second: {"signature": "2"}})
        out.write(b"receipted ")


def hook_disk(before: Callable[..., None]) -> None:
    """Call `before` before each flush, rename, deletion and SQL statement (in the child only)."""

    def hooked(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **named: Any) -> Any:
            before()
            return function(*args, **named)

        return wrapper

    def traced(*args: Any, **named: Any) -> sqlite3.Connection:
        db = connect(*args, **named)
        db.set_trace_callback(before)
        return db

    connect: Callable[..., sqlite3.Connection] = sqlite3.connect
    patch.object(os, "fsync", hooked(os.fsync)).start()
    patch.object(Path, "replace", hooked(Path.replace)).start()
    patch.object(Path, "unlink", hooked(Path.unlink)).start()
    patch.object(sqlite3, "connect", traced).start()


def assert_true_after_kill(folder: Path, said: list[str]) -> None:
    queue = Queue(folder)
    photos = {photo.id: photo for photo in queue.photos()}
    assert PhotoState.FREEZING not in {photo.state for photo in photos.values()}
    for photo in photos.values():
        is_here = queue.files.is_intact(photo.id, photo.sha256)
        assert is_here == (photo.state is not PhotoState.RECEIPTED)
        assert (photo.receipt is None) == is_here
    assert queue.files.ids() <= set(photos)
    visits = queue.visits()
    if "taken" in said:
        assert len(photos) == 2
    if "submitted" in said:
        assert len(visits) == 1
    if "stored" in said:
        assert visits[0].state is VisitState.DONE
    if "receipted" in said:
        assert {photo.state for photo in photos.values()} == {PhotoState.RECEIPTED}
    if "received" in said:
        assert visits[0].state in {VisitState.RECEIVED, VisitState.DONE}
    for visit in visits:
        safe = {PhotoState.STORED, PhotoState.RECEIPTED}
        all_stored = {photos[key].state for key in visit.photo_ids} <= safe
        if "stored" not in said:  # later one of them is lost, which changes no visit
            assert (visit.state is VisitState.DONE) == (all_stored and visit.receipt is not None)
        assert (visit.body is None) == (visit.state is VisitState.DONE)
    queue.close()


def test_a_photo_gets_its_name_only_after_its_bytes_are_flushed(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    final = queue.files.path(photo_of("a").id)
    flushed: list[tuple[int, bool]] = []

    def fsync(handle: int) -> None:
        flushed.append((os.fstat(handle).st_ino, final.exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    take(queue, "a")
    assert flushed == [(final.stat().st_ino, False), (final.parent.stat().st_ino, True)]


# -- alive ------------------------------------------------------------------------------------


def test_taking_the_same_photo_again_changes_nothing(queue: Queue) -> None:
    key = take(queue, "a")
    queue.move_photos({key: (PhotoState.UPLOADED, None)})
    assert take(queue, "a") == key
    assert [photo.state for photo in queue.photos()] == [PhotoState.UPLOADED]


def test_an_id_with_other_bytes_is_an_error_and_keeps_the_first(queue: Queue) -> None:
    key = take(queue, "a")
    with pytest.raises(IdReusedError):
        queue.take(photo_of("a", b"other"), b"other")
    assert queue.files.read(key, photo_of("a").sha256) == content_of("a")


def test_a_visit_again_is_harmless_and_with_another_body_an_error(queue: Queue) -> None:
    key = take(queue, "a")
    queue.add_visit(VISIT, "body", [key])
    queue.add_visit(VISIT, "body", [key])
    with pytest.raises(IdReusedError):
        queue.add_visit(VISIT, "other body", [key])
    assert [visit.body for visit in queue.visits()] == ["body"]


def test_a_visit_with_a_photo_that_was_not_taken_is_not_queued(queue: Queue) -> None:
    with pytest.raises(UnknownPhotoError):
        queue.add_visit(VISIT, "body", [uuid5(SPACE, "never taken")])
    assert queue.visits() == []


@pytest.mark.parametrize("received_first", [True, False])
def test_a_visit_is_done_only_when_received_and_all_its_photos_are_stored(
    queue: Queue, *, received_first: bool
) -> None:
    keys = [take(queue, "a"), take(queue, "b")]
    queue.add_visit(VISIT, "body", keys)
    steps: list[Callable[[], None]] = [
        lambda: queue.receive_visit(VISIT, {"revision": 1}),
        lambda: queue.move_photos({keys[0]: (PhotoState.STORED, None)}),
        lambda: queue.move_photos({keys[1]: (PhotoState.STORED, None)}),
    ]
    for step in steps if received_first else reversed(steps):
        assert queue.visits()[0].body == "body"
        step()
    visit = queue.visits()[0]
    assert (visit.state, visit.body, visit.receipt) == (VisitState.DONE, None, {"revision": 1})
    queue.forget_finished()
    assert len(queue.photos(PhotoState.STORED)) == 2
    queue.keep_receipts({key: {"signature": "s"} for key in keys})
    queue.forget_finished()
    assert (queue.photos(), queue.visits()) == ([], [])


def test_bytes_go_only_with_a_receipt_and_that_is_final(queue: Queue) -> None:
    key = take(queue, "a")
    for state in (PhotoState.UPLOADED, PhotoState.VERIFYING, PhotoState.REJECTED):
        queue.move_photos({key: (state, {"code": "photo.undecodable"})})
    queue.move_photos({key: (PhotoState.STORED, None)})
    for late in (PhotoState.UPLOADED, PhotoState.VERIFYING):
        queue.move_photos({key: (late, None)})
        assert queue.photos()[0].state is PhotoState.STORED
    assert queue.files.is_intact(key, photo_of("a").sha256)
    queue.keep_receipts({key: {"signature": "s"}})
    assert not queue.files.path(key).exists()
    queue.move_photos({key: (PhotoState.QUEUED, None)})
    (photo,) = queue.photos()
    assert (photo.state, photo.receipt) == (PhotoState.RECEIPTED, {"signature": "s"})


def test_a_folder_from_before_there_were_receipts_is_taken_over(tmp_path: Path) -> None:
    """Then `stored` was the end; other photos go on."""
    old = Queue(tmp_path)
    done, open_ = take(old, "a"), take(old, "b")
    old.move_photos({done: (PhotoState.STORED, None)})
    old.close()
    with sqlite3.connect(tmp_path / "phone.db") as db:
        db.execute("ALTER TABLE photo DROP COLUMN receipt")
        db.execute("PRAGMA user_version = 1")
    db.close()
    new = Queue(tmp_path)
    assert {photo.id: photo.state for photo in new.photos()} == {
        done: PhotoState.RECEIPTED,
        open_: PhotoState.QUEUED,
    }
    assert new.files.ids() == {open_}
    new.close()


def test_refusals_wait_for_the_person_with_their_text(queue: Queue) -> None:
    key = take(queue, "a")
    queue.add_visit(VISIT, "body", [key])
    queue.move_photos({key: (PhotoState.REFUSED, {"code": "photo.id-reused"})})
    queue.refuse_visit(VISIT, {"code": "visit.invalid", "detail": "第 3 项未作答"})
    assert [(each.kind, each.problem["code"]) for each in queue.attention()] == [
        ("photo", "photo.id-reused"),
        ("visit", "visit.invalid"),
    ]
    queue.forget_finished()
    queue.retry_refused()
    assert queue.attention() == ()
    assert (len(queue.photos(PhotoState.QUEUED)), len(queue.visits(VisitState.QUEUED))) == (1, 1)


def test_a_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    first = Queue(tmp_path)
    with pytest.raises(FolderInUseError):
        Queue(tmp_path)
    first.close()
    Queue(tmp_path).close()


def test_notes_are_written_together_and_survive(tmp_path: Path) -> None:
    first = Queue(tmp_path)
    first.write_notes({"access_token": "a", "refresh_token": "r"})
    first.write_notes({"access_token": None})
    first.close()
    again = Queue(tmp_path)
    assert (again.note("access_token"), again.note("refresh_token")) == (None, "r")
    again.close()
