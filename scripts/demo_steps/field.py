"""Plays the phones: one thread per inspector, each with a queue of its own and a bad network.

Everything goes through the reference client (`scripts.phone`) over HTTP. Lost requests, lost
replies, repeated requests, broken uploads and a mixed-up order happen as the seed says; on one
phone a `complete` is lost for good, so that the service's sweeper has to find the upload.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from scripts.demo_steps.answers import PhotoSlot, PlannedVisit
from scripts.demo_steps.bodies import Ids, visit_body
from scripts.demo_steps.crowd import in_parallel
from scripts.demo_steps.pictures import Camera
from scripts.demo_steps.stage import Stage
from scripts.phone import Fault, Faults, Location, Pace, Phone, Photo, PhotoState, Progress
from scripts.phone.decide import Step

_PACE = Pace(base_s=0.2, cap_s=5.0, poll_s=1.5, poll_cap_s=6.0, patience_s=180.0)
_FINISH_S = 240.0
_STORED = (PhotoState.STORED, PhotoState.RECEIPTED)
_AT_THE_SITE = timedelta(minutes=18)
_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".heic": "image/heic",
    ".webp": "image/webp",
}


@dataclass
class Trip:
    """What one inspector brought home."""

    login: str
    photos: list[Photo] = field(default_factory=list)
    visits: list[UUID] = field(default_factory=list)
    findings: int = 0
    refused: list[str] = field(default_factory=list)
    progress: Progress | None = None
    faults: Counter[Fault] = field(default_factory=Counter)

    @property
    def is_clean(self) -> bool:
        """Whether everything that should have been stored was acknowledged."""
        return self.progress is not None and self.progress.is_idle and not self.open_visits

    @property
    def open_visits(self) -> int:
        """Visits that have not been acknowledged with all their photos."""
        states = self.progress.visits if self.progress else {}
        return sum(count for state, count in states.items() if state.value != "done")


@dataclass(frozen=True)
class Route:
    """One inspector with his visits, and real photos to mix in."""

    user: dict[str, Any]
    visits: Sequence[PlannedVisit]
    extra: Sequence[Path]
    seed: int


def play(
    stage: Stage, round_id: UUID, routes: Sequence[Route], tick: Callable[[int, int], None]
) -> list[Trip]:
    """All routes at the same time; `tick` is told photos and visits as they are acknowledged."""

    def day_of(route: Route) -> Trip:
        return _Inspector(stage, round_id, route, tick).work()

    return list(in_parallel(day_of, routes, threads=len(routes)))


class _Inspector:
    def __init__(
        self, stage: Stage, round_id: UUID, route: Route, tick: Callable[[int, int], None]
    ) -> None:
        self._stage = stage
        self._round_id = round_id
        self._route = route
        self._tick = tick
        self._told = (0, 0)
        self._trip = Trip(route.user["login"])

    def work(self) -> Trip:
        """The whole day; whatever the network does, the queue brings it home."""
        login = self._trip.login
        first = login.endswith("01")
        forced = {(Step.COMPLETE, 2): Fault.SKIPPED_COMPLETE} if first else {}
        faults = Faults(self._route.seed, forced=forced)
        folder = self._stage.data / "phones" / login
        password = self._route.user["password"]
        with Phone(folder, self._stage.url, login, password, faults=faults, pace=_PACE) as phone:
            phone.sign_in()
            tasks = {task["site"]["code"]: task for task in phone.tasks(self._round_id)}
            extra = self._send_extra(phone)
            for number, visit in enumerate(self._route.visits):
                self._visit(phone, visit, tasks, extra if number == 0 else [])
                self._tell(phone.sync_once())
            end = phone.sync_until_empty(_FINISH_S)
            self._tell(end)
            self._trip.progress, self._trip.faults = end, faults.counters
            self._trip.photos = [one for one in phone.photos() if one.state in _STORED]
            self._trip.visits = [one.id for one in phone.visits()]
        return self._trip

    def _send_extra(self, phone: Phone) -> list[UUID]:
        """Real photos are sent before the first visit; those that are kept are shown with it."""
        names = {}
        for file in self._route.extra:
            content_type = _TYPES[file.suffix.lower()]
            names[phone.take_photo(file.read_bytes(), content_type, "far")] = file.name
        phone.sync_until_empty(_FINISH_S)
        decided = {one.id: one for one in phone.photos() if one.id in names}
        for one in decided.values():
            if one.state not in _STORED:
                self._trip.refused.append(f"{names[one.id]}: {(one.problem or {}).get('code')}")
        return [one.id for one in decided.values() if one.state in _STORED]

    def _visit(
        self,
        phone: Phone,
        visit: PlannedVisit,
        tasks: dict[str, dict[str, Any]],
        extra: Sequence[UUID],
    ) -> None:
        """Photos first, as on the spot; the queue may send the visit before them all the same."""
        place = visit.stop.place
        camera = Camera(place, self._route.user["name"])
        photos = {slot.key: str(self._shoot(phone, camera, slot)) for slot in visit.slots}
        now = phone.business_now()
        ids = Ids(
            visit=str(uuid7()),
            round=str(self._round_id),
            task=tasks[place.code]["id"],
            photos=photos,
            new=lambda: str(uuid7()),
        )
        body = visit_body(
            visit,
            ids,
            started_at=(now - _AT_THE_SITE).isoformat(),
            ended_at=now.isoformat(),
            location=camera.fix().as_json(),
        )
        body["photos"] += [str(photo) for photo in extra]
        self._trip.findings += sum(len(answer["findings"]) for answer in body["answers"])
        phone.submit_visit(body)

    def _shoot(self, phone: Phone, camera: Camera, slot: PhotoSlot) -> UUID:
        taken_at = phone.business_now()
        fix = camera.fix(slot)
        return phone.take_photo(
            camera.shoot(slot, taken_at),
            "image/jpeg",
            slot.role,
            taken_at,
            Location(lat=fix.lat, lon=fix.lon, crs="wgs84", accuracy_m=fix.accuracy_m),
        )

    def _tell(self, progress: Progress) -> None:
        photos = sum(progress.photos.get(state, 0) for state in _STORED)
        visits = sum(n for state, n in progress.visits.items() if state.value == "done")
        self._tick(photos - self._told[0], visits - self._told[1])
        self._told = (photos, visits)
