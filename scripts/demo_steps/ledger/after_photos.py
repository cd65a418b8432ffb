"""Takes the photos after: the same place once more, put right, with what was done under it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from scripts.demo_steps.answers import PhotoSlot
from scripts.demo_steps.ledger.book import Entry
from scripts.demo_steps.ledger.desks import Shot
from scripts.demo_steps.pictures import Camera
from scripts.demo_steps.places import Place
from scripts.demo_steps.plan import DemoPlan

_SIZE = (800, 600)  # as chat programs send them
_FIRST = 500  # numbers beyond those of the visits' photos


class AfterPhotos:
    """Cameras of those who have put something right."""

    def __init__(self, plan: DemoPlan, now: Callable[[], datetime]) -> None:
        self._places = {stop.place.code: stop.place for stop in plan.stops}
        self._now = now
        self._taken = 0
        self._counting = threading.Lock()

    def shoot(self, entry: Entry, name: str) -> Shot:
        """A photo of the place of a case, as it is now."""
        place = self._place(entry)
        with self._counting:
            self._taken += 1
            number = _FIRST + self._taken
        slot = PhotoSlot(place.code, number, "item", "after", entry.note, "整改后", None)
        camera = Camera(place, name, office="整改人", size=_SIZE)
        taken_at = self._now()
        return Shot(camera.shoot(slot, taken_at), taken_at, camera.fix(slot).as_json())

    def _place(self, entry: Entry) -> Place:
        if entry.site in self._places:
            return self._places[entry.site]
        near = (one for one in self._places.values() if one.street.district == entry.district)
        return next(near)
