"""What a caller may reach, as plain data: the postings he holds.

A path lists codes from the root down, ``/9901/990102/``; "at or below" is a prefix of paths.
"""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Posting:
    """One office that somebody holds: a role at a unit, for areas and lines (empty: all lines).

    ``lent_by`` names the person whose office it is where the holder only acts as his deputy.
    """

    role: str
    unit_path: str
    area_paths: tuple[str, ...]
    line_ids: tuple[UUID, ...]
    lent_by: UUID | None = None
