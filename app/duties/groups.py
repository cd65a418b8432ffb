"""Special groups (专项指挥部) are set up, changed as a whole and ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from app.duties import queries
from app.duties.queries import Group
from app.duties.rules import GroupKind, MemberRole
from app.duties.tables import (
    SpecialGroup,
    SpecialGroupArea,
    SpecialGroupLine,
    SpecialGroupMember,
    SpecialGroupSite,
)
from app.infra import events
from app.infra.db import conflicts
from app.kit.errors import Conflict, Fault, Invalid
from app.kit.reach import Posting
from app.organisation import queries as organisation
from app.organisation.service import require_reach, require_valid
from app.people import queries as people


@dataclass(frozen=True)
class MemberGiven:
    """A unit by code or a person by login, and its part."""

    unit: str | None
    person: str | None
    role: MemberRole


@dataclass(frozen=True)
class GroupGiven:
    """What a group is for and who sits in it, by codes."""

    kind: GroupKind
    parent: str | None
    name_zh: str
    name_en: str | None
    lines: Sequence[str]
    areas: Sequence[str]
    sites: Sequence[str]
    members: Sequence[MemberGiven]


def create_group(
    tx: Session, *, by: Sequence[Posting], code: str, given: GroupGiven, valid_from: date
) -> Group:
    """A new group from a day on."""
    row = SpecialGroup(
        code=code,
        kind=given.kind,
        parent_id=None,
        name_zh=given.name_zh,
        name_en=given.name_en,
        valid_from=valid_from,
    )
    with conflicts(tx, {"uq_special_group_code": Conflict("group.exists", value=code)}):
        tx.add(row)
    _fill(tx, by, row, given, valid_from)
    group = queries.get_group(tx, code, None)
    after = _told(group) | {"code": code, "valid_from": valid_from.isoformat()}
    events.record(tx, "group.created", subject=("special_group", row.id), before={}, after=after)
    return group


def change_group(
    tx: Session, *, by: Sequence[Posting], code: str, given: GroupGiven, on: date
) -> Group:
    """Give a group another content as a whole; the same content is nothing."""
    old = queries.get_group(tx, code, None, lock=True)
    _require_reach_of(by, old)
    _require_open(old, on)
    before = _told(old)
    row = old.row
    row.kind, row.name_zh, row.name_en = given.kind, given.name_zh, given.name_en
    links: list[Any] = [SpecialGroupLine, SpecialGroupArea, SpecialGroupSite, SpecialGroupMember]
    for link in links:
        tx.exec(sa.delete(link).where(link.group_id == row.id))
    _fill(tx, by, row, given, on)
    group = queries.get_group(tx, code, None)
    after = _told(group)
    changed = [name for name in before if before[name] != after[name]]
    if changed:
        events.record(
            tx,
            "group.changed",
            subject=("special_group", row.id),
            code=code,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
    return group


def end_group(tx: Session, *, by: Sequence[Posting], code: str, on: date) -> Group:
    """The last day of a group."""
    group = queries.get_group(tx, code, None, lock=True)
    _require_reach_of(by, group)
    row = group.row
    if row.valid_to is not None:
        raise Conflict("group.ended", on=row.valid_to.isoformat())
    if on < row.valid_from:
        raise Invalid("request.invalid", faults=(Fault("/on", "field.order"),))
    row.valid_to = on
    tx.add(row)
    tx.flush()
    events.record(
        tx,
        "group.ended",
        subject=("special_group", row.id),
        code=code,
        before={"valid_to": None},
        after={"valid_to": on.isoformat()},
    )
    return group


def _require_reach_of(by: Sequence[Posting], group: Group) -> None:
    for area in group.areas:
        require_reach(by, area)


def _require_open(group: Group, on: date) -> None:
    if group.row.valid_to is not None and group.row.valid_to < on:
        raise Conflict("group.ended", on=group.row.valid_to.isoformat())


def _fill(
    tx: Session, by: Sequence[Posting], row: SpecialGroup, given: GroupGiven, on: date
) -> None:
    """Write what a group names; every unknown code is a fault of its own."""
    units = organisation.find_units(tx, [*given.areas, *(m.unit for m in given.members if m.unit)])
    lines = organisation.find_lines(tx, given.lines)
    sites = queries.find_sites(tx, given.sites, by)
    known = people.find_people(tx, [m.person for m in given.members if m.person])
    parents = queries.find_groups(tx, [given.parent] if given.parent else [])
    faults = [
        *_unknown("/lines", "line", given.lines, lines),
        *_unknown("/areas", "unit", given.areas, units),
        *_unknown("/sites", "site", given.sites, sites),
        *_unknown("/members", "unit", [m.unit for m in given.members if m.unit], units),
        *_unknown("/members", "person", [m.person for m in given.members if m.person], known),
        *_unknown("/parent", "group", [given.parent] if given.parent else [], parents),
        *_repeated(given),
    ]
    if given.parent == row.code:
        faults.append(Fault("/parent", "field.value", {"expected": "another group"}))
    if faults:
        raise Invalid("request.invalid", faults=tuple(faults))
    for code in given.areas:
        require_reach(by, units[code])
        require_valid(units[code], on, at="/areas")
    row.parent_id = parents[given.parent].id if given.parent else None
    tx.add(row)
    tx.add_all(SpecialGroupLine(group_id=row.id, line_id=lines[c].id) for c in given.lines)
    tx.add_all(SpecialGroupArea(group_id=row.id, unit_id=units[c].id) for c in given.areas)
    tx.add_all(SpecialGroupSite(group_id=row.id, site_id=sites[c].id) for c in given.sites)
    tx.add_all(
        SpecialGroupMember(
            group_id=row.id,
            unit_id=units[one.unit].id if one.unit else None,
            person_id=known[one.person].id if one.person else None,
            role=one.role,
        )
        for one in given.members
    )
    tx.flush()


def _unknown(at: str, kind: str, codes: Sequence[str], known: dict[str, Any]) -> list[Fault]:
    return [
        Fault(at, "field.unknown-reference", {"kind": kind, "value": code})
        for code in codes
        if code not in known
    ]


def _repeated(given: GroupGiven) -> list[Fault]:
    members = [one.unit or one.person or "" for one in given.members]
    named = {"/lines": given.lines, "/areas": given.areas, "/sites": given.sites}
    return [
        Fault(at, "field.duplicate", {"value": code})
        for at, codes in {**named, "/members": members}.items()
        for code in sorted({code for code in codes if list(codes).count(code) > 1})
    ]


def _told(group: Group) -> dict[str, Any]:
    """A group as an event tells it."""
    return {
        "kind": group.row.kind.value,
        "parent": group.parent.code if group.parent else None,
        "name_zh": group.row.name_zh,
        "name_en": group.row.name_en,
        "lines": [line.code for line in group.lines],
        "areas": [area.code for area in group.areas],
        "sites": [site.code for site in group.sites],
        "members": [
            {
                "unit": member.unit.code if member.unit else None,
                "person": member.person.login if member.person else None,
                "role": member.row.role.value,
            }
            for member in group.members
        ],
    }
