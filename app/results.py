"""``dudao export`` and ``dudao verify`` of rounds and periods: anybody can recalculate.

The folder holds all that a result follows from. Verifying needs the folder alone: no database, no
network, no settings.
"""

import csv
import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from sqlmodel import Session

from app.kit.errors import Invalid, NotFound
from app.organisation import queries as organisation
from app.scoring import queries_freezing, queries_runs
from app.scoring.queries_runs import RunView
from app.scoring.rules_inputs import AnswerGiven, VisitGiven
from app.scoring.rules_verifying import (
    AnswerRead,
    Check,
    Claimed,
    Flaw,
    Untrue,
    VisitRead,
    digest_of_answer,
)
from app.scoring.tables_results import StandingPeriod

FORMAT = 1
console = Console()
_VISIT = ("visit", "round", "site", "category", "checklist", "area", "finished_on", "digest")
_ANSWER = ("visit", "item", "line", "value", "weight", "earned", "possible", "veto", "digest")
_JSON = ("rulebook.json", "inputs.json", "result.json")
_NAMES = "names.json"
_FLAWS = {
    Flaw.RULEBOOK: "计分规则与结果所依据的不同 · not the rulebook that the result follows",
    Flaw.ANSWER: "答案被改动 · an answer was changed",
    Flaw.VISIT: "检查的答案有增减或改动 · answers of a visit were added, removed or changed",
    Flaw.INPUTS: "依据与摘要不符 · what was ranked does not fit its digest",
    Flaw.RESULT: "结果与答案不符 · the result does not follow from the answers",
    Flaw.DIGEST: "结果摘要不符 · not the digest of the true result",
    Flaw.NAMES: "单位名称被改动 · names of units were changed",
}
_README = """# {campaign} · {name} · {number}

公布的排名结果及其全部依据。A published ranking result, and all that it follows from.

| file | 内容 | what |
|---|---|---|
| manifest.json | 轮次或时段、版次、摘要 | what it is, and the digests |
| rulebook.json | 计分规则 | the rulebook |
| inputs.json | 排序组、参排单位、按时办结数、可信度 | leagues, entrants, closing counts, labels |
| visits.csv | 计入的检查及其轮次 | the visits that count, and their rounds |
| answers.csv | 每条答案，含得分与归属 | every answer with its marks, area and line |
| result.json | 名次、得分、旗帜、奖补（分） | places, scores, flags, money in fen |
| names.json | 单位名称 | names of units |

验证 · Verify: `dudao verify {kind} <this folder>`
结果摘要（与公布的相比）· digest of the result (compare it with the published one):

    {digest}

得分与权重以千分之一分计。Weights and marks are thousandths of a point. The points of an answer are
rounded once, half up, when it is given; everything after is exact. A site's score is 100 x earned /
possible. The digest of an answer is the beginning of the SHA-256 over item, line, value, weight,
earned, possible and veto class, joined by tabs; that of a visit is over a line with site, category,
checklist, area and day, then its answers in the order of their items, a line each; that of a result
is over result.json written with sorted keys and without blanks, in UTF-8. Where a result rolls up
several rounds, a site counts once in each.
"""


class Kind(StrEnum):
    """What a result is about."""

    ROUND = "round"
    PERIOD = "period"


def export_result(
    tx: Session, *, kind: Kind, name: str, revision: int | None, folder: Path
) -> RunView:
    """Write a published result with all that it follows from into a new or empty folder.

    ``name`` is ``CAMPAIGN/CODE`` of a round or period; without ``revision`` it is the newest.
    """
    campaign, _, code = name.partition("/")
    found = queries_runs.find_run_of if kind is Kind.ROUND else queries_runs.find_run_of_period
    view = found(tx, campaign=campaign, code=code, number=revision)
    if view is None:
        raise NotFound("run.not-found")
    if folder.exists() and any(folder.iterdir()):
        raise Invalid("file.unreadable", file=str(folder), reason="not empty")
    folder.mkdir(parents=True, exist_ok=True)
    run = view.run
    freezes = [one.id for one in queries_runs.freezes_of(tx, run.id)]
    for file, data in zip(_JSON, (view.rulebook.rules, run.inputs, run.official), strict=True):
        _write(folder / file, data)
    _write_visits(tx, freezes, folder)
    _write(folder / _NAMES, _names(tx, run.inputs))
    _, visits = queries_freezing.digest_of(tx, freezes)
    _write(folder / "manifest.json", _manifest(view, visits, folder))
    about = view.round or view.period
    text = _README.format(
        campaign=view.campaign.name_zh,
        name=about.name_zh if about else "",
        kind=kind,
        number=run.number,
        digest=run.digest,
    )
    (folder / "README.md").write_text(text, encoding="utf-8")
    return view


def _manifest(view: RunView, visits: str, folder: Path) -> dict[str, Any]:
    run = view.run
    return {
        "format": FORMAT,
        "campaign": view.campaign.code,
        "round": view.round.code if view.round else None,
        "period": _period(view.period) if view.period else None,
        "revision": run.number,
        "reason": run.reason,
        "rulebook": view.rulebook.number,
        "made_at": run.made_at.isoformat(),
        "digests": {"result": run.digest, "inputs": run.inputs_digest, "visits": visits},
        "files": {one.name: _digest(one) for one in sorted(folder.iterdir())},
    }


def _period(row: StandingPeriod) -> dict[str, str]:
    days = {"starts_on": row.starts_on.isoformat(), "ends_on": row.ends_on.isoformat()}
    return {"code": row.code, **days}


def _write(file: Path, data: Any) -> None:
    text = json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True)
    file.write_text(text + "\n", encoding="utf-8")


def _names(tx: Session, written: dict[str, Any]) -> dict[str, str]:
    codes = {one["unit"] for league in written["leagues"] for one in league["entrants"]}
    units = organisation.find_units(tx, sorted(codes))
    return {code: unit.name_zh for code, unit in units.items()}


def _write_visits(tx: Session, freezes: Sequence[UUID], folder: Path) -> None:
    with (
        (folder / "visits.csv").open("w", encoding="utf-8", newline="") as visits_file,
        (folder / "answers.csv").open("w", encoding="utf-8", newline="") as answers_file,
    ):
        visits, answers = csv.writer(visits_file), csv.writer(answers_file)
        visits.writerow(_VISIT)
        answers.writerow(_ANSWER)
        for round_, one, digest in queries_freezing.read_visits(tx, freezes):
            place = (one.site, one.category, one.checklist, one.area_path, one.finished_on)
            visits.writerow((one.id, round_, *place, digest))
            answers.writerows(
                (
                    one.id,
                    answer.item,
                    answer.line,
                    answer.value,
                    answer.weight,
                    answer.earned,
                    answer.possible,
                    answer.veto or "",
                    digest_of_answer(answer),
                )
                for answer in one.answers
            )


def verify_result(
    folder: Annotated[Path, typer.Argument(help="dudao export 写出的文件夹 · the folder")],
) -> None:
    """验证排名 · Calculate a result again from its answers, offline; ends with 1 if untrue."""
    check = check_folder(folder)
    untrue = check.finish()
    names: dict[str, str] = _read(folder / _NAMES)
    for one in untrue:
        console.print(
            f"✗ {_FLAWS[one.flaw]}\n  {_named(one.where, names)}: {one.found} ≠ {one.true}",
            style="red",
            markup=False,
            highlight=False,
        )
    said = f"{check.visits} 次检查 visits, {check.answers} 条答案 answers"
    if untrue:
        console.print(f"不属实 · not true: {len(untrue)} ({said})", style="red")
        raise typer.Exit(1)
    console.print(f"✓ 属实 · true: {check.claimed.digest} ({said})", highlight=False)


def _named(where: str, names: dict[str, str]) -> str:
    """The place with the name of the unit, where it is about one."""
    found = [names.get(part.partition(":")[0], "") for part in where.split() if ":" in part]
    return " ".join((where, *filter(None, found)))


def check_folder(folder: Path) -> Check:
    """Read a folder through; ``Invalid`` where it is none of ours."""
    manifest = _read(folder / "manifest.json")
    rules, written, result = (_read(folder / name) for name in _JSON)
    try:
        digests = manifest["digests"]
        claimed = Claimed(
            rules, written, result, digests["visits"], digests["inputs"], digests["result"]
        )
        check = Check(claimed)
        for read in _visits(folder):
            check.take(read)
        names, listed = _digest(folder / _NAMES), manifest["files"][_NAMES]
    except (KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__} {error}"
        raise Invalid("file.unreadable", file=str(folder), reason=reason) from error
    if names != listed:
        check.untrue.append(Untrue(Flaw.NAMES, _NAMES, names, listed))
    return check


def _digest(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise Invalid("file.unreadable", file=str(file), reason=error.strerror or "") from error


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Invalid("file.unreadable", file=str(file), reason=error.strerror or "") from error
    except ValueError as error:
        raise Invalid("file.unreadable", file=str(file), reason=f"JSON: {error}") from error


def _visits(folder: Path) -> Iterator[VisitRead]:
    """The visits with their answers, both files in the order of the visits.

    A visit whose answers are gone has none; answers of no visit are those of an unknown one.
    """
    with (
        (folder / "answers.csv").open(encoding="utf-8", newline="") as answers_file,
        (folder / "visits.csv").open(encoding="utf-8", newline="") as visits_file,
    ):
        groups = groupby(csv.DictReader(answers_file), key=lambda row: row["visit"])
        waiting = next(groups, None)
        for row in csv.DictReader(visits_file):
            while waiting is not None and waiting[0] < row["visit"]:
                yield _stray(waiting[0], tuple(map(_answer, waiting[1])))
                waiting = next(groups, None)
            answers: tuple[AnswerRead, ...] = ()
            if waiting is not None and waiting[0] == row["visit"]:
                answers = tuple(map(_answer, waiting[1]))
                waiting = next(groups, None)
            yield _visit(row, answers)
        while waiting is not None:
            yield _stray(waiting[0], tuple(map(_answer, waiting[1])))
            waiting = next(groups, None)


def _visit(row: dict[str, str], answers: tuple[AnswerRead, ...]) -> VisitRead:
    given = VisitGiven(
        row["visit"],
        row["site"],
        row["category"],
        row["checklist"],
        row["area"],
        date.fromisoformat(row["finished_on"]),
        [one.answer for one in answers],
    )
    return VisitRead(given, row["digest"], answers, row["round"])


def _stray(visit: str, answers: tuple[AnswerRead, ...]) -> VisitRead:
    given = VisitGiven(visit, "", "", "", "", None, [one.answer for one in answers])
    return VisitRead(given, "-", answers)


def _answer(row: dict[str, str]) -> AnswerRead:
    given = AnswerGiven(
        row["item"],
        row["line"],
        row["value"],
        int(row["weight"]),
        int(row["earned"]),
        int(row["possible"]),
        row["veto"] or None,
    )
    return AnswerRead(given, row["digest"])
