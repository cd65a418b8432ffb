"""Reads back what the service made of it, and holds it against what the phones were promised."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx2

from scripts.demo_steps.city_files import STREET_LEAGUES
from scripts.demo_steps.crowd import in_parallel
from scripts.demo_steps.field import Trip
from scripts.demo_steps.stage import Stage, StageError
from scripts.phone import Photo

Json = dict[str, Any]
_SETTLE_S = 120.0
_READERS = 4
_PAGE = "500"


@dataclass
class Outcome:
    """What was found, and everything that is not as it must be."""

    leagues: dict[str, list[Json]] = field(default_factory=dict)
    ledger: list[Json] = field(default_factory=list)
    visits: int = 0
    photos: int = 0
    faults: list[str] = field(default_factory=list)


class Office:
    """Headquarters at its screen: signed in, reading over HTTP."""

    def __init__(self, stage: Stage, user: Json) -> None:
        self._http = httpx2.Client(base_url=stage.url, timeout=60)
        self._store = httpx2.Client(timeout=60)
        form = {"grant_type": "password", "username": user["login"], "password": user["password"]}
        reply = self._http.post("/v1/auth/token", data=form).raise_for_status().json()
        self._http.headers["Authorization"] = f"Bearer {reply['access_token']}"

    def get(self, path: str, **params: str) -> Json:
        """One JSON page."""
        found: Json = self._http.get(path, params=params).raise_for_status().json()
        return found

    def post(self, path: str, body: Json | None = None) -> Json:
        """The reply to a command; a refusal is said in its own words."""
        reply = self._http.post(path, json=body)
        if reply.is_error:
            raise StageError(f"POST {path}: {reply.status_code} {reply.text}")
        found: Json = reply.json()
        return found

    def pages(self, path: str, **params: str) -> Iterator[Json]:
        """All items of a paged list."""
        cursor: str | None = ""
        while cursor is not None:
            more = {"cursor": cursor} if cursor else {}
            page = self.get(path, limit=_PAGE, **params, **more)
            yield from page["items"]
            cursor = page["next_cursor"]

    def original_sha256(self, photo_id: UUID) -> str:
        """The digest of the bytes that the store gives out for a photo."""
        path = f"/v1/photos/{photo_id}/content"
        address = self._http.get(path, params={"size": "original"}).headers["location"]
        content = self._store.get(address).raise_for_status().content
        return hashlib.sha256(content).hexdigest()


def read_back(
    office: Office, round_id: UUID, trips: Sequence[Trip], tick: Callable[[int], None]
) -> Outcome:
    """Wait until the service has drawn all consequences, then check every promise."""
    findings = sum(trip.findings for trip in trips)
    outcome = Outcome()
    _settle(office, round_id, findings, outcome)
    outcome.faults += [
        f"{trip.login}: {trip.open_visits} visits not acknowledged, {trip.progress}"
        for trip in trips
        if not trip.is_clean
    ]
    visits = [visit for trip in trips for visit in trip.visits]
    photos = [photo for trip in trips for photo in trip.photos]
    for fault in in_parallel(lambda one: _visit_fault(office, one), visits, threads=_READERS):
        outcome.visits += fault is None
        outcome.faults += [fault] if fault else []
        tick(1)
    for fault in in_parallel(lambda one: _photo_fault(office, one), photos, threads=_READERS):
        outcome.photos += fault is None
        outcome.faults += [fault] if fault else []
        tick(1)
    _check_counts(outcome, findings)
    return outcome


def _settle(office: Office, round_id: UUID, findings: int, outcome: Outcome) -> None:
    """Standings and ledger follow within seconds of the last acknowledgement; wait for both."""
    deadline = time.monotonic() + _SETTLE_S
    while True:
        outcome.leagues = {
            code: list(office.pages(f"/v1/rounds/{round_id}/rankings/{code}"))
            for code in STREET_LEAGUES
        }
        rows = [row for rows in outcome.leagues.values() for row in rows]
        settled = not any(row["pending_visits"] for row in rows)
        counts = office.get("/v1/ledger/summary", round_id=str(round_id))["all"]
        if (settled and counts["problems"] == findings) or time.monotonic() > deadline:
            break
        time.sleep(1.0)
    outcome.ledger = list(office.pages("/v1/ledger", round_id=str(round_id)))


def _visit_fault(office: Office, visit: UUID) -> str | None:
    found = office.get(f"/v1/visits/{visit}")
    if found["state"] == "complete" and found["counting"] and not found["missing_photos"]:
        return None
    return f"visit {visit}: state {found['state']}, counting {found['counting']}"


def _photo_fault(office: Office, photo: Photo) -> str | None:
    found = office.original_sha256(photo.id)
    return None if found == photo.sha256 else f"photo {photo.id}: other bytes in the store"


def _check_counts(outcome: Outcome, findings: int) -> None:
    """Each visit counts once in its street, each finding is one entry."""
    sites = sum(row["sites"] for rows in outcome.leagues.values() for row in rows)
    if sites != outcome.visits:
        outcome.faults.append(f"{outcome.visits} visits, but {sites} sites in the standings")
    numbers = Counter(entry["number"] for entry in outcome.ledger)
    if len(outcome.ledger) != findings or max(numbers.values(), default=1) > 1:
        outcome.faults.append(f"{findings} findings, but {len(outcome.ledger)} ledger entries")


def order_faults(outcome: Outcome, published: dict[str, list[tuple[str, str]]]) -> list[str]:
    """Where the order differs from the published one, as (district, unit) by place."""
    faults = []
    for code, wanted in published.items():
        got = [(row["district"]["name"], row["unit"]["name"]) for row in outcome.leagues[code]]
        faults += [
            f"{code}, place {place}: {one[1]} instead of {other[1]}"
            for place, (one, other) in enumerate(zip(got, wanted, strict=False), start=1)
            if one != other
        ]
        if len(got) != len(wanted):
            faults.append(f"{code}: {len(got)} entrants instead of {len(wanted)}")
    return faults


def counts(outcome: Outcome, seconds: float) -> Json:
    """The end of the machine-readable result."""
    return {
        "visits": outcome.visits,
        "photos": outcome.photos,
        "problems": len(outcome.ledger),
        "seconds": round(seconds, 1),
    }


def report_row(row: Json) -> Json:
    """An entry of a standing as the report has it."""
    return {
        "rank": row["rank"],
        "unit": row["unit"]["name"],
        "district": row["district"]["name"] if row["district"] else None,
        "line": row["line"],
        "score": row["score"],
        "flag": row["flag"],
        "sites": row["sites"],
    }
