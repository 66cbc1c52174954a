"""One random face: two people of a team, an expression, a pose, light, a background, a camera."""

import functools

import cv2
import numpy as np

from fkd_utils import keypoints, morphing, open_photos, optics, props, scenery, warping

OVER = 2  # the picture is made at twice its size and averaged down
SIDE = OVER * keypoints.SIDE
MARGIN = 1.5  # pixels between a keypoint and the edge of the picture


def draw(seed: tuple[int, ...], team: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """A face of `team` (indices of photographs), the same for the same seed.

    Returns the (96, 96) uint8 picture and its (15, 2) float64 keypoints in pixels.
    """
    rng = np.random.default_rng(seed)
    first, second = (int(i) for i in rng.choice(team, 2, replace=False))
    expression = draw_expression(rng)
    shape = morphing.mix(first, second, rng.uniform(0, 0.75), rng.normal(1, (0.03, 0.03)))
    head = morphing.express(shape, expression)
    pose = frame(head, draw_pose(rng, expression))
    warp, points = put(head, pose)
    flat = warp.back(warping.mesh().flat)
    sheet, cover = people(warp, flat, first, second, max(0.0, rng.uniform(-0.5, 0.5)))
    tone = open_photos.photo(first).tone
    if expression.mouth > 0:
        sheet = open_mouth(rng, sheet, warp, expression, tone)
    sheet = optics.lit(rng, sheet, flat)
    behind = scenery.draw(rng, SIDE, tone, [open_photos.photo(i).grey for i in (first, second)])
    sheet = sheet + (1 - cover) * behind
    sheet = props.add(rng, sheet, functools.partial(to_canvas, pose=pose), tone)
    picture = optics.photograph(rng, sheet, OVER)
    if rng.random() < 0.5:
        picture = np.ascontiguousarray(picture[:, ::-1])
        points = points[keypoints.mirror_order()]
        points[:, 0] = keypoints.SIDE - 1 - points[:, 0]
    return picture, points


def draw_expression(rng: np.random.Generator) -> morphing.Expression:
    """A random expression; two in five mouths are open."""
    kind = rng.random()
    mouth = 0.0
    if kind < 0.25:
        mouth = rng.uniform(0.06, 0.16)
    elif kind < 0.38:
        mouth = rng.uniform(0.12, 0.34)
    smile = rng.normal(0.35, 0.6) if mouth else rng.normal(0.2, 0.5)
    return morphing.Expression(
        mouth=mouth,
        smile=float(np.clip(smile, -0.8, 1.6)),
        pucker=max(0.0, rng.normal(-0.6, 0.6)),
        brows=float(np.clip(rng.normal(0, 0.6), -0.9, 1.6)),
        frown=float(np.clip(rng.normal(0, 0.5), -0.6, 1.3)),
        eyes=float(np.clip(rng.normal(-0.1, 0.65), -1.6, 0.9)),
        gaze=float(rng.normal(0, 0.02)),
    )


def draw_pose(rng: np.random.Generator, expression: morphing.Expression) -> morphing.Pose:
    """A random pose around the one usual in the Kaggle set; one in 25 is far from it."""
    far = rng.random() < 0.04
    scale = rng.uniform(27, 36) if far else rng.normal(36.7, 1.7)
    spread = 4.0 if far else 1.0
    return morphing.Pose(
        yaw=float(np.clip(rng.normal(0, 8.5), -26, 26)),
        pitch=float(np.clip(rng.normal(0, 6), -16, 16)),
        roll=float(rng.normal(0, 9 if far else 3.2)),
        scale=float(np.clip(scale, 24, 46)),
        centre=(
            47.9 + rng.normal(0, 1.1 * spread),
            37.0 - 8 * expression.mouth + rng.normal(0, 1.3 * spread),
        ),
        perspective=rng.uniform(0.02, 0.1),
    )


def to_canvas(head: np.ndarray, pose: morphing.Pose) -> tuple[np.ndarray, np.ndarray]:
    """Places of (n, 3) points, head coordinates, on the enlarged picture, and their nearness."""
    points, near = morphing.place(head[:, :2], head[:, 2], pose)
    return OVER * points + (OVER - 1) / 2, near


def fifteen(head: np.ndarray, pose: morphing.Pose) -> np.ndarray:
    """(15, 2) keypoints in pixels of a (189, 2) face in head coordinates."""
    points, _ = morphing.place(head, morphing.relief(), pose)
    return keypoints.to_fifteen(points, keypoints.FROM_189)


def frame(head: np.ndarray, pose: morphing.Pose) -> morphing.Pose:
    """Move the camera as little as it takes to have all 15 keypoints in the picture."""
    room = keypoints.SIDE - 1 - 2 * MARGIN
    points = fifteen(head, pose)
    size = (points.max(axis=0) - points.min(axis=0)).max()
    if size > room:
        pose = morphing.scaled(pose, 0.99 * room / size)
        points = fifteen(head, pose)
    low = np.maximum(MARGIN - points.min(axis=0), 0)
    high = np.maximum(points.max(axis=0) - (keypoints.SIDE - 1 - MARGIN), 0)
    return morphing.moved(pose, low - high)


def put(head: np.ndarray, pose: morphing.Pose) -> tuple[warping.Warp, np.ndarray]:
    """The warp of a face in a pose onto the enlarged picture, and its keypoints in pixels."""
    kept = np.column_stack([head, morphing.relief()])[morphing.KEPT]
    target, near = to_canvas(kept, pose)
    wall = OVER * morphing.flat_to_pixels(morphing.FRAME, pose) + (OVER - 1) / 2
    target = np.vstack([target, wall])
    near = np.append(near, np.full(len(wall), -5.0))
    return warping.cover(target, near, SIDE), fifteen(head, pose)


def sources(photo: open_photos.Photo) -> np.ndarray:
    """(n, 2) places of the mesh points in a photograph."""
    _, back = morphing.to_head(photo.points)
    wall = morphing.FRAME @ back[:, :2].T + back[:, 2]
    return np.vstack([photo.points[morphing.KEPT], wall])


def fetch(picture: np.ndarray, places: np.ndarray) -> np.ndarray:
    """`picture` looked up at (2, side, side) pixel places; mirrored beyond its edges."""
    return cv2.remap(picture, places[0], places[1], cv2.INTER_LINEAR, None, cv2.BORDER_REFLECT_101)


def people(
    warp: warping.Warp, flat: np.ndarray, first: int, second: int, share: float
) -> tuple[np.ndarray, np.ndarray]:
    """The first person warped, with `share` of the second's skin inside the face.

    Returns person and cover, both (side, side) float32, as in `open_photos.Photo`.
    """
    one, two = open_photos.photo(first), open_photos.photo(second)
    places = warp.back(sources(one))
    sheet, cover = fetch(one.person, places), fetch(one.cover, places) / np.float32(255)
    if share > 0.02:
        other = fetch(two.grey, warp.back(sources(two)))
        other = (other - two.tone) * min(1.3, one.contrast / two.contrast) + one.tone
        # Only the face is mixed: two heads of hair on top of each other look like ghosts.
        radius = np.hypot(flat[0] / 0.98, (flat[1] - 0.5) / 1.3)
        weight = share * np.clip((1 - radius) / 0.3, 0, 1)
        sheet = sheet + weight * (other - sheet)
    return sheet, cover


def open_mouth(
    rng: np.random.Generator,
    sheet: np.ndarray,
    warp: warping.Warp,
    expression: morphing.Expression,
    tone: float,
) -> np.ndarray:
    """Paint the dark between the lips, and often the upper teeth."""
    gap = warp.gap()
    if not gap.any():
        return sheet
    across, down = (plane[gap] for plane in warp.back(warping.mesh().slot))
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
