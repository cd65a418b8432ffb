"""Painters of what stands or lies in a street: rubbish, bins, paving, vehicles, stalls, lines.

Every painter takes a pen on a plate of twice the final size, a source of chance, and whether the
thing is at fault or in order.
"""

from __future__ import annotations

import math
import random

from PIL import ImageDraw

from scripts.demo_steps.brush import FLOOR, HIGH, WIDE, Colour, font, shade


def rubbish(pen: ImageDraw.ImageDraw, draw: random.Random, fault: bool) -> None:
    """Bags, boxes and bottles in a heap; a swept spot with a broom when in order."""
    pen.ellipse((60, FLOOR - 90, WIDE - 60, FLOOR + 20), fill=(70, 66, 60, 120))
    if not fault:
        _broom(pen)
        return
    for _ in range(46):
        x = draw.gauss(WIDE / 2, 190)
        lift = max(0.0, 330 - abs(x - WIDE / 2) * 0.9) * draw.random()
        y, size = FLOOR - lift, draw.randint(60, 150)
        kind = draw.choice(("bag", "box", "bottle", "paper"))
        if kind == "bag":
            tone = draw.choice(((34, 34, 38), (214, 216, 218), (186, 60, 54), (84, 120, 170)))
            pen.ellipse((x - size / 2, y - size * 0.8, x + size / 2, y), fill=tone)
            pen.polygon(
                ((x - 14, y - size * 0.78), (x + 16, y - size), (x + 22, y - size * 0.7)),
                fill=shade(tone, 0.8),
            )
        elif kind == "box":
            pen.rectangle(
                (x - size / 2, y - size * 0.6, x + size / 2, y),
                fill=(176, 138, 92),
                outline=(126, 94, 58),
                width=4,
            )
            pen.line(
                (x - size / 2, y - size * 0.35, x + size / 2, y - size * 0.35),
                fill=(200, 168, 120),
                width=6,
            )
        elif kind == "bottle":
            pen.rounded_rectangle((x, y - 26, x + 90, y), 12, fill=(96, 160, 118))
            pen.rectangle((x + 88, y - 18, x + 104, y - 8), fill=(220, 60, 50))
        else:
            pen.polygon(
                ((x, y), (x + size * 0.5, y - 24), (x + size * 0.8, y + 8)), fill=(232, 228, 216)
            )


def _broom(pen: ImageDraw.ImageDraw) -> None:
    pen.line((420, 200, 620, 640), fill=(168, 126, 76), width=20)
    pen.polygon(((590, 620), (660, 600), (760, FLOOR), (600, FLOOR)), fill=(206, 172, 92))


def bins(pen: ImageDraw.ImageDraw, draw: random.Random, fault: bool) -> None:
    """Two wheeled bins, sorted; overflowing when at fault."""
    kinds = ((220, (36, 112, 66), "厨余垃圾"), (600, (40, 86, 160), "其他垃圾"))
    for left, tone, label in kinds:
        if fault:
            for _ in range(14):
                x, y = left + draw.randint(0, 280), 250 - draw.randint(-40, 110)
                paint = draw.choice(((230, 230, 226), (40, 40, 44), (190, 70, 60), (186, 146, 96)))
                pen.ellipse((x - 50, y - 40, x + 60, y + 50), fill=paint)
                floor = FLOOR - draw.randint(0, 60)
                pen.ellipse((x - 60, floor - 40, x + 40, floor), fill=shade(paint, 0.9))
        pen.polygon(
            ((left, 270), (left + 310, 270), (left + 270, FLOOR), (left + 40, FLOOR)), fill=tone
        )
        if not fault:
            pen.rounded_rectangle((left - 20, 220, left + 330, 276), 16, fill=shade(tone, 0.8))
        pen.text((left + 155, 470), label, font=font(62), fill=(250, 250, 250), anchor="mm")
        for x in (left + 50, left + 210):
            pen.ellipse((x, FLOOR - 40, x + 60, FLOOR + 20), fill=(30, 30, 32))


def road(pen: ImageDraw.ImageDraw, draw: random.Random, fault: bool) -> None:
    """A stretch of paving; broken with a puddle when at fault."""
    pen.polygon(((140, 300), (WIDE - 140, 300), (WIDE, HIGH), (0, HIGH)), fill=(150, 148, 142))
    for step in range(9):
        level = 300 + step * step * 7
        pen.line((0, level, WIDE, level), fill=(128, 126, 120), width=4)
    if not fault:
        return
    middle = (WIDE // 2, 590)
    rim: list[tuple[float, float]] = []
    for step in range(18):
        reach = draw.uniform(0.7, 1.15)
        turn = step / 18 * math.tau
        rim.append(
            (middle[0] + 330 * reach * math.cos(turn), middle[1] + 150 * reach * math.sin(turn))
        )
    pen.polygon(rim, fill=(84, 78, 70))
    inner = [(x * 0.8 + middle[0] * 0.2, y * 0.8 + middle[1] * 0.22) for x, y in rim]
    pen.polygon(inner, fill=(112, 124, 134))
    for x, y in rim:
        pen.line(
            (x, y, x + (x - middle[0]) * draw.random() * 0.5, y + (y - middle[1]) * 0.4),
            fill=(70, 66, 62),
            width=6,
        )


def bikes(pen: ImageDraw.ImageDraw, draw: random.Random, fault: bool) -> None:
    """Bicycles and e-bikes: in a bay, or anyhow."""
    if not fault:
        pen.rectangle((60, FLOOR - 30, WIDE - 60, FLOOR), outline=(240, 240, 236), width=10)
    for number in range(4):
        left = 60 + number * 230 + (draw.randint(-40, 60) if fault else 0)
        low = FLOOR - (draw.randint(0, 180) if fault else 24)
        tone = draw.choice(((232, 150, 30), (40, 110, 190), (190, 40, 44), (60, 64, 70)))
        for x in (left, left + 190):
            pen.ellipse((x, low - 140, x + 140, low), outline=(30, 30, 32), width=14)
        hub, seat, bar = (left + 70, low - 70), (left + 110, low - 220), (left + 250, low - 240)
        pen.line(
            (hub, seat, (left + 260, low - 70), bar, (left + 150, low - 90), hub),
            fill=tone,
            width=18,
        )
        pen.rounded_rectangle((left + 60, low - 244, left + 160, low - 214), 14, fill=(28, 28, 30))
        pen.line((bar, (left + 220, low - 270)), fill=(60, 60, 64), width=14)


def car(pen: ImageDraw.ImageDraw, draw: random.Random, fault: bool) -> None:
    """A car; on the tactile paving when at fault."""
    if fault:
        pen.rectangle((0, FLOOR - 60, WIDE, FLOOR + 30), fill=(214, 172, 60))
        for x in range(20, WIDE, 60):
            pen.line((x, FLOOR - 50, x, FLOOR + 20), fill=(178, 138, 40), width=12)
    tone = draw.choice(((226, 228, 228), (48, 54, 66), (150, 34, 36), (118, 132, 146)))
    pen.polygon(((260, 420), (380, 240), (760, 240), (900, 420)), fill=shade(tone, 0.9))
    pen.polygon(((300, 412), (400, 264), (560, 264), (560, 412)), fill=(64, 80, 92))
    pen.polygon(((584, 264), (744, 264), (850, 412), (584, 412)), fill=(74, 90, 102))
    pen.rounded_rectangle((90, 400, WIDE - 80, 650), 60, fill=tone)
    for x in (210, 760):
        pen.ellipse((x, 560, x + 170, 730), fill=(28, 28, 30))
        pen.ellipse((x + 48, 608, x + 122, 682), fill=(170, 174, 178))
    pen.rectangle((92, 460, 130, 510), fill=(250, 236, 180))
    pen.rectangle((WIDE - 118, 460, WIDE - 82, 510), fill=(200, 40, 36))


def stall(pen: ImageDraw.ImageDraw, draw: random.Random, fault: bool) -> None:
    """A stall with goods under a parasol; beside it a line it stays behind when in order."""
    pen.polygon(
        ((120, 260), (WIDE // 2, 60), (WIDE - 120, 260)),
        fill=draw.choice(((196, 48, 44), (40, 110, 170))),
    )
    pen.rectangle((WIDE // 2 - 10, 240, WIDE // 2 + 10, 560), fill=(130, 128, 124))
    pen.rectangle(
        (180, 520, WIDE - 180, FLOOR), fill=(162, 130, 92), outline=(116, 88, 58), width=8
    )
    fruit: tuple[Colour, ...] = ((214, 58, 44), (232, 160, 40), (110, 160, 60), (240, 212, 80))
    for _ in range(90):
        x, y = draw.randint(190, WIDE - 250), draw.randint(430, 520)
        pen.ellipse((x, y, x + 56, y + 52), fill=shade(draw.choice(fruit), draw.uniform(0.8, 1.15)))
    if fault:
        for x in (20, WIDE - 170):
            pen.rectangle(
                (x, FLOOR - 150, x + 150, FLOOR),
                fill=(184, 146, 98),
                outline=(130, 98, 60),
                width=6,
            )
    else:
        pen.line((0, FLOOR + 20, WIDE, FLOOR + 20), fill=(250, 220, 60), width=14)


def shed(pen: ImageDraw.ImageDraw, draw: random.Random, fault: bool) -> None:
    """A shed of coloured steel, or the clear place where none stands."""
    if not fault:
        road(pen, draw, fault)
        return
    tone = draw.choice(((52, 104, 168), (150, 156, 162)))
    pen.rectangle((200, 260, WIDE - 200, FLOOR), fill=tone)
    for x in range(220, WIDE - 200, 40):
        pen.line((x, 262, x, FLOOR), fill=shade(tone, 0.8), width=8)
    pen.polygon(((140, 270), (260, 150), (WIDE - 180, 150), (WIDE - 120, 270)), fill=(190, 60, 50))
    pen.rectangle((420, 420, 640, FLOOR), fill=(70, 66, 62))


def cables(pen: ImageDraw.ImageDraw, draw: random.Random, fault: bool) -> None:
    """A pole with lines: a sagging tangle when at fault."""
    pen.rectangle((540, 20, 584, FLOOR), fill=(132, 130, 126))
    for level in range(60, 300, 40):
        for side in (0, WIDE):
            sag = draw.randint(120, 460) if fault else 26
            middle = ((562 + side) // 2, level + sag)
            pen.line(
                ((562, level), middle, (side, level - 10)),
                fill=(28, 28, 30),
                width=9,
                joint="curve",
            )
    if fault:
        for _ in range(7):
            x, y = draw.randint(460, 520), draw.randint(240, 300)
            pen.ellipse((x, y, x + 170, y + 150), outline=(30, 30, 32), width=9)


def lamp(pen: ImageDraw.ImageDraw, draw: random.Random, fault: bool) -> None:
    """A street lamp, dark or lit."""
    steel = shade((96, 102, 108), draw.uniform(0.8, 1.2))
    pen.rectangle((540, 130, 572, FLOOR), fill=steel)
    pen.line((556, 140, 760, 90), fill=steel, width=24)
    if not fault:
        pen.ellipse((640, 40, 980, 320), fill=(255, 240, 170, 130))
    pen.rounded_rectangle((720, 70, 900, 120), 20, fill=(70, 74, 78) if fault else (255, 244, 190))


def green(pen: ImageDraw.ImageDraw, draw: random.Random, fault: bool) -> None:
    """A piece of lawn with shrubs; bare and littered when at fault."""
    pen.ellipse((20, 380, WIDE - 20, HIGH), fill=(120, 96, 66) if fault else (86, 134, 66))
    for _ in range(60 if fault else 160):
        x, y = draw.randint(90, WIDE - 150), draw.randint(330, 720)
        tone = shade((78, 126, 58), draw.uniform(0.75, 1.25))
        pen.ellipse((x, y, x + draw.randint(40, 90), y + 50), fill=tone)
    for _ in range(16 if fault else 0):
        x, y = draw.randint(150, 900), draw.randint(460, 720)
        pen.polygon(((x, y), (x + 70, y - 20), (x + 96, y + 22)), fill=(236, 234, 226))
