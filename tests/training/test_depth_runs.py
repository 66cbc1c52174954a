import dataclasses
import inspect

import keras
import numpy as np
import pytest

from fkd_utils.data import splits
from fkd_utils.files import InputError
from fkd_utils.models import deep
from fkd_utils.training import depth_runs, fitting, results


@pytest.fixture(autouse=True)
def few_faces(blob_parts, tiny_plan, monkeypatch):
    monkeypatch.setattr(splits, "load", lambda *source: blob_parts)


def options(row: deep.Row) -> tuple:
    """What its network is built with."""
    return dataclasses.astuple(row)[:4]


def test_every_row_of_the_three_tables_is_trained_once():
    assert len(depth_runs.ROWS) == 16 + 4 + 3 - len(depth_runs.SAME)
    for name, twin in depth_runs.SAME.items():
        table, _, label = name.partition(": ")
        row = depth_runs.TABLES[table][label]
        assert options(row) == options(depth_runs.ROWS[twin])
    built = [options(row) for row in depth_runs.ROWS.values()]
    assert len(set(built)) == len(built)


@pytest.mark.parametrize("plan", depth_runs.PLANS)
def test_jobs_of_a_plan_are_calls_of_run(plan):
    jobs = depth_runs.jobs(plan, "open")
    for name, arguments in jobs.items():
        inspect.signature(depth_runs.run).bind(**arguments)
        assert name == "{row}, {order}, seed {seed}".format(**arguments)
        assert arguments["row"] in depth_runs.ROWS
    assert len({tuple(job.values()) for job in jobs.values()}) == len(jobs)


def test_every_seed_of_the_leak_has_both_orders():
    jobs = depth_runs.jobs("leak", "open").values()
    final = {(job["order"], job["seed"]) for job in jobs if job["row"] == depth_runs.FINAL}
    orders = (depth_runs.HONEST, depth_runs.LEAKY)
    assert final == {(order, seed) for order in orders for seed in range(4)}


def test_seeds_start_where_they_are_told():
    jobs = depth_runs.jobs("tiny", "open", 5).values()
    assert sorted({job["seed"] for job in jobs}) == [5, 6]


def test_an_unknown_plan():
    with pytest.raises(InputError, match="no plan 'long'"):
        depth_runs.jobs("long", "open")


def test_the_two_orders_train_on_as_many_pictures_of_the_same_faces():
    honest, leaky = (
        depth_runs.ordered("tiny", "blobs", order, 3)
        for order in (depth_runs.HONEST, depth_runs.LEAKY)
    )
    assert len(honest.train) == len(leaky.train)
    assert len(honest.validation) == len(leaky.validation)

    def pictures(sets):
        both = [*sets.train.images, *sets.validation.images]
        return sorted(image.tobytes() for image in both)

    assert pictures(honest) == pictures(leaky)
    # 15 % of the faces are held out, and none of them trains; in the other order all do.
    trained, held = (
        {face.tobytes() for face in part.images} for part in (honest.train, honest.validation)
    )
    assert not trained & held
    known = depth_runs.chosen("tiny", "blobs", 3)
    assert (len(known.train), len(known.validation)) == (6, 1)


def test_accuracy_is_what_keras_calls_so():
    rng = np.random.default_rng(0)
    truth, predicted = rng.integers(0, 4, (2, 50, 15, 2)).astype(np.float32)
    truth[:, 3] += 2
    predicted[:, 3] += 3
    metric = keras.metrics.CategoricalAccuracy()  # 'accuracy' becomes this for 30 outputs
    metric.update_state(truth.reshape(50, 30), predicted.reshape(50, 30))
    assert depth_runs.agreement(truth, predicted) == pytest.approx(float(metric.result()))
    assert 0 < depth_runs.agreement(truth, predicted) < 1


def test_a_run_is_measured_with_its_best_weights_and_found_again(tmp_path, monkeypatch):
    monkeypatch.setenv("FKD_RUNS", str(tmp_path))
    job = {"row": "3: 5cl, 3mpl", "seed": 0, "plan": "tiny", "data": "blobs"}
    answer = depth_runs.run(order=depth_runs.LEAKY, **job)
    sets = depth_runs.ordered("tiny", "blobs", depth_runs.LEAKY, 0)
    stored = depth_runs.fit(depth_runs.model("tiny", "3: 5cl, 3mpl", 0), "tiny", 0, sets)
    assert answer["val_loss"] == pytest.approx(2304 * stored.history.val_mse.min(), rel=1e-4)
    assert answer["epochs"] == 2
    by_epoch = [float(loss) for loss in answer["val_by_epoch"].split()]
    assert by_epoch == pytest.approx(2304 * stored.history.val_mse.to_numpy(), rel=1e-3)
    assert answer["pictures"] == len(sets.train)
    assert answer["seen"] == 1
    mean = np.mean(sets.train.keypoints, axis=0)
    assert answer["test_mean_face"] == pytest.approx(np.mean((sets.test.keypoints - mean) ** 2))
    monkeypatch.setattr(fitting, "_train", lambda *_: pytest.fail("trained again"))
    assert depth_runs.run(order=depth_runs.LEAKY, **job) == answer


def test_batches_and_patience_follow_the_plan(monkeypatch):
    asked = {}
    monkeypatch.setattr(fitting, "fit", lambda model, sets, **given: asked.update(given))
    for plan, given, size, patience in (
        ("quick", None, 8, 1),
        ("paper", None, 64, 10),
        ("paper", 16, 16, 10),
    ):
        depth_runs.fit(None, plan, 1, None, given)
        slower, stop = asked["callbacks"]
        assert (asked["batch_size"], asked["seed"]) == (size, 1)
        assert (slower.patience, stop.patience) == (patience, 3 * patience)
        assert (slower.factor, slower.min_delta) == (0.5, 0)


def test_the_first_weights_are_the_seeds():
    first, same, other = (depth_runs.model("tiny", depth_runs.FINAL, s) for s in (1, 1, 2))
    kernel, again, different = (m.get_weights()[0] for m in (first, same, other))
    assert (kernel == again).all() and (kernel != different).any()


@pytest.mark.parametrize(
    ("file", "name", "data"),
    [("results", "stored", "a folder in Kaggle's format"), ("leak", "leak", "open")],
)
def test_stored_results_are_the_runs_of_their_plan(file, name, data):
    table = results.table(f"depth/{file}")
    plan, jobs = depth_runs.PLANS[name], depth_runs.jobs(name, "open").values()
    told = [(job["row"], job["order"], job["seed"]) for job in jobs]
    found = list(zip(table.row, table.order, table.seed, strict=True))
    # In their order; a run that a busy machine has not come to may be missing, but no first seed.
    assert found == [job for job in told if job in found]
    assert {job[:2] for job in found if job[2] == 0} == {job[:2] for job in told}
    size = table[["faces", "width", "most_epochs"]].drop_duplicates()
    assert size.to_numpy().tolist() == [[plan.faces or "all", plan.width, plan.epochs]]
    assert (table.best_epoch <= table.epochs).all()
    assert (table.epochs <= plan.epochs).all()
    assert set(table.data) == {data}
    for row, count in dict(zip(table.row, table.parameters, strict=True)).items():
        assert depth_runs.ROWS[row].build(plan.width).count_params() == count
    honest = table.order == depth_runs.HONEST
    assert (table.seen[honest] == 0).all()
    assert (table.seen[~honest] == 1).all()
