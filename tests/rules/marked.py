"""Small rounds for the tests of ranking: answers, visits and leagues by their codes."""

from datetime import date
from typing import Any

from app.scoring.rules import Rulebook, read_rulebook
from app.scoring.rules_inputs import (
    AnswerGiven,
    EntrantGiven,
    Inputs,
    LeagueGiven,
    LineMarks,
    SiteMarks,
    VisitGiven,
    inputs_of,
)
from app.scoring.rules_official import Official, official

CITY = "/c/"


def rules(**changes: Any) -> dict[str, Any]:
    """A rulebook as JSON."""
    return {"visible_to": {"published": ["*"]}} | changes


def book(**changes: Any) -> Rulebook:
    """A rulebook."""
    return read_rulebook(rules(**changes))


def site(name: str, area: str, earned: int, possible: int, **changes: Any) -> SiteMarks:
    """A site with marks in one line."""
    line = changes.get("line", "l")
    marks = LineMarks(line, earned, possible, tuple(changes.get("vetoes", ())))
    category = changes.get("category", "road")
    return SiteMarks(name, category, area, changes.get("on", date(2018, 9, 1)), (marks,))


def entrant(name: str, *areas: str, lines: tuple[str, ...] = (), **changes: Any) -> EntrantGiven:
    """An entrant that is its own area unless it is told another."""
    return EntrantGiven(name, name, None, areas or (f"{CITY}{name}/",), frozenset(lines), **changes)


def league(code: str, *entrants: EntrantGiven, red: int = 1, blue: int = 1) -> LeagueGiven:
    """A league with one red and one blue flag."""
    return LeagueGiven(code, red, blue, tuple(entrants))


def answer(item: str, earned: int, weight: int, **changes: Any) -> AnswerGiven:
    """An answer to an item of weight; ``na`` makes it not applicable."""
    line, veto = changes.get("line", "l"), changes.get("veto")
    if changes.get("na"):
        return AnswerGiven(item, line, "na", weight, 0, 0, veto)
    return AnswerGiven(item, line, str(earned), weight, earned, weight, veto)


def visit(name: str, area: str, *answers: AnswerGiven, **changes: Any) -> VisitGiven:
    """A visit of a site of its own name."""
    return VisitGiven(
        id=name,
        site=changes.get("site", name),
        category=changes.get("category", "road"),
        checklist=changes.get("checklist", "bj"),
        area_path=area,
        finished_on=date(2018, 9, 1),
        answers=answers,
    )


def ranked(sites: Any, *leagues: LeagueGiven, **changes: Any) -> Official:
    """The official result of sites and leagues under a rulebook."""
    written = rules(**changes)
    return official(Inputs(leagues, tuple(sites)), read_rulebook(written), written)


def ranked_visits(visits: Any, *leagues: LeagueGiven, **changes: Any) -> Official:
    """The same from whole answers."""
    written = rules(**changes)
    read = read_rulebook(written)
    return official(inputs_of(visits, leagues, read), read, written)


def entries(result: Official, code: str = "x") -> list[dict[str, Any]]:
    """The entries of a league as data."""
    return next(one["entries"] for one in result.data["leagues"] if one["code"] == code)


def column(result: Official, *names: str, code: str = "x") -> list[Any]:
    """Some fields of a league's entries, in order."""
    rows = [tuple(row[name] for name in names) for row in entries(result, code)]
    return rows if len(names) > 1 else [row[0] for row in rows]
