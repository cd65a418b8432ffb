"""Turns a planned visit into the body that is posted, once ids and times are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.demo_steps.answers import PhotoSlot, PlannedAnswer, PlannedFinding, PlannedVisit


@dataclass(frozen=True)
class Ids:
    """What the phone made or was told: its own ids, the round's and the task's."""

    visit: str
    round: str
    task: str | None
    photos: Mapping[str, str]  # by `PhotoSlot.key`
    new: Callable[[], str]

    def of(self, slots: Iterable[PhotoSlot]) -> list[str]:
        """The ids of some photos."""
        return [self.photos[slot.key] for slot in slots]


def visit_body(
    visit: PlannedVisit,
    ids: Ids,
    *,
    started_at: str,
    ended_at: str,
    location: dict[str, Any] | None,
) -> dict[str, Any]:
    """The body of `POST /v1/visits`. Make it once and keep it: finding ids are new each time."""
    checklist = visit.stop.checklist
    return {
        "id": ids.visit,
        "round_id": ids.round,
        "site": visit.stop.place.code,
        "checklist": {"code": checklist.code, "version": checklist.version},
        "task_id": ids.task,
        "started_at": started_at,
        "ended_at": ended_at,
        "location": location,
        "note": visit.note,
        "photos": ids.of(visit.photos),
        "answers": [_answer(each, ids) for each in visit.answers],
    }


def _answer(answer: PlannedAnswer, ids: Ids) -> dict[str, Any]:
    return {
        "item": answer.item,
        "value": answer.value,
        "na_reason": answer.na_reason,
        "photos": ids.of(answer.photos),
        "findings": [_finding(each, ids) for each in answer.findings],
    }


def _finding(finding: PlannedFinding, ids: Ids) -> dict[str, Any]:
    return {
        "id": ids.new(),
        "note": finding.note,
        "location": finding.location,
        "photos": ids.of(finding.photos),
    }
