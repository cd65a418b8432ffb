"""The demo of the ledger, from the problems that the round has found to the last account."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from scripts.demo_steps.ledger import proving, showing
from scripts.demo_steps.ledger.desks import Desks
from scripts.demo_steps.ledger.fates import Scene
from scripts.demo_steps.ledger.intake import Intake
from scripts.demo_steps.ledger.proving import Proof
from scripts.demo_steps.ledger.scenes import OFFICE, Played, Scenes
from scripts.demo_steps.people import make_clerks
from scripts.demo_steps.plan import DemoPlan
from scripts.demo_steps.stage import Stage, load_clerks

Json = dict[str, Any]
SUCCESS = (
    "台账闭环：系统汇总、列表、数据库与演示底账逐项一致，每件均可由经过重放还原"
    " · summary, lists, database and the demo's own book agree; each case comes out of its history"
)


@dataclass(frozen=True)
class Closed:
    """The ledger at the end of the demo."""

    played: Played
    proof: Proof

    def show(self, console: Console) -> None:
        """The summary per district and the table of the overdue."""
        showing.print_districts(console, self.proof)
        showing.print_overdue(console, self.proof)
        showing.print_rest(console, self.proof, self.played.entries.values())


def play_ledger(console: Console, running: Stage, plan: DemoPlan) -> Closed:
    """Let everybody do his part, scene by scene, and hold the service against the book."""
    clerks = make_clerks(
        plan.city,
        random.Random(f"clerks {plan.seed}"),
        random.SystemRandom(),
        {user["login"] for user in plan.users},
    )
    load_clerks(running, clerks)
    with Desks(running, [*plan.users, *clerks]) as desks, _progress(console) as bars:
        task = bars.add_task("")
        scenes = Scenes(running, plan, desks, lambda count: bars.advance(task, count))
        intake = Intake(plan, desks, scenes)
        for scene in Scene:
            instant, zh, en = scene.value
            bars.update(task, description=f"{instant[5:16].replace('T', ' ')}  {zh} · {en}")
            scenes.begin(scene)
            if scene is Scene.INTAKE:
                scenes.played.entries = intake.open_book()
            scenes.play(scene)
            bars.console.print(f"  {bars.tasks[0].description}", style="dim")
        played = scenes.played
        played.faults += proving.unused_acts(played)
        played.faults += intake.citizens.faults(list(played.entries.values()))
        return Closed(played, proving.prove(running, desks.of(OFFICE), played))


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("  {task.description}"), TextColumn("{task.completed:.0f}"),
        TimeElapsedColumn(), console=console, refresh_per_second=2, transient=True,
    )  # fmt: skip
