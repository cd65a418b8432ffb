"""Who may do what, as data: role -> permissions. The scope predicate narrows rows further."""

from app.organisation.rules import Role

_READ = frozenset({"organisation.read", "checklist.read", "round.read", "ranking.read"})
_SITES = frozenset({"site.read", "site.propose", "site.manage"})
_EVIDENCE_READ = frozenset({"photo.read", "visit.read", "ledger.read", "site.read"})
_FIELD_WORK = frozenset(
    {
        "photo.submit",
        "visit.submit",
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
_MANAGE = frozenset(
    {
        "checklist.manage",
        "organisation.manage",
    }
)

ROLE_PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.HQ_ADMIN: _READ
    | _EVIDENCE_READ
    | _SITES
    | _MANAGE
    | _ROUNDS_RUN
    | {"photo.read-original"},
    Role.HQ_EDITOR: _READ | _EVIDENCE_READ | _ROUNDS_READ | {"photo.read-original"},
    Role.AUDITOR: _READ | _EVIDENCE_READ | _ROUNDS_READ | {"photo.read-original"},
    Role.INSPECTOR: _READ | _EVIDENCE_READ | _FIELD_WORK,
    Role.TEAM_LEAD: _READ | _EVIDENCE_READ | _FIELD_WORK | {"task.read-round", "task.cancel"},
    Role.UNIT_COORDINATOR: _READ | _EVIDENCE_READ | _SITES | _ROUNDS_RUN,
    Role.UNIT_HANDLER: _READ | _EVIDENCE_READ,
    Role.PLATFORM: frozenset({"organisation.read", "ledger.read", "photo.read"}),
    Role.DASHBOARD: frozenset({"organisation.read", "round.read", "ranking.read", "ledger.read"}),
}


def permissions_of(roles: frozenset[str]) -> frozenset[str]:
    """All that somebody with these roles may do."""
    return frozenset().union(*(ROLE_PERMISSIONS[Role(role)] for role in roles))
