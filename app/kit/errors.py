"""What can go wrong, in the words of the business.

Rules and services raise these; nobody below ``web`` knows an HTTP status. The whole family:

* ``Invalid``      the body contradicts itself or what it refers to; carries one ``Fault`` per place
* ``NotFound``     there is no such thing, or the caller may not know that there is
* ``Forbidden``    the caller is known and lacks the permission
* ``Unauthorised`` the caller is not known
* ``Conflict``     the request clashes with what is stored
* ``Gone``         it was here and was taken away on purpose
* ``TooMany``      tried too often; carries when the next try is possible
* ``Unavailable``  a part we depend on does not answer; trying later is right

``code`` is stable and dotted; clients switch on it alone. Texts in two languages are in
``app/web/messages.py``, keyed by the code. ``data`` fills the placeholders of these texts.
"""

from dataclasses import dataclass, field
from typing import Any

from app.kit.throttle import Quota


@dataclass(frozen=True)
class Fault:
    """One fault at one place of the request body; ``pointer`` is an RFC 6901 JSON pointer."""

    pointer: str
    code: str
    data: dict[str, Any] = field(default_factory=dict)


class DudaoError(Exception):
    """Base of the family; never raised itself."""

    def __init__(self, code: str, *, faults: tuple[Fault, ...] = (), **data: Any) -> None:
        super().__init__(code)
        self.code = code
        self.faults = faults
        self.data = data


class Invalid(DudaoError):
    pass


class NotFound(DudaoError):
    pass


class Forbidden(DudaoError):
    pass


class Unauthorised(DudaoError):
    pass


class Conflict(DudaoError):
    pass


class Gone(DudaoError):
    pass


class TooMany(DudaoError):
    """``wait_s`` seconds from now it may be tried again; ``quota`` where tries are counted."""

    def __init__(self, code: str, *, wait_s: int, quota: Quota | None = None) -> None:
        super().__init__(code, wait_s=wait_s)
        self.quota = quota
        self.wait_s = wait_s


class Unavailable(DudaoError):
    pass
