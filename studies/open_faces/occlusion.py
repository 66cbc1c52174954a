"""Things in front of a face: glasses, hats, hands, strands of hair, a scarf, a microphone.

What is behind a face: walls, blurred rooms and leaves.
"""

import collections.abc

import cv2
import numpy as np


def draw_scenery(
    rng: np.random.Generator, side: int, tone: float, photographs: list[np.ndarray]
) -> np.ndarray:
    """A (side, side) float32 background of grey values.

    tone: grey level of the skin; photographs: pictures whose far out-of-focus parts may serve.
    """
    kind = rng.random()
    if kind < 0.35:
        return _wall(rng, side)
    if kind < 0.6:
        return _things(rng, side)
    if kind < 0.8:
        return _leaves(rng, side)
    return _blurred(rng, side, photographs[int(rng.integers(len(photographs)))])


def cloud(rng: np.random.Generator, side: int, cells: int, octaves: int) -> np.ndarray:
    """(side, side) float32 smooth noise of about unit spread, `cells` bumps across."""
    total = np.zeros((side, side), np.float32)
    for octave in range(octaves):
        count = cells * 2**octave
        grid = rng.normal(0, 0.6**octave, (count, count)).astype(np.float32)
        total += cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC)
    return total


def _wall(rng: np.random.Generator, side: int) -> np.ndarray:
    level = rng.uniform(15, 235)
    slope = rng.normal(0, 25, 2).astype(np.float32)
    x = np.linspace(-1, 1, side, dtype=np.float32)
    wall = level + slope[0] * x + slope[1] * x[:, np.newaxis]
    return wall + rng.uniform(0, 8) * cloud(rng, side, 3, 2)


def _things(rng: np.random.Generator, side: int) -> np.ndarray:
    room = _wall(rng, side)
    for _ in range(int(rng.integers(3, 9))):
        centre = rng.uniform(0, side, 2)
        size = rng.uniform(0.05, 0.5, 2) * side
        colour = float(rng.uniform(0, 255))
        if rng.random() < 0.6:
            size[int(rng.integers(2))] *= 4
            box = (centre.tolist(), size.tolist(), float(rng.choice([0, 0, rng.uniform(0, 90)])))
            corners = np.round(cv2.boxPoints(box)).astype(np.int32)
            cv2.fillConvexPoly(room, corners, colour)
        else:
            box = (centre.tolist(), (0.7 * size).tolist(), float(rng.uniform(0, 180)))
            cv2.ellipse(room, box, colour, -1)
    room += 6 * cloud(rng, side, 12, 2)
    return cv2.GaussianBlur(room, (0, 0), rng.uniform(1.5, 9))


def _leaves(rng: np.random.Generator, side: int) -> np.ndarray:
    texture = cloud(rng, side, int(rng.integers(4, 9)), 4)
    level, spread = rng.uniform(40, 180), rng.uniform(12, 45)
    return level + spread * cv2.GaussianBlur(texture, (0, 0), rng.uniform(0.8, 4))


def _blurred(rng: np.random.Generator, side: int, photograph: np.ndarray) -> np.ndarray:
    height, width = photograph.shape
    edge = int(rng.uniform(60, 160))
    top, left = int(rng.integers(height - edge)), int(rng.integers(width - edge))
    part = cv2.resize(photograph[top : top + edge, left : left + edge], (side, side))
    part = np.rot90(part, int(rng.integers(4)))
    return cv2.GaussianBlur(part, (0, 0), rng.uniform(5, 12))


# Head coordinates (n, 3) to (places on the picture (n, 2), nearness (n,)).
Place = collections.abc.Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def add_props(
    rng: np.random.Generator, sheet: np.ndarray, place: Place, tone: float, many: bool = True
) -> np.ndarray:
    """Put one thing, or more often nothing, in front of the face; many: on two faces of five.

    sheet: (side, side) float32 grey values; tone: grey level of the skin.
    """
    few = ((_glasses, 0.13), (_hat, 0.04), (_strands, 0.02), (_hand, 0.015), (_scarf, 0.015))
    more = ((_glasses, 0.2), (_hat, 0.06), (_strands, 0.05), (_hand, 0.05), (_scarf, 0.02))
    kinds = (*more, (_fringe, 0.08)) if many else few
    chance = rng.random()
    for draw, share in (*kinds, (_microphone, 0.015)):
        if chance < share:
            return draw(rng, sheet, place, tone)
        chance -= share
    return sheet


def _filled(sheet: np.ndarray, outline: np.ndarray) -> np.ndarray:
    """(side, side) float32 in 0..1: the inside of an outline, (n, 2) pixels, soft at its edge."""
    mask = np.zeros(sheet.shape, np.uint8)
    cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return mask.astype(np.float32) / 255


def _drawn(sheet: np.ndarray, lines: list[np.ndarray], width: float) -> np.ndarray:
    """(side, side) float32 in 0..1: lines through (n, 2) pixels, `width` pixels thick."""
    mask = np.zeros(sheet.shape, np.uint8)
    fixed = [np.round(line * 16).astype(np.int32) for line in lines]
    cv2.polylines(mask, fixed, False, 255, max(1, round(width)), cv2.LINE_AA, 4)
    return mask.astype(np.float32) / 255


def _over(
    sheet: np.ndarray, mask: np.ndarray, value: np.ndarray | float, shadow: float
) -> np.ndarray:
    """Lay `value` over the sheet where `mask` is 1, with a soft shadow a little below it."""
    if shadow:
        dark = cv2.GaussianBlur(np.roll(mask, 3, axis=0), (0, 0), 2.5)
        sheet = sheet * (1 - shadow * dark)
    return sheet + mask * (value - sheet)


def _unit(place: Place) -> float:
    """Pixels in an eye distance."""
    ends, _ = place(np.array([[-0.5, 0, 0], [0.5, 0, 0]]))
    return float(np.linalg.norm(ends[1] - ends[0]))


def _bend(points: np.ndarray) -> np.ndarray:
    """Put (n, 2) points on a bow in front of the eyes: (n, 3)."""
    return np.column_stack([points, 0.14 - 0.22 * points[:, 0] ** 2])


def _glasses(rng: np.random.Generator, sheet: np.ndarray, place: Place, tone: float) -> np.ndarray:
    dark = rng.random() < 0.35
    angle = np.linspace(0, 2 * np.pi, 40)
    corners = rng.uniform(0.55, 1.0)  # 1 is an ellipse, less is closer to a rectangle
    across = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** corners
    down = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** corners
    half = np.array([rng.uniform(0.34, 0.4), rng.uniform(0.17, 0.28)]) + 0.045 * dark
    lens = np.column_stack([half[0] * across * (1 - 0.08 * down), half[1] * down])
    drop = rng.uniform(0.02, 0.12)
    lenses = [place(_bend(lens + np.array([side * 0.51, drop])))[0] for side in (-1, 1)]
    inner, outer = 0.51 - half[0], 0.51 + half[0]
    bow = np.linspace(-inner, inner, 9)
    height = drop - 0.05 - 0.05 * np.cos(bow / inner * np.pi / 2)
    lines = [*lenses, place(_bend(np.column_stack([bow, height])))[0]]
    for side in (-1, 1):
        arm = np.array([[side * outer, drop - 0.06, -0.06], [side * 1.13, drop - 0.06, -0.5]])
        lines.append(place(arm)[0])
    unit = _unit(place)
    inside = np.maximum(*(_filled(sheet, lens) for lens in lenses))
    side = len(sheet)
    ramp = np.linspace(0, 1, side, dtype=np.float32)
    glare = cv2.GaussianBlur(cloud(rng, side, 3, 2), (0, 0), 4)
    if dark:
        # A lens is darker at its top, and the sky or a window lies in it.
        glass = rng.uniform(8, 40) + 90 * rng.uniform(0, 1) * np.clip(
            ramp[:, np.newaxis] - 0.3, 0, 1
        )
        glass = glass + 14 * np.clip(glare, 0, 2)
        sheet = _over(sheet, inside * rng.uniform(0.86, 1), glass, 0.3)
    else:
        shine = rng.uniform(0.02, 0.12) + rng.uniform(0, 0.25) * np.clip(glare - 0.8, 0, 1)
        sheet = _over(sheet, inside * shine.astype(np.float32), 225.0, 0)
    metal = rng.random() < 0.4
    width = unit * (rng.uniform(0.018, 0.03) if metal else rng.uniform(0.03, 0.06))
    colour = rng.uniform(40, 150) if metal else rng.uniform(5, 60)
    return _over(sheet, 0.92 * _drawn(sheet, lines, width), colour, 0.25)


def _hat(rng: np.random.Generator, sheet: np.ndarray, place: Place, tone: float) -> np.ndarray:
    rim = rng.uniform(-0.66, -0.5)
    x = np.linspace(-1.28, 1.28, 21)
    edge = np.column_stack([x, rim + 0.2 * x**2, 0.2 - 0.75 * x**2])
    dome = np.column_stack([x[::-1] * 1.08, -2.0 - 0.5 * np.cos(x[::-1]), np.full(21, -0.4)])
    mask = _filled(sheet, place(np.vstack([edge, dome]))[0])
    side = len(sheet)
    middle, _ = place(np.array([[0.0, -1.0, 0.0]]))
    across = (np.arange(side) - middle[0, 0]) / (1.3 * _unit(place))
    shade = (1 - 0.35 * np.clip(np.abs(across - rng.uniform(-0.4, 0.4)), 0, 1.2) ** 2).astype(
        np.float32
    )
    colour = rng.uniform(20, 200)
    cloth = colour * shade * (1 + 0.06 * cloud(rng, side, 9, 3))
    if rng.random() < 0.5:  # a woollen hat: ribs and a turned-up band
        ribs = np.sin(np.arange(side) * rng.uniform(0.5, 0.9)).astype(np.float32)
        cloth = cloth * (1 + 0.1 * ribs)
        band = np.vstack([edge, (edge - np.array([0, rng.uniform(0.25, 0.4), 0]))[::-1]])
        sheet = _over(sheet, mask, cloth, 0.35)
        return _over(sheet, _filled(sheet, place(band)[0]), 0.88 * cloth, 0.25)
    sheet = _over(sheet, mask, cloth, 0)
    # The brim of a cap stands towards the camera and shades the forehead below it.
    turn = np.linspace(0, np.pi, 21)
    brim = np.column_stack(
        [0.82 * np.cos(turn), rim + 0.12 - 0.02 * np.sin(turn), 0.02 + 0.75 * np.sin(turn)]
    )
    back = np.column_stack([x[3:-3], rim - 0.08 + 0.2 * x[3:-3] ** 2, 0.2 - 0.6 * x[3:-3] ** 2])
    shape = cv2.convexHull(np.float32(place(np.vstack([brim, back]))[0]))[:, 0]
    brimmed = _filled(sheet, shape)
    below = cv2.GaussianBlur(np.roll(brimmed, int(0.28 * _unit(place)), axis=0), (0, 0), 6)
    sheet = sheet * (1 - 0.45 * below * (1 - brimmed))
    return _over(sheet, brimmed, rng.uniform(0.65, 0.95) * colour * shade, 0.3)


def _strands(rng: np.random.Generator, sheet: np.ndarray, place: Place, tone: float) -> np.ndarray:
    side = rng.choice([-1, 1])
    start = np.array([side * rng.uniform(-0.2, 0.7), -1.5])
    end = np.array([side * rng.uniform(0.7, 1.15), rng.uniform(0.0, 1.3)])
    knee = np.array([side * rng.uniform(0.1, 0.9), rng.uniform(-0.6, -0.1)])
    colour, spread = rng.uniform(0.2, 0.75) * tone, rng.uniform(0.1, 0.3)
    t = np.linspace(0, 1, 18)[:, np.newaxis]
    for _ in range(int(rng.integers(25, 70))):
        one, two, three = (p + rng.normal(0, spread, 2) for p in (start, knee, end))
        curve = (1 - t) ** 2 * one + 2 * t * (1 - t) * two + t**2 * three
        z = 0.15 - 0.4 * curve[:, 0] ** 2
        line = place(np.column_stack([curve, z]))[0]
        mask = _drawn(sheet, [line], 1)
        sheet = _over(sheet, rng.uniform(0.3, 0.8) * mask, colour * rng.uniform(0.7, 1.5), 0.04)
    return sheet


def _fringe(rng: np.random.Generator, sheet: np.ndarray, place: Place, tone: float) -> np.ndarray:
    """Hair that falls over the forehead, often over a brow."""
    x = np.linspace(-1.0, 1.0, 41)
    low = rng.uniform(-0.5, -0.08) + rng.normal(0, 0.12) * x + rng.uniform(-0.2, 0.2) * x**2
    tips = 0.06 * cloud(rng, 41, 12, 2)[20]
    edge = np.column_stack([x, low + tips, 0.16 - 0.42 * x**2])
    top = np.column_stack([1.1 * x[::-1], np.full(41, -1.5), np.full(41, -0.2)])
    mask = cv2.GaussianBlur(_filled(sheet, place(np.vstack([edge, top]))[0]), (0, 0), 1.2)
    side = len(sheet)
    combed = cv2.resize(rng.normal(0, 1, (6, 96)).astype(np.float32), (side, side))
    hair = rng.uniform(0.12, 0.9) * tone * (1 + 0.22 * combed)
    thin = np.clip(rng.uniform(0.7, 1.1) + 0.25 * combed, 0.3, 1)
    return _over(sheet, mask * thin, hair, 0.2)


def _hand(rng: np.random.Generator, sheet: np.ndarray, place: Place, tone: float) -> np.ndarray:
    """Two to four fingers that lean on the chin, the mouth or a cheek."""
    side = rng.choice([-1, 1])
    tip = np.array([side * rng.uniform(0.05, 0.75), rng.uniform(0.75, 1.35)])
    base = tip + np.array([side * rng.uniform(0.1, 1.0), rng.uniform(1.0, 1.6)])
    aside = np.array([base[1] - tip[1], tip[0] - base[0]])
    aside *= side * rng.uniform(0.25, 0.28) / np.linalg.norm(aside)
    unit, count = _unit(place), int(rng.integers(2, 5))
    y, x = np.mgrid[: len(sheet), : len(sheet)].astype(np.float32)
    skin = tone * rng.uniform(0.85, 1.08)
    for k in range(count):
        reach = (0.0, -0.12, -0.02, 0.18)[k]
        ends = np.stack([tip + k * aside + reach * (base - tip), base + k * aside])
        ends = place(np.column_stack([ends, [0.3, 0.3]]))[0]
        radius = unit * rng.uniform(0.14, 0.165)
        along = ends[1] - ends[0]
        at = ((x - ends[0, 0]) * along[0] + (y - ends[0, 1]) * along[1]) / (along @ along)
        at = np.clip(at, 0, 1.2)
        off_x, off_y = x - ends[0, 0] - at * along[0], y - ends[0, 1] - at * along[1]
        away = np.sqrt(off_x**2 + off_y**2) / radius
        mask = np.clip((1 - away) * radius / 1.5, 0, 1)
        lit = (off_x * aside[0] + off_y * aside[1]) / (radius * np.linalg.norm(aside))
        joint = 0.06 * np.exp(-(((at - 0.45) / 0.05) ** 2))
        value = skin * (1.0 - 0.28 * np.minimum(away, 1) ** 3 + 0.1 * lit - joint)
        sheet = sheet * (1 - 0.3 * np.exp(-np.maximum(away - 1, 0) * 6))
        sheet = sheet + mask * (value - sheet)
    return sheet.astype(np.float32)


def _scarf(rng: np.random.Generator, sheet: np.ndarray, place: Place, tone: float) -> np.ndarray:
    x = np.linspace(-1.6, 1.6, 25)
    top = rng.uniform(0.95, 1.55)
    edge = top - 0.28 * x**2 + 0.03 * np.sin(rng.uniform(3, 6) * x + rng.uniform(0, 6))
    points = np.column_stack([x, edge, 0.35 - 0.6 * x**2])
    floor = np.array([[1.9, 4.2, -0.5], [-1.9, 4.2, -0.5]])
    side = len(sheet)
    mask = _filled(sheet, place(np.vstack([points, floor]))[0])
    folds = cv2.resize(cloud(rng, side, 5, 2), (side, 3 * side))[:side]
    folds = cv2.GaussianBlur(folds, (0, 0), 2)
    cloth = rng.uniform(25, 200) * (1 + 0.22 * np.sin(5 * folds)) + 4 * cloud(rng, side, 40, 1)
    return _over(sheet, mask, cloth, 0.3)


def _microphone(
    rng: np.random.Generator, sheet: np.ndarray, place: Place, tone: float
) -> np.ndarray:
    side = rng.choice([-1, 1])
    head = np.array([side * rng.uniform(0, 0.35), rng.uniform(1.4, 1.75), 0.7])
    foot = head + np.array([side * rng.uniform(0.1, 0.7), 1.8, 0])
    ends, _ = place(np.stack([head, foot]))
    radius = _unit(place) * rng.uniform(0.24, 0.33)
    stick = _drawn(sheet, [ends], 1.1 * radius)
    sheet = _over(sheet, stick, rng.uniform(10, 50), 0)
    y, x = np.mgrid[: len(sheet), : len(sheet)].astype(np.float32)
    across, down = (x - ends[0, 0]) / radius, (y - ends[0, 1]) / radius
    away = np.hypot(across, down)
    net = 0.85 + 0.15 * np.sin(9 * across) * np.sin(9 * down)
    shine = np.exp(-((across + 0.35) ** 2 + (down + 0.4) ** 2) / 0.12)
    value = (rng.uniform(25, 70) * (1.2 - 0.7 * np.minimum(away, 1) ** 2) + 70 * shine) * net
    sheet = _over(sheet, np.clip((1 - away) * radius / 1.5, 0, 1), value, 0.3)
    return sheet.astype(np.float32)
