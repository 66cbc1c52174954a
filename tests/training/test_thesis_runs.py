import keras
import pytest

from fkd_utils.training import thesis_runs

ROWS = [*thesis_runs.TABLE_4_1, *thesis_runs.TABLE_4_4]


@pytest.mark.parametrize("row", ROWS)
def test_a_row_trains_what_its_name_says(row):
    first, *added = row.split(", ")
    model, layers = thesis_runs.thesis_model(row), keras.layers
    rates = [layer.rate for layer in model.layers if isinstance(layer, layers.Dropout)]
    slopes = [x.negative_slope for x in model.layers if isinstance(x, layers.LeakyReLU)]
    dropout = 0.1 if first == "Fifth" else 0.25  # THESIS Tables 4.1 and 4.3
    assert max(rates, default=0) == (dropout if "dropout" in added else 0)
    leaky = [float(part.removeprefix("Leaky ReLU ")) for part in added if "Leaky" in part]
    assert {*slopes} - {0} == {*leaky}
    # The name tells of Adam only where the network was trained by plain descent before.
    adam = first not in ("First", "Second") or "Adam" in added
    assert isinstance(model.optimizer, keras.optimizers.Adam if adam else keras.optimizers.SGD)
    assert model.name == first.lower()
    assert thesis_runs.planned(row).epochs["paper"] == 1000


def test_random_batches_grow_as_the_thesis_says():
    plan = thesis_runs.planned("Fifth")
    sizes = plan.batch_size(1000)
    # THESIS 4.7: ceil(epoch / 125) * 64.
    assert [sizes[e - 1] for e in (1, 125, 126, 250, 251, 1000)] == [64, 64, 128, 128, 192, 512]
    assert plan.steps_per_epoch * sum(sizes) == 30 * 64 * 125 * (1 + 2 + 3 + 4 + 5 + 6 + 7 + 8)


def test_the_measures_of_the_thesis_are_those_of_its_text():
    lowest = {name: plan.thesis[0] for name, plan in thesis_runs.TABLE_4_1.items()}
    # "The error falls by 78%" from First to Fourth with dropout, see the claims of THESIS.
    assert 1 - lowest["Fourth, dropout"] / lowest["First"] == pytest.approx(0.78, abs=0.005)
    assert min(lowest, key=lowest.get) == "Fourth, dropout"


@pytest.mark.parametrize("row", ["First", "Third, dropout", "Fifth, dropout, Leaky ReLU 0.2"])
def test_the_plan_of_paper_runs_for_three_epochs(row, blob_parts, tmp_path, monkeypatch):
    monkeypatch.setenv("FKD_RUNS", str(tmp_path))
    run = thesis_runs.thesis_run(row, blob_parts, "paper", epochs=3)
    assert len(run.history) == 3 and run.history.notna().all(axis=None)
