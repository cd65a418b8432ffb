"""Between explanations, companions, severities and their wire shapes."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlmodel import Session

from app.kit.marks import score_of, written_score
from app.organisation import queries as organisation
from app.organisation.presenting import named
from app.organisation.tables import Unit
from app.people import queries as people
from app.scoring import queries_runs
from app.scoring.explaining import Explained
from app.scoring.presenting_results import hidden_parts, run_out
from app.scoring.queries_runs import RunView
from app.scoring.rules_certainty import SUPPORT_LABELS, Support
from app.scoring.rules_explaining import Explanation, Part, in_whole
from app.scoring.rules_hanging import Hanging
from app.scoring.rules_inputs import EntrantGiven
from app.scoring.rules_losses import LostAnswer
from app.scoring.rules_moving import Move
from app.scoring.rules_places import Standing, hundredths
from app.scoring.rules_severity import Severities, Severity
from app.scoring.rules_written import read_leagues
from app.scoring.schemas_explaining import (
    AheadOut,
    BesideOut,
    CertaintyOut,
    ExplanationOut,
    HangingOut,
    LeagueCertaintyOut,
    LostAnswerOut,
    LostRef,
    MoveOut,
    PartOut,
    SeveritiesOut,
    SeverityOut,
    SiteOut,
    SupportOut,
    WithoutOut,
)
from app.scoring.wording import CAUSES, sentence_on, sentence_on_inspectors
from app.web.language import Language, pick
from app.web.principal import Principal
from app.web.wire import Named

Row = Mapping[str, Any]
Units = Mapping[str, Unit]
_PLACES = 4
_PER = 10**_PLACES


def certainty_out(
    tx: Session, view: RunView, principal: Principal, language: Language
) -> CertaintyOut | None:
    """How sure a result is, less what the caller does not see; None where nobody looked."""
    data = view.run.companion
    if data is None:
        return None
    unseen, withheld = hidden_parts(view.run.official, principal)
    leagues = read_leagues(view.run.inputs)
    entrants = {one.key: one for league in leagues for one in league.entrants}
    units = organisation.find_units(tx, [one.unit for one in entrants.values()])
    names = {
        league.code: pick(language, league.name_zh, league.name_en)
        for league, _, _ in queries_runs.list_entries(tx, view.run.id)
    }
    return CertaintyOut(
        run=run_out(view, language),
        draws=data["draws"],
        seed=data["seed"],
        inspectors_comparable=data["inspectors_comparable"],
        leagues=[
            LeagueCertaintyOut(
                code=one["code"],
                name=names.get(one["code"], one["code"]),
                ranked=one["ranked"],
                first_group=one["first_group"],
                last_group=one["last_group"],
                rankability=_decimal(one["rankability_milli"], 1000),
                all_overlap=one["all_overlap"],
                sentence=sentence_on(one["all_overlap"], one["ranked"], language),
                entries=[
                    beside_out(row, entrants, units, language, withheld=one["code"] in withheld)
                    for row in one["entries"]
                ],
            )
            for one in data["leagues"]
            if one["code"] not in unseen
        ],
    )


def beside_out(
    row: Row,
    entrants: Mapping[str, EntrantGiven],
    units: Units,
    language: Language,
    *,
    withheld: bool,
) -> BesideOut:
    """What stands beside one place; points are left out where the score is withheld."""
    one = entrants[row["entrant"]]
    label = row["support"]
    return BesideOut(
        entrant=one.key,
        unit=_unit(one, units, language),
        label=one.label,
        sites=row["sites"],
        error=_decimal(row["error_milli"], 1000),
        low=None if withheld else _decimal(row["low_hundredths"], 100),
        high=None if withheld else _decimal(row["high_hundredths"], 100),
        expected_rank=_decimal(row["expected_rank_milli"], 1000),
        places=row["places"],
        first=_decimal(row["first"], 100),
        last=_decimal(row["last"], 100),
        support=_support(Support(label), language) if label else None,
        shaken=row["shaken"],
    )


def _support(label: Support, language: Language) -> SupportOut:
    return SupportOut(code=label, text=pick(language, *SUPPORT_LABELS[label]))


def explanation_out(
    tx: Session, found: Explained, *, limit: int, language: Language
) -> ExplanationOut:
    """An explanation with its first lost answers and sites."""
    why = found.explanation
    one = why.standing
    leagues = read_leagues(found.view.run.inputs)
    entrants = {given.key: given for league in leagues for given in league.entrants}
    units = organisation.find_units(tx, [given.unit for given in entrants.values()])
    beside = found.beside
    shown = why.losses.answers[:limit]
    return ExplanationOut(
        run=run_out(found.view, language),
        league=found.league,
        entrant=one.entrant.key,
        status=one.status,
        place=one.place,
        score=_score(one),
        ahead=_ahead(why, units, language),
        gap=None if why.gap is None else _points([why.gap])[0],
        parts=_parts(why.parts, language),
        answers_lost=len(why.losses.answers),
        answers=[_lost(answer, points, why.gap, found.photos) for answer, points in shown],
        sites_scored=one.tally.count,
        sites=_sites(one, limit),
        to_pass=_move(found.to_pass),
        to_draw_level=_move(found.to_draw_level),
        hanging=_hanging(found.hanging, limit),
        beside=beside_out(beside, entrants, units, language, withheld=False) if beside else None,
    )


def severities_out(tx: Session, found: Severities, language: Language) -> SeveritiesOut:
    """Inspectors, the strictest first."""
    known = people.find_people_by_id(tx, [UUID(key) for key in found.of])

    def shaped(key: str, one: Severity) -> SeverityOut:
        person = known[UUID(key)]
        return SeverityOut(
            inspector=Named(code=person.login, name=person.name),
            visits=one.visits,
            points=f"{one.points:.2f}",
            error=f"{one.error:.2f}",
            notable=one.is_notable,
        )

    ordered = sorted(found.of.items(), key=lambda pair: (-pair[1].points, pair[0]))
    return SeveritiesOut(
        groups=found.groups,
        sentence=sentence_on_inspectors(found.groups, language),
        items=[shaped(*pair) for pair in ordered],
    )


def _unit(one: EntrantGiven, units: Units, language: Language) -> Named:
    unit = units.get(one.unit)
    return named(unit, language) if unit else Named(code=one.unit, name=one.unit)


def _decimal(value: int | None, per: int) -> str | None:
    if value is None:
        return None
    sign, digits = ("-" if value < 0 else ""), len(str(per)) - 1
    return f"{sign}{abs(value) // per}.{abs(value) % per:0{digits}d}"


def _points(values: Iterable[Fraction]) -> list[str]:
    """Points with four decimals that add up to their rounded sum."""
    return [_decimal(one, _PER) or "" for one in in_whole(list(values), _PER)]


def _score(one: Standing) -> str | None:
    return None if one.score is None else written_score(hundredths(one.score))


def _ahead(why: Explanation, units: Units, language: Language) -> AheadOut | None:
    if why.ahead is None:
        return None
    return AheadOut(
        entrant=why.ahead.entrant.key,
        unit=_unit(why.ahead.entrant, units, language),
        place=why.ahead.place,
        score=_score(why.ahead),
    )


def _parts(parts: Sequence[Part], language: Language) -> list[PartOut]:
    points = _points(part.points for part in parts)
    return [
        PartOut(
            cause=part.cause,
            key=part.key,
            text=pick(language, *CAUSES[part.cause]),
            own=_points([part.own])[0],
            other=_points([part.other])[0],
            points=its,
        )
        for part, its in zip(parts, points, strict=True)
    ]


def _lost(
    answer: LostAnswer,
    points: Fraction,
    gap: Fraction | None,
    photos: Mapping[tuple[str, str], list[UUID]],
) -> LostAnswerOut:
    share = in_whole([100 * points / gap], 100)[0] if gap else None
    return LostAnswerOut(
        site=answer.site,
        visit_id=UUID(answer.visit),
        item=answer.item,
        line=answer.line,
        veto=answer.veto,
        points=_points([points])[0],
        share=_decimal(share, 100),
        photos=photos.get((answer.visit, answer.item), []),
    )


def _sites(one: Standing, limit: int) -> list[SiteOut]:
    """The sites with the lowest scores first."""
    ordered = sorted(
        one.tally.sites, key=lambda site: (Fraction(site.earned) / site.possible, site.site)
    )
    return [
        SiteOut(
            site=site.site,
            category=site.category,
            score=_percent(Fraction(site.earned) / site.possible),
            vetoes=list(site.vetoes),
        )
        for site in ordered[:limit]
    ]


def _percent(rate: Fraction) -> str:
    return score_of(rate.numerator, rate.denominator) or ""


def _move(move: Move | None) -> MoveOut | None:
    if move is None:
        return None
    refs = [LostRef(site=a.site, visit_id=UUID(a.visit), item=a.item) for a in move.answers]
    return MoveOut(answers=refs, smallest=move.smallest)


def _hanging(found: Hanging | None, limit: int) -> HangingOut | None:
    if found is None:
        return None
    return HangingOut(
        place=found.place,
        sites=found.sites,
        changing=[
            WithoutOut(
                site=one.site,
                score=None if one.score is None else written_score(hundredths(one.score)),
                place=one.place,
            )
            for one in found.changing[:limit]
        ],
    )
