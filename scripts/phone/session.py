"""Staying signed in on a bad network.

The trap is the lost answer to a refresh: the service has already made new tokens and the phone
never saw them. The phone therefore sends *the same* refresh token again (the service honours it
within a grace window), and writes a new pair down, both at once, before it uses it. Only if the
refresh token is refused does it fall back to the password, and only if that is refused does it
stop and ask the person. The queue is never touched by any of this.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar
from uuid import uuid4

from scripts.phone.api import Api, ProblemError, Tokens
from scripts.phone.decide import Action, Outcome, Step, decide
from scripts.phone.queue import Queue

T = TypeVar("T")


class SignInNeededError(Exception):
    """Login and password were refused: only the person can help."""

    def __init__(self, problem: ProblemError) -> None:
        self.problem = problem
        super().__init__(str(problem))


class OtherOwnerError(Exception):
    """The folder holds the queue of another login; evidence never changes hands silently."""


class Session:
    """The signed-in state of one phone.

    The tokens lie in the queue, the password in memory only; an app would use the platform's key
    store for both.
    """

    def __init__(self, api: Api, queue: Queue, *, login: str, password: str) -> None:
        owner = queue.note("login")
        if owner not in {None, login}:
            raise OtherOwnerError(f"this folder belongs to {owner}")
        self._api = api
        self._queue = queue
        self._login = login
        self._password = password
        self._refusal: SignInNeededError | None = None
        self._renewing = threading.Lock()
        if queue.note("device_id") is None:
            queue.write_notes({"device_id": str(uuid4()), "login": login})
        api.access_token = queue.note("access_token")

    @property
    def needs_sign_in(self) -> bool:
        """Whether the password was refused.

        It is not tried again before `allow_sign_in`: repeating a wrong one locks the account.
        """
        return self._refusal is not None

    def allow_sign_in(self, password: str | None = None) -> None:
        """Try the password again, or another one: the person has pressed the button."""
        self._refusal = None
        self._password = password or self._password

    def call(self, request: Callable[[], T]) -> T:
        """Make a request that needs a token; on 401 renew the token and repeat it once."""
        if self._api.access_token is None:
            self.renew(None)
        used = self._api.access_token
        try:
            return request()
        except ProblemError as problem:
            if decide(Outcome(Step.READ, problem.status, problem.code)) is not Action.RENEW:
                raise
        self.renew(used)
        return request()

    def renew(self, used: str | None) -> None:
        """Replace the token `used`, unless another thread has done so meanwhile."""
        with self._renewing:
            if self._api.access_token != used:
                return
            tokens = self._refreshed() or self._signed_in()
            self._queue.write_notes(
                {"access_token": tokens.access, "refresh_token": tokens.refresh}
            )
            self._api.access_token = tokens.access

    def forget_tokens(self) -> None:
        """Start over with the password: even a fresh token was answered 401."""
        with self._renewing:
            self._queue.write_notes({"access_token": None, "refresh_token": None})
            self._api.access_token = None

    def _refreshed(self) -> Tokens | None:
        refresh_token = self._queue.note("refresh_token")
        if refresh_token is None:
            return None
        try:
            return self._api.refresh(refresh_token, self._queue.note("device_id") or "")
        except ProblemError as problem:
            if decide(Outcome(Step.REFRESH, problem.status, problem.code)) is Action.RENEW:
                return None
            raise

    def _signed_in(self) -> Tokens:
        if self._refusal is not None:
            raise self._refusal
        device_id = self._queue.note("device_id") or ""
        try:
            return self._api.sign_in(self._login, self._password, device_id)
        except ProblemError as problem:
            if decide(Outcome(Step.SIGN_IN, problem.status, problem.code)) is Action.REFUSE:
                self._refusal = SignInNeededError(problem)
                raise self._refusal from problem
            raise
