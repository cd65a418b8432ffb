"""Many things at the same time in threads, given up at once when the person presses Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_parallel(work: Callable[[T], R], items: Iterable[T], *, threads: int) -> Iterator[R]:
    """The results in the order of the items; an exception gives up what has not begun.

    What has begun is not waited for then: whoever catches the exception ends the process.
    """
    pool = ThreadPoolExecutor(max_workers=threads)
    try:
        yield from pool.map(work, items)
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
