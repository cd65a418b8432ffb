"""What an export is: its formats, its states, its file. Pure."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.kit.reach import Posting

FOLDER = "exports"


class SheetFormat(StrEnum):
    """What a spreadsheet program opens."""

    CSV = "csv"
    XLSX = "xlsx"


class ExportState(StrEnum):
    """How far an export is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    EXPIRED = "expired"


CONTENT_TYPES = {
    SheetFormat.CSV: "text/csv; charset=utf-8",
    SheetFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def folder_of(export_id: UUID) -> str:
    """Where all files of an export lie; each try has one of its own, and one is kept."""
    return f"{FOLDER}/{export_id}/"


def key_of(export_id: UUID, lease: UUID, format_: SheetFormat) -> str:
    """The file of one try: who comes later never writes over it."""
    return f"{folder_of(export_id)}{lease}.{format_.value}"


def reach_out(postings: Iterable[Posting], permissions: Iterable[str]) -> dict[str, Any]:
    """The offices of somebody and what he may do, as an export keeps them."""
    return {
        "postings": [_office(one) for one in postings],
        "permissions": sorted(permissions),
    }


def reach_in(reach: Mapping[str, Any]) -> tuple[Posting, ...]:
    """The same read again."""
    return tuple(
        Posting(
            role=one["role"],
            unit_path=one["unit"],
            area_paths=tuple(one["areas"]),
            line_ids=tuple(UUID(line) for line in one["lines"]),
            lent_by=UUID(one["lent_by"]) if one["lent_by"] else None,
        )
        for one in reach["postings"]
    )


def still_reaches(reach: Mapping[str, Any], postings: Iterable[Posting]) -> bool:
    """Whether somebody still holds every office that he held when he asked."""
    held = [_office(one) for one in postings]
    return all(one in held for one in reach["postings"])


def _office(posting: Posting) -> dict[str, Any]:
    return {
        "role": posting.role,
        "unit": posting.unit_path,
        "areas": sorted(posting.area_paths),
        "lines": sorted(str(line) for line in posting.line_ids),
        "lent_by": str(posting.lent_by) if posting.lent_by else None,
    }
