"""Wire shapes of explanations, of how sure an order is, and of severities."""

from uuid import UUID

from app.scoring.rules_certainty import Support
from app.scoring.rules_losses import Cause
from app.scoring.rules_places import Status
from app.scoring.schemas_results import RunOut
from app.web.wire import Named, Wire


class SupportOut(Wire):
    code: Support
    text: str


class BesideOut(Wire):
    """How sure a place is; null where the sites do not tell.

    ``error``, ``low`` and ``high`` in points (nine tenths), ``expected_rank`` and the span of
    places likewise; ``first`` and ``last``: percent of being truly among the first or last
    ``first_group`` or ``last_group``.
    """

    entrant: str
    unit: Named
    label: str | None
    sites: int
    error: str | None
    low: str | None
    high: str | None
    expected_rank: str | None
    places: list[int] | None
    first: str | None
    last: str | None
    support: SupportOut | None
    shaken: bool


class LeagueCertaintyOut(Wire):
    """``sentence`` says plainly what the scores can carry, where that is little."""

    code: str
    name: str
    ranked: int
    first_group: int
    last_group: int
    rankability: str | None
    all_overlap: bool | None
    sentence: str | None
    entries: list[BesideOut]


class CertaintyOut(Wire):
    """``inspectors_comparable``: whether inspectors had enough places in common."""

    run: RunOut
    draws: int
    seed: str
    inspectors_comparable: bool | None
    leagues: list[LeagueCertaintyOut]


class AheadOut(Wire):
    entrant: str
    unit: Named
    place: int | None
    score: str | None


class PartOut(Wire):
    """Points lost to a cause by the entrant and by the next; their difference is its part."""

    cause: Cause
    key: str
    text: str
    own: str
    other: str
    points: str


class LostAnswerOut(Wire):
    """An answer that lost points; ``share``: percent of the gap to the next place."""

    site: str
    visit_id: UUID
    item: str
    line: str
    veto: str | None
    points: str
    share: str | None
    photos: list[UUID]


class LostRef(Wire):
    site: str
    visit_id: UUID
    item: str


class MoveOut(Wire):
    """Answers that, put right, would have moved it; ``smallest``: surely no fewer."""

    answers: list[LostRef]
    smallest: bool


class WithoutOut(Wire):
    site: str
    score: str | None
    place: int | None


class HangingOut(Wire):
    """The place by score alone, and the sites without any one of which it is another."""

    place: int
    sites: int
    changing: list[WithoutOut]


class SiteOut(Wire):
    """A site's own score in the scope, after vetoes."""

    site: str
    category: str
    score: str
    vetoes: list[str]


class ExplanationOut(Wire):
    """``parts`` sum to ``gap``; of ``answers`` and ``sites`` the first ``limit`` are shown."""

    run: RunOut
    league: str
    entrant: str
    status: Status
    place: int | None
    score: str | None
    ahead: AheadOut | None
    gap: str | None
    parts: list[PartOut]
    answers_lost: int
    answers: list[LostAnswerOut]
    sites_scored: int
    sites: list[SiteOut]
    to_pass: MoveOut | None
    to_draw_level: MoveOut | None
    hanging: HangingOut | None
    beside: BesideOut | None


class SeverityOut(Wire):
    """Points that an inspector gives less than others would, with the standard error."""

    inspector: Named
    visits: int
    points: str
    error: str
    notable: bool


class SeveritiesOut(Wire):
    """``groups``: into how many groups without a place in common they fall; 1: comparable."""

    groups: int
    sentence: str
    items: list[SeverityOut]
