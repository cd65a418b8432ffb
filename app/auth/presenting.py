"""Sessions, keys and the caller as they are shown."""

from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session

from app.auth import queries
from app.auth.schemas import KeyOut, MeOut, PostingOut, SessionOut
from app.auth.tables import AuthSession
from app.organisation.rules import Role
from app.organisation.tables import Line, Unit
from app.people import queries as people
from app.people.presenting import present_deputy
from app.people.schemas import PersonRef
from app.web.language import Language, pick
from app.web.principal import Principal
from app.web.wire import Named


def present_person(
    tx: Session,
    caller: Principal,
    *,
    now: datetime,
    today: date,
    language: Language,
    minimum: str | None,
) -> MeOut:
    """A person's own page."""
    person = queries.get_person(tx, caller.user_id)
    acting = people.list_deputies(tx, person_id=person.id, today=today)
    lent = people.list_deputies(tx, holder_id=person.id, today=today)
    return MeOut(
        id=person.id,
        login=person.login,
        name=person.name,
        server_time=now,
        postings=[
            _posting(view, language)
            for view in people.list_postings(tx, [person.id])[person.id]
            if view.is_valid_on(today)
        ],
        permissions=sorted(caller.permissions),
        acting_for=[present_deputy(view, today, language) for view in acting],
        deputies=[present_deputy(view, today, language) for view in lent],
        minimum_app_version=minimum,
    )


def present_machine(
    tx: Session, caller: Principal, *, now: datetime, language: Language, minimum: str | None
) -> MeOut:
    """The same for a key: its name, and its reach as its one posting."""
    view = queries.get_key(tx, caller.user_id)
    return MeOut(
        id=view.key.id,
        login=view.key.prefix,
        name=view.key.name,
        server_time=now,
        postings=[
            PostingOut(
                role=view.key.role,
                unit=_named(view.unit, language),
                areas=[area.code for area in view.areas],
                lines=[line.code for line in view.lines],
            )
        ],
        permissions=sorted(caller.permissions),
        acting_for=[],
        deputies=[],
        minimum_app_version=minimum,
    )


def present_session(session: AuthSession, *, current: UUID | None) -> SessionOut:
    """One sign-in."""
    return SessionOut(
        id=session.id,
        device_id=session.device_id,
        device_name=session.device_name,
        app_version=session.app_version,
        address=session.address,
        created_at=session.created_at,
        last_used_at=session.last_used_at or session.created_at,
        is_current=session.id == current,
    )


def present_key(view: queries.KeyView, language: Language) -> KeyOut:
    """A key without its secret."""
    key = view.key
    return KeyOut(
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        role=Role(key.role),
        scopes=list(key.scopes),
        unit=_named(view.unit, language),
        areas=[_named(area, language) for area in view.areas],
        lines=[_named(line, language) for line in view.lines],
        created_by=PersonRef(login=view.created_by.login, name=view.created_by.name),
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        last_used_at=key.last_used_at,
    )


def _posting(view: people.PostingView, language: Language) -> PostingOut:
    return PostingOut(
        role=view.role.value,
        unit=_named(view.unit, language) if view.unit else None,
        areas=[area.code for area in view.areas],
        lines=[line.code for line in view.lines],
    )


def _named(row: Unit | Line, language: Language) -> Named:
    return Named(code=row.code, name=pick(language, row.name_zh, row.name_en))
