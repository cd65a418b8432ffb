"""A plan on a terminal: tables of what differs, or of what is wrong."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from app.imports.faults import message_of
from app.imports.rules import KindPlan, Plan
from app.imports.service import FirstCode
from app.infra import sheets
from app.kit.errors import Invalid

_MOST_SHOWN = 50


def shown_plan(plan: Plan, *, applied: bool) -> Iterator[RenderableType]:
    """Faults where there are any; else counts, the first differences, and what to do next."""
    if plan.faults:
        yield _faults(plan)
        yield f"[red]{len(plan.faults)} 处问题，未作任何改动 · faults, nothing was changed[/]"
        return
    counts = Table("表 sheet", "新增 new", "修改 changed", "不变 same", "文件外 absent")
    for one in plan.kinds:
        numbers = (one.new, one.changed, one.unchanged, one.absent)
        counts.add_row(one.kind, *(str(number) for number in numbers))
    yield counts
    if plan.is_empty:
        yield "没有需要改动的内容 · nothing to do"
        return
    yield from (_changes(one) for one in plan.kinds if one.changed)
    yield "[green]已执行 · applied[/]" if applied else "加 --apply 执行 · add --apply to apply"


def shown_codes(codes: Sequence[FirstCode]) -> Table:
    """One-time codes of new people, shown this once."""
    table = Table("账号 login", "一次性代码 code", "有效至 until")
    for one in codes:
        table.add_row(escape(one.login), one.code.code, _until(one))
    return table


def write_codes(path: Path, codes: Sequence[FirstCode]) -> None:
    """The same as a CSV that only its owner reads; ``Invalid`` where there is a file already."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Invalid("file.unwritable", file=str(path), reason=error.strerror or "") from error
    heads = ["账号 login", "姓名 name", "一次性代码 code", "有效至 until"]
    rows = ([one.login, one.name, one.code.code, _until(one)] for one in codes)
    with os.fdopen(handle, "wb") as target:
        sheets.write_csv(target, sheets.Table("codes", heads, rows))


def _until(one: FirstCode) -> str:
    return one.code.expires_at.isoformat(timespec="minutes")


def _faults(plan: Plan) -> Table:
    table = Table(
        "表 sheet", "行 row", "列 column", "值 value", "问题与做法", "fault and what to do"
    )
    for fault in plan.faults[:_MOST_SHOWN]:
        place = (fault.sheet, str(fault.row or ""), fault.column or "", fault.value)
        table.add_row(*place, message_of(fault, "zh"), message_of(fault, "en"))
    return table


def _changes(one: KindPlan) -> Table:
    table = Table("行 row", "键 key", "前 before", "后 after", title=one.kind)
    changed = [
        (number, change)
        for number, change in zip(one.row_numbers, one.changes, strict=True)
        if change.before is not None
    ]
    for number, change in changed[:_MOST_SHOWN]:
        told = one.told(change)
        key = "/".join(str(part) for part in change.key)
        table.add_row(str(number), key, str(told["before"]), str(told["after"]))
    return table
