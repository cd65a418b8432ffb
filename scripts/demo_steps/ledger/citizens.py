"""Citizens who report a fault without an account, with a photo, and ask later what became of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import httpx2
from uuid_utils.compat import uuid7

from scripts.demo_steps.answers import PhotoSlot
from scripts.demo_steps.ledger.book import Entry
from scripts.demo_steps.ledger.desks import RefusedError
from scripts.demo_steps.ledger.reports import Told
from scripts.demo_steps.ledger.scenes import Scenes
from scripts.demo_steps.pictures import Camera

Json = dict[str, Any]
_PHOTO = 400  # a number beyond those of the visits' photos
_CONTACT = "13800000000"
_OVER = {"closed": "done", "cancelled": "refused"}  # as everybody is told


class Citizens:
    """Everybody who has no account."""

    def __init__(self, public: httpx2.Client, scenes: Scenes) -> None:
        self._http = public
        self._scenes = scenes
        self._numbers: dict[str, str] = {}  # by what was said
        self._form: Json | None = None

    def known_categories(self, cases: Sequence[Json]) -> list[Json]:
        """Those of the cases that a citizen could have named in the form."""
        codes = self._codes()
        return [case for case in cases if case["category"] and case["category"]["code"] in codes]

    def report(self, told: Told, category: Json) -> str:
        """Report a fault with a photo; who does not repeat others leaves his number."""
        body: Json = {
            "id": str(uuid7()),
            "location": told.location,
            "note": told.note,
            "category": category if category["code"] in self._codes() else None,
        }
        if told.again is None and self._read_form()["takes_contact"]:
            body["contact"] = _CONTACT
        said = self._post("/v1/public/reports", body)
        self._send_photo(told, said["photo_token"])
        self._numbers[told.note] = said["number"]
        return str(said["number"])

    def faults(self, entries: Sequence[Entry]) -> list[str]:
        """What a citizen is told in the end, where it is not what became of his report.

        One that was merged stands where the other one stands.
        """
        by_number = {entry.number: entry for entry in entries}
        faults = []
        for entry in entries:
            if entry.note not in self._numbers:
                continue
            said = self._post("/v1/public/reports:look-up", {"number": self._numbers[entry.note]})
            shown = by_number[entry.course.into] if entry.course.into else entry
            is_over = shown.state in _OVER
            if said["is_over"] is not is_over or (is_over and said["state"] != _OVER[shown.state]):
                faults.append(f"citizen, {entry.number}: told {said['state']}, is {shown.state}")
        return faults

    def _send_photo(self, told: Told, token: str) -> None:
        slot = PhotoSlot(told.place.code, _PHOTO, "finding", "near", told.note, None, told.category)
        camera, taken_at = Camera(told.place, "市民", office="随手拍"), self._scenes.now()
        content = camera.shoot(slot, taken_at)
        photo = {
            "id": str(uuid7()),
            "sha256": hashlib.sha256(content).hexdigest(),
            "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
            "size": len(content),
            "content_type": "image/jpeg",
            "role": "near",
            "captured_at": taken_at.isoformat(timespec="milliseconds"),
            "location": camera.fix(slot).as_json(),
        }
        said = self._post("/v1/public/photos", {"token": token, "photos": [photo]})
        upload = said["photos"][0]["upload"]
        put = self._http.put(upload["url"], content=content, headers=upload["headers"])
        put.raise_for_status()
        self._post(f"/v1/public/photos/{photo['id']}/complete", {"token": token})

    def _codes(self) -> set[str]:
        return {one["code"] for one in self._read_form()["categories"]}

    def _read_form(self) -> Json:
        if self._form is None:
            reply = self._http.get("/v1/public/report-form")
            if not reply.is_success:
                raise RefusedError("a citizen", "GET /v1/public/report-form", reply)
            self._form = reply.json()
        return self._form

    def _post(self, path: str, body: Json) -> Json:
        reply = self._http.post(path, json=body)
        if not reply.is_success:
            raise RefusedError("a citizen", f"POST {path}", reply)
        said: Json = reply.json()
        return said
