"""The historical round's tables: the leagues as they came out, and the comparison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from scripts.demo_steps.history.comparing import Field
from scripts.demo_steps.history.ground import Ground, Json

_FLAGS = {"red": "[red]红[/]", "blue": "[blue]蓝[/]", None: ""}
_FEN = 100


def print_leagues(console: Console, ground: Ground, report: Json) -> None:
    """Every league in order with its flags, the unpublished ones at the end; then the awards."""
    for kind in ("leagues", "component_leagues"):
        for code, rows in report[kind].items():
            _print_league(console, f"{ground.league(code).name} · {code}", rows)
    for award in report["awards"]:
        console.print(f"  奖补 · award: {award['unit']}  {award['fen'] // _FEN:,} 元")


def _print_league(console: Console, title: str, rows: Sequence[Json]) -> None:
    table = Table(title=title, title_justify="left")
    for heading in ("名次", "城区", "单位", "专项", "得分", "点位", "旗"):
        number = heading in {"名次", "得分", "点位"}
        table.add_column(heading, justify="right" if number else "left")
    for row in rows:
        texts = (row["rank"], row["district"], row["unit"], row["line"], row["score"], row["sites"])
        table.add_row(*("" if text is None else str(text) for text in texts), _FLAGS[row["flag"]])
    console.print(table)


def print_comparison(console: Console, title: str, fields: Sequence[Field]) -> None:
    """How many fields of each part are the same, and every one that is not."""
    table = Table(title=title, title_justify="left")
    table.add_column("部分 · part")
    for heading in ("字段 · fields", "一致 · same", "不符 · different"):
        table.add_column(heading, justify="right")
    fields_of = Counter(each.part for each in fields)
    same = Counter(each.part for each in fields if each.same)
    for part, count in fields_of.items():
        wrong = count - same[part]
        table.add_row(part, str(count), str(same[part]), f"[red]{wrong}[/]" if wrong else "0")
    table.add_section()
    different = len(fields) - same.total()
    table.add_row("合计 · all", str(len(fields)), str(same.total()), str(different), style="bold")
    console.print(table)
    for each in fields:
        if not each.same:
            console.print(
                f"不符 · different: {each.part}, {each.name}: "
                f"公布 published {each.published!r}, 得出 got {each.got!r}",
                style="red",
            )
