"""`scripts/demo`: the whole round, from an empty folder to two leagues in order.

Ends with 0 only if every visit and photo was acknowledged, counted once and read back from the
store with the right SHA-256, and both leagues stand in the published order. With `--history` the
round is closed and published too, and has to be the bulletin of 2018-09-14 field by field. With
`--ledger` every problem goes its way to the close-out, or is overdue, and has to be where the
demo's own book has it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.infra.children import EmbeddedError
from scripts.demo_steps import results, stage, tables
from scripts.demo_steps.answers import PlannedVisit
from scripts.demo_steps.field import Route, Trip, play
from scripts.demo_steps.history.playing import historical_round
from scripts.demo_steps.ledger.playing import SUCCESS, Closed, play_ledger
from scripts.demo_steps.piece import Piece, usual_round
from scripts.demo_steps.plan import DemoPlan

console = Console()
cli = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
_INTERRUPTED = 130
_REAL = {".jpg", ".jpeg", ".png", ".heic", ".webp"}


@dataclass
class Timings:
    """Seconds per step, and the clock of the whole."""

    steps: dict[str, float] = field(default_factory=dict)
    begun: float = field(default_factory=time.monotonic)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        console.print(f"[bold]{name}[/]")
        start = time.monotonic()
        yield
        self.steps[name] = time.monotonic() - start

    @property
    def total(self) -> float:
        return time.monotonic() - self.begun


@cli.command()
def demo(
    *,
    data: Annotated[Path | None, typer.Option(help="数据目录（默认新建）· data folder")] = None,
    report: Annotated[Path | None, typer.Option(help="JSON 结果 · result as JSON")] = None,
    serve: Annotated[bool, typer.Option("--serve", help="保持运行 · leave it running")] = False,
    photos: Annotated[Path | None, typer.Option(help="混入真实照片 · real photos")] = None,
    seed: Annotated[int, typer.Option(help="随机种子 · seed")] = 2018,
    port: Annotated[int | None, typer.Option(help="API 端口 · port")] = None,
    history: Annotated[
        bool, typer.Option("--history", help="重现 2018-09-14 通报 · replay the bulletin")
    ] = False,
    ledger: Annotated[
        bool, typer.Option("--ledger", help="台账闭环至销号 · go on to the close-out")
    ] = False,
) -> None:
    """演示一轮督导检查 · Play one inspection round for real."""
    if history and ledger:
        raise typer.BadParameter("--history closes the round; --ledger goes on from the usual one")
    folder = data or stage.new_data_folder()
    if (folder / "files" / "round.json").exists():
        raise typer.BadParameter(
            f"{folder} already holds a demo: choose another folder, or start it again with "
            f"scripts/serve --env demo --data {folder}"
        )
    try:
        make = historical_round if history else usual_round
        asked = Asked(report, serve, photos, port, ledger)
        done = _run(folder, lambda: make(seed), asked)
    except (stage.StageError, EmbeddedError) as error:
        console.print(str(error), style="red")
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        console.print(f"已停止 · stopped; data in {folder}", style="red")
        os._exit(_INTERRUPTED)  # the phones' threads are in the middle of things, and may be
    if done and data is None:
        stage.remove_data_folder(folder)
    elif not done:
        console.print(f"数据保留在 · data kept in {folder}", style="red")
    raise typer.Exit(0 if done else 1)


@dataclass(frozen=True)
class Asked:
    """What the command line asks for beside the piece."""

    report: Path | None
    serve: bool
    photos: Path | None
    port: int | None
    ledger: bool


def _run(folder: Path, make: Callable[[], Piece], asked: Asked) -> bool:
    timings = Timings()
    with timings.step("计划 · plan the round"):
        piece = make()
        plan, visits = piece.plan, piece.visits
    with _service(folder, asked.port, timings) as running:
        with timings.step("载入城市 · load the city, people and round"):
            round_id = stage.load(running, plan, piece.city(stage.files_of(running)))
            drawn = stage.draw_outlines(running, plan)
            console.print(f"  {drawn} 个虚拟边界 · made-up outlines, marked synthetic", style="dim")
        routes = _routes(plan, visits, _real_photos(asked.photos))
        with timings.step(f"{len(routes)} 部手机 · phones at work"):
            trips = _play(running, round_id, routes, visits)
        with timings.step("核对 · read everything back"):
            office = results.Office(running, _headquarters(plan))
            outcome = _read_back(office, round_id, trips)
        with timings.step("名次 · the order"):
            order = piece.judge(console, running, office, round_id, outcome)
        closed = _close_out(running, plan, timings) if asked.ledger else None
        if closed is not None:
            outcome.faults += closed.proof.faults
            order |= closed.proof.report()
        _show(piece, outcome, trips, timings, closed)
        if asked.report is not None:
            result = order | results.counts(outcome, timings.total)
            asked.report.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n")
        if asked.serve:
            _stay(running, plan)
    return not outcome.faults


@contextmanager
def _service(folder: Path, port: int | None, timings: Timings) -> Iterator[stage.Stage]:
    start = time.monotonic()
    console.print("[bold]启动服务 · start the service[/]")
    with stage.running_service(folder, port) as running:
        timings.steps["启动服务 · start the service"] = time.monotonic() - start
        console.print(f"  {running.url}  ·  {folder}", style="dim")
        yield running


def _real_photos(folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    if not folder.is_dir():
        raise typer.BadParameter(f"{folder} is no folder")
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in _REAL)


def _routes(plan: DemoPlan, visits: list[PlannedVisit], extra: list[Path]) -> list[Route]:
    inspectors = plan.inspectors()
    return [
        Route(
            user=user,
            visits=[visit for visit in visits if visit.stop.inspector == user["login"]],
            extra=extra[number :: len(inspectors)],
            seed=plan.seed * 100 + number,
        )
        for number, user in enumerate(inspectors)
    ]


def _play(
    running: stage.Stage, round_id: UUID, routes: list[Route], visits: list[PlannedVisit]
) -> list[Trip]:
    shots = sum(len(visit.slots) for visit in visits) + sum(len(one.extra) for one in routes)
    with _bars() as bars:
        photo_bar = bars.add_task("照片 photos", total=shots)
        visit_bar = bars.add_task("检查 visits", total=len(visits))

        def tick(photos: int, done: int) -> None:
            bars.advance(photo_bar, photos)
            bars.advance(visit_bar, done)

        return play(running, round_id, routes, tick)


def _headquarters(plan: DemoPlan) -> dict[str, Any]:
    return next(user for user in plan.users if user["role"] == "hq_admin")


def _read_back(office: results.Office, round_id: UUID, trips: list[Trip]) -> results.Outcome:
    total = sum(len(trip.visits) + len(trip.photos) for trip in trips)
    with _bars() as bars:
        bar = bars.add_task("核对 checked", total=total)
        return results.read_back(office, round_id, trips, lambda count: bars.advance(bar, count))


def _close_out(running: stage.Stage, plan: DemoPlan, timings: Timings) -> Closed:
    with timings.step("台账闭环 · the problems, to the close-out"):
        return play_ledger(console, running, plan)


def _bars() -> Progress:
    return Progress(
        TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(), console=console,
        refresh_per_second=2,
    )  # fmt: skip


def _show(
    piece: Piece, outcome: results.Outcome, trips: list[Trip], timings: Timings,
    closed: Closed | None,
) -> None:  # fmt: skip
    tables.print_ledger(console, outcome.ledger)
    tables.print_network(console, trips)
    tables.print_timings(console, timings.steps)
    console.print(
        f"{outcome.visits} visits, {outcome.photos} photos, {len(outcome.ledger)} problems, "
        f"{timings.total:.0f} s"
    )
    if closed is not None:
        closed.show(console)
    for fault in outcome.faults[:20]:
        console.print(f"不符 · wrong: {fault}", style="red")
    if not outcome.faults:
        console.print(piece.success, style="green")
        if closed is not None:
            console.print(SUCCESS, style="green")


def _stay(running: stage.Stage, plan: DemoPlan) -> None:
    """Print addresses and sign-ins, and wait for Ctrl-C."""
    console.print(f"\n[bold]{running.url}[/]  接口文档 docs: {running.url}/docs")
    for user in plan.users:
        if user["role"] != "inspector" or user["login"].endswith("01"):
            console.print(f"  {user['login']:<22} {user['password']}  {user['role']}")
    console.print(f"  其余人员 · everybody else: {running.data}/files/*.json")
    console.print("Ctrl-C 结束 · stops it")
    try:
        running.process.wait()
    except KeyboardInterrupt:
        console.print("stopping", style="dim")


if __name__ == "__main__":
    cli()
