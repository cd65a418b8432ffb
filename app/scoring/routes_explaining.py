"""Why a place is what it is, how sure an order is, and how strict inspectors are."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.kit.errors import NotFound
from app.scoring import explaining, service
from app.scoring.presenting_explaining import certainty_out, explanation_out, severities_out
from app.scoring.schemas_explaining import CertaintyOut, ExplanationOut, SeveritiesOut
from app.web.feature_router import FeatureRouter
from app.web.language import Lang
from app.web.openapi import error_replies
from app.web.principal import Needs, Principal
from app.web.transaction import Tx
from app.web.wire import Code

router = FeatureRouter(prefix="/v1", tags=["ranking"], responses=error_replies(401, 403, 404))
Reader = Annotated[Principal, Needs("ranking.read")]
SeesWho = Annotated[Principal, Needs("visit.read-people")]
Limit = Annotated[int, Query(ge=1, le=500, description="lost answers and sites that are shown")]


@router.get(
    "/rounds/{round_id}/rankings/{league}/entries/{entrant_id}",
    summary="名次依据 · Why it stands there",
)
def get_explanation(
    tx: Tx,
    reader: Reader,
    language: Lang,
    round_id: UUID,
    league: Code,
    entrant_id: UUID,
    limit: Limit = 100,
) -> ExplanationOut:
    """Each lost point with its part of the gap, and the fewest answers that would have moved it."""
    found = explaining.explained(
        tx,
        round_id=round_id,
        league=league,
        entrant_id=entrant_id,
        answers=limit,
        principal=reader,
    )
    return explanation_out(tx, found, limit=limit, language=language)


@router.get("/ranking-runs/{run_id}/certainty", summary="名次把握程度 · How sure the order is")
def get_certainty(tx: Tx, reader: Reader, language: Lang, run_id: UUID) -> CertaintyOut:
    """Beside the official order: errors, expected places, and which flags are supported."""
    found = certainty_out(tx, service.get_visible_run(tx, run_id, reader), reader, language)
    if found is None:
        raise NotFound("run.not-found")
    return found


@router.get("/ranking-runs/{run_id}/severities", summary="督导宽严 · How strict inspectors are")
def list_severities(tx: Tx, reader: SeesWho, language: Lang, run_id: UUID) -> SeveritiesOut:
    """Points that each inspector gives less than others would have given."""
    found = explaining.round_severities(tx, run_id=run_id, principal=reader)
    return severities_out(tx, found, language)
