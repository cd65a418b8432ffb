"""A campaign's rulebook: all that turns answers into places, flags and money, as data.

A rulebook is written as JSON and read here whole, with every fault named by a JSON pointer. What a
league does not say for itself it takes from the rulebook. Points are thousandths, money is fen.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
)

from app.checklists.rules import thousandths
from app.kit.errors import Fault, Invalid
from app.kit.faults import fault_of, pointer_to
from app.rounds.rules import Period, RoundState, Source

EVERYBODY = "*"
MOST_CLOSING_PERCENT = 20
_RANKING_SOURCES = (Source.CITY_TEAM, Source.BUREAU, Source.DISTRICT, Source.THIRD_PARTY)


class RulebookState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"


class Aggregation(StrEnum):
    """How a score comes from sites, or, for ``rank_points``, from places in other leagues."""

    SCORE_RATE = "score_rate"
    MEAN_OF_SITES = "mean_of_sites"
    CATEGORY_MIX = "category_mix"
    RANK_POINTS = "rank_points"


class TieBasis(StrEnum):
    """On what places rest: the score as it is printed, or the exact one."""

    PUBLISHED = "published"
    EXACT = "exact"


class TieBreak(StrEnum):
    """One step of the chain that is gone through before a place is shared."""

    FEWER_VETOES = "fewer_vetoes"
    HEAVIEST_CATEGORY = "heaviest_category"
    CLOSING_RATE = "closing_rate"
    EARLIER_FINISH = "earlier_finish"
    TICKET = "ticket"


class NaPolicy(StrEnum):
    """What an item that does not apply is worth: nothing of nothing, all, or nothing of all."""

    EXCLUDE = "exclude"
    FULL = "full"
    ZERO = "zero"


class VetoEffect(StrEnum):
    """What a failed veto item does, beside the points that it costs."""

    NONE = "none"
    ZERO_SITE = "zero_site"
    CAP = "cap"
    DEDUCT = "deduct"
    BAR_FROM_RED = "bar_from_red"
    ZERO_ENTRANT = "zero_entrant"


class Missing(StrEnum):
    """What an area gets of a component league in which nobody stands for it."""

    SKIP = "skip"
    ZERO = "zero"


def _points(value: object) -> int:
    """Points as whole thousandths, from a whole number or a written decimal."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("a whole number, or decimals in quotation marks")  # noqa: TRY004 - pydantic
    return thousandths(str(value))


def _ranking_source(source: Source) -> Source:
    if source is Source.SELF:
        raise ValueError("self-inspection is shown and never ranks")
    return source


_POINTS_SCHEMA = WithJsonSchema(
    {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": r"^\d+(\.\d{1,3})?$"}]}
)
Points = Annotated[int, BeforeValidator(_points), Field(ge=0, le=1_000_000), _POINTS_SCHEMA]
Fen = Annotated[int, Field(strict=True, ge=0, le=10**13)]
Count = Annotated[int, Field(strict=True, ge=0, le=100_000)]
Weight = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
Code = Annotated[str, Field(min_length=1, max_length=64)]
Percent = Annotated[int, Field(strict=True, ge=0, le=100)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NotApplicableRule(_Part):
    """Items by ``checklist/item`` that are dealt with otherwise, and the least coverage of a site.

    A visit whose applicable items weigh less than ``minimum_coverage_percent`` of all its items
    is *thin*: somebody has to stand for it before the round is published.
    """

    default: NaPolicy = NaPolicy.EXCLUDE
    items: dict[Code, NaPolicy] = {}
    minimum_coverage_percent: Percent = 0

    def of(self, checklist: str, item: str) -> NaPolicy:
        return self.items.get(f"{checklist}/{item}", self.default)


class Veto(_Part):
    """The effect of one class of vetoes; ``points`` for ``cap`` and ``deduct`` alone."""

    effect: VetoEffect
    points: Points | None = None


class Closing(_Part):
    """The share of the on-time closing rate, drawn towards the mean by ``prior`` cases."""

    weight_percent: Annotated[int, Field(strict=True, ge=0, le=MOST_CLOSING_PERCENT)] = 0
    prior: Annotated[int, Field(strict=True, ge=0, le=1000)] = 10


class Budget(_Part):
    """At most so much award money per period."""

    fen: Fen
    period: Period


class _Terms(_Part):
    """What a league may say for itself; None: as the rulebook says."""

    aggregation: Aggregation | None = None
    category_weights: dict[Code, Weight] | None = None
    required_categories: list[Code] | None = None
    minimum_sites: Count | None = None
    supported_required: bool | None = None
    score_shown: bool | None = None
    closing: Closing | None = None


class LeagueRule(_Terms):
    """The terms of one league. Without quotas those stand that the league came with.

    ``published`` false: an unpublished list, there only to give points to another league.
    """

    red: Count | None = None
    blue: Count | None = None
    award_fen: list[Fen] = []
    award_name: Annotated[str, Field(max_length=100)] | None = None
    components: list[Code] = []
    points: list[Points] = []
    missing: Missing = Missing.SKIP
    published: bool = True


class Rulebook(_Terms):
    """The rules of a campaign. ``visible_to``: per round state, the roles that see a standing."""

    aggregation: Aggregation = Aggregation.SCORE_RATE
    tie_basis: TieBasis = TieBasis.PUBLISHED
    tie_break: list[TieBreak] = []
    ticket_seed: Annotated[str, Field(max_length=200)] | None = None
    visible_to: dict[RoundState, list[Code]]
    sources: Annotated[
        list[Annotated[Source, AfterValidator(_ranking_source)]], Field(min_length=1)
    ] = list(_RANKING_SOURCES)
    not_applicable: NotApplicableRule = NotApplicableRule()
    vetoes: dict[Code, Veto] = {}
    appeal_days: Annotated[int, Field(strict=True, ge=0, le=366)] = 0
    budget: Budget | None = None
    leagues: dict[Code, LeagueRule] = {}

    def lets_see(self, round_state: str, roles: frozenset[str]) -> bool:
        """Whether a standing is shown to somebody with these roles."""
        allowed = self.visible_to.get(RoundState(round_state), [])
        return EVERYBODY in allowed or not roles.isdisjoint(allowed)

    def veto(self, veto_class: str) -> Veto:
        """What becomes of a failed item of a class; ``*`` stands for all that are not named."""
        found = self.vetoes.get(veto_class) or self.vetoes.get(EVERYBODY)
        return found or Veto(effect=VetoEffect.NONE)

    def terms(self, league: str) -> LeagueRule:
        """The terms of a league with what it takes from the rulebook."""
        own = self.leagues.get(league, LeagueRule())
        taken = {
            name: getattr(self, name)
            for name in _Terms.model_fields
            if getattr(own, name) is None and getattr(self, name) is not None
        }
        return own.model_copy(update=taken)


def read_rulebook(data: Mapping[str, Any]) -> Rulebook:
    """A rulebook from its JSON; raises ``Invalid`` with every fault and where it is."""
    try:
        found = Rulebook.model_validate(data)
    except ValidationError as error:
        faults = tuple(_fault(dict(entry)) for entry in error.errors(include_url=False))
        raise Invalid("request.invalid", faults=faults) from error
    contradictions = tuple(_contradictions(found))
    if contradictions:
        raise Invalid("request.invalid", faults=contradictions)
    return found


def rulebook_schema() -> dict[str, Any]:
    """The JSON schema of a rulebook."""
    return Rulebook.model_json_schema()


def _fault(entry: Mapping[str, Any]) -> Fault:
    if entry["type"] == "value_error":
        expected = str((entry.get("ctx") or {}).get("error", ""))
        return Fault(pointer_to(*entry["loc"]), "field.value", {"expected": expected})
    return fault_of(entry)


def _contradictions(book: Rulebook) -> Iterator[Fault]:
    for name, veto in book.vetoes.items():
        needs = veto.effect in {VetoEffect.CAP, VetoEffect.DEDUCT}
        if needs and veto.points is None:
            yield Fault(pointer_to("vetoes", name, "points"), "field.missing")
        elif veto.points is not None and not needs:
            yield Fault(pointer_to("vetoes", name, "points"), "field.extra")
    if TieBreak.TICKET in book.tie_break and not book.ticket_seed:
        yield Fault("/ticket_seed", "field.missing")
    if len(set(book.tie_break)) < len(book.tie_break):
        yield Fault("/tie_break", "field.duplicate", {"value": "tie_break"})
    if book.aggregation is Aggregation.RANK_POINTS:
        expected = "only a league ranks by the points of others"
        yield Fault("/aggregation", "field.value", {"expected": expected})
    yield from _mix_faults("/category_weights", book)
    for code in book.leagues:
        yield from _league_faults(book, code)
    awarded = sum(sum(one.award_fen) for one in book.leagues.values())
    if book.budget is not None and awarded > book.budget.fen:
        yield Fault("/budget/fen", "field.too-small", {"limit": awarded})


def _mix_faults(at: str, terms: _Terms) -> Iterator[Fault]:
    if terms.aggregation is Aggregation.CATEGORY_MIX and not terms.category_weights:
        yield Fault(at, "field.missing")


def _league_faults(book: Rulebook, code: str) -> Iterator[Fault]:
    terms, at = book.terms(code), pointer_to("leagues", code)
    if book.aggregation is not Aggregation.CATEGORY_MIX:
        yield from _mix_faults(at + "/category_weights", terms)
    if terms.aggregation is Aggregation.RANK_POINTS:
        yield from _points_faults(book, terms, at)
    elif terms.components or terms.points:
        yield Fault(at + "/aggregation", "field.value", {"expected": Aggregation.RANK_POINTS.value})
    if not terms.published and (terms.award_fen or terms.red or terms.blue):
        expected = "an unpublished league has no flags and no money"
        yield Fault(at + "/published", "field.value", {"expected": expected})
    if terms.award_fen != sorted(terms.award_fen, reverse=True):
        expected = "a better place never earns less"
        yield Fault(at + "/award_fen", "field.value", {"expected": expected})


def _points_faults(book: Rulebook, terms: LeagueRule, at: str) -> Iterator[Fault]:
    for name in ("components", "points"):
        if not getattr(terms, name):
            yield Fault(f"{at}/{name}", "field.missing")
    if terms.points != sorted(terms.points, reverse=True):
        expected = "a better place never has fewer points"
        yield Fault(at + "/points", "field.value", {"expected": expected})
    if len(set(terms.components)) < len(terms.components):
        yield Fault(at + "/components", "field.duplicate", {"value": "components"})
    for index, component in enumerate(terms.components):
        if book.terms(component).aggregation is Aggregation.RANK_POINTS:
            expected = "a league whose score comes from sites"
            yield Fault(f"{at}/components/{index}", "field.value", {"expected": expected})
