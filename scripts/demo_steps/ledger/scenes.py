"""Plays the life of the cases: scene by scene of business time, everybody with his own account.

In a scene each case makes the moves that its course has there. Moves of one kind are made for many
cases at once, by a crowd or through the routes that take two hundred; the business clock is shifted
to each scene, so that nothing waits.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from scripts.demo_steps import stage
from scripts.demo_steps.crowd import in_parallel
from scripts.demo_steps.ledger.after_photos import AfterPhotos
from scripts.demo_steps.ledger.book import Entry
from scripts.demo_steps.ledger.desks import Desk, Desks
from scripts.demo_steps.ledger.fates import SUSPENDED_UNTIL, Act, Scene
from scripts.demo_steps.ledger.reports import CITIZEN
from scripts.demo_steps.people import coordinator_of, handler_of
from scripts.demo_steps.plan import DemoPlan
from scripts.phone.model import Role

Json = dict[str, Any]
OFFICE = "hq-admin"
_AT_ONCE = 200
_CROWD = 8
_PATIENCE_S = 90.0
_PAUSE_S = 0.5
_STAGES_DAYS = (30, 60, 90)
_BY_HANDLER = frozenset({Act.SIGN, Act.SOLVE, Act.STAGE, Act.EXPLAIN})
_BY_COORDINATOR = frozenset({Act.RETURN, Act.TRANSFER, Act.EXTEND, Act.APPEAL})
_BY_INSPECTOR = frozenset({Act.FOUND_TRUE, Act.PASS, Act.FAIL, Act.UNCLEAR})
_REPORTS = {Act.SOLVE: "solved", Act.STAGE: "staged", Act.EXPLAIN: "explained"}
_NO_PHOTOS_YET = "problem.photos-missing"
_CHECKS = {Act.PASS: "pass", Act.FAIL: "fail", Act.UNCLEAR: "unclear"}
_IN_BULK = {
    Act.FILE: "file",
    Act.DISPATCH: "dispatch",
    Act.SIGN: "sign",
    Act.CLOSE: "close",
    **dict.fromkeys(_CHECKS, "check"),
}
_UNSEEN = frozenset({Act.URGE, Act.COMMENT})


@dataclass
class Played:
    """What came of it: the demo's book, the work that was reported, and what was not right."""

    entries: dict[str, Entry] = field(default_factory=dict)
    work: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    photos: int = 0
    moves: int = 0
    faults: list[str] = field(default_factory=list)


class Scenes:
    """The cases of the book through all scenes."""

    def __init__(
        self, running: stage.Stage, plan: DemoPlan, desks: Desks, tick: Callable[[int], None]
    ) -> None:
        self._stage = running
        self._plan = plan
        self._desks = desks
        self._tick = tick
        self._names = {user["login"]: user["name"] for user in desks.users}
        self._shift = timedelta()
        self._zone = Scene.INTAKE.at.tzinfo
        self.photos = AfterPhotos(plan, self.now)
        self.played = Played()

    def now(self) -> datetime:
        """The business time, as far as the demo has set it, as the city's clocks show it."""
        return datetime.now(self._zone) + self._shift

    def begin(self, scene: Scene) -> None:
        """Shift the business clock to a scene."""
        stage.set_clock(self._stage, scene.at.isoformat())
        self._shift = scene.at - datetime.now(self._zone)

    def play(self, scene: Scene) -> None:
        """All moves of a scene, those of one kind together."""
        while waiting := self._waiting(scene):
            act = next(one for one in Act if one in waiting)
            entries = waiting[act]
            self._make(act, entries)
            self.played.moves += len(entries)

    def _waiting(self, scene: Scene) -> dict[Act, list[Entry]]:
        found = defaultdict(list)
        for entry in self.played.entries.values():
            step = entry.next_step
            if step is not None and step[0] is scene:
                found[step[1]].append(entry)
        return found

    def _make(self, act: Act, entries: Sequence[Entry]) -> None:
        if act in _IN_BULK:
            self._many(act, entries)
        elif act in _REPORTS:
            self._report_back(act, entries)
        elif act is Act.COME_BACK:
            self._come_back(entries)
        else:
            self._crowd(lambda entry: self._move(act, entry), entries)

    # -- one case at a time --------------------------------------------------------------------

    def _move(self, act: Act, entry: Entry) -> None:
        if act is Act.MERGE:
            self._look_for_likes(entry)
        verb = "verify" if act is Act.FOUND_TRUE else act.value
        body = self._body(act, entry)
        said = self._desk(act, entry).post(f"/v1/ledger/{entry.number}/{verb}", body)
        self._write(act, entry, said)
        if act is Act.TRANSFER:
            entry.unit = body["unit"]
        self._tick(1)

    def _body(self, act: Act, entry: Entry) -> Json:
        body: Json = {} if act in _UNSEEN else {"version": entry.version}
        if act in _UNSEEN:
            return {"text": self._words(act, entry)}
        if act is not Act.VERIFY:
            body["reason"] = self._words(act, entry)
        if act is Act.FOUND_TRUE:
            body["result"] = "exists"
        elif act is Act.REFUSE and entry.source == CITIZEN:
            body["public_reason"] = self._plan.city.phrases.moves["refuse-citizen"][0]
        elif act is Act.MERGE:
            body["into"] = entry.course.into
        elif act is Act.SUSPEND:
            body["until"] = SUSPENDED_UNTIL
        elif act is Act.TRANSFER:
            body["unit"] = self._other_unit(entry)
        return body

    def _look_for_likes(self, entry: Entry) -> None:
        """Headquarters merges what the service says is likely the same."""
        likes = self._desks.of(OFFICE).get(f"/v1/ledger/{entry.number}/duplicates")["items"]
        if entry.course.into not in {like["number"] for like in likes}:
            self.played.faults.append(f"{entry.number}: {entry.course.into} is not named as alike")

    def _write(self, act: Act, entry: Entry, said: Json) -> None:
        deadline = said["time"]["deadline_at"] if said["time"] else None
        entry.write(act, version=said["version"], deadline_at=_instant(deadline))
        if said["state"] != entry.state:
            self.played.faults.append(
                f"{entry.number}: {said['state']} after {act.value} instead of {entry.state}"
            )

    def _other_unit(self, entry: Entry) -> str:
        """The street office where a bureau says it is not its own; else the district's 城管局."""
        units = self._plan.city.units
        street: str | None = entry.area
        while street is not None and units[street].kind != "street":
            street = units[street].parent
        if street is not None and street != entry.unit:
            return street
        return next(
            code
            for code in self._plan.city.answering
            if units[code].parent == entry.district and code.endswith("-CGJ")
        )

    # -- many at once --------------------------------------------------------------------------

    def _many(self, act: Act, entries: Sequence[Entry]) -> None:
        """Two hundred at a time, by whoever makes the move; what waits for photos once more."""
        by_desk = defaultdict(list)
        for entry in entries:
            by_desk[self._who(act, entry)].append(entry)
        batches = [
            each[first : first + _AT_ONCE]
            for each in by_desk.values()
            for first in range(0, len(each), _AT_ONCE)
        ]
        self._crowd(lambda some: self._some(act, some), batches)

    def _some(self, act: Act, entries: Sequence[Entry]) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        left = list(entries)
        while left:
            items = [self._item(act, entry) for entry in left]
            said = self._desk(act, left[0]).post(f"/v1/ledger:{_IN_BULK[act]}", {"items": items})
            refused = self._written(act, left, items, said["items"])
            self._tick(len(left) - len(refused))
            waiting = {number for number, code in refused.items() if code == _NO_PHOTOS_YET}
            if len(waiting) < len(refused) or time.monotonic() > deadline:
                raise stage.StageError(f"{act.value}: {refused}")
            left = [entry for entry in left if entry.number in waiting]
            time.sleep(_PAUSE_S if left else 0.0)

    def _item(self, act: Act, entry: Entry) -> Json:
        item: Json = {"number": entry.number, "version": entry.version}
        if act is Act.FILE and entry.course.condition is not None:
            item["condition"] = entry.course.condition
        elif act is Act.DISPATCH and Act.RETURN in entry.done:
            item |= {"unit": self._other_unit(entry), "reason": self._words(act, entry)}
        elif act in _CHECKS:
            item["result"] = _CHECKS[act]
            if act is not Act.PASS:
                item["reason"] = self._words(act, entry)
        return item

    def _written(
        self, act: Act, entries: Sequence[Entry], items: Sequence[Json], said: Sequence[Json]
    ) -> dict[str, str]:
        """Writes what was done into the book; returns what was not, and why."""
        by_number = {one["number"]: one for one in said}
        for entry, item in zip(entries, items, strict=True):
            one = by_number[entry.number]
            if one["done"]:
                entry.write(act, version=one["version"], deadline_at=_instant(one["deadline_at"]))
                entry.unit = item.get("unit", entry.unit)
        return {one["number"]: one["code"] for one in said if not one["done"]}

    def _report_back(self, act: Act, entries: Sequence[Entry]) -> None:
        """Who handles several cases at a site takes one photo of them all."""
        visits = defaultdict(list)
        for entry in entries:
            visits[entry.unit, entry.site or entry.number].append(entry)
        self._crowd(lambda some: self._rectify(act, some), visits.values())

    def _rectify(self, act: Act, entries: Sequence[Entry]) -> None:
        first = entries[0]
        desk = self._desk(act, first)
        shot = self.photos.shoot(first, self._names[desk.name])
        photo = desk.send_photo(shot, Role.AFTER)
        self.played.photos += 1
        for entry in entries:
            body = self._report(act, entry) | {"photos": [str(photo)]}
            said = desk.post(f"/v1/ledger/{entry.number}/rectify", body)
            self._write(act, entry, said)
            self._tick(1)

    def _report(self, act: Act, entry: Entry) -> Json:
        draw = random.Random(f"work {entry.note} {len(entry.done)}")
        works = self._plan.city.phrases.work
        kind, unit, most = works.get(entry.line, works["*"])
        milli = draw.randint(1, most) * 1000 if act is Act.SOLVE else 0
        body: Json = {
            "version": entry.version,
            "resolution": _REPORTS[act],
            "reason": self._words(act, entry),
            "cost_fen": draw.randint(0, 500) * 10_000,
        }
        self.played.work[entry.number] = (kind, unit, milli)
        if milli:
            body["work"] = [{"kind": kind, "quantity": str(milli // 1000), "unit": unit}]
        if act is Act.STAGE:
            today, texts = self.now().date(), self._plan.city.phrases.moves["stages"]
            body["plan"] = [
                {"on": (today + timedelta(days=days)).isoformat(), "text": text}
                for days, text in zip(_STAGES_DAYS, texts, strict=True)
            ]
        return body

    def _come_back(self, entries: Sequence[Entry]) -> None:
        """The service itself ends suspensions; wait until it has."""
        deadline = time.monotonic() + _PATIENCE_S
        while list(self._desks.of(OFFICE).pages("/v1/ledger", state="suspended")):
            if time.monotonic() > deadline:
                raise stage.StageError("suspensions did not end with their day")
            time.sleep(_PAUSE_S)
        found = {
            one["number"]: one
            for one in self._desks.of(OFFICE).pages("/v1/ledger", state="rectifying")
        }
        for entry in entries:
            self._write(Act.COME_BACK, entry, found[entry.number])
            self._tick(1)

    # -- who, with which words -----------------------------------------------------------------

    def _desk(self, act: Act, entry: Entry) -> Desk:
        return self._desks.of(self._who(act, entry))

    def _who(self, act: Act, entry: Entry) -> str:
        if act in _BY_HANDLER:
            return handler_of(entry.unit or "")
        if act in _BY_COORDINATOR:
            return coordinator_of(self._plan.city, entry.unit or "")
        if act in _BY_INSPECTOR:
            inspectors = self._plan.inspectors()
            place = self._plan.city.districts.index(entry.district)
            return str(inspectors[place % len(inspectors)]["login"])
        return OFFICE

    def _words(self, act: Act, entry: Entry) -> str:
        return random.Random(f"{act.value} {entry.note}").choice(
            self._plan.city.phrases.moves[act.value]
        )

    def _crowd(self, work: Callable[[Any], None], items: Iterable[Any]) -> None:
        for _ in in_parallel(work, items, threads=_CROWD):
            pass


def _instant(said: str | None) -> datetime | None:
    return datetime.fromisoformat(said) if said else None
