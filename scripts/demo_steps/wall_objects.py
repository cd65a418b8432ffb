"""Painters of what hangs on walls or stands indoors: stickers, boards, licences, extinguishers.

The same rules as in `street_objects`.
"""

from __future__ import annotations

import random

from PIL import ImageDraw

from scripts.demo_steps.brush import FLOOR, WIDE, board, font


def stickers(pen: ImageDraw.ImageDraw, draw: random.Random, fault: bool) -> None:
    """A piece of wall, pasted over when at fault."""
    pen.rectangle(
        (80, 60, WIDE - 80, FLOOR), fill=(208, 200, 186), outline=(150, 142, 130), width=8
    )
    for y in range(140, FLOOR, 90):
        pen.line((84, y, WIDE - 84, y), fill=(190, 182, 168), width=4)
    words = ("疏通管道", "开锁", "办证", "房屋出租", "高价回收", "招工", "贷款")
    for _ in range(9 if fault else 0):
        x, y = draw.randint(110, WIDE - 420), draw.randint(90, FLOOR - 190)
        paper = draw.choice(((244, 240, 226), (246, 216, 90), (236, 150, 150), (190, 216, 236)))
        board(
            pen,
            (x, y, x + draw.randint(200, 300), y + 110),
            draw.choice(words),
            paper,
            (40, 36, 36),
        )


def notice(pen: ImageDraw.ImageDraw, draw: random.Random, fault: bool) -> None:
    """A notice board with sheets; sheets are missing or torn when at fault."""
    for x in (190, WIDE - 220):
        pen.rectangle((x, 500, x + 30, FLOOR), fill=(120, 124, 128))
    pen.rectangle((120, 60, WIDE - 120, 620), fill=(36, 92, 150), outline=(206, 208, 208), width=16)
    pen.text((WIDE // 2, 118), "公 示 栏", font=font(72), fill=(255, 255, 255), anchor="mm")
    missing = draw.randrange(3)
    for number, left in enumerate((160, 440, 720)):
        if fault and number == missing:
            continue
        pen.rectangle((left, 180, left + 240, 580), fill=(244, 244, 238))
        for y in range(220, 560, 34):
            pen.line(
                (left + 24, y, left + draw.randint(120, 216), y), fill=(120, 124, 130), width=8
            )
        if fault and number != missing:
            pen.polygon(
                ((left + 110, 580), (left + 240, 400), (left + 240, 580)), fill=(36, 92, 150)
            )


def poster(pen: ImageDraw.ImageDraw, draw: random.Random, fault: bool) -> None:
    """A public-interest display; faded and torn when at fault."""
    paper = (222, 196, 184) if fault else (198, 30, 34)
    pen.rectangle((120, 60, WIDE - 120, 640), fill=paper, outline=(170, 170, 170), width=14)
    ink = (196, 160, 140) if fault else (255, 226, 120)
    for y, line in ((200, "讲文明 树新风"), (340, "共创文明城市"), (480, "共建美好家园")):
        pen.text((WIDE // 2, y), line, font=font(108), fill=ink, anchor="mm")
    if fault:
        corner = draw.randint(560, 760)
        pen.polygon(((corner, 640), (WIDE - 120, 330), (WIDE - 120, 640)), fill=(150, 148, 142))
        pen.polygon(((corner, 640), (WIDE - 120, 330), (corner + 90, 420)), fill=(238, 234, 226))
    for x in (220, WIDE - 250):
        pen.rectangle((x, 640, x + 30, FLOOR), fill=(120, 124, 128))


def toilet(pen: ImageDraw.ImageDraw, draw: random.Random, fault: bool) -> None:
    """Wash basins and a tiled floor; wet and stained when at fault."""
    pen.rectangle((60, 40, WIDE - 60, FLOOR), fill=(222, 228, 228))
    for step in range(100, WIDE - 60, 90):
        pen.line((step, 40, step, FLOOR), fill=(196, 204, 206), width=5)
    for y in range(100, FLOOR, 80):
        pen.line((60, y, WIDE - 60, y), fill=(196, 204, 206), width=5)
    for left in (160, 480, 800):
        pen.ellipse(
            (left, 330, left + 200, 440), fill=(250, 250, 250), outline=(170, 176, 180), width=8
        )
        pen.rectangle((left + 88, 250, left + 112, 350), fill=(150, 156, 162))
    for _ in range(9 if fault else 0):
        x, y = draw.randint(80, 860), draw.randint(520, 700)
        pen.ellipse((x, y, x + draw.randint(90, 220), y + 50), fill=(146, 128, 84, 170))


def fire(pen: ImageDraw.ImageDraw, draw: random.Random, fault: bool) -> None:
    """Extinguishers under an exit sign; blocked by boxes when at fault."""
    board(pen, (330, 40, 790, 170), "安全出口", (30, 140, 76))
    for left in (360, 600):
        pen.rounded_rectangle((left, 330, left + 150, FLOOR), 50, fill=(200, 32, 34))
        pen.rectangle((left + 54, 270, left + 96, 336), fill=(36, 36, 38))
        pen.line((left + 96, 290, left + 180, 420), fill=(30, 30, 32), width=16)
        pen.text((left + 75, 540), "灭火", font=font(58), fill=(255, 240, 220), anchor="mm")
    for _ in range(8 if fault else 0):
        x, y = draw.randint(40, 860), draw.randint(470, 640)
        pen.rectangle((x, y, x + 210, y + 150), fill=(184, 146, 98), outline=(126, 94, 58), width=8)


def certificate(pen: ImageDraw.ImageDraw, draw: random.Random, fault: bool) -> None:
    """Licences on a wall; an empty frame when at fault."""
    pen.rectangle((40, 60, WIDE - 40, 700), fill=(226, 222, 212))
    for number, (left, title) in enumerate(
        ((90, "营业执照"), (430, "卫生许可证"), (770, "健康证明"))
    ):
        pen.rectangle(
            (left, 150, left + 270, 560), fill=(250, 248, 238), outline=(150, 116, 62), width=14
        )
        if fault and number == 1:
            continue
        pen.text((left + 135, 220), title, font=font(48), fill=(180, 30, 34), anchor="mm")
        for y in range(290, 500, 44):
            pen.line(
                (left + 40, y, left + draw.randint(160, 230), y), fill=(120, 120, 118), width=8
            )
        pen.ellipse((left + 160, 450, left + 240, 530), outline=(204, 40, 40), width=8)
