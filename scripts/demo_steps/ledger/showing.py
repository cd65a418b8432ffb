"""The tables in which the demo of the ledger ends: the districts, the overdue, the work done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from scripts.demo_steps.ledger.book import Entry
from scripts.demo_steps.ledger.fates import Scene
from scripts.demo_steps.ledger.proving import Proof

Json = dict[str, Any]
_MOST_OVERDUE = 20
_MEASURES = {
    "problems": "问题 problems",
    "closed": "销号 closed",
    "open": "在办 open",
    "cancelled": "作废 cancelled",
    "overdue": "超期 overdue",
    "rework": "返工 rework",
    "extended": "延期 extended",
    "suspended": "挂账 suspended",
    "transferred": "转办 transferred",
    "merged": "并案 merged",
    "solved": "已解决 solved",
    "staged": "分步计划 staged",
    "explained": "情况说明 explained",
}


def print_districts(console: Console, proof: Proof) -> None:
    """The summary per district, as the service gives it: a column for each, and one for all."""
    rows = proof.summary["by_district"]
    abouts = [row["about"] or {"code": "", "name": "不明"} for row in rows]
    sums = [*(proof.by_district[about["code"]] for about in abouts), proof.whole]
    table = Table(title="台账汇总 · The ledger by district", title_justify="left")
    table.add_column("")
    for name in (*(about["name"] for about in abouts), "合计 all"):
        table.add_column(name, justify="right")
    for name, label in _MEASURES.items():
        table.add_row(label, *(str(getattr(one, name)) for one in sums))
    table.add_section()
    counts = [*(row["counts"] for row in rows), proof.summary["all"]]
    table.add_row("按期率 on time", *(_on_time(one) for one in counts))
    console.print(table)


def _on_time(counts: Json) -> str:
    rate = next(one for one in counts["rates"] if one["definition"].startswith("on-time"))
    return f"{rate['value']}%" if rate["value"] is not None else "—"


def print_overdue(console: Console, proof: Proof) -> None:
    """Who is late, the longest first."""
    listed = sorted(proof.overdue, key=lambda case: case["time"]["deadline_at"])
    title = f"超期未办结 {len(listed)} 件 · Overdue, the first {min(len(listed), _MOST_OVERDUE)}"
    table = Table(title=title, title_justify="left")
    table.add_column("编号\nnumber", no_wrap=True)
    table.add_column("责任单位\nunit", overflow="fold")
    table.add_column("问题\nproblem", overflow="fold")
    table.add_column("到期\ndue", no_wrap=True)
    table.add_column("天\ndays", justify="right", no_wrap=True)
    table.add_column("催督\nurged", no_wrap=True)
    now = datetime.fromisoformat(proof.summary["as_of"])
    for case in listed[:_MOST_OVERDUE]:
        due = datetime.fromisoformat(case["time"]["deadline_at"])
        table.add_row(
            case["number"],
            case["answerable_unit"]["name"],
            f"{case['site']['name'] if case['site'] else ''} {case['note']}",
            due.astimezone(Scene.END.at.tzinfo).strftime("%m-%d %H:%M"),
            str((now - due).days),
            "催" * min(case["urged"], 3) + "督" * case["supervised"],
        )
    console.print(table)


def print_rest(console: Console, proof: Proof, entries: Iterable[Entry]) -> None:
    """What was done in all, and what became of the cases."""
    work = "，".join(
        f"{one['kind']} {one['quantity']} {one['unit']}" for one in proof.summary["work"]
    )
    console.print(f"整改数量 · work done: {work}")
    fates = Counter(entry.course.fate for entry in entries)
    told = "，".join(f"{fate.value} {count}" for fate, count in fates.most_common())
    console.print(f"办理经过 · what became of them: {told}")
