"""Loads a city, its people and its rounds from folders of JSON files, each in one transaction.

The shape of the files is docs/city-files.md. Loading twice changes nothing; a fault anywhere loads
nothing and says where it is.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlmodel import Session

from app.auth import accounts
from app.checklists import importing as checklists
from app.kit.errors import Fault, Invalid
from app.organisation import importing as organisation
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
        campaign = rounds.load_campaign(tx, campaign_row, unit=city["root"])
        scoring.load_rulebook(tx, campaign, campaign_row["rulebook"])
        counts["leagues"] = scoring.load_leagues(tx, campaign, campaign_row["leagues"])
    return counts


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
