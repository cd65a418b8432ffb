"""The demo's tables: the two leagues side by side in text, the ledger, the timings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from scripts.demo_steps.field import Trip

Json = dict[str, Any]
_MOST_CATEGORIES = 10


def print_league(console: Console, title: str, rows: Sequence[Json]) -> None:
    """One league in order."""
    table = Table(title=title, title_justify="left")
    for heading in ("名次", "城区", "街道（乡镇）", "得分", "点位"):
        table.add_column(
            heading, justify="left" if heading in ("城区", "街道（乡镇）") else "right"
        )
    for row in rows:
        district = row["district"]["name"] if row["district"] else ""
        rank, score = row["rank"] or "—", row["score"] or "—"
        table.add_row(str(rank), district, row["unit"]["name"], score, str(row["sites"]))
    console.print(table)


def print_ledger(console: Console, ledger: Sequence[Json]) -> None:
    """The ledger by district and category."""
    districts = sorted({entry["district"]["name"] for entry in ledger})
    counts = Counter((_category(entry), entry["district"]["name"]) for entry in ledger)
    totals = Counter(_category(entry) for entry in ledger)
    table = Table(title="台账：问题按类别与城区 · Ledger", title_justify="left")
    table.add_column("类别")
    for name in (*districts, "合计"):
        table.add_column(name, justify="right")
    shown = totals.most_common(_MOST_CATEGORIES)
    for name, total in shown:
        cells = [str(counts[name, district] or "") for district in districts]
        table.add_row(name, *cells, str(total))
    named = {name for name, _ in shown}
    rest = [name for name in totals if name not in named]
    if rest:
        cells = [str(sum(counts[name, district] for name in rest)) for district in districts]
        total = sum(totals[name] for name in rest)
        table.add_row(f"其他 {len(rest)} 类", *cells, str(total), end_section=True)
    sums = [str(sum(counts[name, district] for name in totals)) for district in districts]
    table.add_row("合计", *sums, str(len(ledger)), style="bold")
    console.print(table)


def _category(entry: Json) -> str:
    return entry["category"]["name"] if entry["category"] else "未分类"


def print_network(console: Console, trips: Sequence[Trip]) -> None:
    """What the bad network did."""
    faults: Counter[str] = Counter()
    for trip in trips:
        faults.update({fault.value: count for fault, count in trip.faults.items()})
    named = ", ".join(f"{name} {count}" for name, count in sorted(faults.items()))
    console.print(f"网络故障 · network faults played: {named or 'none'}")
    for refused in (line for trip in trips for line in trip.refused):
        console.print(f"  未入库 · refused: {refused}")


def print_timings(console: Console, timings: Mapping[str, float]) -> None:
    """How long each step took."""
    table = Table(title="用时 · Seconds", title_justify="left")
    table.add_column("step")
    table.add_column("s", justify="right")
    for name, seconds in timings.items():
        table.add_row(name, f"{seconds:.1f}")
    console.print(table)
