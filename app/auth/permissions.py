"""Who may do what, as data: role -> permissions. The scope predicate narrows rows further."""

from collections.abc import Iterable

from app.kit.reach import Posting
from app.organisation.rules import Role

_READ = frozenset({"organisation.read", "checklist.read", "round.read", "ranking.read"})
_SITES = frozenset({"site.read", "site.propose", "site.manage"})
_EVIDENCE_READ = frozenset({"photo.read", "visit.read", "ledger.read", "site.read"})
_FIELD_WORK = frozenset(
    {
        "photo.submit",
        "visit.submit",
        "visit.revise",
        "task.read",
        "task.hand-over",
        "team.read",
        "site.propose",
    }
)
_ROUNDS_READ = frozenset({"task.read-round", "team.read"})
_ROUNDS_RUN = _ROUNDS_READ | {
    "campaign.manage",
    "round.manage",
    "team.manage",
    "task.plan",
    "task.cancel",
    "task.hand-over",
}
_EXPORTS = frozenset({"ledger.export"})
_REPORTS = frozenset({"problem.report"})
# What the office does to a case; what a unit does to one that it answers for.
_OFFICE = frozenset(
    f"ledger.{verb}"
    for verb in (
        "verify", "file", "refuse", "dispatch", "check", "close", "rework", "decide-extension",
        "suspend", "resume", "cancel", "supervise", "urge", "transfer", "reopen", "decide-appeal",
        "merge", "unmerge", "comment",
    )
)  # fmt: skip
_HANDLES = frozenset({"ledger.sign", "ledger.rectify", "ledger.comment", "photo.submit"})
_ANSWERS = _HANDLES | {
    "ledger.return",
    "ledger.extend",
    "ledger.transfer",
    "ledger.appeal",
    "ledger.check",
}
_CHECKS = frozenset({"ledger.verify", "ledger.check", "ledger.comment"})
_MANAGE = frozenset(
    {
        "api-key.manage",
        "audit.read",
        "checklist.manage",
        "import.run",
        "organisation.manage",
        "people.manage",
        "people.read",
    }
)
_KEEPS = frozenset({"photo.hold", "retention.manage"})
_RANKING_RUN = frozenset(
    {"rulebook.manage", "ranking.publish", "flag.give", "award.read", "award.manage"}
)
_RANKING_SEES = frozenset({"ranking.read-withheld", "award.read", "appeal.read"})
_APPEALS = frozenset({"appeal.read", "appeal.file", "photo.submit"})
_SEES_WHO = frozenset({"visit.read-double", "visit.read-people"})
_DECIDES_VISITS = frozenset(
    {
        "visit.revise",
        "visit.revise-any",
        "visit.count",
        "visit.decide-late",
        "retake.ask",
        "retake.waive",
    }
)

ROLE_PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.HQ_ADMIN: _READ
    | _EXPORTS
    | _EVIDENCE_READ
    | _SITES
    | _MANAGE
    | _ROUNDS_RUN
    | _SEES_WHO
    | _DECIDES_VISITS
    | _KEEPS
    | _OFFICE
    | _RANKING_RUN
    | _RANKING_SEES
    | {"appeal.decide", "contact.read", "photo.read-original", "retention.read"},
    Role.HQ_EDITOR: _READ
    | _EXPORTS
    | _EVIDENCE_READ
    | _ROUNDS_READ
    | _SEES_WHO
    | _RANKING_SEES
    | {"photo.read-original", "retention.read"},
    Role.AUDITOR: _READ
    | _EXPORTS
    | _EVIDENCE_READ
    | _ROUNDS_READ
    | _SEES_WHO
    | _RANKING_SEES
    | {"photo.read-original", "people.read", "audit.read", "retention.read"},
    Role.INSPECTOR: _READ | _EVIDENCE_READ | _FIELD_WORK | _REPORTS | _CHECKS,
    Role.TEAM_LEAD: _READ
    | _EVIDENCE_READ
    | _FIELD_WORK
    | _REPORTS
    | _CHECKS
    | {"task.read-round", "task.cancel", "retake.ask"},
    Role.UNIT_COORDINATOR: _READ
    | _EXPORTS
    | _EVIDENCE_READ
    | _SITES
    | _ROUNDS_RUN
    | _REPORTS
    | _ANSWERS
    | _RANKING_RUN
    | _APPEALS
    | {"people.read", "people.manage"},
    Role.UNIT_HANDLER: _READ | _EVIDENCE_READ | _REPORTS | _HANDLES | _APPEALS,
    Role.PLATFORM: frozenset(
        {"organisation.read", "ledger.read", "photo.read", "problem.send-alarm"}
    ),
    Role.DASHBOARD: frozenset({"organisation.read", "round.read", "ranking.read", "ledger.read"}),
}

# What nobody may do with an office that he only holds as a deputy: it would outlast the deputy.
NOT_FOR_DEPUTIES = frozenset({"people.manage", "api-key.manage"})
MACHINES = frozenset({Role.PLATFORM, Role.DASHBOARD})


def granted_by(postings: Iterable[Posting]) -> frozenset[str]:
    """All that the holder of these offices may do, with his own and as a deputy."""
    held = list(postings)
    own = frozenset(posting.role for posting in held if posting.lent_by is None)
    lent = frozenset(posting.role for posting in held if posting.lent_by is not None)
    return permissions_of(own) | (permissions_of(lent) - NOT_FOR_DEPUTIES)


def permissions_of(roles: frozenset[str]) -> frozenset[str]:
    """All that somebody with these roles may do."""
    return frozenset().union(*(ROLE_PERMISSIONS[Role(role)] for role in roles))
