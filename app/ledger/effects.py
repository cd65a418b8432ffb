"""What must hold for a move beside the state, and what it changes beside it. Pure."""

from dataclasses import replace

from app.kit.errors import Conflict, Forbidden
from app.ledger import deadlines
from app.ledger.case import Appeal, Cancellation, Case, CheckResult
from app.ledger.lifecycle import Effect, Step, runs_headquarters
from app.ledger.rules import ProblemState as S

WITH_UNIT = frozenset({S.DISPATCHED, S.RECTIFYING})
NEW = frozenset({S.REPORTED, S.VERIFYING})

# Guards: what must hold beside the state.


def in_time(case: Case, step: Step) -> None:
    """The deadline has not passed."""
    if case.time is None or deadlines.is_late(case.time, step.at):
        raise Conflict("problem.deadline-passed")


def may_ask_extension(case: Case, step: Step) -> None:
    """Twice at the most, one at a time, and before the deadline."""
    if case.extension_by is not None:
        raise Conflict("problem.extension-open")
    if case.extensions >= deadlines.MOST_EXTENSIONS:
        raise Conflict("problem.no-more-extensions", limit=deadlines.MOST_EXTENSIONS)
    in_time(case, step)


def extension_is_open(case: Case, step: Step) -> None:
    """Somebody has asked."""
    if case.extension_by is None:
        raise Conflict("problem.no-extension-open")


def may_approve(case: Case, step: Step) -> None:
    """Another than he who asked, before the deadline."""
    extension_is_open(case, step)
    in_time(case, step)
    if step.by.person_id == case.extension_by:
        raise Forbidden("problem.own-request")


def may_suspend(case: Case, step: Step) -> None:
    """Once, before the deadline."""
    if case.suspensions >= deadlines.MOST_SUSPENSIONS:
        raise Conflict("problem.suspended-before")
    in_time(case, step)


def was_passed(case: Case, step: Step) -> None:
    """Somebody has looked and found it put right."""
    if case.check_result is not CheckResult.PASS:
        raise Conflict("problem.not-passed")


def may_transfer(case: Case, step: Step) -> None:
    """Once without headquarters, and before the deadline: nobody hands on what he is late with."""
    if runs_headquarters(step.by):
        return
    if case.unit_transfers >= 1:
        raise Conflict("problem.transferred-before")
    in_time(case, step)


def may_appeal(case: Case, step: Step) -> None:
    """Once, and only what was late."""
    if not case.ran_out:
        raise Conflict("problem.was-in-time")
    if case.appeal is not None:
        raise Conflict("problem.appealed-before")


def appeal_is_open(case: Case, step: Step) -> None:
    """There is one."""
    if case.appeal is not Appeal.OPEN:
        raise Conflict("problem.no-appeal-open")


def was_merged(case: Case, step: Step) -> None:
    """It was cancelled by a merge."""
    if case.cancellation is not Cancellation.MERGED:
        raise Conflict("problem.not-merged")


def was_withdrawn(case: Case, step: Step) -> None:
    """It was withdrawn with its finding."""
    if case.cancellation is not Cancellation.WITHDRAWN:
        raise Conflict("problem.not-withdrawn")


# Effects: what a move changes beside the state.


def nothing(case: Case, step: Step) -> Case:
    """The state is all that changes."""
    return case


def change(case: Case, step: Step) -> Case:
    """Who answers follows the visit as long as nobody has filed it."""
    if case.state not in NEW:
        return case
    unit = step.unit
    return replace(
        case,
        answerable_unit_id=unit.id if unit else None,
        answerable_path=unit.path if unit else None,
    )


def file(case: Case, step: Step) -> Case:
    """The limit, and the unit if one is named."""
    assert step.limit is not None  # noqa: S101 - the service chooses one
    unit = step.unit
    return replace(
        case,
        filed_at=step.at,
        condition=step.limit.condition,
        limit_value=step.limit.limit.value,
        limit_unit=step.limit.limit.unit,
        limit_basis=step.limit.basis,
        answerable_unit_id=unit.id if unit else case.answerable_unit_id,
        answerable_path=unit.path if unit else case.answerable_path,
    )


def cancelled(kind: Cancellation) -> Effect:
    """The clock stands, and the state before is kept."""

    def cancel(case: Case, step: Step) -> Case:
        gone = replace(
            case,
            cancellation=kind,
            cancel_reason=step.reason,
            state_before=case.state if case.state is not S.SUSPENDED else case.state_before,
            merged_into_id=step.into,
            withdrawn_at=step.at if kind is Cancellation.WITHDRAWN else None,
            extension_by=None,
            suspended_until=None,
        )
        return stopped(gone, step)

    return cancel


def stopped(case: Case, step: Step) -> Case:
    """The clock stands still; what was marked within the last second of its time is in time."""
    if case.time is None:
        return case
    term = deadlines.stop(step.calendar, case.time, step.at)
    return case.in_time(term, overdue_at=term.deadline_at if term.ran_out else None)


def going_on(case: Case, step: Step) -> Case:
    """The clock goes on."""
    if case.time is None:
        return case
    return case.in_time(deadlines.go_on(step.calendar, case.time, step.at))


def begun(case: Case, step: Step) -> Case:
    """A new full limit."""
    assert case.limit is not None  # noqa: S101 - chosen at filing, which comes before
    return case.in_time(
        deadlines.begin(step.calendar, case.limit, step.at),
        term=case.term + 1,
        overdue_at=None,
        late_exempt=False,
        extension_by=None,
    )


def _given(case: Case, step: Step) -> tuple[Case, bool]:
    """The case with the unit of the step, and whether it is another one."""
    if step.unit is None or step.unit.id == case.answerable_unit_id:
        return case, False
    given = replace(case, answerable_unit_id=step.unit.id, answerable_path=step.unit.path)
    return given, True


def dispatch(case: Case, step: Step) -> Case:
    """A unit that returned it and gets it again goes on where it stood."""
    given, is_another = _given(case, step)
    if given.answerable_unit_id is None:
        raise Conflict("problem.nobody-answers")
    given = replace(given, dispatched_at=step.at, signed_at=None)
    return begun(given, step) if is_another or case.time is None else going_on(given, step)


def transfer(case: Case, step: Step) -> Case:
    """Another unit, with a full limit."""
    given, is_another = _given(case, step)
    if not is_another:
        raise Conflict("problem.same-unit")
    by_unit = 0 if runs_headquarters(step.by) else 1
    given = replace(
        given,
        dispatched_at=step.at,
        signed_at=None,
        transfers=case.transfers + 1,
        unit_transfers=case.unit_transfers + by_unit,
    )
    return begun(given, step)


def give_back(case: Case, step: Step) -> Case:
    """Back to the office; the clock stands."""
    return replace(stopped(case, step), extension_by=None, signed_at=None)


def sign(case: Case, step: Step) -> Case:
    """The unit has it."""
    return replace(case, signed_at=step.at)


def rectify(case: Case, step: Step) -> Case:
    """The unit says that it is done; the clock stands."""
    return replace(
        stopped(case, step),
        rectified_at=step.at,
        rectified_by=step.by.person_id,
        resolution=step.resolution,
        check_result=None,
        extension_by=None,
    )


def checked(result: CheckResult) -> Effect:
    """What somebody saw on the spot."""
    return lambda case, step: replace(case, check_result=result)


def back_to_work(case: Case, step: Step) -> Case:
    """The clock goes on from where it stood."""
    return replace(
        going_on(case, step),
        check_result=CheckResult.FAIL,
        rework=case.rework + 1,
        resolution=None,
        rectified_at=None,
    )


def close(case: Case, step: Step) -> Case:
    """It is over."""
    return replace(case, closed_at=step.at)


def ask_extension(case: Case, step: Step) -> Case:
    """Who asks is kept: another must approve."""
    return replace(case, extension_by=step.by.person_id)


def extend(case: Case, step: Step) -> Case:
    """One original limit more."""
    assert case.time is not None  # noqa: S101 - the guard has looked
    return case.in_time(
        deadlines.extend(step.calendar, case.time),
        term=case.term + 1,
        extensions=case.extensions + 1,
        extension_by=None,
    )


def refuse_extension(case: Case, step: Step) -> Case:
    """The deadline stays."""
    return replace(case, extension_by=None)


def suspend(case: Case, step: Step) -> Case:
    """The clock stands until a day."""
    until = step.until
    if until is None or not step.at < until <= step.at + deadlines.LONGEST_SUSPENSION:
        raise Conflict("problem.suspended-too-long", limit=deadlines.LONGEST_SUSPENSION.days)
    return replace(
        stopped(case, step),
        state_before=case.state,
        suspensions=case.suspensions + 1,
        suspended_until=until,
        extension_by=None,
    )


def resume(case: Case, step: Step) -> Case:
    """Back to where it was."""
    back = replace(case, suspended_until=None, state_before=None)
    return replace(going_on(back, step), state=case.state_before or S.DISPATCHED)


def supervise(case: Case, step: Step) -> Case:
    """Watched from above; perhaps with an earlier deadline."""
    supervised = replace(case, supervised=True)
    if step.until is None:
        return supervised
    try:
        if case.time is None:
            raise Conflict("problem.only-shortens")
        term = deadlines.shorten(step.calendar, case.time, step.until)
    except ValueError as error:
        raise Conflict("problem.only-shortens") from error
    if step.until <= step.at:
        raise Conflict("problem.only-shortens")
    return supervised.in_time(term, term=case.term + 1)


def urge(case: Case, step: Step) -> Case:
    """Counted."""
    return replace(case, urged=case.urged + 1)


def reopen(case: Case, step: Step) -> Case:
    """It came back: a full limit."""
    again = replace(
        case,
        reopened=case.reopened + 1,
        closed_at=None,
        rectified_at=None,
        resolution=None,
        check_result=None,
    )
    return begun(again, step)


def appeal(case: Case, step: Step) -> Case:
    """It is asked to be excused."""
    return replace(case, appeal=Appeal.OPEN)


def accept_appeal(case: Case, step: Step) -> Case:
    """Late, but not counted as late."""
    return replace(case, appeal=Appeal.ACCEPTED, late_exempt=True)


def refuse_appeal(case: Case, step: Step) -> Case:
    """Late."""
    return replace(case, appeal=Appeal.REFUSED)


def unmerge(case: Case, step: Step) -> Case:
    """Back to where it was."""
    before = case.state_before or S.REPORTED
    back = replace(
        case, cancellation=None, cancel_reason=None, merged_into_id=None, state_before=None
    )
    if before in WITH_UNIT:
        back = going_on(back, step)
    return replace(back, state=before)


def report_again(case: Case, step: Step) -> Case:
    """As if it were new; what was used of its time stays used."""
    return replace(
        case, cancellation=None, cancel_reason=None, withdrawn_at=None, state_before=None
    )


def mark_overdue(case: Case, step: Step) -> Case:
    """The deadline has passed."""
    return replace(case, overdue_at=case.deadline_at)


def recompute(case: Case, step: Step) -> Case:
    """The deadline by the calendar as it is now."""
    if case.time is None:
        return case
    return case.in_time(deadlines.recompute(step.calendar, case.time, step.at))
