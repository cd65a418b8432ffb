"""Draws the street-like scene of a site: sky, hills, houses, and what its category is known by.

A scene is drawn once per visit and shared by that visit's photos, because drawing it costs more
than everything else on a photo.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from PIL import Image, ImageDraw

from scripts.demo_steps.brush import Colour, board, font, gradient, shade

SIZE = (1280, 960)
HORIZON = 400
GROUND = 610
_WIRED = 0.7  # share of sites with wires overhead
_AIR_CONDITIONED = 0.12  # share of windows
_WALLS: tuple[Colour, ...] = (
    (214, 196, 168),
    (190, 150, 126),
    (205, 205, 198),
    (172, 180, 186),
    (222, 208, 186),
    (184, 166, 150),
    (160, 120, 104),
)
_SIGNS: tuple[Colour, ...] = ((176, 32, 36), (24, 84, 156), (22, 116, 72), (196, 110, 24))
_GREENS: tuple[Colour, ...] = ((62, 104, 54), (78, 122, 62), (52, 92, 58), (92, 132, 66))

_WITHOUT_TREES = ("背街小巷", "主次干道")

Painter = Callable[[ImageDraw.ImageDraw, random.Random, str], None]


def draw_scene(category: str, name: str, seed: str) -> Image.Image:
    """The scene of a site of a category; its name stands on a board or plate in it."""
    draw = random.Random(f"scene {seed}")
    scene = Image.new("RGB", SIZE, (150, 152, 146))
    _sky(scene, draw)
    pen = ImageDraw.Draw(scene)
    _hills(pen, draw)
    _row(pen, draw, top=(170, 330), width=(110, 220), foot=GROUND)
    _ground(scene, pen, draw)
    _FRONTS.get(category, _shops)(pen, draw, name)
    for _ in range(0 if category in _WITHOUT_TREES else draw.randint(1, 3)):
        _tree(pen, draw, draw.choice((draw.randint(20, 190), draw.randint(1090, 1260))))
    if draw.random() < _WIRED:
        _wires(pen, draw)
    return scene


def _sky(scene: Image.Image, draw: random.Random) -> None:
    tops: tuple[Colour, ...] = ((96, 150, 206), (132, 168, 200), (150, 164, 178), (116, 160, 214))
    bottoms: tuple[Colour, ...] = ((222, 230, 232), (226, 220, 208), (206, 208, 208))
    scene.paste(gradient((SIZE[0], HORIZON + 40), draw.choice(tops), draw.choice(bottoms)))


def _hills(pen: ImageDraw.ImageDraw, draw: random.Random) -> None:
    """The Taihang hills that stand north of the city."""
    points = [(0, HORIZON + 60)]
    points += [(x, HORIZON - draw.randint(30, 130)) for x in range(0, SIZE[0] + 1, 80)]
    pen.polygon([*points, (SIZE[0], HORIZON + 60)], fill=(146, 162, 174))


def _row(
    pen: ImageDraw.ImageDraw,
    draw: random.Random,
    top: tuple[int, int],
    width: tuple[int, int],
    foot: int,
) -> None:
    """Blocks of flats side by side behind the site."""
    left = -draw.randint(0, 80)
    while left < SIZE[0]:
        right = left + draw.randint(*width)
        wall = shade(draw.choice(_WALLS), draw.uniform(0.85, 1.0))
        _block(pen, draw, (left, draw.randint(*top), right, foot), wall)
        left = right + draw.choice((0, 0, 14, 30))


def _block(
    pen: ImageDraw.ImageDraw, draw: random.Random, box: tuple[int, int, int, int], wall: Colour
) -> None:
    left, top, right, bottom = box
    pen.rectangle(box, fill=wall, outline=shade(wall, 0.75))
    pen.rectangle((left, top, right, top + 8), fill=shade(wall, 0.7))
    glass = draw.choice(((86, 104, 118), (104, 122, 132), (70, 84, 96)))
    panes = [shade(glass, factor) for factor in (0.8, 0.95, 1.1, 1.25, 1.35)]
    for y in range(top + 26, bottom - 40, 46):
        for x in range(left + 14, right - 26, 38):
            pen.rectangle((x, y, x + 22, y + 26), fill=draw.choice(panes))
            if draw.random() < _AIR_CONDITIONED:
                pen.rectangle((x + 2, y + 27, x + 18, y + 36), fill=(216, 218, 216))


def _ground(scene: Image.Image, pen: ImageDraw.ImageDraw, draw: random.Random) -> None:
    """Paving in front of the houses, then the roadway, in a rough perspective."""
    stone = draw.choice(((168, 164, 156), (182, 172, 160), (158, 160, 160)))
    scene.paste(gradient((SIZE[0], 140), shade(stone, 0.92), stone), (0, GROUND))
    for x in range(-600, 1900, 90):
        pen.line((640 + (x - 640) * 0.72, GROUND, x, GROUND + 140), fill=shade(stone, 0.86))
    for y in (GROUND + 18, GROUND + 42, GROUND + 74, GROUND + 112):
        pen.line((0, y, SIZE[0], y), fill=shade(stone, 0.86))
    pen.rectangle((0, GROUND + 140, SIZE[0], GROUND + 154), fill=(198, 198, 194))
    tar = draw.choice(((92, 94, 98), (104, 104, 104), (84, 88, 92)))
    scene.paste(gradient((SIZE[0], 196), tar, shade(tar, 0.8)), (0, GROUND + 154))
    for x in range(draw.randint(-120, 0), SIZE[0], 210):
        pen.polygon(((x, 850), (x + 110, 850), (x + 100, 862), (x - 12, 862)), fill=(206, 206, 200))


def _tree(pen: ImageDraw.ImageDraw, draw: random.Random, x: int) -> None:
    foot, crown = GROUND + draw.randint(10, 70), draw.randint(330, 440)
    pen.polygon(((x - 9, foot), (x + 9, foot), (x + 5, crown), (x - 5, crown)), fill=(92, 74, 58))
    green = draw.choice(_GREENS)
    for _ in range(34):
        size = draw.randint(22, 52)
        left = x + draw.randint(-105, 65)
        top = crown + draw.randint(-110, 50)
        leaf = shade(green, draw.uniform(0.75, 1.25))
        pen.ellipse((left, top, left + size, top + size * 0.8), fill=leaf)


def _wires(pen: ImageDraw.ImageDraw, draw: random.Random) -> None:
    pole = draw.choice((150, 1120))
    pen.rectangle((pole, 150, pole + 12, GROUND + 30), fill=(122, 120, 116))
    for level in (170, 196, 220):
        pen.rectangle((pole - 34, level, pole + 46, level + 5), fill=(98, 96, 94))
        for side in (0, SIZE[0]):
            middle = (pole + side) // 2
            sag = level + draw.randint(18, 40)
            pen.line(
                ((pole + 6, level), (middle, sag), (side, level - 8)), fill=(54, 54, 56), width=2
            )


def _shops(pen: ImageDraw.ImageDraw, draw: random.Random, name: str) -> None:
    """Three shop fronts; the middle one is the site."""
    wall = draw.choice(_WALLS)
    pen.rectangle((180, 250, 1100, GROUND), fill=wall)
    signs = draw.sample(_SIGNS, 3)
    for number, (left, right) in enumerate(((190, 430), (440, 840), (850, 1090))):
        main = number == 1
        pen.rectangle((left, 380, right, GROUND), fill=shade((70, 78, 84), 1.2 if main else 0.9))
        board(pen, (left, 300, right, 376), name if main else "", signs[number])
        for x in range(left + 12, right - 40, 64):
            tint = draw.uniform(0.9, 1.3)
            pen.rectangle((x, 400, x + 52, GROUND - 12), fill=shade((112, 128, 134), tint))
            pen.rectangle((x + 6, 500, x + 46, 540), fill=shade((168, 140, 100), tint))
    pen.polygon(((440, 376), (840, 376), (868, 408), (412, 408)), fill=shade(signs[1], 0.85))


def _office(pen: ImageDraw.ImageDraw, draw: random.Random, name: str) -> None:
    """A community office or service window: glass doors under a long board, steps, a ramp."""
    wall = draw.choice(_WALLS[2:5])
    pen.rectangle((150, 200, 1130, GROUND), fill=wall, outline=shade(wall, 0.7), width=4)
    board(pen, (210, 262, 1070, 348), name, draw.choice(_SIGNS[:2]))
    for x in (200, 320, 840, 960):
        pen.rectangle((x, 390, x + 96, 540), fill=(108, 128, 140), outline=(232, 232, 228), width=5)
    pen.rectangle((470, 384, 790, GROUND), fill=(92, 112, 124), outline=(214, 214, 210), width=6)
    pen.line((630, 384, 630, GROUND), fill=(214, 214, 210), width=6)
    pen.rectangle((430, GROUND - 14, 830, GROUND + 8), fill=(186, 184, 178))
    pen.rectangle((400, GROUND + 8, 860, GROUND + 30), fill=(172, 170, 164))
    pen.polygon(((860, GROUND - 10), (1080, GROUND + 30), (860, GROUND + 30)), fill=(158, 158, 154))


def _yard(pen: ImageDraw.ImageDraw, draw: random.Random, name: str) -> None:
    """A residential compound: a block with stairwells behind a gate."""
    _block(pen, draw, (120, 110, 1160, GROUND), draw.choice(_WALLS))
    for x in (300, 820):
        pen.rectangle((x, 480, x + 110, GROUND), fill=(82, 76, 72))
        pen.rectangle((x - 14, 462, x + 124, 482), fill=(150, 146, 140))
    brick = (158, 104, 84)
    for left, right in ((0, 380), (900, SIZE[0])):
        pen.rectangle((left, 520, right, GROUND + 40), fill=brick)
        for y in range(536, GROUND + 40, 18):
            pen.line((left, y, right, y), fill=shade(brick, 0.82))
    for x in (372, 868):
        pen.rectangle((x, 440, x + 40, GROUND + 46), fill=(184, 170, 150))
    board(pen, (372, 372, 908, 446), name, _SIGNS[0])


def _lane(pen: ImageDraw.ImageDraw, draw: random.Random, name: str) -> None:
    """A back street: walls running into the depth, doors, a blue name plate."""
    for left in (True, False):
        wall = draw.choice(_WALLS)
        edge, inner = (0, 430) if left else (SIZE[0], 850)
        pen.polygon(
            ((edge, 60), (inner, 330), (inner, 560), (edge, 820)),
            fill=wall,
            outline=shade(wall, 0.7),
        )
        for step in range(1, 16):
            share = step / 16
            top, bottom = 60 + 760 * share, 330 + 230 * share
            pen.line((edge, top, inner, bottom), fill=shade(wall, 0.88))
        for share in (0.25, 0.6):
            x = edge + (inner - edge) * share
            reach = (inner - edge) * 0.12
            foot = 820 - 260 * share
            pen.polygon(
                ((x, 420), (x + reach, 430), (x + reach, foot - 30), (x, foot)),
                fill=draw.choice(((120, 44, 38), (74, 84, 96), (96, 70, 52))),
            )
    tar = (132, 130, 126)
    pen.polygon(
        ((430, 560), (850, 560), (SIZE[0], 820), (SIZE[0], 960), (0, 960), (0, 820)), fill=tar
    )
    board(pen, (60, 330, 420, 396), name, (28, 74, 148))


def _village(pen: ImageDraw.ImageDraw, draw: random.Random, name: str) -> None:
    """A village street: low brick houses with tiled roofs and a painted wall."""
    left = -20
    while left < SIZE[0]:
        right = left + draw.randint(240, 340)
        wall = draw.choice(((176, 122, 98), (196, 178, 152), (206, 198, 186)))
        pen.rectangle((left, 400, right, GROUND), fill=wall)
        roof = ((left - 10, 404), (left + 40, 330), (right - 40, 330), (right + 10, 404))
        pen.polygon(roof, fill=(122, 84, 76))
        door = left + (right - left) // 2 - 40
        pen.rectangle((door, 480, door + 80, GROUND), fill=(134, 38, 36))
        pen.rectangle((left + 24, 470, left + 78, 530), fill=(104, 120, 128))
        left = right + 16
    pen.rectangle((300, 506, 980, GROUND + 8), fill=(236, 234, 228))
    board(pen, (340, 526, 940, 600), name, (236, 234, 228), (176, 32, 36))


def _toilet(pen: ImageDraw.ImageDraw, draw: random.Random, name: str) -> None:
    """A public toilet: a small tiled building with two entrances and its sign."""
    tile = draw.choice(((226, 228, 224), (208, 218, 220), (232, 222, 206)))
    pen.rectangle((240, 300, 1040, GROUND), fill=tile, outline=shade(tile, 0.7), width=4)
    for y in range(330, GROUND, 26):
        pen.line((244, y, 1036, y), fill=shade(tile, 0.92))
    for x in range(270, 1040, 52):
        pen.line((x, 300, x, GROUND), fill=shade(tile, 0.92))
    pen.polygon(((200, 304), (640, 214), (1080, 304)), fill=(96, 108, 118))
    board(pen, (430, 306, 850, 376), name, (24, 84, 156))
    for x, ink, sign in ((320, (38, 86, 164), "男"), (840, (186, 62, 92), "女")):
        pen.rectangle((x, 420, x + 120, GROUND), fill=(72, 78, 82))
        pen.rectangle((x + 10, 384, x + 110, 416), fill=ink)
        pen.text((x + 60, 400), sign, font=font(26), fill=(255, 255, 255), anchor="mm")


def _market(pen: ImageDraw.ImageDraw, draw: random.Random, name: str) -> None:
    """A farmers' market: a hall with a roof, an arch with its name, stalls of vegetables."""
    pen.polygon(((60, 330), (640, 180), (1220, 330)), fill=(116, 128, 138))
    pen.rectangle((90, 330, 1190, GROUND), fill=(88, 92, 94))
    board(pen, (250, 270, 1030, 356), name, _SIGNS[0])
    colours: tuple[Colour, ...] = ((84, 140, 58), (198, 64, 44), (222, 160, 52), (120, 84, 132))
    for left in range(110, 1100, 180):
        awning = draw.choice(_SIGNS)
        pen.polygon(
            ((left, 420), (left + 160, 420), (left + 176, 456), (left - 16, 456)), fill=awning
        )
        pen.rectangle((left, 530, left + 160, GROUND + 20), fill=(150, 126, 96))
        for _ in range(26):
            x, y = left + draw.randint(4, 140), 514 + draw.randint(0, 24)
            goods = shade(draw.choice(colours), draw.uniform(0.8, 1.2))
            pen.ellipse((x, y, x + 18, y + 15), fill=goods)


def _avenue(pen: ImageDraw.ImageDraw, draw: random.Random, name: str) -> None:
    """A main road seen along its axis, with verges, lamps and a direction sign."""
    pen.polygon(((0, 640), (SIZE[0], 640), (SIZE[0], 960), (0, 960)), fill=(162, 158, 150))
    pen.polygon(((560, 420), (720, 420), (1240, 960), (40, 960)), fill=(90, 92, 96))
    for left in (True, False):
        near, far = (-160, 540) if left else (1440, 740)
        pen.polygon(
            (
                (far, 430),
                (far + (12 if left else -12), 430),
                (near + (240 if left else -240), 960),
                (near, 960),
            ),
            fill=(76, 116, 60),
        )
        for share in (0.15, 0.4, 0.7):
            x = far + (near - far) * share
            foot = 430 + 530 * share
            height = 120 + 420 * share
            pen.line((x, foot, x, foot - height), fill=(128, 130, 132), width=3 + int(8 * share))
            size = 30 + 110 * share
            tone = shade(draw.choice(_GREENS), draw.uniform(0.85, 1.15))
            pen.ellipse((x - size, foot - height - size, x + size, foot - height + size), fill=tone)
    for y, size in ((470, 3), (530, 5), (620, 8), (750, 12), (900, 16)):
        pen.polygon(
            (
                (640 - size, y),
                (640 + size, y),
                (640 + size * 2, y + size * 6),
                (640 - size * 2, y + size * 6),
            ),
            fill=(226, 224, 214),
        )
    for _ in range(draw.randint(1, 3)):
        _car(pen, draw)
    pen.rectangle((932, 250, 944, 700), fill=(140, 142, 144))
    board(pen, (780, 196, 1110, 284), name, (24, 92, 172))


def _car(pen: ImageDraw.ImageDraw, draw: random.Random) -> None:
    y = draw.randint(520, 720)
    size = (y - 380) / 340
    x = 640 + draw.choice((-1, 1)) * size * draw.randint(90, 260)
    wide, high = 150 * size, 100 * size
    paint = draw.choice(((232, 232, 230), (44, 48, 56), (150, 28, 30), (120, 128, 136)))
    pen.rounded_rectangle((x - wide, y - high, x + wide, y), 20 * size, fill=paint)
    pen.rounded_rectangle(
        (x - wide * 0.75, y - high * 1.7, x + wide * 0.75, y - high * 0.7),
        24 * size,
        fill=shade(paint, 0.9),
    )
    pen.rectangle((x - wide * 0.62, y - high * 1.55, x + wide * 0.62, y - high), fill=(62, 76, 86))
    pen.rectangle(
        (x - wide * 0.3, y - high * 0.45, x + wide * 0.3, y - high * 0.2), fill=(40, 84, 170)
    )
    for side in (-0.86, 0.62):
        pen.rectangle(
            (x + wide * side, y - high * 0.6, x + wide * (side + 0.24), y - high * 0.35),
            fill=(206, 52, 40),
        )
        pen.rectangle(
            (x + wide * side, y - 4, x + wide * (side + 0.24), y + 14 * size), fill=(26, 26, 28)
        )


_FRONTS: dict[str, Painter] = {
    "社区": _office,
    "窗口单位": _office,
    "楼院": _yard,
    "背街小巷": _lane,
    "城中村": _village,
    "公厕": _toilet,
    "农贸市场": _market,
    "主次干道": _avenue,
}
