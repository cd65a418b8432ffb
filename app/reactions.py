"""Every consequence that crosses folders: event kind -> handlers, in one table.

The sequencer makes one job per handler, so that one failing handler never re-runs the others.
Handlers run at least once and therefore repeat safely. An event that nothing follows from is
listed with an empty tuple: a test fails on a kind that is recorded and not listed here.
"""

from uuid import UUID

from sqlmodel import Session

from app.evidence import deleting, locking, verification
from app.evidence import service as evidence
from app.infra.handlers import Handler, Runtime
from app.infra.jobs import Claim
from app.inspections import deciding, judging
from app.ledger import exporting, opening
from app.ledger import service as ledger
from app.rounds import service as rounds
from app.scoring import publishing
from app.scoring import service as scoring
from app.scoring.rules_freezing import FreezeCause


def _look_at_upload(runtime: Runtime, claim: Claim) -> evidence.Verdict | None:
    return verification.verify(runtime, claim.subject_id, attempt=claim.attempts)


def _decide_photo(
    tx: Session, runtime: Runtime, claim: Claim, verdict: evidence.Verdict | None
) -> None:
    if verdict is not None:
        evidence.apply_verdict(tx, runtime.settings, photo_id=claim.subject_id, verdict=verdict)


def _drop_upload(runtime: Runtime, claim: Claim, verdict: evidence.Verdict | None) -> None:
    verification.clean_up(runtime.blobs, claim.subject_id, verdict)


def _judge_visit(tx: Session, runtime: Runtime, claim: Claim, prepared: None) -> None:
    judging.judge_visit(tx, claim.subject_id)
    deciding.stop_counting_at_refused_site(tx, visit_id=claim.subject_id)


def _judge_visits_of_photo(tx: Session, runtime: Runtime, claim: Claim, prepared: None) -> None:
    judging.judge_visits_of_photo(tx, claim.subject_id)


def _stop_counting(tx: Session, runtime: Runtime, claim: Claim, prepared: None) -> None:
    deciding.stop_counting_at(tx, site_id=claim.subject_id, reason=claim.data["reason"])


def _open_problems(tx: Session, runtime: Runtime, claim: Claim, prepared: None) -> None:
    ledger.follow_visit(tx, runtime.settings, visit_id=claim.subject_id)
    rounds.touch_progress(tx, UUID(claim.data["round_id"]))
    scoring.touch_standing(tx, UUID(claim.data["round_id"]))


def _touch_progress(tx: Session, runtime: Runtime, claim: Claim, prepared: None) -> None:
    """Of the round that the event is about, or that its task belongs to."""
    named = claim.data.get("round_id")
    rounds.touch_progress(tx, UUID(named) if named else claim.subject_id)


def _touch_ledger(tx: Session, runtime: Runtime, claim: Claim, prepared: None) -> None:
    """Inspectors of one site see each other's problems from now on."""
    opening.touch_ledger(tx)


def _touch_feeds(tx: Session, runtime: Runtime, claim: Claim, prepared: None) -> None:
    opening.touch_ledger(tx)
    rounds.touch_progress(tx, UUID(claim.data["round_id"]))
    scoring.touch_standing(tx, UUID(claim.data["round_id"]))


def _freeze_round(tx: Session, runtime: Runtime, claim: Claim, prepared: None) -> None:
    """What counted when the round ended, whatever is decided about it later."""
    settings = runtime.settings
    publishing.freeze_round(tx, settings, round_id=claim.subject_id, cause=FreezeCause.CLOSED)


def _touch_standing(tx: Session, runtime: Runtime, claim: Claim, prepared: None) -> None:
    scoring.touch_standing(tx, claim.subject_id)


def _follow_hold(runtime: Runtime, claim: Claim) -> None:
    locking.follow_hold(runtime, claim.subject_id)


def _nothing_to_write(tx: Session, runtime: Runtime, claim: Claim, prepared: None) -> None:
    """All was done at the store."""


def _erase_photo(runtime: Runtime, claim: Claim) -> bool:
    return deleting.erase(runtime, claim.subject_id)


def _note_erased(tx: Session, runtime: Runtime, claim: Claim, prepared: bool) -> None:
    deleting.note_erased(tx, claim.subject_id, erased=prepared)


def _write_export(runtime: Runtime, claim: Claim) -> exporting.Made | None:
    return exporting.write_export(runtime, claim)


def _keep_export(tx: Session, runtime: Runtime, claim: Claim, made: exporting.Made | None) -> None:
    exporting.keep_export(tx, runtime.settings, claim.subject_id, made)


def _drop_other_files(runtime: Runtime, claim: Claim, made: exporting.Made | None) -> None:
    if made is not None:
        exporting.drop_other_files(runtime.blobs, claim.subject_id, made.key)


ERASE_PHOTO = Handler("evidence.erase_photo", _note_erased, _erase_photo)
FOLLOW_HOLD = Handler("evidence.follow_hold", _nothing_to_write, _follow_hold)
WRITE_EXPORT = Handler("ledger.write_export", _keep_export, _write_export, _drop_other_files)
VERIFY_PHOTO = Handler("evidence.verify_photo", _decide_photo, _look_at_upload, _drop_upload)
JUDGE_VISIT = Handler("inspections.judge_visit", _judge_visit)
JUDGE_VISITS_OF_PHOTO = Handler("inspections.judge_visits_of_photo", _judge_visits_of_photo)
STOP_COUNTING = Handler("inspections.stop_counting", _stop_counting)
OPEN_PROBLEMS = Handler("ledger.open_problems", _open_problems)
FREEZE_ROUND = Handler("scoring.freeze_round", _freeze_round)
TOUCH_STANDING = Handler("scoring.touch_standing", _touch_standing)
TOUCH_FEEDS = Handler("feeds.touch", _touch_feeds)
TOUCH_LEDGER = Handler("ledger.touch", _touch_ledger)
TOUCH_PROGRESS = Handler("rounds.touch_progress", _touch_progress)

REACTIONS: dict[str, tuple[Handler, ...]] = {
    "api-key.created": (),
    "api-key.revoked": (),
    "auth.code-refused": (),
    "auth.session-ended": (),
    "auth.sign-in-refused": (),
    "auth.signed-in": (),
    "checklist.draft-discarded": (),
    "checklist.drafted": (),
    "campaign.created": (),
    "campaign.ended": (),
    "campaign.renamed": (),
    "cell.created": (),
    "cell.ended": (),
    "checklist.published": (),
    "contact.erased": (),
    "contact.read": (),
    "deputy.appointed": (),
    "deputy.ended": (),
    "person.code-issued": (),
    "import.applied": (),
    "export.asked": (WRITE_EXPORT,),
    "export.downloaded": (),
    "export.expired": (),
    "export.streamed": (),
    "export.written": (),
    "group.changed": (),
    "group.created": (),
    "group.ended": (),
    "person.created": (),
    "person.disabled": (),
    "person.enabled": (),
    "person.password-set": (),
    "person.renamed": (),
    "posting.added": (),
    "posting.ended": (),
    "photo.deleted": (ERASE_PHOTO,),
    "photo.erased": (),
    "photo.found": (),
    "photo-hold.lifted": (FOLLOW_HOLD,),
    "photo-hold.set": (FOLLOW_HOLD,),
    "photo.original-viewed": (),
    "photo.lost": (),
    "photo.restored": (),
    "photo.receipt-issued": (),
    "photo.rejected": (JUDGE_VISITS_OF_PHOTO,),
    "photo.stored": (JUDGE_VISITS_OF_PHOTO,),
    "photo.uploaded": (VERIFY_PHOTO,),
    "problem.changed": (),
    "problem.moved": (),
    "problem.opened": (),
    "calendar.loaded": (),
    "ledger.rules-loaded": (),
    "round.cancelled": (TOUCH_PROGRESS,),
    "round.changed": (),
    "round.appeals-opened": (TOUCH_PROGRESS,),
    "round.closed": (FREEZE_ROUND, TOUCH_PROGRESS, TOUCH_LEDGER),
    "round.frozen": (),
    "round.published": (TOUCH_PROGRESS, TOUCH_STANDING),
    "round.reopened": (TOUCH_PROGRESS, TOUCH_STANDING),
    "run.published": (),
    "run.corrected": (),
    "period.created": (),
    "rulebook.changed": (),
    "rulebook.discarded": (),
    "rulebook.drafted": (),
    "rulebook.published": (),
    "flag.given": (),
    "flag.withdrawn": (),
    "award.decided": (),
    "award.paid": (),
    "award.withdrawn": (),
    "award-budget.set": (),
    "appeal.filed": (),
    "appeal.decided": (),
    "round.draw-failed": (),
    "problem.reported-again": (),
    "problem.withdrawn": (),
    "retake.asked": (),
    "retention-class.changed": (),
    "retention-class.made": (),
    "retention-class.removed": (),
    "retake.fulfilled": (),
    "retake.waived": (JUDGE_VISIT,),
    "responsibility.added": (),
    "responsibility.ended": (),
    "round.loaded": (),
    "round.opened": (TOUCH_PROGRESS,),
    "round.planned": (),
    "row.imported": (),
    "rulebook.loaded": (),
    "signing-key.published": (),
    "signing-key.retired": (),
    "site.added": (),
    "site.closed": (),
    "site.confirmed": (),
    "site.edited": (),
    "site.move-proposed": (),
    "site.move-refused": (),
    "site.moved": (),
    "site.proposed": (),
    "site.refused": (STOP_COUNTING,),
    "site.reopened": (),
    "unit.boundary-set": (),
    "unit.created": (),
    "unit.ended": (),
    "unit.renamed": (),
    "series.created": (),
    "series.ended": (),
    "store.reconciled": (),
    "task.cancelled": (TOUCH_PROGRESS,),
    "task.handed-over": (TOUCH_PROGRESS,),
    "task.planned": (TOUCH_PROGRESS,),
    "team.created": (),
    "team.ended": (),
    "team.joined": (),
    "team.left": (),
    "visit.completed": (TOUCH_FEEDS,),
    "visit.counting-changed": (TOUCH_FEEDS,),
    "visit.late-decided": (),
    "visit.revised": (JUDGE_VISIT, OPEN_PROBLEMS),
    "visit.submitted": (JUDGE_VISIT, OPEN_PROBLEMS),
}

HANDLERS: dict[str, Handler] = {
    handler.name: handler for handlers in REACTIONS.values() for handler in handlers
}
HANDLER_NAMES: dict[str, tuple[str, ...]] = {
    kind: tuple(handler.name for handler in handlers) for kind, handlers in REACTIONS.items()
}
