"""What a visit says, as plain data, and the digests that tell a repeat from other content."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.checklists.rules import Value
from app.inspections.rules import AnswerGiven, FindingGiven, Outcome
from app.kit.geo import Crs

_DIGEST_CHARS = 24


@dataclass(frozen=True)
class PlaceGiven:
    lat: float
    lon: float
    crs: Crs
    accuracy_m: float | None


@dataclass(frozen=True)
class FindingContent:
    id: UUID
    note: str | None
    place: PlaceGiven | None
    photos: tuple[UUID, ...]


@dataclass(frozen=True)
class AnswerContent:
    item: str
    value: Value
    na_reason: str | None
    photos: tuple[UUID, ...]
    findings: tuple[FindingContent, ...]

    def given(self) -> AnswerGiven:
        """The part of it that the rules judge."""
        return AnswerGiven(
            self.item,
            self.value,
            self.na_reason,
            self.photos,
            [FindingGiven(finding.id, finding.photos) for finding in self.findings],
        )


@dataclass(frozen=True)
class VisitContent:
    """The body of a submitted visit."""

    id: UUID
    round_id: UUID
    site: str
    checklist: str
    version: int
    task_id: UUID | None
    started_at: datetime
    ended_at: datetime
    place: PlaceGiven | None
    note: str | None
    photos: tuple[UUID, ...]
    answers: tuple[AnswerContent, ...]
    outcome: Outcome = Outcome.INSPECTED
    crew: tuple[str, ...] = ()

    def all_photos(self) -> set[UUID]:
        """Every photo that the visit names anywhere."""
        return {photo for _, photo in photo_places(self)}


@dataclass(frozen=True)
class RevisionContent:
    """A new whole content of a visit, the revision that it replaces, and why."""

    id: UUID
    based_on: int
    reason: str
    content: VisitContent


def photo_places(content: VisitContent) -> Iterator[tuple[str, UUID]]:
    """Every photo with a pointer to the place in the body that names it."""
    for index, photo in enumerate(content.photos):
        yield f"/photos/{index}", photo
    for number, answer in enumerate(content.answers):
        at = f"/answers/{number}"
        for index, photo in enumerate(answer.photos):
            yield f"{at}/photos/{index}", photo
        for place, finding in enumerate(answer.findings):
            for index, photo in enumerate(finding.photos):
                yield f"{at}/findings/{place}/photos/{index}", photo


def parts_of(content: VisitContent) -> dict[str, str]:
    """A short SHA-256 per part of the body, keyed by its pointer; answers by their item.

    Parts that came with later versions are left out where they say what silence says, so that
    the digests of earlier bodies stay what they are.
    """
    parts: dict[str, Any] = {
        "/round_id": content.round_id,
        "/site": content.site,
        "/checklist": (content.checklist, content.version),
        "/task_id": content.task_id,
        "/started_at": content.started_at,
        "/ended_at": content.ended_at,
        "/location": content.place,
        "/note": content.note,
        "/photos": content.photos,
    }
    if content.outcome is not Outcome.INSPECTED:
        parts["/outcome"] = content.outcome.value
    if content.crew:
        parts["/crew"] = sorted(content.crew)
    parts |= {f"/answers[{answer.item}]": answer for answer in content.answers}
    return {pointer: _digest(part) for pointer, part in parts.items()}


def parts_of_revision(revision: RevisionContent) -> dict[str, str]:
    """The same for a revision, with its reason and what it is based on."""
    own = {"/based_on": _digest(revision.based_on), "/reason": _digest(revision.reason)}
    return parts_of(revision.content) | own


def with_photo(content: VisitContent, old: UUID, new: UUID) -> VisitContent:
    """The same content with one photo exchanged for another wherever it is named."""

    def exchanged(photos: tuple[UUID, ...]) -> tuple[UUID, ...]:
        return tuple(new if photo == old else photo for photo in photos)

    answers = tuple(
        replace(
            answer,
            photos=exchanged(answer.photos),
            findings=tuple(
                replace(finding, photos=exchanged(finding.photos)) for finding in answer.findings
            ),
        )
        for answer in content.answers
    )
    return replace(content, photos=exchanged(content.photos), answers=answers)


def differences(first: Mapping[str, str], second: Mapping[str, str]) -> Sequence[str]:
    """The pointers of the parts that are not the same in both."""
    return sorted(key for key in first.keys() | second.keys() if first.get(key) != second.get(key))


def _digest(part: Any) -> str:
    text = json.dumps(part, default=_plain, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_CHARS]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, UUID):
        return str(value)
    return vars(value)
