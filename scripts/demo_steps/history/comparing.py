"""Holds a result against the bulletin, field by field, and says what is not the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scripts.demo_steps.history.ground import Ground, Json

_FEN = 100
_SUBJECT = re.compile(r"（([^（）]+)）$")
RED, BLUE = "red", "blue"


@dataclass(frozen=True)
class Field:
    """One thing that the bulletin says, and what came out."""

    part: str
    name: str
    published: object
    got: object

    @property
    def same(self) -> bool:
        """Whether it came out as published."""
        return self.published == self.got and type(self.published) is type(self.got)


def compare(ground: Ground, report: Json) -> list[Field]:
    """Every field of the bulletin beside what came out; also what came out beyond it."""
    fields = [Field("leagues", "codes", list(ground.leagues), list(report["leagues"]))]
    for code in ground.leagues:
        fields += _league(code, ground.rows(code), report["leagues"].get(code, []))
    for colour in (RED, BLUE):
        fields += _flags(ground, report, colour)
    fields += _awards(ground.paper["awards"], report["awards"])
    return fields


def compare_reports(reference: Json, report: Json) -> list[Field]:
    """Every score, place, flag and number of sites of all lists beside the reference's."""
    fields = []
    for kind in ("leagues", "component_leagues"):
        for code, rows in reference[kind].items():
            got = report[kind].get(code, [])
            fields.append(Field(code, "entrants", len(rows), len(got)))
            for row, other in zip(rows, got, strict=False):
                name = _named(row)
                fields += [Field(code, f"{name} {key}", row[key], other[key]) for key in row]
    for award, other in zip(reference["awards"], report["awards"], strict=False):
        fields.append(Field("awards", award["unit"], award, other))
    return fields


def _league(code: str, rows: Sequence[Json], got: Sequence[Json]) -> Iterator[Field]:
    """Rows are met by their order; a row that is missing differs in every field."""
    yield Field(code, "entrants", len(rows), len(got))
    for number, row in enumerate(rows):
        other = got[number] if number < len(got) else {}
        for key in ("rank", "unit", "district", "line"):
            yield Field(code, f"{number + 1} {key}", row.get(key), other.get(key))
        if "score" in row:
            yield Field(code, f"{number + 1} score", row["score"], other.get("score"))


def _flags(ground: Ground, report: Json, colour: str) -> Iterator[Field]:
    """Each published flag must be found at exactly one entrant, and there must be no more."""
    left = [
        (code, row)
        for code in ground.leagues
        for row in report["leagues"].get(code, [])
        if row["flag"] == colour
    ]
    texts = ground.paper["flags_published"][colour]
    yield Field("flags", colour, len(texts), len(left))
    for text in texts:
        holders = [one for one in left if text in _flag_texts(ground.leagues[one[0]].name, one[1])]
        yield Field("flags", text, colour, colour if len(holders) == 1 else None)
        left = [one for one in left if one not in holders[:1]]


def _flag_texts(league: str, row: Json) -> set[str]:
    """How the bulletin may name the holder of a flag: perhaps with district, line or subject."""
    subject = _SUBJECT.search(league)
    texts = {row["unit"], (row["district"] or "") + row["unit"]}
    if row["line"]:
        texts = {f"{row['unit']}（{row['line']}）"}
    elif subject:
        texts.add(f"{row['unit']}（{subject[1]}）")
    return texts


def _awards(published: Sequence[Json], got: Sequence[Json]) -> Iterator[Field]:
    yield Field("awards", "awards", len(published), len(got))
    yield Field(
        "awards", "sum in fen",
        sum(each["yuan"] for each in published) * _FEN, sum(each["fen"] for each in got),
    )  # fmt: skip
    for number, award in enumerate(published):
        other = got[number] if number < len(got) else {}
        yield Field("awards", f"{number + 1} unit", award["unit"], other.get("unit"))
        yield Field("awards", f"{number + 1} fen", award["yuan"] * _FEN, other.get("fen"))


def _named(row: Json) -> str:
    line = f"（{row['line']}）" if row["line"] else ""
    return f"{row['district'] or ''}{row['unit']}{line}"
