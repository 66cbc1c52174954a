"""One random face: two people of a team, an expression, a pose, light, a background, a camera.

Light on a face, and what a camera and a file format do to a picture.
"""

import dataclasses
import functools

import cv2
import numpy as np

from fkd_utils import faces
from fkd_utils.data import photographs
from studies.open_faces import face_shape, occlusion

_STEP = 0.05  # eye distances between two grid points of the relief


@functools.lru_cache(maxsize=1)
def normals() -> np.ndarray:
    """(3, rows, columns) float32 unit normals of the average head on a grid over its front."""
    x, y = np.meshgrid(np.arange(-2.5, 2.5, _STEP), np.arange(-2.5, 3.0, _STEP))
    smooth = cv2.GaussianBlur(face_shape.depth(x, y), (0, 0), 2.2)
    down, across = np.gradient(smooth, _STEP)
    stack = np.stack([-across, -down, np.ones_like(down)])
    return (stack / np.linalg.norm(stack, axis=0)).astype(np.float32)


def lit(
    rng: np.random.Generator, sheet: np.ndarray, flat: np.ndarray, hard: bool = True
) -> np.ndarray:
    """Light the face from a random side; hard: on every third face with a deep shadow.

    sheet: (side, side) float32 grey values; flat: (2, side, side) average-head place of each pixel.
    """
    angle = rng.uniform(-np.pi, np.pi)
    tilt, strength = abs(rng.normal(0, 0.55)), rng.uniform(0.15, 0.7)
    if hard and rng.random() < 0.35:
        tilt, strength = rng.uniform(0.5, 1.25), rng.uniform(0.6, 0.95)
    lamp = np.array([np.cos(angle) * np.sin(tilt), 0.6 * np.sin(angle) * np.sin(tilt), 0])
    lamp[2] = np.sqrt(1 - lamp @ lamp)
    shade = np.tensordot(lamp.astype(np.float32), normals(), 1)
    factor = 1 + strength * (np.maximum(shade, 0.05) / lamp[2] - 1)
    factor = np.minimum(factor, 1.6).astype(np.float32)
    # The photographs are lit from the front already: take half of that light away.
    column, row = (flat[0] + 2.5) / _STEP, (flat[1] + 2.5) / _STEP
    place = column.astype(np.float32), row.astype(np.float32)
    return sheet * cv2.remap(factor, *place, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)


def photograph(rng: np.random.Generator, sheet: np.ndarray, over: int) -> np.ndarray:
    """Expose, average down by `over`, blur, add noise and compress: a uint8 picture."""
    side = len(sheet) // over
    x = np.linspace(-0.5, 0.5, len(sheet), dtype=np.float32)
    slope = rng.normal(0, 0.16, 2)
    sheet = sheet * (1 + slope[0] * x + slope[1] * x[:, np.newaxis])
    picture = cv2.resize(sheet.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
    picture = exposed(rng, picture)
    kind = rng.random()
    if kind < 0.3:
        small = int(rng.uniform(0.5, 0.9) * side)
        picture = cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA)
        up = cv2.INTER_CUBIC if rng.random() < 0.6 else cv2.INTER_LINEAR
        picture = cv2.resize(picture, (side, side), interpolation=up)
    elif kind < 0.36:
        picture = cv2.filter2D(picture, -1, _streak(rng), borderType=cv2.BORDER_REFLECT)
    elif kind < 0.5:
        soft = cv2.GaussianBlur(picture, (0, 0), 1.0)
        picture = picture + rng.uniform(0.3, 1.0) * (picture - soft)
    if rng.random() < 0.4:
        noise = rng.normal(0, rng.uniform(0.8, 4), picture.shape).astype(np.float32)
        if rng.random() < 0.5:
            noise = 1.7 * cv2.GaussianBlur(noise, (3, 3), 0)
        picture = picture + noise
    picture = np.clip(np.round(picture), 0, 255).astype(np.uint8)
    return compressed(picture, int(rng.uniform(30, 96))) if rng.random() < 0.6 else picture


def exposed(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """Random gamma, contrast and brightness; picture: float32 grey values."""
    unit = np.clip(picture / 255, 0, 1) ** np.exp(rng.normal(0.15, 0.3))
    low, high = np.percentile(unit, (2, 98))
    span = max(high - low, 0.15)
    dark = np.clip(rng.normal(0.1, 0.08), 0, 0.35)
    bright = np.clip(rng.normal(0.88, 0.14), 0.45, 1.06)
    return (255 * (dark + (bright - dark) * (unit - low) / span)).astype(np.float32)


def compressed(picture: np.ndarray, quality: int) -> np.ndarray:
    """A uint8 picture after being stored as JPEG."""
    _, code = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(code, cv2.IMREAD_GRAYSCALE)


def _streak(rng: np.random.Generator) -> np.ndarray:
    """Kernel of a short straight movement of the camera, up to five pixels long."""
    kernel = np.zeros((7, 7), np.float32)
    angle, reach = rng.uniform(0, np.pi), rng.uniform(1.0, 2.6)
    step = reach * np.array([np.cos(angle), np.sin(angle)])
    ends = np.round((3 + np.stack([-step, step])) * 256).astype(int)
    cv2.line(kernel, ends[0].tolist(), ends[1].tolist(), 1.0, 1, cv2.LINE_AA, 8)
    kernel += cv2.GaussianBlur(kernel, (3, 3), 0)
    return kernel / kernel.sum()


OVER = 2  # the picture is made at twice its size and averaged down
SIDE = OVER * faces.SIDE
MARGIN = 1.5  # pixels between a keypoint and the edge of the picture


# What `draw` can leave out, to find what it is worth.
INGREDIENTS = ("smiles", "poses", "shapes", "skin", "light", "things")
SMILING = 0.45  # of the faces are made of smiling photographs
TEETH = 0.03  # eye distances between the lips, from which on a photograph shows its own teeth


def draw(
    seed: tuple[int, ...], team: tuple[str, ...], without: tuple[str, ...] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """A face of `team` (neutral photographs), the same for the same seed.

    without: some of INGREDIENTS. Returns the (96, 96) uint8 picture and its (15, 2) float64
    keypoints in pixels.
    """
    rng = np.random.default_rng(seed)
    first, second = draw_people(rng, team, "smiles" not in without)
    teeth = own_gap(first) > TEETH
    expression = draw_expression(rng, teeth)
    head = face_shape.mix(first, second, rng.uniform(0, 0.75), rng.normal(1, 0.03, 2))
    if "shapes" not in without:
        head = face_shape.varied(rng, head)
    head = face_shape.express(head, expression)
    pose = frame(head, draw_pose(rng, expression, "poses" not in without))
    warp, points = put(head, pose)
    flat = warp.back(face_shape.mesh().flat)
    sheet, cover = people(warp, flat, first, second, max(0.0, rng.uniform(-0.5, 0.5)))
    tone = photographs.photo(first).tone
    if expression.mouth > 0 and not teeth:
        sheet = open_mouth(rng, sheet, warp, expression, tone)
    if "skin" not in without:
        sheet = aged(rng, sheet, flat, tone)
    sheet = lit(rng, sheet, flat, "light" not in without)
    behind = occlusion.draw_scenery(
        rng, SIDE, tone, [photographs.photo(name).grey for name in (first, second)]
    )
    sheet = sheet + (1 - cover) * behind
    place = functools.partial(to_canvas, pose=pose)
    sheet = occlusion.add_props(rng, sheet, place, tone, "things" not in without)
    picture = photograph(rng, sheet, OVER)
    if rng.random() < 0.5:
        picture = np.ascontiguousarray(picture[:, ::-1])
        points = points[faces.mirror_order()]
        points[:, 0] = faces.SIDE - 1 - points[:, 0]
    return picture, points


def draw_people(rng: np.random.Generator, team: tuple[str, ...], smiles: bool) -> tuple[str, str]:
    """Two photographs of different people of a team, both neutral or both smiling."""
    twins = [twin for name in team if (twin := photographs.smiling(name))]
    if smiles and rng.random() < SMILING and len(twins) > 1:
        team = tuple(twins)
    first, second = rng.choice(len(team), 2, replace=False)
    return team[first], team[second]


def own_gap(name: str) -> float:
    """How far the lips of a photograph are apart, in eye distances."""
    upper, lower = (face_shape.head(name)[list(lip)].mean(axis=0) for lip in face_shape.INNER_LIPS)
    return float(np.linalg.norm(lower - upper))


def draw_expression(rng: np.random.Generator, teeth: bool) -> face_shape.Expression:
    """A random expression; two in five mouths are open.

    teeth: the photograph shows them; they must not be drawn long.
    """
    kind = rng.random()
    mouth = 0.0
    if teeth:
        mouth = max(0.0, rng.uniform(-0.1, 0.1))
    elif kind < 0.25:
        mouth = rng.uniform(0.06, 0.16)
    elif kind < 0.38:
        mouth = rng.uniform(0.12, 0.4)
    smile = rng.normal(0.35, 0.6) if mouth else rng.normal(0.2, 0.5)
    return face_shape.Expression(
        mouth=mouth,
        smile=float(np.clip(smile, -0.8, 1.6)),
        pucker=max(0.0, rng.normal(-0.6, 0.6)),
        brows=float(np.clip(rng.normal(0, 0.6), -0.9, 1.6)),
        frown=float(np.clip(rng.normal(0, 0.5), -0.6, 1.3)),
        eyes=float(np.clip(rng.normal(-0.1, 0.65), -1.6, 0.9)),
        gaze=float(rng.normal(0, 0.02)),
    )


def draw_pose(
    rng: np.random.Generator, expression: face_shape.Expression, turned: bool = True
) -> face_shape.Pose:
    """A random pose around the one usual in the Kaggle set; one in 25 is far from it.

    turned: every second head may be turned and tilted far.
    """
    far = rng.random() < 0.04
    sway = 2.0 if turned and rng.random() < 0.5 else 1.0
    scale = rng.uniform(27, 36) if far else rng.normal(36.7, 1.7)
    spread = 4.0 if far else 1.0
    return face_shape.Pose(
        yaw=float(np.clip(rng.normal(0, 8.5 * sway), -45, 45)),
        pitch=float(np.clip(rng.normal(0, 6 * sway), -26, 26)),
        roll=float(rng.normal(0, 9 if far else 3.2)),
        scale=float(np.clip(scale, 24, 46)),
        centre=(
            47.9 + rng.normal(0, 1.1 * spread),
            37.0 - 8 * expression.mouth + rng.normal(0, 1.3 * spread),
        ),
        perspective=rng.uniform(0.02, 0.1),
    )


def to_canvas(head: np.ndarray, pose: face_shape.Pose) -> tuple[np.ndarray, np.ndarray]:
    """Places of (n, 3) points, head coordinates, on the enlarged picture, and their nearness."""
    points, near = face_shape.place(head[:, :2], head[:, 2], pose)
    return OVER * points + (OVER - 1) / 2, near


def frame(head: np.ndarray, pose: face_shape.Pose) -> face_shape.Pose:
    """Move the camera as little as it takes to have all 15 keypoints in the picture."""
    room = faces.SIDE - 1 - 2 * MARGIN
    points = face_shape.fifteen(head, pose)
    size = (points.max(axis=0) - points.min(axis=0)).max()
    if size > room:
        pose = dataclasses.replace(pose, scale=pose.scale * (0.99 * room / size))
        points = face_shape.fifteen(head, pose)
    low = np.maximum(MARGIN - points.min(axis=0), 0)
    high = np.maximum(points.max(axis=0) - (faces.SIDE - 1 - MARGIN), 0)
    x, y = np.add(pose.centre, low - high)
    return dataclasses.replace(pose, centre=(float(x), float(y)))


def put(head: np.ndarray, pose: face_shape.Pose) -> tuple[face_shape.Warp, np.ndarray]:
    """The warp of a face in a pose onto the enlarged picture, and its keypoints in pixels."""
    kept = np.column_stack([face_shape.meshed(head), face_shape.relief()])
    target, near = to_canvas(kept, pose)
    wall = OVER * face_shape.flat_to_pixels(face_shape.FRAME, pose) + (OVER - 1) / 2
    target = np.vstack([target, wall])
    near = np.append(near, np.full(len(wall), -5.0))
    return face_shape.cover(target, near, SIDE), face_shape.fifteen(head, pose)


def sources(photo: photographs.Photo) -> np.ndarray:
    """(n, 2) places of the mesh points in a photograph."""
    _, back = face_shape.to_head(photo.points)
    wall = face_shape.FRAME @ back[:, :2].T + back[:, 2]
    return np.vstack([face_shape.meshed(photo.points), wall])


def fetch(picture: np.ndarray, places: np.ndarray) -> np.ndarray:
    """`picture` looked up at (2, side, side) pixel places; mirrored beyond its edges."""
    return cv2.remap(picture, places[0], places[1], cv2.INTER_LINEAR, None, cv2.BORDER_REFLECT_101)


def people(
    warp: face_shape.Warp, flat: np.ndarray, first: str, second: str, share: float
) -> tuple[np.ndarray, np.ndarray]:
    """The first person warped, with `share` of the second's skin inside the face.

    Returns person and cover, both (side, side) float32, as in `photographs.Photo`.
    """
    one, two = photographs.photo(first), photographs.photo(second)
    places = warp.back(sources(one))
    sheet, cover = fetch(one.person, places), fetch(one.cover, places) / np.float32(255)
    if share > 0.02:
        other = fetch(two.grey, warp.back(sources(two)))
        other = (other - two.tone) * min(1.3, one.contrast / two.contrast) + one.tone
        # Only the face is mixed: two heads of hair on top of each other look like ghosts, and so
        # do two rows of teeth.
        radius = np.hypot(flat[0] / 0.98, (flat[1] - 0.5) / 1.3)
        weight = share * np.clip((1 - radius) / 0.3, 0, 1)
        sheet = sheet + np.where(warp.gap(), 0, weight) * (other - sheet)
    return sheet, cover


def aged(rng: np.random.Generator, sheet: np.ndarray, flat: np.ndarray, tone: float) -> np.ndarray:
    """Lines of the skin deepened or smoothed, and now and then a beard.

    sheet: (side, side) float32; flat: (2, side, side) average-head place of each pixel.
    """
    x, y = flat
    face = np.clip((1.1 - np.hypot(x / 1.05, (y - 0.45) / 1.4)) / 0.2, 0, 1)
    lines = sheet - cv2.GaussianBlur(sheet, (0, 0), 3.0)
    sheet = sheet + rng.uniform(-0.5, 1.2) * face * lines
    if rng.random() < 0.8:
        return sheet
    chin = np.clip((0.9 - np.hypot(x / 0.95, (y - 1.35) / 0.75)) / 0.25, 0, 1)
    top = rng.choice([0.78, 0.98])  # with a moustache, or without
    chin = chin * np.clip((y - top - 0.35 * np.maximum(0.35 - np.abs(x), 0)) / 0.1, 0, 1)
    chin = chin * np.clip((np.hypot(x / 0.36, (y - 1.12) / 0.14) - 0.9) / 0.3, 0, 1)
    hair = rng.uniform(0.15, 0.7) * tone * (1 + 0.15 * occlusion.cloud(rng, len(sheet), 96, 1))
    share = rng.uniform(0.2, 0.85) * np.clip(
        0.8 + 0.2 * occlusion.cloud(rng, len(sheet), 64, 1), 0, 1
    )
    return sheet + chin * share * (hair - sheet)


def open_mouth(
    rng: np.random.Generator,
    sheet: np.ndarray,
    warp: face_shape.Warp,
    expression: face_shape.Expression,
    tone: float,
) -> np.ndarray:
    """Paint the dark between the lips, and often the upper teeth."""
    gap = warp.gap()
    if not gap.any():
        return sheet
    across, down = (plane[gap] for plane in warp.back(face_shape.mesh().slot))
    height = expression.mouth  # of the gap, in eye distances
    deep = 0.28 * tone * rng.uniform(0.5, 1.2)
    inside = deep * (1 - 0.45 * np.sin(np.pi * np.clip(down, 0, 1)))
    inside += 0.22 * tone * np.clip((down - 0.72) * height / 0.08, 0, 1) * rng.uniform(0.3, 1)
    if rng.random() < 0.85:
        length = rng.uniform(0.1, 0.17) / height
        edge = np.clip((length * (1 - 0.4 * across**2) - down) * height * 40, 0, 1)
        enamel = (0.6 * tone + 95) * rng.uniform(0.8, 1.1) * (1 - 0.55 * np.abs(across) ** 2)
        enamel *= 1 - 0.12 * np.abs(np.sin(9 * across)) ** 8
        inside += edge * (enamel - inside)
    shadow = np.clip(1 - down * height / 0.03, 0, 1)
    inside *= 1 - 0.35 * shadow
    painted = sheet.copy()
    painted[gap] = inside
    soft = cv2.GaussianBlur(painted, (3, 3), 0)
    near = cv2.dilate(gap.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return np.where(near, soft, painted)
