"""Where an entrant lost its points: every answer, veto and closing rate, in points of its score.

A score is what it could have been less its losses, exactly: ``base - sum of losses = score``. So
the gap between two entrants of a league is the difference of their losses, with nothing left over.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from app.checklists.rules import MILLI, NOT_APPLICABLE
from app.scoring.rules import Aggregation, LeagueRule, NaPolicy, Rulebook
from app.scoring.rules_draws import site_share
from app.scoring.rules_inputs import AnswerGiven, EntrantGiven, VisitGiven
from app.scoring.rules_places import Standing
from app.scoring.rules_tallies import FULL, SiteScore, score_of_sites


class Cause(StrEnum):
    """By what points are lost; ``rounding`` is between the exact score and the printed one."""

    ANSWER = "answer"
    VETO = "veto"
    ZERO_ENTRANT = "zero_entrant"
    CLOSING_RATE = "closing_rate"
    COMPONENT = "component"
    ROUNDING = "rounding"


class LostAnswer(NamedTuple):
    """An answer that did not earn all: thousandths lost, and the class of the veto it failed."""

    site: str
    visit: str
    item: str
    line: str
    lost: int
    veto: str | None = None


@dataclass(frozen=True)
class Losses:
    """All that an entrant lost. ``answers`` with the points that each costs its score, most first.

    ``parts`` by cause and key (checklist and item, classes of vetoes, component league) sum with
    the score to ``base``.
    """

    base: Fraction
    parts: Mapping[tuple[Cause, str], Fraction]
    answers: Sequence[tuple[LostAnswer, Fraction]]


def lost_answers(
    visits: Iterable[VisitGiven], book: Rulebook, entrant: EntrantGiven
) -> list[LostAnswer]:
    """The answers in an entrant's scope that did not earn all; a visit given twice is one."""
    found = []
    for visit in {one.id: one for one in visits}.values():
        if visit.area_path.startswith(entrant.areas):
            for answer in {one.item: one for one in visit.answers}.values():
                if entrant.has_line(answer.line):
                    lost = lost_of(visit.site, visit.id, visit.checklist, answer, book)
                    found += [lost] if lost is not None else []
    return sorted(found)


def lost_of(
    site: str, visit: str, checklist: str, answer: AnswerGiven, book: Rulebook
) -> LostAnswer | None:
    """What an answer lost under a rulebook; None where it earned all that it could."""
    missing = answer.possible - answer.earned
    veto = answer.veto if missing else None
    if answer.value == NOT_APPLICABLE:
        policy = book.not_applicable.of(checklist, answer.item)
        missing, veto = (answer.weight if policy is NaPolicy.ZERO else 0), None
    if not missing:
        return None
    return LostAnswer(site, visit, f"{checklist}/{answer.item}", answer.line, missing, veto)


def worth_at(one: Standing, terms: LeagueRule) -> dict[str, Fraction]:
    """What a thousandth earned at each site adds to an entrant's score."""
    sites = one.tally.sites
    whole = FULL * site_share(one, terms)
    if terms.aggregation is Aggregation.MEAN_OF_SITES:
        weights = {of: whole / (len(sites) * of) for of in {site.possible for site in sites}}
        return {site.site: weights[site.possible] for site in sites}
    possible = Counter[str]()
    if terms.aggregation is Aggregation.CATEGORY_MIX:
        mix = terms.category_weights or {}
        for site in sites:
            possible[site.category] += site.possible
        total = sum(mix.get(category, 0) for category in possible)
        by_category = {
            category: Fraction(whole * mix.get(category, 0), total * of)
            for category, of in possible.items()
            if total
        }
        return {site.site: by_category[site.category] for site in sites if total}
    each = whole / (sum(site.possible for site in sites) or 1)
    return dict.fromkeys((site.site for site in sites), each)


def losses_of(one: Standing, lost: Sequence[LostAnswer], terms: LeagueRule) -> Losses:
    """What an entrant with a score lost, and to what.

    Raises ``ValueError`` if the answers are not those that the score came from.
    """
    share = site_share(one, terms)
    parts: dict[tuple[Cause, str], Fraction] = defaultdict(Fraction)
    if one.points is None:
        base = Fraction(FULL)
        answers = _site_losses(one, lost, terms, parts)
        if one.tally.zeroed:
            reckoned = score_of_sites(replace(one.tally, zeroed=False), terms) or Fraction(0)
            parts[Cause.ZERO_ENTRANT, ""] = share * reckoned
    else:
        answers = []
        most = Fraction(max(terms.points, default=0), MILLI)
        base = share * most + (1 - share) * FULL
        for code, points in one.points.items():
            parts[Cause.COMPONENT, code] = share * (most - points) / len(one.points)
    if share != 1:
        parts[Cause.CLOSING_RATE, ""] = (1 - share) * FULL * (1 - (one.closing or 0))
    parts = {key: points for key, points in parts.items() if points}
    if base - sum(parts.values(), Fraction(0)) != one.score:
        raise ValueError(f"these are not the answers that {one.entrant.key} was scored by")
    return Losses(base, parts, answers)


def _site_losses(
    one: Standing,
    lost: Sequence[LostAnswer],
    terms: LeagueRule,
    parts: dict[tuple[Cause, str], Fraction],
) -> list[tuple[LostAnswer, Fraction]]:
    worth = worth_at(one, terms)
    by_worth: Counter[tuple[str, Fraction]] = Counter()
    at_site: Counter[str] = Counter()
    for answer in lost:
        by_worth[answer.item, worth.get(answer.site, Fraction(0))] += answer.lost
        at_site[answer.site] += answer.lost
    for (item, each), missing in by_worth.items():
        parts[Cause.ANSWER, item] += each * missing
    for site in one.tally.sites:
        if site.vetoes:
            taken = withheld(site, at_site[site.site])
            parts[Cause.VETO, ",".join(site.vetoes)] += worth.get(site.site, Fraction(0)) * taken
    points = [(one, worth.get(one.site, Fraction(0)) * one.lost) for one in lost]
    return sorted(points, key=lambda pair: (-pair[1], pair[0]))


def withheld(site: SiteScore, lost: int) -> int | Fraction:
    """What vetoes took from a site beside the points of its answers."""
    return site.possible - lost - site.earned
