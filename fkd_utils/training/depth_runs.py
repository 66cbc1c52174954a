"""DEPTH's networks trained again, small: its rows, and its order of work against an honest one.

A run is a row of DEPTH's Tables 3 to 5, an order of work and a seed; chapter 13 writes one out.
Runs know nothing of each other, so `studies.sweep` can spread them; a stored run is found, not
repeated.
"""

import dataclasses
import typing

import keras
import numpy as np

from fkd_utils import augment, faces
from fkd_utils.data import splits
from fkd_utils.evaluation import metrics
from fkd_utils.files import InputError
from fkd_utils.models import deep
from fkd_utils.training import fitting

# A network that stands in two tables is trained once.
SAME = {"4: 0.1": "5: 1 dense"}
TABLES = {"3": deep.TABLE_3, "4": deep.TABLE_4, "5": deep.TABLE_5}
ROWS = {
    f"{table}: {label}": row
    for table, rows in TABLES.items()
    for label, row in rows.items()
    if f"{table}: {label}" not in SAME
}
FINAL = "5: 1 dense"
HONEST, LEAKY = "split first", "augment first"
HELD = 0.15  # the share that DEPTH holds out
PX2 = faces.HALF**2  # squared pixels in a unit of MSE


@dataclasses.dataclass(frozen=True)
class Plan:
    """Which rows, with how many seeds, how large.

    faces: to learn from before they are copied, None for all. width: share of DEPTH's filters.
    epochs: at most so many. rows: names in `ROWS`. leak_row, leak_seeds: what is trained in both
    orders of work.
    """

    faces: int | None
    width: float
    epochs: int
    rows: tuple[str, ...]
    seeds: int
    leak_row: str
    leak_seeds: int


_FIRST = "3: 5cl, 3mpl"
# "stored" and "leak" made data/published/depth/results.csv and leak.csv: "stored" on real faces,
# some twelve minutes of one core a network; "leak" where faces are learnt by heart: few of them,
# many epochs. "full" has DEPTH's width and its 150 epochs, and wants a graphics card. DEPTH had one
# run a row, 2,140 faces and 4,909 pictures more.
PLANS = {
    "smoke": Plan(8, 1 / 16, 1, (_FIRST,), 1, _FIRST, 0),
    "quick": Plan(64, 1 / 16, 3, (_FIRST, FINAL), 1, _FIRST, 0),
    "stored": Plan(None, 1 / 16, 16, tuple(ROWS), 1, FINAL, 0),
    "leak": Plan(30, 1 / 16, 20, (), 0, FINAL, 4),
    "paper": Plan(None, 1 / 8, 100, tuple(ROWS), 1, FINAL, 3),
    "full": Plan(None, 1.0, 150, tuple(ROWS), 1, FINAL, 3),
}


def jobs(plan: str, data: str, first: int = 0) -> dict[str, dict[str, typing.Any]]:
    """The runs of a plan, by name, for `sweep.run_all(run, ...)`.

    first: the first of the seeds. Raises InputError when there is no such plan.
    """
    if plan not in PLANS:
        raise InputError(f"there is no plan {plan!r}; choose one of {', '.join(PLANS)}")
    wanted, each = PLANS[plan], []
    for seed in range(max(wanted.seeds, wanted.leak_seeds)):
        if seed < wanted.leak_seeds:
            each += [(wanted.leak_row, order, first + seed) for order in (HONEST, LEAKY)]
        each += [(row, HONEST, first + seed) for row in wanted.rows if seed < wanted.seeds]
    fixed = {"plan": plan, "data": data}
    return {
        f"{row}, {order}, seed {seed}": {"row": row, "order": order, "seed": seed} | fixed
        for row, order, seed in dict.fromkeys(each)
    }


def run(row: str, order: str, seed: int, plan: str, data: str) -> dict[str, typing.Any]:
    """Train a row's network and measure it as `measured` does."""
    sets = ordered(plan, data, order, seed)
    told = {"row": row, "order": order, "seed": seed}
    return told | measured(model(plan, row, seed), plan, seed, sets)


def measured(
    network: keras.Model, plan: str, seed: int, sets: splits.Splits, batch_size: int | None = None
) -> dict[str, typing.Any]:
    """Train a network by a plan's rules and measure it as DEPTH does.

    Losses are in squared pixels, accuracies as in `agreement`, with the weights of the epoch of
    lowest validation loss. val: the pictures that the order of work holds out. test: unchanged
    faces of photographs that are in neither. val_mean_face and test_mean_face: the losses of always
    saying the mean of the training labels. seen: share of the held-out pictures that show a face
    which trains. loss_by_epoch, val_by_epoch: training and validation losses, with spaces between.
    """
    trained = fit(network, plan, seed, sets, batch_size)
    best, found = trained.model(), {}
    mean = metrics.mean_face(sets.train.keypoints)
    for name, part in (("val", sets.validation), ("test", sets.test)):
        predicted = fitting.predict(best, part.images)
        found[f"{name}_loss"] = PX2 * metrics.mse(part.keypoints, predicted)
        found[f"{name}_acc"] = agreement(part.keypoints, predicted)
        constant = np.broadcast_to(mean, predicted.shape)
        found[f"{name}_mean_face"] = PX2 * metrics.mse(part.keypoints, constant)
    found |= {"best_epoch": trained.best_epoch, "epochs": len(trained.history)}
    found["seen"] = float(np.isin(sets.validation.ids, sets.train.ids).mean())
    found |= {"pictures": len(sets.train), "parameters": best.count_params()}
    for name, column in (("loss", trained.history.loss), ("val", trained.history.val_mse)):
        found[f"{name}_by_epoch"] = " ".join(f"{PX2 * v:.4g}" for v in column)
    return found


def model(plan: str, row: str, seed: int) -> keras.Model:
    """A row's network, fresh and compiled; DEPTH says Adam."""
    keras.utils.set_random_seed(seed)
    network = ROWS[row].build(PLANS[plan].width)
    network.compile(keras.optimizers.Adam(0.001), loss="mse")
    return network


def fit(
    network: keras.Model, plan: str, seed: int, sets: splits.Splits, batch_size: int | None = None
) -> fitting.Run:
    """Train a network by a plan's rules, or find it.

    DEPTH says batches of 64, and the two rules without their patience. A short training on
    few faces would have too few steps of 64: a plan that does not take all faces has batches of 8.
    batch_size: None for these.
    """
    patience = max(1, PLANS[plan].epochs // 10)
    return fitting.fit(
        network,
        sets,
        epochs=PLANS[plan].epochs,
        batch_size=batch_size or (8 if PLANS[plan].faces else 64),
        seed=seed,
        callbacks=[
            keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=patience, min_delta=0),
            keras.callbacks.EarlyStopping(patience=3 * patience),
        ],
    )


def chosen(plan: str, data: str, seed: int) -> splits.Splits:
    """The faces of a run before they are copied: some to learn from, 15% of both held out, and
    all test faces. The split of people is that of seed 0; `seed` draws the faces.
    """
    whole = splits.load(data, 0, splits.SMOKE_FACES if plan == "smoke" else None)
    rng = np.random.default_rng(seed)
    train, held = (p.take(rng.permutation(len(p))) for p in (whole.train, whole.validation))
    train = train.take(np.arange(len(train))[: PLANS[plan].faces])
    few = min(len(held), max(1, round(HELD / (1 - HELD) * len(train))))
    return dataclasses.replace(whole, train=train, validation=held.take(np.arange(few)))


def ordered(plan: str, data: str, order: str, seed: int) -> splits.Splits:
    """The pictures of a run: what trains, what is held out, and unchanged faces of new photographs.

    order: "split first" copies the two parts apart; "augment first" copies all faces and then
    holds out pictures at random, as DEPTH does. Both train on equally many pictures of the same
    faces.
    """
    known = chosen(plan, data, seed)
    apart = [augment.depth_copies(part, seed) for part in (known.train, known.validation)]
    if order == LEAKY:
        pool = faces.joined(*apart)
        rows = np.random.default_rng(seed).permutation(len(pool))
        apart = [pool.take(part) for part in np.split(rows, [len(apart[0])])]
    return dataclasses.replace(known, train=apart[0], validation=apart[1])


def agreement(truth: np.ndarray, predicted: np.ndarray) -> float:
    """What Keras calls accuracy of 30 outputs: the share of faces whose largest true coordinate
    is also the largest predicted one. truth, predicted: (n, 15, 2), no point missing.
    """
    one, other = (points.reshape(len(points), -1).argmax(axis=1) for points in (truth, predicted))
    return float(np.mean(one == other))
