"""The present business day of a request, in the zone of the city."""

from datetime import date

from sqlmodel import Session
from starlette.requests import Request

from app.config import Settings
from app.infra import business_time


def today(tx: Session, request: Request) -> date:
    """The day on which a route decides what is valid."""
    settings: Settings = request.app.state.settings
    return business_time.today(tx, settings.timezone)
