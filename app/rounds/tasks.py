"""What happens to a planned task: it goes to a colleague, or it is cancelled."""

from datetime import date
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from app.infra import business_time, events
from app.kit.errors import Conflict, Fault, Invalid, NotFound
from app.people import queries as people
from app.people.tables import Person
from app.rounds import queries_tasks, queries_teams, rules
from app.rounds.queries_tasks import TaskGround
from app.rounds.tables import TaskHandOver, TaskMember
from app.web.principal import Principal


def hand_over(
    tx: Session,
    *,
    task_id: UUID,
    hand_over_id: UUID,
    giver: str | None,
    to: str,
    reason: str,
    on: date,
    by: Principal,
) -> TaskHandOver:
    """The task is the colleague's from now on; the same id again changes nothing.

    ``giver`` is the caller where it is None; only who runs the round, or leads the team, names
    somebody else. The colleague must be in the task's team that day, or where the task has no
    team, at a unit of the giver. The giver stays recorded: a visit that his phone made before it
    knew is accepted.
    """
    ground = _reachable(tx, task_id, on, by)
    known = queries_tasks.find_hand_over(tx, hand_over_id)
    if known is not None:
        return _replayed(tx, known, task_id, giver, to, reason)
    if ground.task.cancelled_at is not None:
        raise Conflict("task.cancelled")
    if ground.round.state in rules.OVER or ground.round.state is rules.RoundState.CANCELLED:
        raise Conflict("round.wrong-state", state=ground.round.state.value, needed="planned, open")
    member = _giver(tx, ground, giver or by.login, on, by)
    receiver = people.find_people(tx, [to]).get(to)
    if receiver is None or not _is_colleague(tx, ground, member, receiver.id, on):
        raise _refused("/to", to)
    return _give(tx, ground, member, receiver, hand_over_id=hand_over_id, reason=reason, by=by)


def _giver(tx: Session, ground: TaskGround, login: str, on: date, by: Principal) -> TaskMember:
    """Whose task it is now; a member speaks for himself alone."""
    person = people.find_people(tx, [login]).get(login)
    if login != by.login and not _is_in_charge(tx, ground, on, by):
        raise NotFound("task.not-found")
    for row in queries_tasks.members_of(tx, ground.task.id):
        if person is not None and row.person_id == person.id and row.handed_over_at is None:
            return row
    raise Conflict("task.not-his", person=login)


def _give(
    tx: Session,
    ground: TaskGround,
    member: TaskMember,
    receiver: Person,
    *,
    hand_over_id: UUID,
    reason: str,
    by: Principal,
) -> TaskHandOver:
    now = business_time.now(tx)
    member.handed_over_at = now
    tx.add(member)
    # Who once gave it away may get it back.
    added = insert(TaskMember).values(task_id=ground.task.id, person_id=receiver.id)
    tx.connection().execute(
        added.on_conflict_do_update(
            index_elements=["person_id", "task_id"], set_={"handed_over_at": None}
        )
    )
    new = TaskHandOver(
        id=hand_over_id,
        task_id=ground.task.id,
        from_person_id=member.person_id,
        to_person_id=receiver.id,
        reason=reason,
        handed_by=by.user_id,
        handed_at=now,
    )
    tx.add(new)
    tx.flush()
    events.record(
        tx,
        "task.handed-over",
        subject=("task", ground.task.id),
        round_id=str(ground.round.id),
        before={"member": queries_tasks.login_of(tx, member.person_id)},
        after={"member": receiver.login},
        reason=reason,
    )
    return new


def cancel_task(tx: Session, *, task_id: UUID, reason: str, on: date, by: Principal) -> TaskGround:
    """The task need not be done; cancelling twice is cancelling once.

    A visit that comes for it none the less is stored like any other.
    """
    ground = _reachable(tx, task_id, on, by, manage=True)
    if ground.task.cancelled_at is None:
        ground.task.cancelled_at = business_time.now(tx)
        ground.task.cancel_reason = reason
        tx.add(ground.task)
        tx.flush()
        events.record(
            tx,
            "task.cancelled",
            subject=("task", task_id),
            round_id=str(ground.round.id),
            before={"cancelled_at": None},
            after={"cancelled_at": ground.task.cancelled_at.isoformat()},
            reason=reason,
        )
    return ground


def _reachable(
    tx: Session, task_id: UUID, on: date, by: Principal, *, manage: bool = False
) -> TaskGround:
    """The task, locked, if the caller runs its round, leads its team, or has (or had) it."""
    ground = queries_tasks.lock_task(tx, task_id)
    if ground is None:
        raise NotFound("task.not-found")
    if _is_in_charge(tx, ground, on, by):
        return ground
    members = {row.person_id for row in queries_tasks.members_of(tx, task_id)}
    if manage or by.user_id not in members:
        raise NotFound("task.not-found")
    return ground


def _is_in_charge(tx: Session, ground: TaskGround, on: date, by: Principal) -> bool:
    """Who runs the round, or leads the task's team."""
    if rules.manages(by.postings, ground.owner.path):
        return True
    return ground.task.team_id in queries_teams.led_teams(tx, by.user_id, on=on)


def _is_colleague(
    tx: Session, ground: TaskGround, member: TaskMember, receiver: UUID, on: date
) -> bool:
    if receiver == member.person_id:
        return False
    team = ground.task.team_id
    if team is not None:
        return receiver in queries_teams.present_members(tx, [team], on=on)[team]
    return queries_tasks.share_a_unit(tx, member.person_id, receiver)


def _replayed(
    tx: Session, known: TaskHandOver, task_id: UUID, giver: str | None, to: str, reason: str
) -> TaskHandOver:
    """The same content again, or a conflict that names what differs."""
    faults = []
    if known.task_id != task_id:
        faults.append(Fault("/id", "field.differs"))
    if queries_tasks.login_of(tx, known.to_person_id) != to:
        faults.append(Fault("/to", "field.differs"))
    if giver is not None and queries_tasks.login_of(tx, known.from_person_id) != giver:
        faults.append(Fault("/from", "field.differs"))
    if known.reason != reason:
        faults.append(Fault("/reason", "field.differs"))
    if faults:
        raise Conflict("task.hand-over-reused", faults=tuple(faults))
    return known


def _refused(at: str, login: str) -> Invalid:
    """The same for somebody who is not there and for somebody who is no colleague."""
    return Invalid("request.invalid", faults=(Fault(at, "task.no-colleague", {"person": login}),))
