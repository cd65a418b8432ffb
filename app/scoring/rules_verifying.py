"""Whether an exported result follows from the answers beside it; what does not is named."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.scoring.rules import read_rulebook
from app.scoring.rules_inputs import (
    AnswerGiven,
    Inputs,
    SiteMarks,
    VisitGiven,
    digest_of,
    digest_of_visits,
    marks_of,
    merged,
)
from app.scoring.rules_official import official
from app.scoring.rules_written import read_labels, read_leagues

Row = Mapping[str, Any]
_ANSWER_DIGEST = 16


class Flaw(StrEnum):
    """What can be wrong with a folder."""

    RULEBOOK = "rulebook"
    ANSWER = "answer"
    VISIT = "visit"
    INPUTS = "inputs"
    RESULT = "result"
    DIGEST = "digest"
    NAMES = "names"


@dataclass(frozen=True)
class Untrue:
    """One thing that is not as it was: where, what stands there, and what would be true."""

    flaw: Flaw
    where: str
    found: str
    true: str


@dataclass(frozen=True)
class Claimed:
    """What a folder claims: the rules, who was ranked, the result, and the digests of all."""

    rules: Row
    written: dict[str, Any]
    result: Row
    visits_digest: str
    inputs_digest: str
    digest: str


@dataclass(frozen=True)
class AnswerRead:
    """An answer as it stands in the folder, with the digest that was written beside it."""

    answer: AnswerGiven
    digest: str


@dataclass(frozen=True)
class VisitRead:
    """A visit as it stands in the folder, with its digest, its answers and its round."""

    visit: VisitGiven
    digest: str
    answers: tuple[AnswerRead, ...]
    round: str = ""


@dataclass
class Check:
    """Takes the visits of a folder one by one, and says at the end what is not true.

    A million answers need not be in memory at once.
    """

    claimed: Claimed
    untrue: list[Untrue] = field(default_factory=list)
    visits: int = 0
    answers: int = 0
    _digests: dict[str, str] = field(default_factory=dict)
    _marks: list[SiteMarks] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._book = read_rulebook(self.claimed.rules)

    def take(self, read: VisitRead) -> None:
        """Look at one visit: each answer against its digest, all of them against the visit's."""
        self.visits += 1
        self.answers += len(read.answers)
        changed = [one for one in read.answers if digest_of_answer(one.answer) != one.digest]
        for one in changed:
            where = f"{read.visit.id} {read.visit.site} {one.answer.item}"
            self._note(Flaw.ANSWER, where, one.answer.text.replace("\t", " "), one.digest)
        if read.visit.digest != read.digest and not changed:
            where = f"{read.visit.id} {read.visit.site}"
            self._note(Flaw.VISIT, where, read.visit.digest, read.digest)
        self._digests[read.visit.id] = read.visit.digest
        marks = marks_of(read.visit, self._book).marks
        self._marks.append(marks._replace(site=f"{read.round}/{marks.site}"))

    def finish(self) -> list[Untrue]:
        """Everything that is not true of the folder; nothing: the result is."""
        claimed = self.claimed
        if claimed.result.get("rulebook") != digest_of(claimed.rules):
            self._note(
                Flaw.RULEBOOK,
                "rulebook.json",
                digest_of(claimed.rules),
                str(claimed.result.get("rulebook")),
            )
        visits = digest_of_visits(self._digests)
        inputs = digest_of_inputs(visits, claimed.written)
        if visits != claimed.visits_digest:
            self._note(Flaw.INPUTS, "answers.csv", visits, claimed.visits_digest)
        elif inputs != claimed.inputs_digest:
            self._note(Flaw.INPUTS, "inputs.json", inputs, claimed.inputs_digest)
        given = Inputs(
            read_leagues(claimed.written), merged(self._marks), read_labels(claimed.written)
        )
        true = official(given, self._book, claimed.rules)
        self.untrue += differences(claimed.result, true.data)
        if true.digest != claimed.digest:
            self._note(Flaw.DIGEST, "manifest.json", claimed.digest, true.digest)
        return self.untrue

    def _note(self, flaw: Flaw, where: str, found: str, true: str) -> None:
        self.untrue.append(Untrue(flaw, where, found, true))


def digest_of_answer(answer: AnswerGiven) -> str:
    """A short digest of one answer, by which a changed one is told from its neighbours."""
    return hashlib.sha256(answer.text.encode()).hexdigest()[:_ANSWER_DIGEST]


def digest_of_inputs(visits: str, written: Row) -> str:
    """One digest over all answers (by that of the visits) and over who was ranked by them."""
    return digest_of({"visits": visits, "written": written})


def differences(found: Row, true: Row) -> Iterator[Untrue]:
    """Every field of a result that is not what it should be, by league and entrant."""
    first, second = _leagues(found), _leagues(true)
    for code in sorted(first.keys() | second.keys()):
        yield from _of_league(code, first.get(code), second.get(code))
    head = ("format", "award_fen")
    yield from _fields("", {k: found.get(k) for k in head}, {k: true.get(k) for k in head})


def _leagues(result: Row) -> dict[str, Row]:
    return {str(one.get("code")): one for one in result.get("leagues", ())}


def _of_league(code: str, found: Row | None, true: Row | None) -> Iterator[Untrue]:
    if found is None or true is None:
        yield Untrue(Flaw.RESULT, code, _shown(found is not None), _shown(true is not None))
        return
    yield from _fields(code, _without_entries(found), _without_entries(true))
    first, second = _entries(found), _entries(true)
    for key in sorted(first.keys() | second.keys()):
        yield from _fields(f"{code} {key}", first.get(key, {}), second.get(key, {}))


def _without_entries(league: Row) -> Row:
    return {name: value for name, value in league.items() if name != "entries"}


def _entries(league: Row) -> dict[str, Row]:
    return {str(one.get("entrant")): one for one in league.get("entries", ())}


def _fields(where: str, found: Row, true: Row) -> Iterator[Untrue]:
    for name in sorted(found.keys() | true.keys()):
        if found.get(name) != true.get(name):
            place = f"{where} {name}".strip()
            yield Untrue(Flaw.RESULT, place, _shown(found.get(name)), _shown(true.get(name)))


def _shown(value: Any) -> str:
    return "-" if value is None else str(value)
