"""Compares database and buckets in both directions, slice by slice; reports and deletes nothing.

A slice is a range of digests, so memory stays flat however many photos there are, and a worker
that dies leaves the rest to the next. The rows are read before the listing: bytes are copied
before their row commits, so what a row names must be listed. What is listed without a row may be
under way and counts only when it is old. Originals that are missing or have another size are read
at once (``rechecking``), which decides whether they are lost.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel import Session

from app.evidence import custody, queries, reporting
from app.evidence import queries_custody as custody_queries
from app.evidence.rules import (
    RENDITIONS,
    UPLOADS,
    PhotoState,
    evidence_key,
    quarantine_key,
    rendition_key,
)
from app.evidence.tables import Photo
from app.infra.blobs import Blobs, ListedObject
from app.infra.db import Database

YOUNG = timedelta(hours=1)
_EXAMPLES = 20
_DECIDED = (PhotoState.STORED, PhotoState.REJECTED, PhotoState.DELETED)


class Finding(StrEnum):
    """What may stand against a row, or against an object."""

    MISSING = "missing"
    WRONG_SIZE = "wrong-size"
    MISSING_RENDITION = "missing-rendition"
    LOST_AND_LISTED = "lost-and-listed"
    UNKNOWN = "unknown"
    LEFT_UPLOAD = "left-upload"


@dataclass
class Found:
    """How many of each, with some of the keys; and what to read at once."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Finding, 0))
    examples: dict[str, list[str]] = field(default_factory=dict)
    doubted: list[str] = field(default_factory=list)
    objects: int = 0

    def note(self, finding: Finding, key: str) -> None:
        self.counts[finding] += 1
        self.examples.setdefault(finding, []).append(key)
        del self.examples[finding][_EXAMPLES:]

    def added_to(self, before: dict[str, Any]) -> dict[str, Any]:
        """The report so far and this slice."""
        counts, examples = before.get("counts", {}), before.get("examples", {})
        return {
            "objects": before.get("objects", 0) + self.objects,
            "counts": {one: counts.get(one, 0) + self.counts[one] for one in Finding},
            "examples": {
                one: (examples.get(one, []) + self.examples.get(one, []))[:_EXAMPLES]
                for one in {**examples, **self.examples}
            },
        }


def run_step(database: Database, blobs: Blobs, report_id: UUID) -> bool:
    """The next slice of a report; False when there is none left.

    A step that somebody else has done meanwhile changes nothing.
    """
    with database.transaction() as tx:
        report = custody_queries.lock_report(tx, report_id)
        step, slices, started_at = report.step, report.slices, report.started_at
    if step > slices:
        return False
    old = started_at - YOUNG
    if step < slices:
        found = _compare_slice(database, blobs, f"{step:0{_digits(slices)}x}", old)
    else:
        found = _compare_quarantine(database, blobs, old)
    with database.transaction() as tx:
        report = custody_queries.lock_report(tx, report_id)
        if report.step == step:
            custody.doubt(tx, found.doubted)
            reporting.advance(tx, report, found.added_to(report.found))
    return step < slices


def _digits(slices: int) -> int:
    return len(f"{slices - 1:x}")


def _compare_slice(database: Database, blobs: Blobs, start: str, old: datetime) -> Found:
    """All originals and renditions whose digests begin alike."""
    with database.transaction() as tx:
        between = start.ljust(64, "0"), start.ljust(64, "f")
        rows = custody_queries.blobs_between(tx, *between)
        more = custody_queries.renditions_between(tx, *between)
    found, lost = Found(), {sha256 for sha256, _, is_lost in rows if is_lost}
    originals = {evidence_key(sha256): (sha256, size) for sha256, size, _ in rows}
    renditions = {rendition_key(sha256, one) for sha256, _, _ in rows for one in RENDITIONS}
    renditions |= {rendition_key(*one) for one in more}
    for page in _pages(blobs, start):
        found.objects += len(page)
        strangers: dict[str, list[str]] = {}
        for one in page:
            known = originals.pop(one.key, None)
            if known is not None:
                _compare_original(found, one, *known, is_lost=known[0] in lost)
            elif one.key in renditions:
                renditions.remove(one.key)
            elif one.modified_at < old:
                strangers.setdefault(_digest_of(one.key), []).append(one.key)
        _note_strangers(database, found, strangers)
    for key, (sha256, _) in originals.items():
        found.note(Finding.MISSING, key)
        if sha256 not in lost:
            found.doubted.append(sha256)
    for key in sorted(renditions):
        found.note(Finding.MISSING_RENDITION, key)
    return found


def _pages(blobs: Blobs, start: str) -> Iterator[list[ListedObject]]:
    for folder in ("sha256", "renditions"):
        yield from blobs.pages_of_evidence(_prefix(folder, start))


def _prefix(folder: str, start: str) -> str:
    """Keys lie in a folder of their first two digits."""
    return f"{folder}/{start}" if len(start) < len("ab") else f"{folder}/{start[:2]}/{start}"


def _digest_of(key: str) -> str:
    parts = key.split("/")
    return parts[2] if len(parts) > len(("folder", "ab")) else key


def _compare_original(
    found: Found, one: ListedObject, sha256: str, size: int, *, is_lost: bool
) -> None:
    if one.size != size:
        found.note(Finding.WRONG_SIZE, one.key)
        found.doubted.append(sha256)
    elif is_lost:
        found.note(Finding.LOST_AND_LISTED, one.key)
        found.doubted.append(sha256)


def _note_strangers(database: Database, found: Found, strangers: dict[str, list[str]]) -> None:
    """Objects without a row when the slice began, less those whose row has come since."""
    if not strangers:
        return
    with database.transaction() as tx:
        known = custody_queries.known_digests(tx, list(strangers))
    for digest, keys in strangers.items():
        for key in keys if digest not in known else ():
            found.note(Finding.UNKNOWN, key)


def _compare_quarantine(database: Database, blobs: Blobs, old: datetime) -> Found:
    """Uploads that nobody waits for: of photos decided, given up, or never announced."""
    found = Found()
    for page in blobs.pages_of_quarantine(UPLOADS):
        found.objects += len(page)
        with database.transaction() as tx:
            left = _left_uploads(tx, [one for one in page if one.modified_at < old])
        for key, _ in left:
            found.note(Finding.LEFT_UPLOAD, key)
    return found


def _left_uploads(tx: Session, listed: list[ListedObject]) -> list[tuple[str, UUID | None]]:
    ids = {one.key: _photo_id(one.key) for one in listed}
    photos = queries.find_photos(tx, [one for one in ids.values() if one is not None])
    return [
        (key, photo_id)
        for key, photo_id in ids.items()
        if photo_id is None or not _is_awaited(photos.get(photo_id))
    ]


def _is_awaited(photo: Photo | None) -> bool:
    """Whether somebody will look at its upload yet: not where the sweeper has given it up."""
    if photo is None or photo.state in _DECIDED:
        return False
    return photo.state is PhotoState.VERIFYING or photo.sweep_at is not None


def _photo_id(key: str) -> UUID | None:
    try:
        return UUID(key.removeprefix(UPLOADS))
    except ValueError:
        return None


def expire_uploads(database: Database, blobs: Blobs, *, before: datetime) -> int:
    """Removes uploads from before an instant that nobody waits for, where no lifecycle did.

    Bytes in doubt are never without their last copy: an upload of bytes that are not settled
    stays. Returns how many were removed.
    """
    removed = 0
    for page in blobs.pages_of_quarantine(UPLOADS):
        with database.transaction() as tx:
            left = _left_uploads(tx, [one for one in page if one.modified_at < before])
            wanted = custody_queries.unsettled_among(tx, [one for _, one in left if one])
        for key, photo_id in left:
            if photo_id not in wanted:
                blobs.drop_quarantine(key if photo_id is None else quarantine_key(photo_id))
                removed += 1
    return removed
