"""How often strangers may knock: by address, and all of them together.

Counted, and committed, before anything else is looked at, so that however many processes are asked
at once no more than the quota is done. The address is kept with its count alone, and only until
all its tries are there again; no report says where it came from.
"""

from uuid import UUID

from sqlmodel import Session

from app.citizens import queries
from app.config import Settings
from app.infra import throttles
from app.infra.db import Database
from app.kit import clock
from app.kit.errors import TooMany
from app.kit.throttle import Quota, address_key

_ALL = "citizen-reports"


def admit(database: Database, settings: Settings, *, address: str | None) -> None:
    """Count one request of an address; ``TooMany`` where it has made too many."""
    with database.transaction() as own:
        _take_request(own, settings, address)


def admit_report(
    database: Database, settings: Settings, *, address: str | None, report_id: UUID
) -> None:
    """Count one report, unless it is known already; ``TooMany``, which counts nothing."""
    window, now = settings.citizen_window_s, clock.real_now()
    with database.transaction() as own:
        _take_request(own, settings, address)
        if queries.find_report(own, report_id) is not None:
            return
        quota = Quota("reports-address", settings.citizen_address_reports, window)
        left = throttles.take(own, "report:" + address_key(address), quota, now=now)
        if isinstance(left, throttles.UsedUp):
            raise TooMany("public.too-many-reports", quota=quota, wait_s=left.wait_s)
        quota = Quota("reports", settings.citizen_reports, window)
        left = throttles.take(own, _ALL, quota, now=now)
        if isinstance(left, throttles.UsedUp):
            raise TooMany("public.busy", quota=quota, wait_s=left.wait_s)


def _take_request(own: Session, settings: Settings, address: str | None) -> None:
    now = clock.real_now()
    throttles.sweep(own, now=now)
    quota = Quota("public-address", settings.public_address_tries, settings.public_window_s)
    left = throttles.take(own, "public:" + address_key(address), quota, now=now)
    if isinstance(left, throttles.UsedUp):
        raise TooMany("public.too-many", quota=quota, wait_s=left.wait_s)
