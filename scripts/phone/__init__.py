"""The reference phone client: how an inspector's app talks to the service on a bad network.

App teams read it as the specification of client behaviour; README.md is its summary. It has no
user interface: `Phone` is what screens would call.
"""

from scripts.phone.api import LostError, ProblemError
from scripts.phone.faults import Fault, Faults, Rates
from scripts.phone.model import (
    Attention,
    Location,
    Photo,
    PhotoState,
    Progress,
    Role,
    Visit,
    VisitState,
)
from scripts.phone.pace import Pace
from scripts.phone.phone import Phone
from scripts.phone.queue import FolderInUseError, IdReusedError, Queue, UnknownPhotoError
from scripts.phone.session import OtherOwnerError, SignInNeededError

__all__ = [
    "Attention",
    "Fault",
    "Faults",
    "FolderInUseError",
    "IdReusedError",
    "Location",
    "LostError",
    "OtherOwnerError",
    "Pace",
    "Phone",
    "Photo",
    "PhotoState",
    "ProblemError",
    "Progress",
    "Queue",
    "Rates",
    "Role",
    "SignInNeededError",
    "UnknownPhotoError",
    "Visit",
    "VisitState",
]
