"""Between rows of rounds and their wire shapes."""

from app.rounds.queries import RoundView
from app.rounds.schemas import RoundOut, RoundRef
from app.rounds.tables import Round
from app.web.language import Language, pick
from app.web.wire import Named


def round_ref(row: Round, language: Language) -> RoundRef:
    """A round as others refer to it."""
    return RoundRef(
        id=row.id,
        code=row.code,
        name=pick(language, row.name_zh, row.name_en),
        state=row.state,
        source=row.source,
    )


def round_out(view: RoundView, language: Language) -> RoundOut:
    """A round in full."""
    campaign = view.campaign
    return RoundOut(
        **dict(round_ref(view.round, language)),
        campaign=Named(code=campaign.code, name=pick(language, campaign.name_zh, campaign.name_en)),
        opens_at=view.round.opens_at,
        closes_at=view.round.closes_at,
        announced=view.round.announced,
    )
