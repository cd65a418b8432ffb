"""Waiting until the worker has done all that follows from what was measured."""

import time

from scripts.bench_steps.stack import Stack

_PATIENCE_S = 120.0
_LEFT = """
SELECT (SELECT count(*) FROM event WHERE seq IS NULL) + (SELECT count(*) FROM job WHERE NOT dead),
       (SELECT count(*) FROM job WHERE dead)
"""


def wait_until_idle(
    stack: Stack, *, patience_s: float = _PATIENCE_S, pause_s: float = 0.05
) -> None:
    """Until every event has its place and no job is left; raises where a job has died."""
    deadline = time.monotonic() + patience_s
    with stack.connect() as connection:
        while True:
            row = connection.execute(_LEFT).fetchone()
            left, dead = row or (1, 0)
            if dead:
                raise RuntimeError(f"{dead} jobs are dead: see {stack.data}/logs/worker.log")
            if not left:
                return
            if time.monotonic() > deadline:
                raise RuntimeError(f"{left} events and jobs are still waiting")
            time.sleep(pause_s)
