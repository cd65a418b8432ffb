"""What a closed round is ranked by: marks per site, and who stands in which league.

Everything is named by codes, never by row ids, so that equal answers give equal results on any
machine. Neither the order of sites, entrants and answers nor their repetition means anything.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from app.checklists.rules import NOT_APPLICABLE
from app.scoring.rules import NaPolicy, Rulebook

_SHORT = 12


class LineMarks(NamedTuple):
    """Thousandths earned of possible in one line at one site, and the classes of failed vetoes."""

    line: str
    earned: int
    possible: int
    vetoes: tuple[str, ...] = ()


class LineSums(NamedTuple):
    """All answers of a visit in one line, whatever the rulebook says of those that do not apply.

    ``asked``: the weights of its items. ``left_out``: items that do not apply, with their weights.
    """

    line: str
    earned: int
    possible: int
    asked: int
    vetoes: Sequence[str] | None
    left_out: Sequence[tuple[str, int]] | None


class SiteMarks(NamedTuple):
    """All that counts at one site: its category, where it lies, and when it was last finished."""

    site: str
    category: str
    area_path: str
    finished_on: date | None
    lines: tuple[LineMarks, ...]


@dataclass(frozen=True, slots=True)
class AnswerGiven:
    """One frozen answer, by codes; ``veto``: the class of the item where it is a veto item."""

    item: str
    line: str
    value: str
    weight: int
    earned: int
    possible: int
    veto: str | None = None

    @property
    def text(self) -> str:
        """The answer as it goes into the visit's digest; codes hold no tab."""
        parts = (self.item, self.line, self.value, self.weight, self.earned, self.possible)
        return "\t".join(str(part) for part in (*parts, self.veto or ""))


@dataclass(frozen=True)
class VisitGiven:
    """One counting visit with its answers, in any order."""

    id: str
    site: str
    category: str
    checklist: str
    area_path: str
    finished_on: date | None
    answers: Sequence[AnswerGiven]

    @property
    def digest(self) -> str:
        """SHA-256 over where and when it was, and the answers in the order of their items.

        A repeated answer is one.
        """
        day = self.finished_on.isoformat() if self.finished_on else ""
        head = f"{self.site}\t{self.category}\t{self.checklist}\t{self.area_path}\t{day}"
        texts = sorted({answer.text for answer in self.answers}, key=lambda text: text.encode())
        lines = "".join(f"{text}\n" for text in (head, *texts))
        return hashlib.sha256(lines.encode()).hexdigest()


@dataclass(frozen=True)
class EntrantGiven:
    """Who is ranked: its scope is areas (paths) by lines (none: all).

    ``closed_on_time`` and ``due`` are its problems of the round's period.
    """

    key: str
    unit: str
    label: str | None
    areas: tuple[str, ...]
    lines: frozenset[str]
    closed_on_time: int = 0
    due: int = 0

    def has_line(self, line: str) -> bool:
        return not self.lines or line in self.lines

    def lies_in(self, areas: tuple[str, ...]) -> bool:
        """Whether it is judged nowhere but in these areas."""
        return all(path.startswith(areas) for path in self.areas)


@dataclass(frozen=True)
class LeagueGiven:
    """A league with its own quotas, which stand where the rulebook names none."""

    code: str
    red: int
    blue: int
    entrants: tuple[EntrantGiven, ...]


@dataclass(frozen=True)
class Inputs:
    """The frozen inputs. ``labels`` (league, entrant) -> how well a place is supported.

    Labels come from the companion and are inputs of the decision where the rulebook lets them
    gate money.
    """

    leagues: tuple[LeagueGiven, ...]
    sites: tuple[SiteMarks, ...]
    labels: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True)
class VisitMarks:
    """What a visit brings to its site, and the share of it that applied, in weights."""

    marks: SiteMarks
    applicable: int
    asked: int

    def is_thin(self, book: Rulebook) -> bool:
        """Whether too little of it applied for it to count without somebody standing for it."""
        least = book.not_applicable.minimum_coverage_percent
        return 100 * self.applicable < least * self.asked


def entrant_key(unit: str, scope_key: str) -> str:
    """An entrant's name in results: the same in every round and on every machine."""
    return f"{unit}:{scope_key[:_SHORT]}"


def marks_of(visit: VisitGiven, book: Rulebook) -> VisitMarks:
    """The marks of a visit under a rulebook's policy for items that do not apply."""
    earned: dict[str, int] = defaultdict(int)
    possible: dict[str, int] = defaultdict(int)
    vetoes: dict[str, set[str]] = defaultdict(set)
    applicable = asked = 0
    for answer in {answer.item: answer for answer in visit.answers}.values():
        asked += answer.weight
        gained, of = answer.earned, answer.possible
        if answer.value == NOT_APPLICABLE:
            policy = book.not_applicable.of(visit.checklist, answer.item)
            gained = answer.weight if policy is NaPolicy.FULL else 0
            of = 0 if policy is NaPolicy.EXCLUDE else answer.weight
        else:
            applicable += answer.weight
        earned[answer.line] += gained
        possible[answer.line] += of
        if answer.veto is not None and answer.earned < answer.possible:
            vetoes[answer.line].add(answer.veto)
    lines = tuple(
        LineMarks(line, earned[line], possible[line], tuple(sorted(vetoes[line])))
        for line in sorted(possible)
        if possible[line]
    )
    place = (visit.site, visit.category, visit.area_path, visit.finished_on)
    return VisitMarks(SiteMarks(*place, lines), applicable, asked)


LinesOf = tuple[tuple[LineMarks, ...], int, int]  # and the weights that applied, and all of them


def lines_under(sums: Iterable[LineSums], checklist: str, book: Rulebook) -> LinesOf:
    """The marks of a visit in each line under a rulebook's policy, from its sums."""
    found = []
    applicable = asked = 0
    for one in sums:
        earned, possible = one.earned, one.possible
        applicable += one.asked
        asked += one.asked
        for item, weight in one.left_out or ():
            policy = book.not_applicable.of(checklist, item)
            earned += weight if policy is NaPolicy.FULL else 0
            possible += 0 if policy is NaPolicy.EXCLUDE else weight
            applicable -= weight
        if possible:
            vetoes = tuple(sorted(set(one.vetoes or ())))
            found.append(LineMarks(one.line, earned, possible, vetoes))
    return tuple(sorted(found)), applicable, asked


def merged(visits: Iterable[SiteMarks]) -> tuple[SiteMarks, ...]:
    """One entry per site and place, from visits with several checklists; in a fixed order."""
    grouped: dict[tuple[str, str], list[SiteMarks]] = defaultdict(list)
    for one in visits:
        grouped[one.site, one.area_path].append(one)
    return tuple(
        found[0] if len(found) == 1 else _together(found) for _, found in sorted(grouped.items())
    )


def _together(found: Sequence[SiteMarks]) -> SiteMarks:
    lines: dict[str, list[LineMarks]] = defaultdict(list)
    for one in found:
        for marks in one.lines:
            lines[marks.line].append(marks)
    days = [one.finished_on for one in found if one.finished_on is not None]
    return SiteMarks(
        found[0].site,
        min(one.category for one in found),
        found[0].area_path,
        max(days) if days else None,
        tuple(
            LineMarks(
                line,
                sum(one.earned for one in several),
                sum(one.possible for one in several),
                tuple(sorted({veto for one in several for veto in one.vetoes})),
            )
            for line, several in sorted(lines.items())
        ),
    )


def inputs_of(
    visits: Iterable[VisitGiven],
    leagues: Sequence[LeagueGiven],
    book: Rulebook,
    labels: Mapping[tuple[str, str], str] | None = None,
) -> Inputs:
    """Inputs from whole answers; a visit that is given twice is one."""
    known = {visit.id: visit for visit in visits}
    marks = (marks_of(visit, book).marks for visit in known.values())
    return Inputs(tuple(leagues), merged(marks), labels or {})


def digest_of_visits(digests: Mapping[str, str]) -> str:
    """The digest of all frozen answers, from those of the visits by id."""
    lines = "".join(f"{visit}\t{digests[visit]}\n" for visit in sorted(digests))
    return hashlib.sha256(lines.encode()).hexdigest()


def canonical(data: Any) -> bytes:
    """The one way in which data is written before it is digested."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def digest_of(data: Any) -> str:
    """SHA-256 of data as it is canonically written."""
    return hashlib.sha256(canonical(data)).hexdigest()
