"""Finds pictures that are the same: byte for byte, or re-lit, moved, cropped, compressed again."""

import hashlib

import cv2
import numpy as np
import scipy

SAME = 0.95  # correlation from which two pictures count as one; copies have more, faces less
_CANDIDATE = 0.84  # dot product of descriptors from which a pair is looked at more closely
_NEAREST = 16  # candidates a row at most
_MAYBE = 0.7  # correlation of 24 x 24 versions from which it is looked at in 48 x 48
_SCALES = (0.93, 0.965, 1.035, 1.07)
_BLOCK = 1024


def find(images: np.ndarray) -> np.ndarray:
    """Pairs of rows that show the same picture.

    images: (n, 96, 96) uint8. Returns (m, 2) int64 rows (i, j) with i < j, sorted. Every pair of
    equal pictures is listed, and every pair that one can lay over the other with a correlation
    of SAME or more; in videos that includes neighbouring frames. Of a cluster with more than
    _NEAREST pictures some pairs may be missing: each row is compared with so many at most. Two
    flat pictures are the same only when they are equal.
    """
    sets = _equal(images)
    first = np.array([rows[0] for rows in sets], dtype=np.int64)
    pairs = [(a, b) for rows in sets for k, a in enumerate(rows) for b in rows[k + 1 :]]
    for i, j in _near(images[first]):
        pairs += [(min(a, b), max(a, b)) for a in sets[i] for b in sets[j]]
    return np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)


def groups(count: int, pairs: np.ndarray) -> np.ndarray:
    """(count,) int64: the smallest row of the cluster that a row belongs to.

    pairs: (m, 2) int. Rows are in one cluster when a chain of pairs connects them.
    """
    graph = scipy.sparse.coo_array((np.ones(len(pairs)), pairs.T), (count, count))
    _, cluster = scipy.sparse.csgraph.connected_components(graph, directed=False)
    _, smallest = np.unique(cluster, return_index=True)
    return smallest[cluster]


def _equal(images: np.ndarray) -> list[list[int]]:
    """Rows by picture, byte for byte; each list and the lists themselves in order."""
    sets: dict[bytes, list[int]] = {}
    for row, image in enumerate(images):
        sets.setdefault(hashlib.sha256(image.tobytes()).digest(), []).append(row)
    return list(sets.values())


def _near(images: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of rows whose pictures are alike, found coarsely first and then looked at closely."""
    large = [cv2.GaussianBlur(_without_light(image, 48), (0, 0), 0.7) for image in images]
    small = [cv2.resize(picture, (24, 24), interpolation=cv2.INTER_AREA) for picture in large]
    coarse = _descriptors(images)
    pairs = []
    for start in range(0, len(coarse), _BLOCK):
        alike = coarse[start : start + _BLOCK] @ coarse[start:].T
        alike[np.tril_indices(len(alike), 0, alike.shape[1])] = -1
        if alike.shape[1] > _NEAREST:
            worst = np.partition(alike, -_NEAREST, axis=1)[:, -_NEAREST]
            alike[alike < worst[:, np.newaxis]] = -1
        for i, j in np.argwhere(alike > _CANDIDATE) + start:
            if _moved(small[i], small[j]) > _MAYBE and _likeness(large[i], large[j]) >= SAME:
                pairs.append((int(i), int(j)))
    return pairs


def _without_light(image: np.ndarray, side: int) -> np.ndarray:
    """A smaller picture, float32, minus its own blur: what is left when light and shade go."""
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    return small - cv2.GaussianBlur(small, (0, 0), side / 16 if side > 24 else 4)


def _descriptors(images: np.ndarray) -> np.ndarray:
    """(n, 576) float32 rows of length 1 whose dot product says how alike two pictures are.

    The middle counts more than the border, which a shift or a crop replaces.
    """
    window = np.hanning(26)[1:-1].astype(np.float32)
    window = np.outer(window, window)
    rows = [cv2.GaussianBlur(_without_light(image, 24), (0, 0), 1) for image in images]
    rows = (np.stack(rows) * window).reshape(len(images), -1)
    rows -= rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 1)


def _moved(one: np.ndarray, two: np.ndarray) -> float:
    """Best normalised correlation of the middle of `one` with `two`, moved by up to 8 pixels.

    (48 and 24 pixels stand for the picture's 96, so the 8 are 4 or 2 here.) A parabola through
    the best place and its neighbours gives the value between two pixels.
    """
    margin = len(one) // 12
    middle = one[margin:-margin, margin:-margin]
    match = cv2.matchTemplate(two, middle, cv2.TM_CCOEFF_NORMED)
    y, x = divmod(int(match.argmax()), match.shape[1])
    best = float(match[y, x])
    gain = 0.0
    for line, place in ((match[y], x), (match[:, x], y)):
        if 0 < place < len(line) - 1:
            before, after = float(line[place - 1]), float(line[place + 1])
            bend = 2 * best - before - after
            if bend > 0:
                gain += (after - before) ** 2 / (8 * bend)
    return best + gain


def _likeness(one: np.ndarray, two: np.ndarray) -> float:
    """The same when `two` may also be a little larger or smaller."""
    best = _moved(one, two)
    for scale in _SCALES:
        if best < _MAYBE or best >= SAME:  # resizing does not bring back what is that far
            break
        other = cv2.resize(two, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
        best = max(best, _moved(one, other))
    return best
