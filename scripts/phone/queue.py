"""The durable queue: what the phone owes the service, in SQLite, beside the frozen photo files.

Promises, whatever is killed at whatever moment:

- when `take` or `add_visit` has returned, the item is there after any restart, exactly once;
- a photo's bytes are deleted only after its receipt is on record, which the caller has checked,
  a visit's body only after its 201 *and* the `stored` of all its photos are;
- a state is written after the answer that causes it, so a crash costs a repeated request (which
  is harmless), never a missing one.

One process per folder (a lock that dies with its holder); any number of threads.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from scripts.phone.files import FrozenFiles
from scripts.phone.model import Attention, Json, Photo, PhotoState, Role, Visit, VisitState

_SCHEMA_VERSION = 2
_SCHEMA = """
CREATE TABLE photo (
    id TEXT PRIMARY KEY, state TEXT NOT NULL, sha256 TEXT NOT NULL, md5 TEXT NOT NULL,
    size INTEGER NOT NULL, content_type TEXT NOT NULL, role TEXT NOT NULL,
    captured_at TEXT NOT NULL, location TEXT, problem TEXT, receipt TEXT
) STRICT;
CREATE TABLE visit (
    id TEXT PRIMARY KEY, state TEXT NOT NULL, body TEXT, body_sha256 TEXT NOT NULL,
    receipt TEXT, problem TEXT
) STRICT;
CREATE TABLE visit_photo (
    visit_id TEXT NOT NULL REFERENCES visit ON DELETE CASCADE,
    photo_id TEXT NOT NULL REFERENCES photo, PRIMARY KEY (visit_id, photo_id)
) STRICT;
CREATE INDEX visit_photo_by_photo ON visit_photo (photo_id);
CREATE TABLE note (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""


# Before there were receipts, `stored` was the end and the bytes were deleted with it.
_FROM_1 = """
ALTER TABLE photo ADD COLUMN receipt TEXT;
UPDATE photo SET state = 'receipted' WHERE state = 'stored';
"""


class FolderInUseError(Exception):
    """Another process has this phone's folder open."""


class IdReusedError(ValueError):
    """The same id was given with other content: the caller made a mistake, nothing was changed."""


class UnknownPhotoError(ValueError):
    """A visit names a photo that was not taken on this phone."""


class Queue:
    """Photos, visits and notes (tokens, clock offset, cached documents) of one phone."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._hold = _hold_folder(folder)
        self._lock = threading.RLock()
        self.files = FrozenFiles(folder / "photos")
        self._db = _open_database(folder / "phone.db")
        self._recover()

    def close(self) -> None:
        with self._lock:
            self._db.close()
            os.close(self._hold)

    # -- photos ------------------------------------------------------------------------------

    def take(self, photo: Photo, content: bytes) -> None:
        """Freeze and queue a photo. The row comes first, so that no file is ever without one."""
        with self._write() as db:
            row = db.execute(
                "SELECT state, sha256 FROM photo WHERE id = ?", [str(photo.id)]
            ).fetchone()
            if row is not None and row[1] != photo.sha256:
                raise IdReusedError(f"photo {photo.id} was taken with other bytes")
            if row is not None and row[0] != PhotoState.FREEZING:
                return
            db.execute(
                "INSERT OR REPLACE INTO photo VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
                _photo_values(photo, PhotoState.FREEZING),
            )
        self.files.freeze(photo.id, content)
        self.move_photos({photo.id: (PhotoState.QUEUED, None)})

    def photos(self, *states: PhotoState) -> list[Photo]:
        """Photos in any of `states` (all without one), oldest first: ids are time-ordered."""
        wanted = states or tuple(PhotoState)
        rows = self._rows(
            "SELECT * FROM photo WHERE state IN (SELECT value FROM json_each(?)) ORDER BY id",
            [json.dumps(wanted)],
        )
        return [_photo(row) for row in rows]

    def photo(self, photo_id: UUID) -> Photo | None:
        rows = self._rows("SELECT * FROM photo WHERE id = ?", [str(photo_id)])
        return _photo(rows[0]) if rows else None

    def move_photos(self, changes: Mapping[UUID, tuple[PhotoState, Json | None]]) -> None:
        """Record states (with the problem, if any) in one commit; no bytes are touched.

        `receipted` is final, and a late answer to an older request cannot take `stored` back:
        only what makes the phone send the bytes again, or show them to the person.
        """
        with self._write() as db:
            db.executemany(
                "UPDATE photo SET state = :state, problem = :problem WHERE id = :id"
                " AND state <> 'receipted'"
                " AND (state <> 'stored' OR :state NOT IN ('uploaded', 'verifying'))",
                [
                    {"state": state, "problem": _dump(problem), "id": str(key)}
                    for key, (state, problem) in changes.items()
                ],
            )
            db.execute(_SETTLE)

    def keep_receipts(self, receipts: Mapping[UUID, Json]) -> None:
        """Record receipts that were checked, in one commit, then free the bytes."""
        with self._write() as db:
            db.executemany(
                "UPDATE photo SET state = 'receipted', problem = NULL, receipt = ? WHERE id = ?",
                [(_dump(receipt), str(key)) for key, receipt in receipts.items()],
            )
            db.execute(_SETTLE)
        for key in receipts:
            self.files.delete(key)

    # -- visits ------------------------------------------------------------------------------

    def add_visit(self, visit_id: UUID, body: str, photo_ids: Iterable[UUID]) -> None:
        """Queue a visit; again with the same body is harmless, with another one an error."""
        digest = hashlib.sha256(body.encode()).hexdigest()
        with self._write() as db:
            row = db.execute(
                "SELECT body_sha256 FROM visit WHERE id = ?", [str(visit_id)]
            ).fetchone()
            if row is not None:
                if row[0] != digest:
                    raise IdReusedError(f"visit {visit_id} was submitted with another body")
                return
            db.execute(
                "INSERT INTO visit (id, state, body, body_sha256) VALUES (?, ?, ?, ?)",
                [str(visit_id), VisitState.QUEUED, body, digest],
            )
            for photo_id in photo_ids:
                _link(db, visit_id, photo_id)

    def visits(self, *states: VisitState) -> list[Visit]:
        """Visits in any of `states` (all without one), oldest first."""
        wanted = states or tuple(VisitState)
        with self._lock:
            rows = self._rows(
                "SELECT id, state, body, receipt, problem FROM visit"
                " WHERE state IN (SELECT value FROM json_each(?)) ORDER BY id",
                [json.dumps(wanted)],
            )
            links = self._rows("SELECT visit_id, photo_id FROM visit_photo ORDER BY rowid")
        photos: dict[str, list[UUID]] = {}
        for visit_id, photo_id in links:
            photos.setdefault(visit_id, []).append(UUID(photo_id))
        return [_visit(row, photos.get(row[0], [])) for row in rows]

    def receive_visit(self, visit_id: UUID, receipt: Json) -> None:
        """Record the 201; the visit is done if all its photos are stored already."""
        with self._write() as db:
            db.execute(
                "UPDATE visit SET state = ?, receipt = ?, problem = NULL WHERE id = ?"
                " AND state <> 'done'",
                [VisitState.RECEIVED, _dump(receipt), str(visit_id)],
            )
            db.execute(_SETTLE)

    def refuse_visit(self, visit_id: UUID, problem: Json) -> None:
        with self._write() as db:
            db.execute(
                "UPDATE visit SET state = ?, problem = ? WHERE id = ? AND state = 'queued'",
                [VisitState.REFUSED, _dump(problem), str(visit_id)],
            )

    # -- the person's side -------------------------------------------------------------------

    def counts(self) -> tuple[dict[PhotoState, int], dict[VisitState, int]]:
        with self._lock:
            photos = self._rows("SELECT state, count(*) FROM photo GROUP BY state")
            visits = self._rows("SELECT state, count(*) FROM visit GROUP BY state")
        return (
            {PhotoState(state): n for state, n in photos},
            {VisitState(state): n for state, n in visits},
        )

    def attention(self) -> tuple[Attention, ...]:
        """What waits for the person, with the text to show."""
        rows = self._rows(
            "SELECT 'photo', id, state, problem FROM photo WHERE state IN ('rejected', 'refused')"
            " OR (state = 'stored' AND problem IS NOT NULL)"
            " UNION ALL SELECT 'visit', id, state, problem FROM visit WHERE state = 'refused'"
            " ORDER BY 1, 2"
        )
        return tuple(
            Attention(kind, UUID(key), state, json.loads(problem or "{}"))
            for kind, key, state, problem in rows
        )

    def retry_refused(self) -> None:
        """Put refused items back in the queue: the person has had the cause removed."""
        with self._write() as db:
            db.execute("UPDATE photo SET state = 'queued', problem = NULL WHERE state = 'refused'")
            db.execute("UPDATE visit SET state = 'queued', problem = NULL WHERE state = 'refused'")

    def forget_finished(self) -> None:
        """Drop the rows of done visits, and of receipted photos that no open visit names."""
        with self._write() as db:
            db.execute("DELETE FROM visit WHERE state = 'done'")
            db.execute(
                "DELETE FROM photo WHERE state = 'receipted'"
                " AND id NOT IN (SELECT photo_id FROM visit_photo)"
            )

    # -- notes: tokens, clock offset, cached documents ---------------------------------------

    def note(self, key: str) -> str | None:
        rows = self._rows("SELECT value FROM note WHERE key = ?", [key])
        return str(rows[0][0]) if rows else None

    def write_notes(self, notes: Mapping[str, str | None]) -> None:
        """Set (or, with None, remove) several notes at once: a token pair is never half new."""
        with self._write() as db:
            for key, value in notes.items():
                if value is None:
                    db.execute("DELETE FROM note WHERE key = ?", [key])
                else:
                    db.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", [key, value])

    # -- inside ------------------------------------------------------------------------------

    def _recover(self) -> None:
        """Finish what a killed process left: keep whole photos, drop halves, free bytes."""
        self.files.sweep_parts()
        for photo in self.photos(PhotoState.FREEZING):
            if self.files.is_intact(photo.id, photo.sha256):
                self.move_photos({photo.id: (PhotoState.QUEUED, None)})
            else:
                self.files.delete(photo.id)
                with self._write() as db:
                    db.execute("DELETE FROM photo WHERE id = ?", [str(photo.id)])
        for photo in self.photos(PhotoState.RECEIPTED):
            self.files.delete(photo.id)

    def _rows(self, sql: str, values: Iterable[str] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(sql, tuple(values)).fetchall()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk may have ended it already
                    self._db.execute("ROLLBACK")
                raise


_SETTLE = """
UPDATE visit SET state = 'done', body = NULL WHERE state = 'received' AND NOT EXISTS (
    SELECT 1 FROM visit_photo JOIN photo ON photo.id = visit_photo.photo_id
    WHERE visit_photo.visit_id = visit.id AND photo.state NOT IN ('stored', 'receipted'))
"""


def _hold_folder(folder: Path) -> int:
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise FolderInUseError(str(folder)) from None
    return handle


def _open_database(path: Path) -> sqlite3.Connection:
    path.touch(mode=0o600)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")  # each commit reaches the medium before it returns
    db.execute("PRAGMA foreign_keys = ON")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version < _SCHEMA_VERSION:
        script = _FROM_1 if version else _SCHEMA
        db.executescript(f"BEGIN; {script} PRAGMA user_version = {_SCHEMA_VERSION}; COMMIT;")
    return db


def _link(db: sqlite3.Connection, visit_id: UUID, photo_id: UUID) -> None:
    known = db.execute(
        "SELECT 1 FROM photo WHERE id = ? AND state <> 'freezing'", [str(photo_id)]
    ).fetchone()
    if known is None:
        raise UnknownPhotoError(f"visit {visit_id} names photo {photo_id}, which was not taken")
    db.execute("INSERT INTO visit_photo VALUES (?, ?)", [str(visit_id), str(photo_id)])


def _photo_values(photo: Photo, state: PhotoState) -> list[str | int | None]:
    return [
        str(photo.id),
        state,
        photo.sha256,
        photo.md5,
        photo.size,
        photo.content_type,
        photo.role,
        photo.captured_at,
        _dump(photo.location),
    ]


def _photo(row: tuple[Any, ...]) -> Photo:
    key, state, sha256, md5, size, content_type, role, captured_at, *texts = row
    location, problem, receipt = map(_load, texts)
    return Photo(
        id=UUID(key),
        state=PhotoState(state),
        sha256=sha256,
        md5=md5,
        size=size,
        content_type=content_type,
        role=Role(role),
        captured_at=captured_at,
        location=location,
        problem=problem,
        receipt=receipt,
    )


def _visit(row: tuple[Any, ...], photo_ids: list[UUID]) -> Visit:
    key, state, body, receipt, problem = row
    return Visit(
        id=UUID(key),
        state=VisitState(state),
        body=body,
        photo_ids=tuple(photo_ids),
        receipt=_load(receipt),
        problem=_load(problem),
    )


def _dump(value: Json | None) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _load(text: str | None) -> Json | None:
    loaded: Json | None = json.loads(text) if text else None
    return loaded
