"""What a phone does after each answer: the retry table of the README as one pure function.

Three ideas carry it.

- **An answer that did not come says nothing.** The request may have been carried out. So every
  request can be repeated without harm, and is, until an answer comes.
- **Only the service can refuse.** A 4xx that does not carry a problem `code` was spoken by
  something in between (hotel portal, city proxy) and is treated like a lost connection.
- **A refusal is for the person.** It is kept with its text; it is neither dropped nor repeated
  for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from http.client import (
    BAD_REQUEST,
    CONFLICT,
    INTERNAL_SERVER_ERROR,
    MULTIPLE_CHOICES,
    NOT_FOUND,
    OK,
    PRECONDITION_FAILED,
    REQUEST_TIMEOUT,
    SERVICE_UNAVAILABLE,
    TOO_EARLY,
    TOO_MANY_REQUESTS,
    UNAUTHORIZED,
)

_TEMPORARY = frozenset({REQUEST_TIMEOUT, TOO_EARLY, TOO_MANY_REQUESTS, SERVICE_UNAVAILABLE})


class Step(StrEnum):
    """The kinds of requests a phone makes."""

    SIGN_IN = "sign-in"
    REFRESH = "refresh"
    READ = "read"
    ANNOUNCE = "announce"
    PUT = "put"
    COMPLETE = "complete"
    POLL = "poll"
    VISIT = "visit"


class Action(StrEnum):
    """What to do next."""

    ACCEPT = "accept"  # it is done, record it
    PAUSE = "pause"  # this host: wait (Retry-After, or growing with jitter), then the same again
    BACK_OFF = "back-off"  # this item: wait, growing with jitter; the other items go on
    RENEW = "renew"  # refresh the token, or sign in with the password; then the same again
    ANNOUNCE = "announce-again"  # the address is no longer good: back to `queued`
    REFUSE = "refuse"  # keep it, show the problem to the person, do not repeat it by yourself


@dataclass(frozen=True)
class Outcome:
    """What came back: `status` is None if no answer came that can be trusted."""

    step: Step
    status: int | None = None
    code: str | None = None  # the problem code; None if the service did not speak it


def decide(outcome: Outcome) -> Action:
    """Return the one right action; total over all steps, statuses and codes."""
    step, status = outcome.step, outcome.status
    if status is None:
        return Action.PAUSE
    if not BAD_REQUEST <= status < INTERNAL_SERVER_ERROR or status in _TEMPORARY:
        return _whoever_spoke(status)
    if step is Step.PUT:
        return _after_put(status)
    if status == UNAUTHORIZED and step is not Step.SIGN_IN:
        return Action.RENEW
    if outcome.code is None:
        return Action.PAUSE
    return _after_refusal(step, status)


def _whoever_spoke(status: int) -> Action:
    """Read what means the same from the service, the store and anything in between."""
    if OK <= status < MULTIPLE_CHOICES:
        return Action.ACCEPT
    if status in {TOO_MANY_REQUESTS, SERVICE_UNAVAILABLE} or status < BAD_REQUEST:
        return Action.PAUSE  # a redirect too: the service never sends one here, a portal does
    return Action.BACK_OFF


def _after_put(status: int) -> Action:
    """Read an answer of the object store, which speaks no problem codes."""
    if status == PRECONDITION_FAILED:
        return Action.ACCEPT  # the object is there already: an earlier PUT arrived after all
    if status in {BAD_REQUEST, CONFLICT}:
        return Action.BACK_OFF  # damaged on the way; or two of our own PUTs at once
    return Action.ANNOUNCE  # 403 and others: the address has expired or was not meant for this


def _after_refusal(step: Step, status: int) -> Action:
    """Read a 4xx that the service itself has spoken."""
    if step is Step.REFRESH:
        return Action.RENEW  # the password is the way back
    if step is Step.POLL:
        return Action.BACK_OFF  # asking for states never costs a photo
    if step is Step.COMPLETE and status in {NOT_FOUND, CONFLICT}:
        return Action.ANNOUNCE  # not known, or the bytes are not there
    return Action.REFUSE
