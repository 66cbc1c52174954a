"""Shape of a face: two people's points mixed, moved by an expression and turned; the mesh over it.

Head coordinates have their origin between the eyes and the distance of the eyes as their unit;
x runs to the right of the picture, y down, z towards the camera.
"""

import dataclasses
import functools
import pathlib

import cv2
import numpy as np
import scipy.interpolate

from fkd_utils import faces
from fkd_utils.data import photographs

# Left out: the rings around the irises (2-17), which touch the lids, and points so close to
# another that some faces have the two the other way round, which would fold the mesh.
_DROPPED = [*range(2, 18), 34, 43, 75, 78, 158, 160, 161, 163, 164, 167, 179, 180, 181, 182]
KEPT = np.setdiff1d(np.arange(photographs.POINTS), _DROPPED)
# Keypoints that are no mean of points nearby on one triangle: the mesh gets a point there.
_ADDED = [
    list(faces.FROM_189[name])
    for name in ("nose_tip", "left_eyebrow_inner_end", "right_eyebrow_inner_end")
]
UPPER_INNER_LIP = (94, 95, 96, 97, 98)
LOWER_INNER_LIP = (99, 100, 101, 102, 103)
_OUTER_LIPS = ((88, 89, 90, 91, 92), (104, 105, 106, 107, 108))
INNER_LIPS = (UPPER_INNER_LIP[1:4], LOWER_INNER_LIP[1:4])
MOUTH_CORNERS = (87, 93)
OUTER = np.r_[115:125, 134:158, 183, 184]  # ears, hairline, hair, neck
# Sixteen points far outside the head: the wall behind it.
FRAME = np.array(
    [(x, y) for x in (-4.2, -1.5, 1.5, 4.2) for y in (-3.8, -1.2, 1.8, 4.6)]
    + [(-2.6, 0.3), (2.6, 0.3)],
    np.float32,
)
FRAME = FRAME[np.abs(FRAME - (0, 0.4)).max(axis=1) > 2]


@dataclasses.dataclass(frozen=True)
class Expression:
    """How far the face is from neutral; 0 everywhere is the photograph's own face.

    mouth: gap between the lips in eye distances. smile, pucker, brows, frown, eyes: about -1..1.
    gaze: shift of the eyes' centres in eye distances.
    """

    mouth: float = 0.0
    smile: float = 0.0
    pucker: float = 0.0
    brows: float = 0.0
    frown: float = 0.0
    eyes: float = 0.0
    gaze: float = 0.0


@dataclasses.dataclass(frozen=True)
class Pose:
    """Where the head is: angles in degrees, eye distance and place of the eyes in pixels.

    perspective: how much larger a point one eye distance closer to the camera appears.
    """

    yaw: float
    pitch: float
    roll: float
    scale: float
    centre: tuple[float, float]
    perspective: float = 0.06


def to_head(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Head coordinates of a template, (n, 2), and the (2, 3) matrix from head to pixels."""
    right, left = points[0].astype(np.float64), points[1].astype(np.float64)
    a, b = left - right
    back = np.array([[a, -b, (right + left)[0] / 2], [b, a, (right + left)[1] / 2]])
    forth = np.linalg.inv(back[:, :2])
    return (points - back[:, 2]) @ forth.T, back


@functools.cache
def head(name: str) -> np.ndarray:
    """A photograph's template in head coordinates: (189, 2) float64."""
    return to_head(photographs.template(name))[0]


@functools.lru_cache(maxsize=1)
def average() -> np.ndarray:
    """The mean head of the neutral photographs: (189, 2) float64."""
    return np.mean([head(name) for name in photographs.names()], axis=0)


def varied(rng: np.random.Generator, shape: np.ndarray) -> np.ndarray:
    """A shape, (189, 2), that nobody in the photographs has: other proportions, thinner lips."""
    parts = _variation()
    shape = shape + np.tensordot(rng.normal(0, 0.6, len(parts)), parts, 1)
    thinner = np.clip(rng.normal(0.15, 0.3), -0.4, 0.75)
    shape = shape * rng.normal(1, 0.04, 2)
    for lip, rim in zip((UPPER_INNER_LIP, LOWER_INNER_LIP), _OUTER_LIPS, strict=True):
        shape[list(rim)] += thinner * (shape[list(lip)] - shape[list(rim)])
    return shape


@functools.lru_cache(maxsize=1)
def _variation() -> np.ndarray:
    """How neutral heads differ: (20, 189, 2), principal components times their spread."""
    away = np.stack([head(name) - average() for name in photographs.names()])
    _, size, parts = np.linalg.svd(away.reshape(len(away), -1), full_matrices=False)
    parts = parts[:20] * size[:20, np.newaxis] / np.sqrt(len(away) - 1)
    return parts.reshape(-1, *average().shape)


def mix(first: str, second: str, share: float, widen: tuple[float, float]) -> np.ndarray:
    """The shape of two photographs' people, (189, 2) in head coordinates.

    share: 0 = the first's, 1 = the second's; the hair follows the first more, since its picture
    is the first's. widen: factors on x and y.
    """
    weight = np.full((photographs.POINTS, 1), share)
    weight[OUTER] = 0.3 * share
    return (head(first) * (1 - weight) + head(second) * weight) * np.asarray(widen)


def meshed(points: np.ndarray) -> np.ndarray:
    """The points of a face that carry the mesh, (n, c) of (189, c): those kept, then three more.

    The template has no point on the tip of the nose, which stands out farthest of all.
    """
    return np.vstack([points[KEPT], *(points[[rows]].mean(axis=1) for rows in _ADDED)])


def _pull(centre: tuple[float, float], reach: tuple[float, float]) -> np.ndarray:
    """(189, 1) weights in 0..1 that fall off smoothly around a place of the average face."""
    away = (average() - centre) / reach
    return np.exp(-(away**2).sum(axis=1, keepdims=True))


@functools.lru_cache(maxsize=1)
def _movements() -> dict[str, np.ndarray]:
    """For each field of Expression the (189, 2) shift of the points at value 1."""
    base = average()
    side = np.sign(base[:, :1])
    down, out = np.array([[0.0, 1.0]]), side * np.array([[1.0, 0.0]])
    moves = {}
    corner = _pull((0.4, 1.11), (0.25, 0.2)) + _pull((-0.4, 1.11), (0.25, 0.2))
    cheek = _pull((0.65, 0.7), (0.3, 0.3)) + _pull((-0.65, 0.7), (0.3, 0.3))
    lids = np.zeros((len(base), 1))
    lids[[28, 29, 30, 31, 32, 33]] = 1
    upper_lip = _pull((0, 1.02), (0.3, 0.12))
    moves["smile"] = corner * (0.09 * out - 0.07 * down) - cheek * 0.05 * down
    moves["smile"] += -0.03 * upper_lip * down - 0.02 * lids * down
    moves["pucker"] = -0.12 * corner * out
    brow = np.zeros((len(base), 1))
    brow[71:87] = 1
    forehead = _pull((0.55, -0.4), (0.5, 0.2)) + _pull((-0.55, -0.4), (0.5, 0.2))
    moves["brows"] = -0.1 * np.maximum(brow, 0.6 * forehead) * down
    inner = _pull((0.2, -0.2), (0.25, 0.15)) + _pull((-0.2, -0.2), (0.25, 0.15))
    moves["frown"] = inner * (0.07 * down - 0.05 * out)
    jaw = np.zeros((len(base), 1))
    jaw[[*LOWER_INNER_LIP, 104, 105, 106, 107, 108]] = 1
    jaw[[174, 175, 176, 177, 178]] = 1
    jaw[[127, 128, 129, 130, 131]] = [[0.6], [0.9], [0.9], [0.9], [0.6]]
    jaw[[126, 132]] = 0.3
    jaw[list(MOUTH_CORNERS)] = 0.4
    jaw[[160, 163]] = 0.35
    jaw[[183, 184]] = 0.4
    bow = np.zeros((len(base), 1))
    bow[[99, 103]], bow[[104, 108]] = 0.3, 0.2
    moves["mouth"] = (jaw - bow) * down
    gap = base[[29, 32]] - base[[20, 25]]
    eyes = np.zeros_like(base)
    for upper, lower in ((18, 28), (23, 31)):
        opening = base[lower : lower + 3] - base[upper + 1 : upper + 4]
        eyes[upper + 1 : upper + 4] = -0.35 * opening
        eyes[lower : lower + 3] = 0.06 * opening
    eyes[[0, 1]] = -0.12 * gap
    eyes[34:44] = -0.03 * down
    moves["eyes"] = eyes
    gaze = np.zeros_like(base)
    gaze[[0, 1], 0] = 1
    moves["gaze"] = gaze
    return moves


def express(shape: np.ndarray, expression: Expression) -> np.ndarray:
    """Move the points of a shape, (189, 2) in head coordinates, as the expression says."""
    moves = _movements()
    shift = [value * moves[name] for name, value in dataclasses.asdict(expression).items()]
    return shape + np.sum(shift, axis=0)


_GRID = np.arange(-1.5, 2.001, 0.025)  # eye distances, x and y


@functools.lru_cache(maxsize=1)
def _surface() -> scipy.interpolate.RegularGridInterpolator:
    """Depth of the front of the head over y and x, from relief.csv.

    That file has the points of MediaPipe's Face Mesh, a mean over the neutral photographs, in head
    coordinates. The nose stands 0.8 eye distances before the eyes' plane at its tip.
    """
    mesh = np.loadtxt(pathlib.Path(__file__).with_name("relief.csv"), delimiter=",", skiprows=1)
    mesh = np.vstack([mesh, mesh * (-1, 1, 1)])  # as high on the left as on the right
    flat, high = np.unique(mesh[:, :2], axis=0), mesh[:, 2]
    _, where = np.unique(mesh[:, :2], axis=0, return_inverse=True)
    high = np.bincount(where.ravel(), high) / np.bincount(where.ravel())
    bend = scipy.interpolate.RBFInterpolator(flat, high, neighbors=40, smoothing=1e-3)
    rows, columns = np.meshgrid(_GRID, _GRID, indexing="ij")
    table = bend(np.column_stack([columns.ravel(), rows.ravel()])).reshape(rows.shape)
    return scipy.interpolate.RegularGridInterpolator((_GRID, _GRID), table)


def depth(x: np.ndarray | float, y: np.ndarray | float) -> np.ndarray:
    """How far the average head comes towards the camera at (x, y), in eye distances.

    At ears, hair and neck, where the mesh ends, an even curve.
    """
    x, y = np.abs(x), np.asarray(y, np.float64)
    edge = np.hypot(x / 1.0, (y - 0.5) / 1.2)  # 1 a little inside of the mesh's rim
    place = np.stack([0.5 + (y - 0.5) / np.maximum(edge, 1), x / np.maximum(edge, 1)], axis=-1)
    curve = -0.05 - 0.75 * np.minimum(x, 1.1) ** 2 - 0.12 * np.minimum(np.abs(y - 0.5), 1.6) ** 2
    return curve + np.clip((1.15 - edge) / 0.25, 0, 1) * (
        _surface()(place).reshape(x.shape) - curve
    )


def place(head: np.ndarray, z: np.ndarray, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
    """Turn points about the neck and put them into the picture.

    head: (n, 2), z: (n,), head coordinates. Returns ((n, 2) pixels, (n,) nearness).
    """
    yaw, pitch = np.radians((pose.yaw, pose.pitch))
    middle = np.array([0.0, 0.6, -0.9])
    turn_yaw = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    turn_pitch = np.array(
        [[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]]
    )
    turn = turn_pitch @ turn_yaw

    def project(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        turned = (points - middle) @ turn.T + middle
        return turned[:, :2] / (1 - pose.perspective * turned[:, 2:]), turned[:, 2]

    flat, near = project(np.column_stack([head, z]))
    eyes, _ = project(np.array([[0.0, 0.0, depth(0.5, 0.0)]]))
    return flat_to_pixels(flat - eyes, pose), near


def flat_to_pixels(flat: np.ndarray, pose: Pose) -> np.ndarray:
    """Roll, scale and shift points of the picture plane, (n, 2) in eye distances, to pixels."""
    roll = np.radians(pose.roll)
    spin = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    return pose.scale * flat @ spin.T + np.asarray(pose.centre)


@functools.lru_cache(maxsize=1)
def relief() -> np.ndarray:
    """(n,) `depth` of the points that carry the mesh."""
    return depth(*meshed(average()).T)


def fifteen(shape: np.ndarray, pose: Pose) -> np.ndarray:
    """(15, 2) keypoints in pixels of a (189, 2) face in head coordinates."""
    flat = faces.to_fifteen(shape, faces.FROM_189)
    return place(flat, depth(*faces.to_fifteen(average(), faces.FROM_189).T), pose)[0]


_SHIFT = 4  # fillConvexPoly takes whole sixteenths of a pixel


def delaunay(points: np.ndarray) -> np.ndarray:
    """(t, 3) int: the Delaunay triangles of (n, 2) points, but for very flat ones at their border.

    (OpenCV's outer triangle is not infinitely far.)
    """
    # Whole coordinates below 2**24 survive OpenCV's float32, so corners can be looked up exactly.
    grid = np.round((points - points.min(axis=0)) * 1000 + 10).astype(int)
    width, height = (int(edge) + 10 for edge in grid.max(axis=0))
    plane = cv2.Subdiv2D((0, 0, width, height))
    index = {}
    for i, (x, y) in enumerate(grid):
        plane.insert((float(x), float(y)))
        index[int(x), int(y)] = i
    corners = np.round(plane.getTriangleList()).astype(int).reshape(-1, 3, 2)
    found = [[index.get((int(x), int(y))) for x, y in triangle] for triangle in corners]
    return np.array([triangle for triangle in found if None not in triangle])


def solve(target: np.ndarray, source: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(t, c, 3) float32: for each triangle the affine map from target pixels to the source.

    target: (n, 2); source: (n, c).
    """
    corner = target[triangles]
    values = source[triangles]
    one, two = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    area = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
    area = np.where(np.abs(area) < 1e-3, 1e-3, area)
    first, second = values[:, 1] - values[:, 0], values[:, 2] - values[:, 0]
    along_x = (first * two[:, 1:] - second * one[:, 1:]) / area[:, np.newaxis]
    along_y = (second * one[:, :1] - first * two[:, :1]) / area[:, np.newaxis]
    offset = values[:, 0] - along_x * corner[:, 0, :1] - along_y * corner[:, 0, 1:]
    return np.stack([along_x, along_y, offset], axis=-1).astype(np.float32)


def paint(corner: np.ndarray, order: np.ndarray, side: int) -> np.ndarray:
    """(side, side) int32: the triangle painted last on each pixel, 0 where none is.

    corner: (t, 3, 2) pixels; order: the triangles to paint. OpenCV paints the outline as well, so
    a triangle may reach up to a pixel too far.
    """
    fixed = np.round(corner * 2**_SHIFT).astype(np.int32)
    label = np.zeros((side, side), np.int32)
    for k in order:
        cv2.fillConvexPoly(label, fixed[k], int(k), lineType=cv2.LINE_4, shift=_SHIFT)
    return label


@dataclasses.dataclass(frozen=True)
class Mesh:
    """Triangles over the kept template points followed by the frame points.

    triangles: (t, 3) int. inside: (t,) bool, the gap between the lips. flat: (n, 2) float64, the
    average face in head coordinates. slot: (n, 2) float64, (across -1..1, down 0..1) between the
    lips for the points around the gap.
    """

    triangles: np.ndarray
    inside: np.ndarray
    flat: np.ndarray
    slot: np.ndarray


@functools.lru_cache(maxsize=1)
def mesh() -> Mesh:
    """Delaunay triangles of the average face with its mouth held open, so the lips stay apart."""
    open_face = express(average(), Expression(mouth=0.3))
    points = np.vstack([meshed(open_face), FRAME])
    triangles = delaunay(points)
    slot = np.zeros((len(points), 2))
    rim = np.zeros(len(points), bool)
    for line, down in ((UPPER_INNER_LIP, 0.0), (LOWER_INNER_LIP, 1.0)):
        rows = np.searchsorted(KEPT, line)
        slot[rows] = np.column_stack([np.linspace(-0.67, 0.67, 5), np.full(5, down)])
        rim[rows] = True
    corners = np.searchsorted(KEPT, MOUTH_CORNERS)
    slot[corners] = [(-1, 0.5), (1, 0.5)]
    rim[corners] = True
    flat = np.vstack([meshed(average()), FRAME])
    return Mesh(triangles, rim[triangles].all(axis=1), flat, slot)


@dataclasses.dataclass(frozen=True)
class Warp:
    """Which triangle covers each pixel of a square picture.

    target: (n, 2) float64, where the mesh points are, pixels. label: (side, side) int32.
    """

    target: np.ndarray
    label: np.ndarray

    def back(self, source: np.ndarray) -> np.ndarray:
        """What `source`, (n, c) values at the mesh points, is at each pixel: (c, side, side)."""
        table = solve(self.target, source, mesh().triangles)
        side = len(self.label)
        x = np.arange(side, dtype=np.float32)
        y = x[:, np.newaxis]
        planes = []
        for channel in range(source.shape[1]):
            a, b, c = (np.take(table[:, channel, k], self.label) for k in range(3))
            planes.append(a * x + b * y + c)
        return np.stack(planes)

    def gap(self) -> np.ndarray:
        """(side, side) bool: the pixels between the lips."""
        return mesh().inside[self.label]


def cover(target: np.ndarray, near: np.ndarray, side: int) -> Warp:
    """Paint the triangles, far ones first, so that a turned nose hides the cheek behind it.

    target: (n, 2) pixels; near: (n,) nearness of the mesh points.
    """
    triangles, inside = mesh().triangles, mesh().inside
    corner = target[triangles]
    one, two = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    area = np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0])
    order = np.argsort(near[triangles].mean(axis=1) - 10 * inside, kind="stable")
    low, high = corner.min(axis=1), corner.max(axis=1)
    seen = (area > 0.2) & (high > 0).all(axis=1) & (low < side - 1).all(axis=1)
    return Warp(target, paint(corner, order[seen[order]], side))
