"""The program of the confined children: reads one picture per order.

It holds no secret and no connection. What it answers is taken for facts about the bytes and
nothing more; ``decoding`` is the other side.
"""

from collections.abc import Sequence
from typing import Any

from app.evidence import images
from app.evidence.rules import Unfit
from app.infra import confined_child


def work(order: dict[str, Any], content: bytes) -> tuple[dict[str, Any], Sequence[bytes]]:
    """The facts and the renditions, or the reason why there are none."""
    try:
        picture = images.read_picture(content, images.Limits(**order))
    except Unfit as unfit:
        return {"refusal": unfit.refusal, "why": str(unfit)[:500]}, ()
    facts = {
        "content_type": picture.content_type,
        "width": picture.width,
        "height": picture.height,
        "exif": picture.exif,
    }
    return facts, (picture.large, picture.thumb, *picture.webp)


if __name__ == "__main__":
    confined_child.serve(work)
