"""The command line of ``scripts/bench``."""

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from scripts.bench_steps import city, evidence, ledger, photos, polls, scene, standing, visits
from scripts.bench_steps.report import Part, Report, Row, rounded
from scripts.bench_steps.scene import Scene
from scripts.bench_steps.stack import Stack

_MEMORY_AIMS_MB = {"api": 250.0, "worker": 400.0, "worker's child": 400.0}
_ALONE = {"e": {}, "f": evidence.GIVEN, "g": {}}  # parts on a stack of their own, and its variables
_NAMED = {"city": "e", "evidence": "f", "ledger": "g"}
_PAGES_ONLY = ({"e"}, {"g"})
Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How much of everything."""

    only: frozenset[str]
    photos: int
    evidence: int
    backlog: int
    visits: int
    answers: int
    rounds: int
    cases: int
    requests: int
    turns: int
    seconds: float


def main() -> int:
    """Measure, print the table, write the report."""
    options = _options().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the stack is ended
    plan, console, began = _plan(options), Console(stderr=True), time.monotonic()
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console
    ) as progress:
        task = progress.add_task("starting PostgreSQL, S3, API and worker", total=None)

        def say(text: str) -> None:
            progress.update(task, description=text)
            if not console.is_terminal:
                console.print(f"{time.monotonic() - began:5.0f} s  {text}")

        report = _run(plan, say)
    Console(width=None if sys.stdout.isatty() else 140).print(report.table())
    console.print(f"{time.monotonic() - began:.0f} s in all")
    if options.report:
        text = json.dumps(report.as_json(), indent=2, ensure_ascii=False)
        options.report.write_text(text + "\n", encoding="utf-8")
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument(
        "what",
        nargs="?",
        choices=sorted(_NAMED),
        help="city: pages over 200 rounds; evidence: photos and workers; ledger: a million cases;"
        " and nothing else",
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the figures as JSON")
    parser.add_argument(
        "--only",
        default="a,b,c,d",
        help="a photos, b visits, c standing, d polls, e city, f evidence, g ledger; e.g. a,d",
    )
    parser.add_argument("--quick", action="store_true", help="small numbers: does it all work?")
    parser.add_argument("--photos", type=int, metavar="N", help="photos per turn")
    parser.add_argument("--backlog", type=int, metavar="N", help="photos of the backlog")
    parser.add_argument("--visits", type=int, metavar="N", help="visits per turn")
    parser.add_argument("--answers", type=int, metavar="N", help="answers of the standing")
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds of the large city")
    parser.add_argument("--cases", type=int, metavar="N", help="cases of the largest ledger")
    return parser


def _plan(options: argparse.Namespace) -> Plan:
    quick: bool = options.quick
    return Plan(
        only=frozenset(_NAMED.get(options.what) or options.only.split(",")),
        photos=options.photos or (48 if quick else 192),
        evidence=options.photos or (16 if quick else 192),
        backlog=options.backlog or (100 if quick else 5000),
        visits=options.visits or (64 if quick else 400),
        answers=options.answers or (24_000 if quick else 1_000_000),
        rounds=options.rounds or (6 if quick else 200),
        cases=options.cases or (10_000 if quick else 1_000_000),
        requests=10 if quick else 50,
        turns=1 if quick else 3,
        seconds=1.5 if quick else 5.0,
    )


def _run(plan: Plan, say: Say) -> Report:
    report = Report()
    if plan.only - _ALONE.keys():
        count = visits.sites_needed(plan.visits, plan.turns)
        _run_parts(report, count, replace(plan, only=plan.only - _ALONE.keys()), say)
    for letter in sorted(plan.only & _ALONE.keys()):
        _run_parts(report, city.VISITS_PER_ROUND, replace(plan, only=frozenset(letter)), say)
    return report


def _run_parts(report: Report, sites: int, plan: Plan, say: Say) -> None:
    """The chosen parts on a stack of their own; some need one without the rows of the others."""
    with Stack(given=_ALONE.get("".join(plan.only), {})) as stack:
        say("loading the city")
        scene.build(stack.database, stack.data, sites=sites)
        stack.start("api")
        stack.start("worker")
        here = scene.enter(stack.database, stack.url)
        for letter, measure in _parts(stack, here, plan, say):
            if letter in plan.only:
                report.calibrate()
                report.parts.append(measure())
                stack.note_peaks()
        report.calibrate()
        if plan.only not in _PAGES_ONLY:
            report.parts.append(_memory(stack))


def _parts(
    stack: Stack, here: Scene, plan: Plan, say: Say
) -> Sequence[tuple[str, Callable[[], Part]]]:
    turns = plan.turns
    return (
        ("a", lambda: photos.measure(stack, here, photos=plan.photos, turns=turns, say=say)),
        ("b", lambda: visits.measure(stack, here, visits=plan.visits, turns=turns, say=say)),
        ("d", lambda: polls.measure(stack, here, seconds=plan.seconds, turns=turns, say=say)),
        ("c", lambda: standing.measure(stack, here, answers=plan.answers, turns=turns, say=say)),
        (
            "f",
            lambda: evidence.measure(
                stack,
                here,
                count=plan.evidence,
                backlog=plan.backlog,
                turns=turns,
                seconds=turns * plan.seconds,
                say=say,
            ),
        ),
        (
            "g",
            lambda: ledger.measure(
                stack,
                here,
                cases=plan.cases,
                requests=plan.requests * 3 // 10,
                turns=min(plan.turns, 2),
                say=say,
            ),
        ),
        (
            "e",
            lambda: city.measure(
                stack, here, rounds=plan.rounds, requests=plan.requests, turns=turns, say=say
            ),
        ),
    )


def _memory(stack: Stack) -> Part:
    found = {name: stack.peaks[name] for name in _MEMORY_AIMS_MB if stack.peaks.get(name)}
    rows = [
        Row(
            f"peak memory of the {name}, MB / its limit",
            f"{peak:.0f}",
            f"{_MEMORY_AIMS_MB[name]:.0f}",
            peak / _MEMORY_AIMS_MB[name],
            aim=1.0,
        )
        for name, peak in found.items()
    ]
    figures = {f"{name}_mb": rounded(peak) for name, peak in found.items()}
    limits = {f"{name}_limit_mb": limit for name, limit in _MEMORY_AIMS_MB.items()}
    return Part("memory", rows, {**figures, **limits})


if __name__ == "__main__":
    sys.exit(main())
