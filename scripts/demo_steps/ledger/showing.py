"""The tables in which the demo of the ledger ends: the districts, the overdue, the work done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from scripts.demo_steps.ledger.book import NAMES, Entry
from scripts.demo_steps.ledger.fates import Scene
from scripts.demo_steps.ledger.proving import Proof

Json = dict[str, Any]
_MOST_OVERDUE = 20
_HEADS = {
    "problems": "问题\nproblems",
    "closed": "销号\nclosed",
    "open": "在办\nopen",
    "cancelled": "作废\ncancelled",
    "overdue": "超期\noverdue",
    "rework": "返工\nrework",
    "extended": "延期\nextended",
    "suspended": "挂账\nsuspended",
    "transferred": "转办\ntransferred",
    "merged": "并案\nmerged",
    "solved": "已解决\nsolved",
    "staged": "分步\nstaged",
    "explained": "说明\nexplained",
}


def print_districts(console: Console, proof: Proof) -> None:
    """The summary per district, as the service gives it."""
    table = Table(title="台账汇总：各城区 · The ledger by district", title_justify="left")
    table.add_column("城区\ndistrict")
    for name in NAMES:
        table.add_column(_HEADS[name], justify="right")
    table.add_column("按期率\non time", justify="right")
    for row in proof.summary["by_district"]:
        about = row["about"] or {"code": "", "name": "不明"}
        table.add_row(about["name"], *_cells(proof.by_district[about["code"]], row["counts"]))
    table.add_section()
    table.add_row("合计 all", *_cells(proof.whole, proof.summary["all"]), style="bold")
    console.print(table)


def _cells(sums: Any, counts: Json) -> list[str]:
    rate = next(one for one in counts["rates"] if one["definition"].startswith("on-time"))
    share = f"{rate['value']}%" if rate["value"] is not None else "—"
    return [*(str(getattr(sums, name) or "") for name in NAMES), share]


def print_overdue(console: Console, proof: Proof) -> None:
    """Who is late, the longest first."""
    listed = sorted(proof.overdue, key=lambda case: case["time"]["deadline_at"])
    title = f"超期未办结 {len(listed)} 件 · Overdue, the first {min(len(listed), _MOST_OVERDUE)}"
    table = Table(title=title, title_justify="left")
    for head in ("编号\nnumber", "城区\ndistrict", "责任单位\nunit", "问题\nproblem",
                 "状态\nstate", "到期\ndue", "超期天\ndays late", "催办督办\nurged"):  # fmt: skip
        table.add_column(head)
    now = datetime.fromisoformat(proof.summary["as_of"])
    for case in listed[:_MOST_OVERDUE]:
        due = datetime.fromisoformat(case["time"]["deadline_at"])
        pressed = ["催"] * min(case["urged"], 3) + ["督"] * case["supervised"]
        table.add_row(
            case["number"],
            case["district"]["name"],
            case["answerable_unit"]["name"],
            f"{case['site']['name'] if case['site'] else ''} {case['note']}"[:24],
            case["state_label"],
            due.astimezone(Scene.END.at.tzinfo).strftime("%m-%d %H:%M"),
            str((now - due).days),
            "".join(pressed),
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
