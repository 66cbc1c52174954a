"""What one background costs: TRANSFER's main conclusion, tried (chapter 16a).

    python -m studies backgrounds --data FOLDER

Each of the 142 photographs is taken again from several places, in front of its studio's wall and,
the same face in the same place, in front of anything else. Networks that learned from one kind are
asked about people they have not met, in front of both, and about the validation faces of FOLDER,
which come from elsewhere. Kept in data/published/transfer/backgrounds.csv: a row for each network,
kind of background learned from, seed, set of faces and person; beside it a few of the portraits.
"""

import collections.abc

import keras
import numpy as np
import pandas as pd

from fkd_utils import faces, files
from fkd_utils.data import photographs, splits
from fkd_utils.evaluation import metrics
from fkd_utils.models import losses, thesis
from fkd_utils.training import results
from studies import transfer
from studies.open_faces import face_shape, occlusion, render

PATH = files.PUBLISHED / "transfer" / "backgrounds.csv"
BEHIND = ("studio", "anything")
HELD = 42  # people whom no network meets
VIEWS = 10  # of each of the others
NETWORKS = ("EfficientNet-Lite0, 2 blocks", "Fourth")
EPOCHS = 100  # of Fourth
SHOWN = 6  # portraits kept to be looked at


def study(data: str, seeds: int) -> pd.DataFrame:
    """Train what is missing; returns all rows. Raises InputError for bad faces."""
    real = splits.load(data).validation
    sets = portrait_sets(VIEWS) | {"real": real}
    shown = {behind: sets[behind].images[: 3 * SHOWN : 3] for behind in BEHIND}
    files.save_arrays(PATH.with_suffix(".npz"), shown)

    def rows_of(network: str, behind: str, seed: int) -> list[dict]:
        answer = _taught(network, sets[f"{behind}, met"], seed)
        rows = []
        for name in (*BEHIND, "real"):
            held = sets[name]
            away = np.nanmean(metrics.distances(held.keypoints, answer(held.images)), axis=1)
            for group in np.unique(held.groups):
                mine = away[held.groups == group]
                row = {"faces": name, "group": group, "mean_px": mine.mean().round(4)}
                rows.append(row | {"count": len(mine)})
        return rows

    runs = [
        {"network": network, "behind": behind, "seed": seed}
        for seed in range(seeds)
        for network in NETWORKS
        for behind in BEHIND
    ]
    return results.study(PATH, runs, rows_of, "paper")


def portrait_sets(views: int) -> dict[str, faces.Faces]:
    """By name: portraits of people to be met, and of others, in front of each background."""
    order = np.random.default_rng(16).permutation(len(photographs.names()))
    sets = {}
    for behind in BEHIND:
        sets[f"{behind}, met"] = portraits(order[HELD:], views, behind)
        sets[behind] = portraits(order[:HELD], 3, behind)
    return sets


def portraits(people: collections.abc.Iterable[int], views: int, behind: str) -> faces.Faces:
    """So many views of each photograph, in front of its studio's wall or of `anything`.

    people: indices into `photographs.names()`.
    """
    seeds = [(int(person), view) for person in people for view in range(views)]
    pictures, points = zip(*(portrait(*seed, behind) for seed in seeds), strict=True)
    groups = np.array([person for person, _ in seeds])
    return faces.Faces(
        np.stack(pictures),
        np.float32(points),
        np.arange(len(seeds)),
        groups,
        f"portraits, {behind}",
    )


def portrait(person: int, view: int, behind: str) -> tuple[np.ndarray, np.ndarray]:
    """A (96, 96) uint8 picture and its (15, 2) keypoints; the background alone differs."""
    rng, name = np.random.default_rng((16, person, view)), photographs.names()[person]
    head, photo = face_shape.head(name), photographs.photo(name)
    calm = face_shape.Expression()
    pose = render.frame(head, render.draw_pose(rng, calm, turned=False))
    mirrored = rng.random() < 0.5
    warp, points = render.put(head, pose)
    places = warp.back(render.sources(photo))
    sheet = render.fetch(photo.grey, places).astype(np.float32)
    if behind == "anything":
        cover = render.fetch(photo.cover, places) / np.float32(255)
        scenery = occlusion.draw_scenery(rng, render.SIDE, photo.tone, [photo.grey])
        sheet = render.fetch(photo.person, places) + (1 - cover) * scenery
    small = np.asarray(sheet).reshape(faces.SIDE, render.OVER, faces.SIDE, render.OVER)
    picture = np.clip(np.round(small.mean(axis=(1, 3))), 0, 255).astype(np.uint8)
    if mirrored:
        picture, points = picture[:, ::-1], points[faces.mirror_order()]
        points[:, 0] = faces.SIDE - 1 - points[:, 0]
    return picture, points


def _taught(
    network: str, train: faces.Faces, seed: int
) -> collections.abc.Callable[[np.ndarray], np.ndarray]:
    if network != "Fourth":
        return transfer.taught(train, "imagenet", 2, seed)[0]
    keras.utils.set_random_seed(seed)
    model = thesis.fourth()
    model.compile("adam", losses.masked_mse)
    inputs, targets = faces.to_inputs(train.images), faces.to_targets(train.keypoints)
    model.fit(inputs, targets, transfer.BATCH, EPOCHS, verbose=0)
    return lambda images: faces.to_pixels(model.predict(faces.to_inputs(images), verbose=0))
