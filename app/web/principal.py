"""Who is calling and what he may do. Filled in by ``auth``; read by every route."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from starlette.requests import Request

from app.kit.errors import Forbidden, Unauthorised
from app.kit.reach import Posting


@dataclass(frozen=True)
class Principal:
    """The caller of one request."""

    user_id: UUID
    login: str
    session_id: UUID
    postings: tuple[Posting, ...]
    permissions: frozenset[str]
    is_machine: bool = False
    device_id: UUID | None = None

    def has(self, permission: str) -> bool:
        return permission in self.permissions

    @property
    def own_postings(self) -> tuple[Posting, ...]:
        """The offices that are the caller's own, without those he holds as a deputy."""
        return tuple(posting for posting in self.postings if posting.lent_by is None)

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(posting.role for posting in self.postings)


def current_principal(request: Request) -> Principal:
    """The caller; raises ``Unauthorised`` where ``auth`` has not let anybody in."""
    found: Principal | None = getattr(request.state, "principal", None)
    if found is None:
        raise Unauthorised("auth.required")
    return found


def current_person(request: Request) -> Principal:
    """The caller, who must be a person: a machine has no password, sessions or offices."""
    principal = current_principal(request)
    if principal.is_machine:
        raise Forbidden("auth.people-only")
    return principal


class _Permission:
    """The dependency behind ``Needs``; its name is read by the test that walks all routes."""

    def __init__(self, permission: str) -> None:
        self.permission = permission

    async def __call__(self, request: Request) -> Principal:
        principal = current_principal(request)
        if not principal.has(self.permission):
            raise Forbidden("auth.forbidden", permission=self.permission)
        return principal


def Needs(permission: str) -> Any:
    """The permission that a route asks for, as a dependency that yields the caller."""
    return Depends(_Permission(permission))


Caller = Annotated[Principal, Depends(current_principal)]
PersonCaller = Annotated[Principal, Depends(current_person)]
