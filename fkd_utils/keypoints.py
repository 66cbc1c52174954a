"""Names, columns and geometry of the 15 keypoints. Left and right are the subject's."""

import numpy as np

SIDE = 96  # pixels; pixel centres run from 0 to 95
# To be taken off coordinates that count from the picture's edge, so that they count from the
# centre of the first pixel like all coordinates here.
HALF_PIXEL = 0.5

KEYPOINTS = (
    "left_eye_center",
    "right_eye_center",
    "left_eye_inner_corner",
    "left_eye_outer_corner",
    "right_eye_inner_corner",
    "right_eye_outer_corner",
    "left_eyebrow_inner_end",
    "left_eyebrow_outer_end",
    "right_eyebrow_inner_end",
    "right_eyebrow_outer_end",
    "nose_tip",
    "mouth_left_corner",
    "mouth_right_corner",
    "mouth_center_top_lip",
    "mouth_center_bottom_lip",
)
INDEX = {name: i for i, name in enumerate(KEYPOINTS)}
COLUMNS = tuple(f"{name}_{axis}" for name in KEYPOINTS for axis in "xy")

# The four points that the second labelling source of the Kaggle set gives.
FOUR_POINTS = ("left_eye_center", "right_eye_center", "nose_tip", "mouth_center_bottom_lip")

# THESIS Table 4.2: the pairs that change places when a picture is mirrored.
MIRROR_PAIRS = (
    ("left_eye_center", "right_eye_center"),
    ("left_eye_inner_corner", "right_eye_inner_corner"),
    ("left_eye_outer_corner", "right_eye_outer_corner"),
    ("left_eyebrow_inner_end", "right_eyebrow_inner_end"),
    ("left_eyebrow_outer_end", "right_eyebrow_outer_end"),
    ("mouth_left_corner", "mouth_right_corner"),
)

# Rows of a 68-point annotation (0-based) whose mean is each of the 15 points.
FROM_68 = {
    "left_eye_center": (42, 43, 44, 45, 46, 47),
    "right_eye_center": (36, 37, 38, 39, 40, 41),
    "left_eye_inner_corner": (42,),
    "left_eye_outer_corner": (45,),
    "right_eye_inner_corner": (39,),
    "right_eye_outer_corner": (36,),
    "left_eyebrow_inner_end": (22,),
    "left_eyebrow_outer_end": (26,),
    "right_eyebrow_inner_end": (21,),
    "right_eyebrow_outer_end": (17,),
    "nose_tip": (30,),
    "mouth_left_corner": (54,),
    "mouth_right_corner": (48,),
    "mouth_center_top_lip": (51,),
    "mouth_center_bottom_lip": (57,),
}

# The same for the 189-point template of the embedded photographs.
FROM_189 = {
    "left_eye_center": (1,),
    "right_eye_center": (0,),
    "left_eye_inner_corner": (23,),
    "left_eye_outer_corner": (27,),
    "right_eye_inner_corner": (22,),
    "right_eye_outer_corner": (18,),
    "left_eyebrow_inner_end": (77,),
    "left_eyebrow_outer_end": (82,),
    "right_eyebrow_inner_end": (76,),
    "right_eyebrow_outer_end": (71,),
    "nose_tip": (54, 60),
    "mouth_left_corner": (93,),
    "mouth_right_corner": (87,),
    "mouth_center_top_lip": (90,),
    "mouth_center_bottom_lip": (106,),
}


def plain(name: str) -> str:
    """left_eye_center as a reader says it: left eye centre."""
    return name.replace("mouth_center_", "").replace("center", "centre").replace("_", " ")


def to_fifteen(points: np.ndarray, rows: dict[str, tuple[int, ...]]) -> np.ndarray:
    """Reduce a denser annotation to the 15 keypoints.

    points: (..., m, 2) float, pixels; rows: FROM_68 or FROM_189. Returns (..., 15, 2) float.
    """
    points = np.asarray(points)
    return np.stack([points[..., rows[name], :].mean(axis=-2) for name in KEYPOINTS], axis=-2)


def mirror_order() -> np.ndarray:
    """Index array (15,) that puts each keypoint where its mirror twin was."""
    order = np.arange(len(KEYPOINTS))
    for left, right in MIRROR_PAIRS:
        order[[INDEX[left], INDEX[right]]] = INDEX[right], INDEX[left]
    return order
