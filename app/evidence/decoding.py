"""Asks a confined child what a picture is, and tells the picture's fault from the machine's."""

from dataclasses import dataclass
from typing import Any

import structlog

from app.config import Settings
from app.evidence.rules import Refusal, Unfit
from app.infra.confined import Cell, ChildLost, ConfinedPool, Confinement, Ending

# A child that is killed from outside again and again, over a quarter of an hour of attempts:
# in the end this photo is what they have in common.
LAST_ATTEMPT = 10
_BY_ENDING = {
    Ending.CRASHED: Refusal.UNDECODABLE,
    Ending.OUT_OF_TIME: Refusal.TOO_HEAVY,
    Ending.OUT_OF_MEMORY: Refusal.TOO_HEAVY,
    Ending.DISTURBED: Refusal.TOO_HEAVY,
}
_log = structlog.get_logger("dudao.evidence")


@dataclass(frozen=True)
class Reading:
    """What a child found in a whole picture."""

    content_type: str
    width: int
    height: int
    exif: dict[str, Any] | None
    large: bytes
    thumb: bytes
    webp: tuple[bytes, ...] = ()


def make_pool(settings: Settings) -> ConfinedPool:
    """Children that decode, as the settings confine them; close it in the end."""
    return ConfinedPool(
        Confinement(
            module="app.evidence.decoder",
            memory_bytes=settings.decode_memory_bytes,
            cpu_s=settings.decode_cpu_s,
            wall_s=3.0 * settings.decode_cpu_s,
        )
    )


def read_picture(cell: Cell, *, max_pixels: int, attempt: int = 1, webp: bool = False) -> Reading:
    """Reads what was written to the cell; raises ``Unfit`` where the bytes are at fault.

    Where the children were disturbed, ``ChildLost`` asks for another attempt, until the last.
    """
    try:
        said, parts = cell.ask({"max_pixels": max_pixels, "webp": webp})
    except ChildLost as lost:
        if Ending.DISTURBED in lost.endings and attempt < LAST_ATTEMPT:
            raise
        raise Unfit(_BY_ENDING[lost.endings[-1]], f"children were lost: {lost}") from lost
    if "refusal" in said:
        _log.info("photo_unfit", why=said["why"])
        raise Unfit(Refusal(said["refusal"]), said["why"])
    large, thumb, *more = parts
    return Reading(**said, large=large, thumb=thumb, webp=tuple(more))
