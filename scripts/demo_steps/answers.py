"""What an inspector brings home from each site: answers, findings and the photos they need.

`losses` decides which answers lose points; this module turns each into what a person would send:
a reason where an item does not apply, a finding with a note per fault, a photo wherever the item's
rule asks for one, and overview photos of the site so that every visit has at least three.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from scripts.demo_steps.city_files import Phrases
from scripts.demo_steps.losses import Answers, Values, aim
from scripts.demo_steps.marks import NOT_APPLICABLE, Item, Marks, Value, mark, total
from scripts.demo_steps.places import Place
from scripts.demo_steps.plan import DemoPlan, Stop

PHOTOS_PER_VISIT = 3
_MANY = 2  # findings of an item that get a photo each while the visit has few photos
_NOTED = 0.15  # share of visits with a remark
_REMARKS = ("整体较好，现场已反馈社区负责人", "现场问题已当面指出，要求立行立改", "负责人陪同检查")


@dataclass(frozen=True)
class PhotoSlot:
    """A photo to be taken: `kind` says what it proves, `text` what must be readable on it."""

    site: str
    number: int  # within the visit, from 0
    kind: Literal["site", "item", "finding"]
    role: Literal["near", "far", "reference", "after"]
    text: str
    item: str | None
    category: str | None

    @property
    def key(self) -> str:
        """Names the slot in the whole round."""
        return f"{self.site}/{self.number}"


@dataclass(frozen=True)
class PlannedFinding:
    """One fault."""

    note: str
    location: dict[str, Any] | None
    photos: tuple[PhotoSlot, ...]


@dataclass(frozen=True)
class PlannedAnswer:
    """The answer to one item."""

    item: str
    value: Value
    na_reason: str | None
    photos: tuple[PhotoSlot, ...]
    findings: tuple[PlannedFinding, ...]


@dataclass(frozen=True)
class PlannedVisit:
    """A visit as it will be sent, but for ids and times."""

    stop: Stop
    note: str | None
    photos: tuple[PhotoSlot, ...]
    answers: tuple[PlannedAnswer, ...]
    marks: Marks

    @property
    def slots(self) -> tuple[PhotoSlot, ...]:
        """All photos of the visit."""
        return tuple(sorted(self._each_slot(), key=lambda slot: slot.number))

    def _each_slot(self) -> Iterator[PhotoSlot]:
        yield from self.photos
        for answer in self.answers:
            yield from answer.photos
            for finding in answer.findings:
                yield from finding.photos


def plan_visits(plan: DemoPlan) -> list[PlannedVisit]:
    """One visit per stop, in the order of the stops; the streets end in the published order."""
    return write_visits(plan, aim(plan), PHOTOS_PER_VISIT)


def write_visits(plan: DemoPlan, values: Answers, photos: int) -> list[PlannedVisit]:
    """One visit per stop with these values, each with so many photos at least."""
    return [
        _Visit(
            stop, plan.city.phrases, random.Random(f"visit {plan.seed} {stop.place.code}"), photos
        ).write(values[stop.place.code])
        for stop in plan.stops
    ]


class _Visit:
    """Writes one visit, counting its photos."""

    def __init__(self, stop: Stop, phrases: Phrases, draw: random.Random, photos: int) -> None:
        self._stop = stop
        self._phrases = phrases
        self._draw = draw
        self._photos = photos
        self._taken = 0

    def write(self, values: Values) -> PlannedVisit:
        """The visit with these values."""
        items = self._stop.checklist.items
        answers = tuple(self._answer(item, values[item.code]) for item in items)
        overview: list[PhotoSlot] = []
        while self._taken < self._photos:
            overview.append(self._overview(first=not overview))
        note = self._draw.choice(_REMARKS) if self._draw.random() < _NOTED else None
        return PlannedVisit(
            stop=self._stop,
            note=note,
            photos=tuple(overview),
            answers=answers,
            marks=total(mark(item, values[item.code]) for item in items),
        )

    def _answer(self, item: Item, value: Value) -> PlannedAnswer:
        if value == NOT_APPLICABLE:
            reason = self._draw.choice(self._phrases.na_reasons)
            return PlannedAnswer(item.code, value, reason, (), ())
        if mark(item, value).lost == 0:
            needed = item.photo_min if item.photo_rule == "always" else 0
            photos = tuple(self._slot("item", item, item.text) for _ in range(needed))
            return PlannedAnswer(item.code, value, None, photos, ())
        return PlannedAnswer(item.code, value, None, (), self._findings(item, value))

    def _findings(self, item: Item, value: Value) -> tuple[PlannedFinding, ...]:
        """The faults behind a losing value: as many as were counted, else one."""
        count = value if isinstance(value, int) and item.answer_type == "count_deduct" else 1
        notes = list(self._phrases.notes[item.category])
        places = list(self._phrases.places_at(self._stop.place.category))
        self._draw.shuffle(notes)
        self._draw.shuffle(places)
        return tuple(
            self._finding(item, notes[index % len(notes)], places[index % len(places)], index)
            for index in range(count)
        )

    def _finding(self, item: Item, note: str, place: str, index: int) -> PlannedFinding:
        text = note.format(place=place)
        photos = item.photo_min if index == 0 and item.photo_rule != "never" else 0
        if 0 < index < _MANY and self._taken < self._photos - 1:
            photos = 1
        return PlannedFinding(
            note=text,
            location=_near(self._stop.place, self._draw) if "{place}" in note else None,
            photos=tuple(self._slot("finding", item, text) for _ in range(photos)),
        )

    def _slot(self, kind: Literal["item", "finding"], item: Item, text: str) -> PhotoSlot:
        return self._take(kind, "near", text, item.code, item.category)

    def _overview(self, *, first: bool) -> PhotoSlot:
        role: Literal["far", "reference"] = "far" if first else "reference"
        return self._take("site", role, self._stop.place.name, None, None)

    def _take(
        self,
        kind: Literal["site", "item", "finding"],
        role: Literal["near", "far", "reference"],
        text: str,
        item: str | None,
        category: str | None,
    ) -> PhotoSlot:
        slot = PhotoSlot(self._stop.place.code, self._taken, kind, role, text, item, category)
        self._taken += 1
        return slot


def _near(place: Place, draw: random.Random) -> dict[str, Any]:
    """A spot within about 40 m of the site."""
    return {
        "lat": round(place.lat + draw.uniform(-4e-4, 4e-4), 6),
        "lon": round(place.lon + draw.uniform(-4e-4, 4e-4), 6),
        "crs": place.crs,
        "accuracy_m": float(draw.randint(5, 15)),
    }
