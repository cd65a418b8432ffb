"""Loads a city, its people and its rounds from folders of JSON files, each in one transaction.

The shape of the files is docs/city-files.md. Loading twice changes nothing; a fault anywhere loads
nothing and says where it is.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.auth import accounts
from app.checklists import importing as checklists
from app.config import Settings
from app.imports import files, showing, stores
from app.imports import service as imports
from app.imports.kinds import EVERY_KIND, KINDS
from app.imports.rules import Kind, Plan
from app.imports.service import FirstCode
from app.infra.db import Database
from app.kit.errors import Fault, Invalid, NotFound
from app.ledger import recomputing
from app.ledger.importing import load_rules
from app.ledger.recomputing import Moved
from app.organisation import importing as organisation
from app.organisation.calendar import load_notice, read_notice
from app.organisation.importing_boundaries import set_boundaries
from app.organisation.rules import Role
from app.people import queries as people_queries
from app.people import service as people
from app.rounds import importing as rounds
from app.rounds.tables import Round
from app.scoring import importing as scoring
from app.sites import importing as sites

Row = dict[str, Any]
BOUNDARIES = "boundaries.geojson"


def load_city(tx: Session, folder: Path) -> dict[str, int]:
    """Units, lines, categories, who answers, boundaries, checklists, campaign: how many of each."""
    city = _read(folder / "city.json")
    campaign_row = _read(folder / "campaign.json")
    with _faults_of(folder):
        counts = {
            "units": organisation.load_units(tx, _read(folder / "units.json")),
            "lines": organisation.load_lines(tx, _read(folder / "lines.json")),
            "categories": organisation.load_categories(tx, _read(folder / "categories.json")),
            "responsibilities": organisation.load_responsibilities(
                tx, _read(folder / "responsibilities.json")
            ),
            "checklists": checklists.load_checklists(tx, _read(folder / "checklists.json")),
        }
        if (folder / BOUNDARIES).exists():
            counts["boundaries"] = set_boundaries(tx, _read(folder / BOUNDARIES))
        standards = folder / "road-standards.json"
        if standards.exists():
            counts["road_standards"] = sites.load_road_standards(tx, _read(standards))
        judging = folder / "judging.json"
        if judging.exists():
            counts["judging"] = rounds.load_judging(tx, _read(judging))
        if city.get("calendar"):
            row = _read(folder / city["calendar"])
            load_notice(tx, read_notice(row))
            counts["calendar_years"] = len(row["years"])
        rules = folder / "ledger.json"
        if rules.exists():
            load_rules(tx, _read(rules))
        campaign = rounds.load_campaign(tx, campaign_row, unit=city["root"])
        scoring.load_rulebook(tx, campaign, campaign_row["rulebook"])
        counts["leagues"] = scoring.load_leagues(tx, campaign, campaign_row["leagues"])
    return counts


def load_calendar(tx: Session, settings: Settings, file: Path) -> list[Moved]:
    """A notice of days off, or working hours; which open deadlines moved."""
    with _faults_of(file):
        return recomputing.load_calendar(tx, settings, read_notice(_read(file)))


def load_categories(tx: Session, file: Path) -> int:
    """Categories of a scheme with their time limits, beside those that are there."""
    with _faults_of(file):
        return organisation.load_categories(tx, _read(file))


def load_people(tx: Session, file: Path) -> int:
    """New people with one posting each; those whose login exists are left alone."""
    rows: list[Row] = _read(file)
    known = people_queries.find_people(tx, [row["login"] for row in rows])
    new = [row for row in rows if row["login"] not in known]
    with _faults_of(file):
        for row in new:
            create_user(tx, row)
    return len(new)


def create_user(tx: Session, row: Row) -> None:
    """One person with a password and a posting."""
    person = people.create_person(
        tx,
        login=row["login"],
        name=row["name"],
        role=Role(row["role"]),
        unit=row["unit"],
        areas=row["areas"],
        lines=row["lines"],
    )
    accounts.set_password(tx, person_id=person.id, password=row["password"])


def load_round(tx: Session, file: Path, campaign_file: Path) -> Round:
    """A new round with sites and tasks; the campaign's entrants are entered for it."""
    row = _read(file)
    campaign_row = _read(campaign_file)
    if row["campaign"] != campaign_row["code"]:
        named = {"kind": "campaign", "value": row["campaign"]}
        fault = Fault("/campaign", "field.unknown-reference", named)
        raise Invalid("request.invalid", faults=(fault,))
    with _faults_of(file):
        new = rounds.load_round(tx, row)
        scoring.enter_round(tx, new, campaign_row["leagues"])
    return new


def import_sheets(
    database: Database,
    settings: Settings,
    path: Path,
    *,
    kind: str | None,
    write: bool,
    codes_file: Path | None = None,
) -> tuple[Plan, list[FirstCode]]:
    """The plan of a file, or of a folder's files taken together; written if it has no fault.

    With it come the one-time codes of new people, which are in ``codes_file`` before anything is
    committed: where that cannot be written, nothing is applied.
    """
    sheets = [
        sheet
        for file in _sheet_files(path)
        for sheet in files.read_file(_bytes_of(file), file.name, _kind_of(file, path, kind))
    ]
    with database.transaction() as tx:
        options = imports.options_of(tx, settings, passwords=True)
        if not write:
            return imports.make_plan(tx, sheets, options), []
        plan, codes = imports.apply_sheets(tx, settings, sheets, options)
        if codes and codes_file is not None:
            showing.write_codes(codes_file, codes)
        return plan, codes


def _sheet_files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(one for one in path.iterdir() if one.suffix in {".csv", ".xlsx", ".geojson"})


def _kind_of(file: Path, path: Path, kind: str | None) -> str | None:
    """A file of a folder, like one without ``--kind``, says by its name what it is."""
    if path.is_dir() or kind is None:
        return file.stem if file.suffix != ".xlsx" else None
    return kind


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Invalid("file.unreadable", file=str(file), reason=error.strerror or "") from error


def export_sheets(
    database: Database, settings: Settings, kind: str, file: Path, *, round_of: str | None
) -> int:
    """Write what is stored of a kind, or of ``all``, into a file; returns how many rows."""
    campaign, _, code = (round_of or "").partition("/")
    names = list(KINDS) if kind == "all" else [_known_kind(kind).name]
    with database.transaction() as tx:
        stored = {name: stores.STORES[name].stored(tx, {(campaign, code)}) for name in names}
    chosen = files.format_of(file.name)
    files.check_format(chosen, names)
    with file.open("wb") as target:
        files.write_export(target, chosen, stored, ZoneInfo(settings.timezone), "zh")
    return sum(len(rows) for rows in stored.values())


def write_template(kind: str, file: Path) -> None:
    """An empty workbook for one kind of sheet, or for ``all``."""
    kinds = list(KINDS.values()) if kind == "all" else [_known_kind(kind)]
    files.check_format(files.Format.XLSX, [one.name for one in kinds])
    with file.open("wb") as target:
        files.write_template(target, kinds, "zh")


def _known_kind(name: str) -> Kind:
    if name not in EVERY_KIND:
        raise NotFound("import.no-such-kind", kind=name)
    return EVERY_KIND[name]


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Invalid("file.unreadable", file=str(file), reason=error.strerror or "") from error
    except ValueError as error:
        fault = Fault(str(file), "field.json")
        raise Invalid("request.invalid", faults=(fault,)) from error


@contextmanager
def _faults_of(file: Path) -> Iterator[None]:
    """A missing key or a wrong value in a file is the file's fault, not a crash."""
    try:
        yield
    except KeyError as error:
        fault = Fault(f"{file}: {error.args[0]}", "field.missing")
        raise Invalid("request.invalid", faults=(fault,)) from error
    except ValueError as error:
        fault = Fault(str(file), "field.value", {"expected": str(error)})
        raise Invalid("request.invalid", faults=(fault,)) from error
